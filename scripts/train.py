"""`robosim train CONFIG`: reads the options, trains, shows how it goes. The work is in `agents/train.py`."""

from collections.abc import Sequence
from datetime import timedelta

from rich.console import Console
from rich.progress import BarColumn, Progress, TaskID, TextColumn

from robosim.agents.training.status import Outcome, Setup, Status
from robosim.agents.training.train import train
from robosim.agents.training.validation import Validation
from robosim.scripts.cli import INTERRUPTED, Minutes, command
from robosim.scripts.signals import stopped_by_signals
from robosim.scripts.train_options import parse_options


@command
def main(argv: Sequence[str]) -> int:
    """Train.

    Args:
        argv: what follows `robosim train`.

    Returns:
        0, or 130 where Ctrl-C or SIGTERM ended the run early.
    """
    options = parse_options(argv)
    console = Console(highlight=False)
    with stopped_by_signals() as stop, _Display(console) as display:
        outcome = train(
            options.experiment,
            options.folder,
            resume=options.resume,
            device=options.device,
            on_setup=display.setup,
            on_status=display.status,
            stop=stop.is_set,
        )
    _tell_outcome(console, outcome)
    return 0 if outcome.finished else INTERRUPTED


class _Display:
    """The lines at the start, the progress bar, and a line for every validation."""

    def __init__(self, console: Console) -> None:
        self._console, self._minutes = console, Minutes(console)
        self._progress = Progress(
            BarColumn(bar_width=20),
            TextColumn("{task.completed:,.0f} of {task.total:,.0f} steps · {task.fields[doing]}"),
            console=console,
        )
        self._task: TaskID | None = None
        self._shown: Validation | None = None

    def __enter__(self) -> "_Display":
        return self

    def __exit__(self, *_: object) -> None:
        self._progress.stop()

    def setup(self, setup: Setup) -> None:
        """Say which device runs what, and why, and begin the bar."""
        threads = f", {setup.update_threads} threads" if setup.update_threads > 1 else ""
        self._console.print(f"[bold]run[/]                {setup.folder}", soft_wrap=True)
        self._console.print(
            f"[bold]policy and update[/]  {setup.device.device}{threads}, because {setup.device.reason}",
            soft_wrap=True,
        )
        self._console.print(
            f"[bold]simulation[/]         cpu, because PyBullet has no GPU version: "
            f"{setup.envs} envs in {setup.workers} worker processes",
            soft_wrap=True,
        )
        if setup.resumed_at:
            self._console.print(f"[bold]resumed[/]            at {setup.resumed_at:,} of {setup.total_steps:,} steps")
        self._task = self._progress.add_task("training", total=setup.total_steps, completed=setup.resumed_at, doing="")
        self._progress.start()

    def status(self, status: Status) -> None:
        """Move the bar, and write a line where a validation has ended; each minute, too, where there is no bar."""
        if self._task is None:
            return
        doing = _doing(status)
        self._progress.update(self._task, completed=status.steps, doing=doing)
        self._minutes.tell(f"{status.steps:>12,} steps: {doing}")
        if status.validation is not None and status.validation is not self._shown:
            self._shown = status.validation
            self._console.print(_validation_line(status.validation, best=status.validation is status.best))


def _doing(status: Status) -> str:
    if status.imitating is not None:
        return f"imitating its teacher first, {status.imitating:.1%}"
    if status.validating is not None:
        return f"validating, {status.validating} episodes"
    parts = [f"{status.fps:,.0f}/s"]
    if status.seconds_left is not None:
        parts.append(f"{timedelta(seconds=round(status.seconds_left))} left")
    if status.success is not None:
        parts.append(f"success {status.success:.2f}")
    if status.ret is not None:
        parts.append(f"return {status.ret:.1f}")
    return " · ".join(parts)


def _validation_line(validation: Validation, best: bool) -> str:
    scores = f"success {validation.success:.2f}, return {validation.ret:.1f}"
    line = f"{validation.steps:>12,} steps: validation {scores}"
    return line + (" [green](best so far)[/]" if best else "")


def _tell_outcome(console: Console, outcome: Outcome) -> None:
    folder = outcome.folder
    if outcome.finished:
        console.print(
            f"done: {outcome.steps:,} steps; the best agent is in {folder}/best; see it by: robosim watch {folder}",
            soft_wrap=True,
        )
        return
    console.print(
        f"stopped after {outcome.steps:,} steps; go on by: robosim train --resume --out {folder}",
        soft_wrap=True,
    )


if __name__ == "__main__":
    raise SystemExit(main())
