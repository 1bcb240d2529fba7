"""`robosim curves RUN [RUN ...] --out FILE`: learning curves beside each other, as a PNG, and as numbers."""

import datetime
import shlex
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Literal

import numpy as np
import tyro
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict
from rich.console import Console

from robosim.agents.storage.provenance import Machine, machine, versions
from robosim.agents.training.curve import read_curve
from robosim.agents.training.experiment import Experiment
from robosim.agents.training.experiment_file import differing_fields, load_experiment
from robosim.agents.training.run_folder import CHANGEABLE, RunFiles
from robosim.errors import RobosimError
from robosim.scripts.cli import command
from robosim.whole_file import check_replaceable, write_whole

Over = Literal["steps", "minutes"]
Line = tuple[NDArray[np.float64], NDArray[np.float64]]
# Told apart by all eyes: M. Okabe and K. Ito (2008), "Color universal design".
COLOURS = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9")
OF_NO_ACCOUNT = {"seed", *CHANGEABLE} - {"total_steps"}  # to what is learnt; a learning rate falls with all steps
STYLES = "-", "--", ":"
POINTS = 200  # at which the curves of several seeds are compared


@dataclass(frozen=True)
class Options:
    """How runs learned. Those that differ in their seed alone are one line: the mean, in a band from worst to best."""

    runs: Annotated[tuple[Path, ...], tyro.conf.Positional]
    """Folders of `robosim train`."""
    out: Path
    """The PNG to write; a file of that name is replaced."""
    of: str = "validation/success"
    """A column of curve.csv."""
    over: Over = "minutes"
    """What they are drawn over. Steps are those of the envs, imitation's included; minutes are wall-clock."""
    json: Path | None = None
    """Where to write the curves as numbers, beside the picture."""


class Curve(BaseModel):
    """One run's, as --json writes it."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str
    seed: int
    steps: list[float]
    """Of the envs, imitation's included."""
    minutes: list[float]
    values: list[float]


class Curves(BaseModel):
    """The file that --json writes."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    command: str
    of: str
    date: str
    machine: Machine
    versions: dict[str, str]
    curves: list[Curve]


@command
def main(argv: Sequence[str]) -> int:
    """Draw the curves and print the file's path.

    Raises:
        RobosimError: A folder holds no run or has no such column, or the file cannot be written.
    """
    options = tyro.cli(Options, prog="robosim curves", args=list(argv))
    if options.out.suffix.lower() != ".png":
        raise RobosimError(f"{options.out}: curves are a PNG, and its name ends in .png")
    if not options.runs:
        raise RobosimError("which runs? Name the folder of at least one run of robosim train")
    if options.json is not None:
        check_replaceable(options.json, Curves.model_validate_json)
    figure = draw(read_lines(options.runs, options.of, options.over), options.of, options.over)
    try:
        options.out.parent.mkdir(parents=True, exist_ok=True)
        figure.savefig(options.out, dpi=120)
        if options.json is not None:
            write_whole(options.json, _numbers(options, argv))
    except OSError as error:
        raise RobosimError(f"{error.filename or options.out}: cannot be written: {error}") from error
    Console(highlight=False).print(options.out, markup=False, soft_wrap=True)
    return 0


def _numbers(options: Options, argv: Sequence[str]) -> bytes:
    told = Curves(
        command=shlex.join(["robosim", "curves", *argv]),
        of=options.of,
        date=datetime.datetime.now(datetime.timezone.utc).date().isoformat(),
        machine=machine(),
        versions=versions(),
        curves=[as_numbers(folder, options.of) for folder in options.runs],
    )
    return (told.model_dump_json(indent=1) + "\n").encode()


def as_numbers(folder: Path, column: str) -> Curve:
    """Reads the points of a run at which there is a value; raises as `line_of`."""
    experiment = load_experiment(RunFiles(folder).experiment)
    steps, values = line_of(folder, experiment, column, "steps")
    minutes, _ = line_of(folder, experiment, column, "minutes")
    return Curve(
        name=experiment.name,
        seed=experiment.seed,
        steps=steps.tolist(),
        minutes=[round(value, 2) for value in minutes.tolist()],
        values=values.tolist(),
    )


def read_lines(runs: Sequence[Path], column: str, over: Over) -> dict[str, list[Line]]:
    """Reads runs, seeds of one experiment together, under its name; all under the first ones' folders if names repeat.

    Raises:
        RobosimError: A folder holds no run, or has no such column; two are of one experiment and one seed.
    """
    groups = list[list[tuple[Path, Experiment]]]()
    for folder in runs:
        experiment = load_experiment(RunFiles(folder).experiment)
        group = next((group for group in groups if _alike(group[0][1], experiment)), None)
        if group is None:
            groups.append([(folder, experiment)])
            continue
        for other, its in group:
            if its.seed == experiment.seed:
                raise RobosimError(f"{folder}: it is {other} again, of seed {its.seed}; name one of the two")
        group.append((folder, experiment))
    names = [group[0][1].name for group in groups]
    labels = names if len(set(names)) == len(names) else [str(group[0][0]) for group in groups]
    return {
        label: [line_of(folder, experiment, column, over) for folder, experiment in group]
        for label, group in zip(labels, groups, strict=True)
    }


def _alike(one: Experiment, other: Experiment) -> bool:
    return differing_fields(one, other).keys() <= OF_NO_ACCOUNT


def line_of(folder: Path, experiment: Experiment, column: str, over: Over) -> Line:
    """Reads the points of a run at which there is a value.

    Raises:
        RobosimError: There is none.
    """
    rows = read_curve(RunFiles(folder).curve)
    told = [row for row in rows if column in row]
    if not told:
        known = sorted({name for row in rows for name in row})
        meanwhile = column.replace("validation/", "rollout/")
        early = meanwhile in known and not any(name.startswith("validation/") for name in known)
        hint = f" (it begins with the first validation; until then, --of {meanwhile})" if early else ""
        raise RobosimError(
            f"{RunFiles(folder).curve}: no column {column!r} with a value{hint}; "
            f"there are: {', '.join(known) or 'none yet'}"
        )
    if over == "minutes":
        at = [row["wall_clock_s"] / 60 for row in told]
    else:
        at = [row["steps"] + experiment.expert_steps for row in told]
    return np.array(at), np.array([row[column] for row in told])


def draw(lines: Mapping[str, Sequence[Line]], of: str, over: Over) -> Figure:
    """Draws one line for each name.

    Args:
        lines: The curves of each, of one seed each.
        of: What they tell.
        over: What they are drawn over.

    Raises:
        RobosimError: Curves of one name have nothing in common.
    """
    figure = Figure(figsize=(7.0, 4.2), layout="constrained")
    FigureCanvasAgg(figure)
    axes = figure.add_subplot()
    for number, (name, seeds) in enumerate(lines.items()):
        try:
            at, worst, mean, best = together(seeds)
        except ValueError as error:
            raise RobosimError(f"{name}: {error}") from None
        label = name if len(seeds) == 1 else f"{name}, {len(seeds)} seeds"
        colour = COLOURS[number % len(COLOURS)]
        style, marker = STYLES[number // len(COLOURS) % len(STYLES)], "o" if len(at) < POINTS else None
        axes.plot(at, mean, style, color=colour, label=label, marker=marker, ms=3)
        if len(at) > 1:
            axes.fill_between(at, worst, best, color=colour, alpha=0.2, lw=0)
        else:
            axes.vlines(at, worst, best, colors=colour, alpha=0.4)  # a band of no width would not be seen
    axes.set_xlabel("minutes" if over == "minutes" else "env steps")
    axes.set_ylabel(of)
    axes.set_xlim(left=0)
    if of.endswith("success"):
        axes.set_ylim(0, 1)
    axes.grid(alpha=0.3)
    axes.legend(frameon=False)
    return figure


def together(seeds: Sequence[Line]) -> tuple[NDArray[np.float64], ...]:
    """Gives where, and the least, the mean and the greatest there, of curves of several seeds, where all have values.

    Args:
        seeds: Shape (points,) of where and what, each.

    Returns:
        Four of shape (points,), those of the curve itself where it is one; (`POINTS`,) otherwise, or (1,) where
        one moment is all that they have in common.

    Raises:
        ValueError: One curve ends before another begins.
    """
    if len(seeds) == 1:
        at, values = seeds[0]
        return at, values, values, values
    begin, end = max(at[0] for at, _ in seeds), min(at[-1] for at, _ in seeds)
    if begin > end:
        raise ValueError(f"one of its runs has no value beyond {end:g}, and one none before {begin:g}")
    at = np.linspace(begin, end, POINTS if begin < end else 1)
    values = np.array([np.interp(at, *seed) for seed in seeds])
    return at, values.min(0), values.mean(0), values.max(0)


if __name__ == "__main__":
    raise SystemExit(main())
