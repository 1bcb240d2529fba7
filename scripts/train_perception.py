"""`robosim train-perception CONFIG`: teaches a network that sees, on the pictures of `robosim dataset`."""

import shlex
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import tyro
from rich.console import Console
from rich.progress import BarColumn, Progress, TaskID, TextColumn, TimeRemainingColumn

from robosim.agents.perception.experiment import (
    NetworkSpec,
    PerceptionExperiment,
    load_perception,
    parse_perception,
)
from robosim.agents.perception.samples import Pictures, with_labels, with_things
from robosim.agents.perception.train import PerceptionSetup, PerceptionStatus, train_perception
from robosim.agents.training.device import DeviceName
from robosim.errors import RobosimError
from robosim.perception.data.shards import Shards
from robosim.scripts.cli import INTERRUPTED, Minutes, command
from robosim.scripts.signals import stopped_by_signals


@dataclass(frozen=True)
class Options:
    """Train a perception network as a YAML file says."""

    config: Annotated[str, tyro.conf.Positional]
    """A YAML file, or the name of a shipped one, such as scene or labels."""
    out: Path | None = None
    """Folder of the run. Not given: runs/NAME, with the experiment's name."""
    resume: tyro.conf.FlagCreatePairsOff[bool] = False
    """Go on with the run in the folder from its last checkpoint."""
    data: str | None = None
    """Folder of the pictures. Not given: as the YAML says, pictures if it does not."""
    updates: int | None = None
    """Steps of the optimizer. Not given: as the YAML says."""
    seed: int | None = None
    """Of everything that is drawn. Not given: as the YAML says."""
    damaged: tyro.conf.FlagCreatePairsOff[bool] = False
    """Go on without shards that are damaged, instead of refusing."""
    device: DeviceName = "auto"
    """Where the network runs. auto: the GPU, if there is one."""
    workers: int = 0
    """Processes that read pictures beside this one. 0 is enough for a CPU; a GPU is faster than one process reads."""


@command
def main(argv: Sequence[str]) -> int:
    """Train.

    Raises:
        RobosimError: Something that was asked for does not exist or does not fit.
    """
    options = tyro.cli(Options, prog="robosim train-perception", args=list(argv))
    if options.workers < 0:
        raise RobosimError(f"--workers {options.workers}: at least 0")
    experiment = _settled(options)
    out = options.out or Path("runs") / experiment.name
    console = Console(highlight=False)
    damaged = "skip" if options.damaged else "refuse"
    train, val = (Shards(Path(experiment.data), split, damaged) for split in ("train", "val"))  # type: ignore[arg-type]
    for one in (train, val):
        for sentence in one.left_out:
            console.print(f"[yellow]left out:[/] {sentence}", soft_wrap=True)
    with stopped_by_signals() as stop, _Display(console, experiment.fit.updates) as display:
        finished = train_perception(
            experiment,
            out,
            *_of_use(experiment.network, train, val),
            resume=options.resume,
            device=options.device,
            workers=options.workers,
            on_setup=display.setup,
            on_status=display.status,
            stop=stop.is_set,
        )
    if finished:
        said, words = "done; judge it by", ["evaluate-perception", str(out), "classical", "--data", experiment.data]
    else:  # by the run's own experiment, in which what it changed is
        said, words = (
            "stopped; go on by",
            ["train-perception", str(out / "experiment.yaml"), "--resume", "--out", str(out)],
        )
        words += ["--damaged"] * options.damaged + ["--device", options.device, "--workers", str(options.workers)]
    console.print(f"{said}: {shlex.join(['robosim', *words])}", markup=False, soft_wrap=True)
    return 0 if finished else INTERRUPTED


def _of_use(network: NetworkSpec, train: Shards, val: Shards) -> tuple[Pictures, Pictures]:
    """Chooses pictures that show what is to be learnt; boxes are judged by all, for any may have wrong ones."""
    if network.kind == "labels":
        return with_labels(train), with_labels(val)
    return (with_things(train, network.of), val) if network.kind == "closer" else (train, val)


def _settled(options: Options) -> PerceptionExperiment:
    """The experiment with what the command line changes of it."""
    values = load_perception(options.config).model_dump()
    if options.data is not None:
        values["data"] = options.data
    if options.seed is not None:
        values["seed"] = options.seed
    if options.updates is not None:
        values["fit"]["updates"] = options.updates
    return parse_perception(values, f"{options.config} with the options of the command line")


class _Display:
    """The lines at the start, the bar, and a line for every validation."""

    def __init__(self, console: Console, updates: int) -> None:
        self._console, self._updates, self._minutes = console, updates, Minutes(console)
        self._progress = Progress(
            BarColumn(bar_width=20),
            TextColumn("{task.completed:,.0f} of {task.total:,.0f} updates · {task.fields[doing]}"),
            TimeRemainingColumn(),
            console=console,
        )
        self._task: TaskID | None = None

    def __enter__(self) -> "_Display":
        return self

    def __exit__(self, *_: object) -> None:
        self._progress.stop()

    def setup(self, setup: PerceptionSetup) -> None:
        """Say what runs where, and why, and begin the bar."""
        say = self._console.print
        say(f"[bold]run[/]       {setup.folder}", soft_wrap=True)
        say(f"[bold]network[/]   {setup.parameters:,} parameters, {setup.pictures:,} pictures to learn from")
        device = setup.device
        say(f"[bold]device[/]    {device.device} in {setup.precision}, because {device.reason}", soft_wrap=True)
        if setup.resumed_at:
            say(f"[bold]resumed[/]   at {setup.resumed_at:,} of {self._updates:,} updates")
        self._task = self._progress.add_task("", total=self._updates, completed=setup.resumed_at, doing="")
        self._progress.start()

    def status(self, status: PerceptionStatus) -> None:
        """Move the bar, and write a line where a validation was made; each minute, too, where there is no bar."""
        if self._task is None:
            return
        losses = ", ".join(f"{name} {loss:.3f}" for name, loss in status.losses.items())
        doing = f"{status.pictures_per_s:,.0f} pictures/s · {losses}"
        self._progress.update(self._task, completed=status.updates, doing=doing)
        self._minutes.tell(f"{status.updates:>9,} updates: {doing}")
        if status.validation is not None:
            rates = ", ".join(f"{name} {rate:.3f}" for name, rate in status.validation.items())
            best = " [green](best so far)[/]" if status.best else ""
            self._console.print(f"{status.updates:>9,} updates: {rates}{best}", soft_wrap=True)


if __name__ == "__main__":
    raise SystemExit(main())
