"""`robosim speed`: how fast sampling and training are on this machine, against Stable-Baselines3's own way."""

import datetime
import os
import shlex
import statistics
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

import gymnasium as gym
import tyro
from pydantic import BaseModel, ConfigDict
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table

from robosim.agents.storage.provenance import Machine, machine, usable_cores, versions
from robosim.agents.training.experiment import Experiment
from robosim.agents.training.experiment_file import load_experiment, parse_experiment
from robosim.errors import RobosimError
from robosim.scripts.arm_measurements import ARM_MEASUREMENTS
from robosim.scripts.cli import command
from robosim.scripts.measurements import MEASUREMENTS, Bench, Measurement
from robosim.scripts.seeing_measurements import SEEING_MEASUREMENTS
from robosim.scripts.sight_measurements import SIGHT_MEASUREMENTS
from robosim.scripts.terrain_measurements import TERRAIN_MEASUREMENTS
from robosim.scripts.warehouse_measurements import WAREHOUSE_MEASUREMENTS
from robosim.whole_file import check_replaceable, write_whole

Name = Literal[
    "env",
    "sampling",
    "training",
    "warehouse-64",
    "warehouse-128",
    "a1-64",
    "a1-128",
    "people-64",
    "people-128",
    "lidar",
    "camera-env",
    "warehouse-step",
    "terrain-flat",
    "terrain-rough",
    "terrain-scan",
    "pick",
    "pick-camera",
    "place",
    "place-camera",
    "deliver",
    "deliver-camera",
    "cnn-nature",
    "cnn-impala",
    "camera-training-cpu",
    "camera-training-cuda",
]
ALL: dict[str, Measurement] = {
    **MEASUREMENTS,
    **SIGHT_MEASUREMENTS,
    **WAREHOUSE_MEASUREMENTS,
    **TERRAIN_MEASUREMENTS,
    **ARM_MEASUREMENTS,
    **SEEING_MEASUREMENTS,
}

LONGEST = 600.0  # seconds of one turn
BUSY = 0.5  # load from which a measurement is worth a warning


class SpeedError(RobosimError):
    """A measurement that cannot be made."""


@dataclass(frozen=True)
class Options:
    """Measure how fast sampling and training are; contenders take turns, so that noise hits all of them."""

    experiment: str = "wheel_balance"
    """A YAML file, or the name of a shipped one: the env, how many of them, and PPO's settings."""
    env: str | None = None
    """Another env than the experiment's."""
    only: tuple[Name, ...] = ()
    """Some of the measurements; all, where it is not given."""
    workers: int = field(default_factory=usable_cores)
    """Processes of our vector env."""
    rounds: int = 7
    """How often each contender has its turn."""
    seconds: float = 3.0
    """How long a turn lasts; in training it is one update."""
    json: Path | None = None
    """Where to write every figure."""
    quick: bool = False
    """Only show that it works: one short turn, 2 envs, a tiny update. The figures mean nothing."""


class Spread(BaseModel):
    """Several figures in three."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    median: float
    min: float
    max: float


class Ratio(Spread):
    """One contender's rate divided by another's, round by round."""

    of: tuple[str, str]
    values: list[float]


class Figures(BaseModel):
    """What one measurement found, in env steps, frames, scans or pictures per second."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    what: str
    rates: dict[str, list[float]]
    spread: dict[str, Spread]
    ratio: Ratio | None
    shares: dict[str, Spread] = {}
    """Of the whole's time, for contenders that are its parts, round by round."""


class Speed(BaseModel):
    """The file that --json writes."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    command: str
    date: str
    machine: Machine
    load_before: float
    """Processes that wanted a core in the minute before; much above 0, and the figures are not the machine's."""
    versions: dict[str, str]
    experiment: Experiment
    workers: int
    rounds: int
    seconds: float
    measurements: dict[str, Figures]


@command
def main(argv: Sequence[str]) -> int:
    """Measure, print the table and write the JSON.

    Raises:
        RobosimError: An option does not fit, or the file is not ours to overwrite; before anything is measured.
    """
    options = tyro.cli(Options, args=list(argv))
    missing = [name for name in options.only if name not in ALL]
    if missing:
        raise SpeedError(f"--only {' '.join(missing)}: PyTorch finds no CUDA device here")
    rounds, seconds, experiment = _settled(options)
    if options.json is not None:
        check_replaceable(options.json, Speed.model_validate_json)
    console = Console(stderr=True)
    load_before = os.getloadavg()[0]
    if load_before > BUSY:
        console.print(f"[yellow]other programs are running (load {load_before:.1f}): the figures will scatter[/]")
    chosen = {name: ALL[name] for name in options.only or ALL}
    with ExitStack() as stack:
        bench = Bench(experiment, min(options.workers, experiment.envs), seconds, stack)
        found = _measure(chosen, bench, rounds, console)
    speed = Speed(
        command=shlex.join(["robosim", "speed", *argv]),
        date=datetime.datetime.now(datetime.timezone.utc).date().isoformat(),
        machine=machine(),
        load_before=load_before,
        versions=versions(),
        experiment=experiment,
        workers=min(options.workers, experiment.envs),
        rounds=rounds,
        seconds=seconds,
        measurements=found,
    )
    Console().print(_table(speed))
    if options.json is not None:
        write_whole(options.json, speed.model_dump_json(indent=2).encode() + b"\n")
        console.print(f"written to {options.json}", markup=False, highlight=False)
    return 0


def _settled(options: Options) -> tuple[int, float, Experiment]:
    """Rounds, seconds and the experiment, checked."""
    if options.workers < 1 or options.rounds < 1:
        raise SpeedError(f"--workers {options.workers}, --rounds {options.rounds}: at least 1 of each is needed")
    if not 0 < options.seconds <= LONGEST:
        raise SpeedError(f"--seconds {options.seconds}: must be above 0 and at most {LONGEST}")
    values = load_experiment(options.experiment).model_dump()
    if options.env is not None:
        values["env"] = {"id": options.env, "splits": options.env.startswith("robosim/")}
    if options.quick:
        values |= {"envs": 2, "workers": 1}
        values["ppo"] |= {"n_steps": 16, "batch_size": 32, "n_epochs": 1}
    experiment = parse_experiment(values, options.experiment)
    try:
        gym.spec(experiment.env.id)
    except gym.error.Error as error:
        raise SpeedError(f"--env {experiment.env.id}: {error}") from None
    return (1, 0.05, experiment) if options.quick else (options.rounds, options.seconds, experiment)


def _measure(chosen: dict[str, Measurement], bench: Bench, rounds: int, console: Console) -> dict[str, Figures]:
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    found = {}
    with Progress(*columns, console=console) as progress:
        bars = {name: progress.add_task(name, total=rounds, start=False) for name in chosen}
        for name, measurement in chosen.items():
            progress.update(bars[name], description=f"{name}: starting")
            play = measurement.prepare(bench)
            progress.update(bars[name], description=f"{name}: warming up")
            play()
            progress.start_task(bars[name])
            progress.update(bars[name], description=name)
            played = []
            for _ in range(rounds):
                played.append(play())
                progress.advance(bars[name])
            found[name] = _figures(measurement, played)
    return found


def _figures(measurement: Measurement, played: Sequence[dict[str, float]]) -> Figures:
    rates = {name: [rate[name] for rate in played] for name in played[0]}
    ratio = None
    if all(name in rates for name in measurement.ratio):
        above, below = (rates[name] for name in measurement.ratio)
        values = [a / b for a, b in zip(above, below, strict=True)]
        ratio = Ratio(of=measurement.ratio, values=values, **_spread(values).model_dump())
    spread = {name: _spread(values) for name, values in rates.items()}
    shares = {
        name: _spread([a / b for a, b in zip(rates[measurement.ratio[0]], rates[name], strict=True)])
        for name in measurement.parts
    }
    return Figures(what=measurement.what, rates=rates, spread=spread, ratio=ratio, shares=shares)


def _spread(values: Sequence[float]) -> Spread:
    return Spread(median=statistics.median(values), min=min(values), max=max(values))


def _table(speed: Speed) -> Table:
    experiment = speed.experiment
    view = Table(
        title=f"{experiment.env.id}: env steps, frames, scans or pictures per second",
        caption=f"{experiment.envs} envs, {speed.workers} workers, {speed.rounds} rounds; {speed.machine['cpu']}, "
        f"{speed.machine['cores']} cores",
    )
    for name in ("", "", "median", "min", "max"):
        view.add_column(name, justify="right" if name else "left")
    for figures in speed.measurements.values():
        for row, (name, rate) in enumerate(figures.spread.items()):
            view.add_row("" if row else figures.what, name, *(f"{value:,.0f}" for value in _three(rate)))
        if figures.ratio is not None:
            of = " / ".join(figures.ratio.of)
            view.add_row("", of, *(f"{value:.2f}" for value in _three(figures.ratio)), style="bold")
        for name, share in figures.shares.items():
            view.add_row("", f"time of: {name}", *(f"{value:.0%}" for value in _three(share)))
        view.add_section()
    return view


def _three(spread: Spread) -> tuple[float, float, float]:
    return spread.median, spread.min, spread.max


if __name__ == "__main__":
    raise SystemExit(main())
