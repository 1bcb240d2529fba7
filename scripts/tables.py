"""`python scripts/tables.py`: writes the README's tables anew from the committed results files."""

import re
import statistics
from collections.abc import Mapping, Sequence
from pathlib import Path

from rich.console import Console

from robosim.agents.evaluation.results import LevelResult, Result, markdown, read_results
from robosim.agents.perception.network_file import SHIPPED
from robosim.agents.perception.results import PerceptionResult, read_perception_results
from robosim.agents.perception.results import markdown as perception_markdown
from robosim.agents.policies.find import PRETRAINED
from robosim.errors import RobosimError
from robosim.scripts.cli import command
from robosim.scripts.cost import Costs, cost_cells
from robosim.scripts.curves import Curves
from robosim.scripts.speed import Speed

ROOT = Path(__file__).resolve().parents[1]
README = ROOT / "README.md"
SPEED = ROOT / "scripts" / "speed.json"
COST = ROOT / "scripts" / "cost.json"
ROADS = ROOT / "scripts" / "roads.json"
# Which metrics get a column, by the env's id without its version.
METRICS = {
    "robosim/WheelBalance": ("speed_error", "yaw_rate_error"),
    "robosim/TerrainWalk": ("distance_share", "heading_error", "velocity_error", "cost_of_transport", "slip", "fell"),
    "robosim/TerrainBalance": ("push_survived", "away", "fell"),
    "robosim/TerrainPush": ("median push_survived", "push_survived", "away"),
    "robosim/TerrainNavigate": ("spl", "time", "to_goal", "fell", "strayed"),
    "robosim/WarehousePick": ("time", "right_package", "wrong_package", "drops", "others_displaced", "energy"),
    "robosim/WarehousePlace": ("time", "placement_error", "placement_angle", "drops", "others_displaced", "energy"),
    "robosim/WarehouseDeliver": ("time", "packages_per_hour", "wrong_package", "drops", "person_collisions_per_100m"),
    "robosim/WarehouseNavigate": ("spl", "sct", "person_collisions_per_100m", "gap"),
}
# What is told by level where it is not success.
BY_LEVEL = {"robosim/TerrainPush": "push_survived"}


class TablesError(RobosimError):
    """A README without the place for a table."""


@command
def main(argv: Sequence[str]) -> int:
    """Rewrites the README; `argv` is not used."""
    README.write_text(filled(README.read_text("utf-8")), "utf-8")
    Console().print(f"wrote the tables of {README.name}")
    return 0


def filled(text: str) -> str:
    """Gives a README's text with its tables as the results files have them.

    Raises:
        TablesError: A table has no place: ``<!-- name -->`` and ``<!-- /name -->`` on lines of their own.
    """
    tables = (
        ("results", results_table()),
        ("speed", speed_table()),
        ("perception", perception_table()),
        ("cost", cost_table()),
        ("roads", roads_table()),
    )
    for name, table in tables:
        place = re.compile(rf"(<!-- {name} -->\n).*?(<!-- /{name} -->\n)", re.DOTALL)
        if not place.search(text):
            raise TablesError(f"{README.name}: has no place <!-- {name} --> … <!-- /{name} -->")
        text = place.sub(lambda found, new=table: f"{found[1]}{new}{found[2]}", text)  # type: ignore[misc]
    return text


def results_table() -> str:
    """Gives a table for each file of results of a shipped agent, with what made it."""
    files = sorted(PRETRAINED.glob("*/results*.json"), key=lambda path: (path.parent.name, path.stem))
    return "\n".join(_judged(read_results(path), path.relative_to(ROOT).as_posix()) for path in files)


def _judged(results: list[Result], source: str) -> str:
    last = results[-1]
    made, task = _commands(results), last.env.rsplit("-v", 1)[0]
    name, ground = BY_LEVEL.get(task), last.kwargs.get("terrain", "mixed")
    told, where = f"median {name}" if name else "success", "" if ground == "mixed" else f", on {ground} alone"
    by_level = [[f"{told} at level", *(str(level) for level in sorted(last.by_level))]]
    by_level.append(["---", *["---:"] * len(last.by_level)])
    for result in results:
        levels = (result.by_level[level] for level in sorted(result.by_level))
        by_level.append([result.agent, *(_at_level(level, name) for level in levels)])
    if len(last.by_kind) > 1:
        by_level += _by_kind(results)
    rows = "".join(f"| {' | '.join(row)} |\n" for row in by_level) if len(last.by_level) > 1 else ""
    asked = f"{last.episodes} episodes of the {last.split} split, level {last.level}{where}"
    return (
        f"`{last.env}`, {asked}; 95 % intervals:\n\n"
        f"{markdown(results, METRICS.get(task, ()))}\n{rows}\n"
        f"Made by {made} on {_machine(last.machine)} ([{source}]({source})).\n"
    )


def _at_level(level: LevelResult, name: str | None) -> str:
    """Gives the success of a level's episodes, or the median of a metric."""
    if name is None:
        return f"{100 * (level.success.mean or 0.0):.0f} %"
    median = level.metrics[name].median
    return "–" if median is None else f"{median:.2f}"


def _by_kind(results: list[Result]) -> list[list[str]]:
    """Gives rows for the last result's success by kind and level, with those of the others by kind."""
    last = results[-1]
    rows = [[f"{last.agent} on", *[""] * len(last.by_level)]]
    for kind, found in last.by_kind.items():
        cells = (found.by_level.get(level, (0, 0)) for level in sorted(last.by_level))
        rows.append([kind.replace("_", " "), *(f"{100 * won / of:.0f} %" if of else "–" for won, of in cells)])
    return rows


def speed_table() -> str:
    """Gives the table of speeds, with what made it; nothing before it was measured."""
    if not SPEED.is_file():
        return ""
    speed = Speed.model_validate_json(SPEED.read_bytes())
    rows = ["| per second | | median | min to max |", "|---|---|---:|---:|"]
    for figures in speed.measurements.values():
        for name, spread in figures.spread.items():
            rows.append(f"| {figures.what} | {name} | {spread.median:,.0f} | {spread.min:,.0f} to {spread.max:,.0f} |")
        if figures.ratio is not None:
            ratio, of = figures.ratio, " / ".join(figures.ratio.of)
            rows.append(f"| | **{of}** | **{ratio.median:.2f}** | {ratio.min:.2f} to {ratio.max:.2f} |")
        for name, share in figures.shares.items():
            rows.append(f"| | time of: {name} | {share.median:.0%} | {share.min:.0%} to {share.max:.0%} |")
    made = f"`{speed.command}`, {speed.experiment.envs} envs, {speed.workers} workers, {speed.rounds} rounds"
    source = SPEED.relative_to(ROOT).as_posix()
    where = _machine(speed.machine)
    if not any("cuda" in figures.rates for figures in speed.measurements.values()):
        where += "; on a GPU: not measured yet"
    return "\n".join(rows) + f"\n\nMade by {made} on {where} ([{source}]({source})).\n"


def perception_table() -> str:
    """Gives a table for each shipped perception network that has results, with what made it."""
    return "\n".join(_seen(path) for path in sorted(SHIPPED.glob("*/results.json")))


def _commands(results: Sequence[Result | PerceptionResult]) -> str:
    """Names every command that made some of the results, once."""
    return " and ".join(f"`{command}`" for command in dict.fromkeys(result.command for result in results))


def _seen(path: Path) -> str:
    results = read_perception_results(path)
    first, source = results[0], path.relative_to(ROOT).as_posix()
    made = f"{_commands(results)} on {_machine(first.machine)} ([{source}]({source}))"
    return (
        f"{first.pictures:,} pictures of {first.worlds} worlds of the {first.split} split; 95 % intervals:\n\n"
        f"{perception_markdown(results)}\nMade by {made}.\n"
    )


def roads_table() -> str:
    """Gives the table of what roads to an agent that sees have led to; nothing before it was measured."""
    if not ROADS.is_file():
        return ""
    told = Curves.model_validate_json(ROADS.read_bytes())
    rows = [
        "| road | seeds | env steps | minutes | success at the end |",
        "|---|---:|---:|---:|---:|",
    ]
    for name in dict.fromkeys(curve.name for curve in told.curves):
        seeds = [curve for curve in told.curves if curve.name == name]
        steps = statistics.mean(curve.steps[-1] for curve in seeds)
        minutes = _spread([curve.minutes[-1] for curve in seeds], "{:.1f}")
        ends = _spread([100 * curve.values[-1] for curve in seeds], "{:.0f} %")
        rows.append(f"| {name} | {len(seeds)} | {steps:,.0f} | {minutes} | {ends} |")
    source = ROADS.relative_to(ROOT).as_posix()
    return "\n".join(rows) + f"\n\nMade by `{told.command}` on {_machine(told.machine)} ([{source}]({source})).\n"


def _spread(values: Sequence[float], form: str) -> str:
    """Writes the mean of some values, and the least and the greatest."""
    least, most = form.format(min(values)), form.format(max(values))
    return f"{form.format(statistics.mean(values))} ({least} to {most})"


def cost_table() -> str:
    """Gives the table of what encoders cost, with what made it; nothing before it was measured."""
    if not COST.is_file():
        return ""
    costs = Costs.model_validate_json(COST.read_bytes())
    rows = [
        "| encoder | width | pixels | million MACs | parameters | ms | 95 % within |",
        "|---|---:|---:|---:|---:|---:|---:|",
    ]
    rows += [f"| {' | '.join(cells)} |" for cells in cost_cells(costs)]
    source = COST.relative_to(ROOT).as_posix()
    made = f"`{costs.command}`, one picture of 4 channels, {costs.threads} thread, on {_machine(costs.machine)}"
    return "\n".join(rows) + f"\n\nMade by {made}, load before {costs.load_before:.1f} ([{source}]({source})).\n"


def _machine(machine: Mapping[str, object]) -> str:
    gpu = machine.get("gpu") or "no GPU"
    return f"{machine['cores']} cores of {machine['cpu']}, {gpu}"


if __name__ == "__main__":
    raise SystemExit(main())
