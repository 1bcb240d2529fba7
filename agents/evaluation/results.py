"""What an evaluation found: as JSON, as a table in the terminal, and as a Markdown table."""

from __future__ import annotations

import math
import statistics
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Literal, TypeVar

from pydantic import BaseModel, ConfigDict, JsonValue, TypeAdapter, ValidationError
from rich.box import SIMPLE_HEAD
from rich.markup import escape
from rich.table import Table
from rich.text import Text

from robosim.agents.evaluation.episodes import Episode
from robosim.agents.evaluation.statistics import Interval, bootstrap, bootstrap_ratio, wilson
from robosim.agents.storage.provenance import Machine, machine, versions
from robosim.errors import RobosimError
from robosim.whole_file import check_replaceable, write_whole


class ResultsError(RobosimError):
    """A file of results cannot be read."""


class _Closed(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Estimate(_Closed):
    """A mean and its 95 % interval; both None where there is no value, or an infinite one, which JSON lacks."""

    mean: float | None
    ci95: tuple[float, float] | None

    @classmethod
    def of(cls, interval: Interval) -> Estimate:
        """From what `robosim.agents.evaluation.statistics` gives."""
        if not (math.isfinite(interval.low) and math.isfinite(interval.high)):
            return cls(mean=None, ci95=None)
        return cls(mean=interval.mean, ci95=(interval.low, interval.high))


class MetricEstimate(Estimate):
    """The mean of a metric over the episodes that have a value for it."""

    episodes: int
    median: float | None = None
    """None where there is no value, an infinite one, or none for each episode, as of a rate."""

    @classmethod
    def over(cls, values: Sequence[float]) -> MetricEstimate:
        """From one value per episode, NaN where there is none."""
        known = [value for value in values if not math.isnan(value)]
        middle = statistics.median(known) if known else math.nan
        return cls.of_interval(bootstrap(values), middle if math.isfinite(middle) else None)

    @classmethod
    def of_interval(cls, interval: Interval, median: float | None = None) -> MetricEstimate:
        """From what `robosim.agents.evaluation.statistics` gives."""
        return cls(**dict(Estimate.of(interval)), episodes=interval.count, median=median)


class LevelResult(_Closed):
    """The episodes of one level."""

    episodes: int
    success: Estimate
    metrics: dict[str, MetricEstimate]


class KindResult(_Closed):
    """The episodes of one kind, such as one of ground."""

    episodes: int
    success: Estimate
    by_level: dict[int, tuple[int, int]]
    """Successes and episodes at each level: too few each for an interval."""


class Result(_Closed):
    """One agent judged: everything that is needed to believe the number and to get it again."""

    agent: str
    sha256: str | None
    """Of the agent's weights; None for a baseline."""
    env: str
    kwargs: dict[str, JsonValue]
    split: str
    level: int | Literal["mixed"]
    seed: int
    """Of the first episode; the others count up from it."""
    episodes: int
    success: Estimate
    """Share of the episodes, 0 to 1, with its Wilson interval."""
    metrics: dict[str, MetricEstimate]
    """The return, the length in control steps, and the env's own, with bootstrap intervals."""
    median_time: float | None = None
    """s, of the episodes that succeeded; None where none did, or the env has no metric ``time``."""
    by_level: dict[int, LevelResult]
    by_kind: dict[str, KindResult] = {}
    """Empty where episodes have no kinds."""
    versions: dict[str, str]
    command: str
    machine: Machine
    wall_clock_s: float


MEDIAN_TIME = "median time of successes"
MEDIAN = "median "
"""What stands before a metric's name where its median is meant."""
_BY_MEDIAN = ("push_survived",)
"""Metrics that are told by their median as well: half of the robots survive more than that."""
_RESULTS = TypeAdapter(list[Result])


def summarise(
    episodes: Sequence[Episode],
    *,
    agent: str,
    sha256: str | None,
    env: str,
    kwargs: Mapping[str, JsonValue],
    seed: int,
    command: str,
    wall_clock_s: float,
) -> Result:
    """Turn episodes into rates, means and intervals.

    Args:
        episodes: At least one.
        agent: As the user named it.
        sha256: Of its weights; None for a baseline.
        env: The env's id.
        kwargs: The env's arguments; `split` and `level` are among them.
        seed: Of the first episode.
        command: What the user typed.
        wall_clock_s: How long it took.
    """
    levels = sorted({episode.level for episode in episodes if episode.level is not None})
    return Result.model_validate(
        {
            "agent": agent,
            "sha256": sha256,
            "env": env,
            "kwargs": dict(kwargs),
            "split": kwargs["split"],
            "level": kwargs["level"],
            "seed": seed,
            "episodes": len(episodes),
            "success": _success(episodes),
            "metrics": _metrics(episodes),
            "median_time": _median_time(episodes),
            "by_level": {level: _level(level, episodes) for level in levels},
            "by_kind": _kinds(episodes),
            "versions": versions(),
            "command": command,
            "machine": machine(),
            "wall_clock_s": round(wall_clock_s, 1),
        }
    )


def read_results(path: Path) -> list[Result]:
    """Read what `write_results` wrote.

    Raises:
        ResultsError: There is no such file, or it is not a list of results.
    """
    try:
        return _RESULTS.validate_json(path.read_bytes())
    except OSError as error:
        raise ResultsError(f"{path}: cannot be read ({error.strerror})") from error
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"])
        raise ResultsError(f"{path}: is not a list of results ({where or 'file'}: {first['msg']})") from error


def check_writable(path: Path) -> None:
    """Learn before the work is done whether its results can be written to `path`.

    Raises:
        KeptError: The folder is missing or read-only, or the file is something other than results.
    """
    check_replaceable(path, _RESULTS.validate_json)


def write_results(path: Path, results: Sequence[Result]) -> None:
    """Write results as JSON, whole or not at all, in place of older results.

    Raises:
        KeptError: See `check_writable`.
    """
    check_writable(path)
    write_whole(path, _RESULTS.dump_json(list(results), indent=2) + b"\n")


def table(results: Sequence[Result]) -> Table:
    """All results beside one another: a column per agent; success, success by level, metrics as rows."""
    first = results[0]
    asked = f"{first.episodes} episodes of split {first.split}, level {first.level}, from seed {first.seed}"
    view = Table(title=first.env, caption=f"{asked}; in brackets 95 % intervals", box=SIMPLE_HEAD)
    view.add_column("", no_wrap=True)
    for result in results:
        view.add_column(escape(result.agent), justify="right", overflow="fold")
    view.add_row("success", *(Text(percent(result.success)) for result in results), style="bold", end_section=True)
    levels = sorted({level for result in results for level in result.by_level})
    for level in levels if len(levels) > 1 else []:
        cells = [_cell(result.by_level.get(level), lambda found: percent(found.success)) for result in results]
        view.add_row(f"level {level}", *map(Text, cells), end_section=level == levels[-1])
    kinds = list(dict.fromkeys(kind for result in results for kind in result.by_kind))
    for kind in kinds if len(kinds) > 1 else []:
        cells = [_cell(result.by_kind.get(kind), lambda found: percent(found.success)) for result in results]
        view.add_row(Text(kind), *map(Text, cells), end_section=kind == kinds[-1])
    for name in dict.fromkeys(name for result in results for name in result.metrics):
        view.add_row(Text(name), *(Text(_told(result, name)) for result in results))
        if name in _BY_MEDIAN:
            view.add_row(Text(MEDIAN + name), *(Text(_told(result, MEDIAN + name)) for result in results))
    if any(result.median_time is not None for result in results):
        view.add_row(Text(MEDIAN_TIME), *(Text(_cell(result.median_time, _short)) for result in results))
    return view


def markdown(results: Sequence[Result], metrics: Sequence[str] = ()) -> str:
    """The same as a Markdown table with a row per agent, without the levels.

    Args:
        results: At least one.
        metrics: Which metrics get a column, or which medians: `MEDIAN` before the name.
    """
    timed = any(result.median_time is not None for result in results)
    columns = [*metrics, MEDIAN_TIME] if timed else metrics
    rows = [["agent", "success", *columns], ["---", *["---:"] * (1 + len(columns))]]
    for result in results:
        cells = [_told(result, name) for name in metrics]
        cells += [_cell(result.median_time, _short)] if timed else []
        rows.append([result.agent, percent(result.success), *cells])
    return "\n".join(f"| {' | '.join(row)} |" for row in rows) + "\n"


def percent(estimate: Estimate) -> str:
    """A rate and its interval in per cent, such as "93.0 % [90.2, 95.1]"."""
    if estimate.mean is None or estimate.ci95 is None:
        return "–"
    low, high = estimate.ci95
    return f"{100 * estimate.mean:.1f} % [{100 * low:.1f}, {100 * high:.1f}]"


def number(estimate: Estimate) -> str:
    """A mean and its interval, such as "0.041 [0.039, 0.044]"."""
    if estimate.mean is None or estimate.ci95 is None:
        return "–"
    low, high = estimate.ci95
    return f"{_short(estimate.mean)} [{_short(low)}, {_short(high)}]"


def _told(result: Result, name: str) -> str:
    """A metric's mean with its interval, or its median."""
    found = result.metrics.get(name.removeprefix(MEDIAN))
    if not name.startswith(MEDIAN):
        return _cell(found, number)
    return _cell(None if found is None else found.median, _short)


def _short(value: float) -> str:
    return f"{value:.0f}" if abs(value) >= 100 else f"{value:.3g}"


def _success(episodes: Sequence[Episode]) -> Estimate:
    return Estimate.of(wilson(sum(episode.success for episode in episodes), len(episodes)))


def _level(level: int, episodes: Sequence[Episode]) -> LevelResult:
    ours = [episode for episode in episodes if episode.level == level]
    return LevelResult(episodes=len(ours), success=_success(ours), metrics=_metrics(ours))


def _kinds(episodes: Sequence[Episode]) -> dict[str, KindResult]:
    found = {}
    for kind in sorted({episode.kind for episode in episodes if episode.kind is not None}):
        ours = [episode for episode in episodes if episode.kind == kind]
        levels = sorted({episode.level for episode in ours if episode.level is not None})
        each = {level: [episode.success for episode in ours if episode.level == level] for level in levels}
        counts = {level: (sum(successes), len(successes)) for level, successes in each.items()}
        found[kind] = KindResult(episodes=len(ours), success=_success(ours), by_level=counts)
    return found


def _metrics(episodes: Sequence[Episode]) -> dict[str, MetricEstimate]:
    values = {"return": [episode.ret for episode in episodes]}
    values["length"] = [float(episode.length) for episode in episodes]
    for name in sorted({name for episode in episodes for name in episode.metrics}):
        values[name] = [episode.metrics.get(name, math.nan) for episode in episodes]
    found = {name: MetricEstimate.over(numbers) for name, numbers in values.items()}
    for name in dict.fromkeys(name for episode in episodes for name in episode.rates):
        above, below = zip(*(episode.rates[name] for episode in episodes if name in episode.rates), strict=True)
        found[name] = MetricEstimate.of_interval(bootstrap_ratio(above, below))
    return found


def _median_time(episodes: Sequence[Episode]) -> float | None:
    times = [episode.metrics["time"] for episode in episodes if episode.success and "time" in episode.metrics]
    return round(statistics.median(times), 3) if times else None


_E = TypeVar("_E")


def _cell(found: _E | None, show: Callable[[_E], str]) -> str:
    return "–" if found is None else show(found)
