"""`robosim demo`: train a robot from nothing, judge it beside others, film it, and write a page about it."""

from __future__ import annotations

import shlex
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated

import tyro
from rich.console import Console
from rich.progress import BarColumn, Progress, TaskID, TextColumn, TimeElapsedColumn
from rich.table import Table

from robosim.agents.evaluation.episodes import Episode
from robosim.agents.evaluation.evaluator import Evaluator
from robosim.agents.evaluation.results import Result, number, percent, summarise, write_results
from robosim.agents.showing.film import HOLD_S, video_rate
from robosim.agents.showing.film_apart import Take, side_by_side
from robosim.agents.showing.report import Report, write_report
from robosim.agents.storage.provenance import usable_cores
from robosim.agents.training.curve import read_curve
from robosim.agents.training.experiment import Experiment
from robosim.agents.training.experiment_file import load_experiment
from robosim.agents.training.run_folder import RunFolder
from robosim.agents.training.status import Outcome, Status
from robosim.agents.training.train import train
from robosim.render.video import Video
from robosim.scripts.cli import INTERRUPTED, command
from robosim.scripts.demo_cast import FRESH, Actor, DemoError, cast, new_folder, next_steps, task_of, worth_seeing

SEED = 0  # of the first test episode
_STAGES = 4


@dataclass(frozen=True)
class Options:
    """Train a robot from nothing, judge it beside others on held-out episodes, film it, write a page about it."""

    out: Path = Path("runs/demo")
    """Folder for everything; where it is there already, the same with -2, -3, ... added."""
    seconds: float = 165.0
    """Training ends after so long at the latest; the shipped experiment takes two minutes on two cores."""
    episodes: int = 200
    """Test episodes that each agent plays."""
    config: Annotated[str, tyro.conf.arg(metavar="CONFIG")] = "wheel_balance_demo"
    """What to train: a YAML file, or a shipped experiment's name."""
    film_seconds: Annotated[float | None, tyro.conf.arg(metavar="S")] = None
    """Cut the video after so long; where it is not given, at the episode's end."""
    workers: int = field(default_factory=usable_cores)
    """Processes that simulate."""


@dataclass(frozen=True)
class Trained:
    """The agent that was just made."""

    run: RunFolder
    experiment: Experiment
    seconds: float
    outcome: Outcome

    @property
    def agent(self) -> Path:
        """The best by validation; of a run that time ended, the latest, which has learned more since the validation."""
        return self.run.path if self.outcome.finished else self.run.last


@dataclass(frozen=True)
class Judged:
    """An agent with its episodes."""

    actor: Actor
    episodes: list[Episode]
    result: Result


@dataclass(frozen=True)
class Film:
    """The video and what is seen in it."""

    path: Path
    caption: str


@command
def main(argv: Sequence[str]) -> int:
    """Give the whole demo.

    Returns:
        0, or 130 where Ctrl-C ended it; what was made until then stays.

    Raises:
        RobosimError: An option is wrong, or one of the stages failed.
    """
    options = tyro.cli(Options, prog="robosim demo", args=list(argv))
    experiment = _experiment(options)
    folder = new_folder(options.out)
    stages = _Stages()
    try:
        _give(options, experiment, folder, shlex.join(["robosim", "demo", *argv]), stages)
    except KeyboardInterrupt:
        stages.say(f"stopped; what there is so far lies in {folder}")
        return INTERRUPTED
    return 0


def _experiment(options: Options) -> Experiment:
    """Check the options, and give what is to be trained."""
    for name, value, least in (("--episodes", options.episodes, 1), ("--workers", options.workers, 1)):
        if value < least:
            raise DemoError(f"{name} must be at least {least}, got {value}")
    for name, seconds in (("--seconds", options.seconds), ("--film-seconds", options.film_seconds)):
        if seconds is not None and not seconds > 0:
            raise DemoError(f"{name} must be above 0, got {seconds}")
    experiment = load_experiment(options.config)
    task_of(experiment.env.id)
    return experiment.model_copy(update={"workers": min(options.workers, experiment.envs)})


def _give(options: Options, experiment: Experiment, folder: Path, typed: str, stages: _Stages) -> None:
    with stages.stage(f"Training {experiment.env.id} from nothing"):
        trained = _train(experiment, folder, options.seconds, stages)
    actors = cast(experiment.env, trained.agent)
    with stages.stage(f"Judging {len(actors)} agents on {options.episodes} episodes of the test split"):
        judged = _judge(actors, trained, options, typed, stages)
    with stages.stage("Filming two of them in the same episode"):
        film = _film(judged, trained, options.film_seconds, stages)
    with stages.stage("Writing the page"):
        page = folder / "report.html"
        write_report(page, _report(judged, trained, film))
    stages.console.print(_table(judged))
    stages.close({"page": page, "video": film.path, "results": folder / "results.json", "agent": trained.agent})
    stages.say("\nnext:")
    for line in next_steps(folder, experiment.env.id, actors):
        stages.say(f"  {line}")


def _train(experiment: Experiment, folder: Path, seconds: float, stages: _Stages) -> Trained:
    began = time.monotonic()
    with stages.bar("training", experiment.total_steps) as (progress, bar):

        def show(status: Status) -> None:
            success = "" if status.success is None else f", success {status.success:.0%}"
            doing = f"{status.steps:,} steps, {status.fps:,.0f}/s{success}"
            if status.validating is not None:
                doing = f"{status.steps:,} steps, validating"
            progress.update(bar, completed=status.steps, doing=doing)

        outcome = train(experiment, folder, on_status=show, stop=lambda: time.monotonic() - began > seconds)
    return Trained(RunFolder(folder), experiment, time.monotonic() - began, outcome)


def _judge(actors: Sequence[Actor], trained: Trained, options: Options, typed: str, stages: _Stages) -> list[Judged]:
    judged = []
    with Evaluator(options.workers) as evaluator:
        for actor in actors:
            began = time.monotonic()
            episodes = _play(actor, trained.experiment.env.id, options.episodes, evaluator, stages)
            result = summarise(
                episodes,
                agent=actor.agent,
                sha256=actor.sha256,
                env=trained.experiment.env.id,
                kwargs=actor.kwargs,
                seed=SEED,
                command=typed,
                wall_clock_s=time.monotonic() - began,
            )
            judged.append(Judged(actor, episodes, result))
    write_results(trained.run.path / "results.json", [one.result for one in judged])
    return judged


def _play(actor: Actor, env_id: str, count: int, evaluator: Evaluator, stages: _Stages) -> list[Episode]:
    successes: list[bool] = []
    with stages.bar(actor.name, count) as (progress, bar):

        def show(episode: Episode) -> None:
            successes.append(episode.success)
            progress.update(bar, advance=1, doing=f"success {sum(successes) / len(successes):.0%}")

        return evaluator.run(actor.agent, env_id, actor.kwargs, count, SEED, on_episode=show)


def _film(judged: Sequence[Judged], trained: Trained, cut: float | None, stages: _Stages) -> Film:
    fresh = next(one for one in judged if one.actor.name == FRESH)
    rival = judged[-1] if judged[-1] is not fresh else judged[-2]
    episode = worth_seeing(fresh.episodes, rival.episodes)
    titles = (f"{FRESH}, {trained.seconds:.0f} s of training", rival.actor.name)
    takes = [
        Take(one.actor.agent, title, trained.experiment.env.id, one.actor.kwargs, episode.seed, cut)
        for one, title in zip((fresh, rival), titles, strict=True)
    ]
    dt = task_of(trained.experiment.env.id).CONTROL_DT
    path = trained.run.path / f"{FRESH}-beside-{rival.actor.name}.mp4"
    longest = dt * max(one.length for one in (episode, rival.episodes[episode.seed - SEED])) + HOLD_S
    with (
        stages.bar("filming", min(longest, cut or longest)) as (progress, bar),
        Video(path, video_rate(1 / dt)) as video,
    ):
        for picture in side_by_side(takes):
            video.add(picture)
            progress.update(bar, completed=video.pictures / video.fps, doing=f"{video.pictures} pictures")
    level = "" if episode.level is None else f", level {episode.level}"
    return Film(path, f"Left: {titles[0]}. Right: {titles[1]}. The same test episode: seed {episode.seed}{level}.")


def _report(judged: Sequence[Judged], trained: Trained, film: Film) -> Report:
    task = task_of(trained.experiment.env.id)
    rates = {one.actor.name: f"{100 * (one.result.success.mean or 0.0):.0f} %" for one in judged}
    others = ", ".join(f"{name} in {rate}" for name, rate in rates.items() if name != FRESH)
    played, seconds = len(judged[0].episodes), f"{trained.seconds:.0f} s"
    training = f"{trained.outcome.steps:,} env steps in {seconds}, {trained.experiment.workers} worker processes"
    choice = "did best on the validation split" if trained.outcome.finished else "was the latest when time was up"
    return Report(
        title=f"{task.__name__}, learned from nothing in {seconds}",
        results=[_named(one) for one in judged],
        lead=f"The fresh agent succeeds in {rates[FRESH]} of {played} episodes that it never saw; {others}.",
        curve=read_curve(trained.run.curve),
        curve_caption=f"{training}. Judged above is the agent that {choice}.",
        video=film.path,
        video_caption=film.caption,
        units={"length": "control steps", **{name: metric.unit for name, metric in task.METRICS.items()}},
        facts={"training": f"{training}, seed {trained.experiment.seed}"},
        listings={"The whole experiment": trained.run.experiment.read_text(encoding="utf-8")},
    )


def _table(judged: Sequence[Judged]) -> Table:
    """The short of it; the page has all."""
    view = Table(caption=f"{len(judged[0].episodes)} test episodes; in brackets 95 % intervals", caption_justify="left")
    view.add_column("agent")
    view.add_column("success", justify="right")
    view.add_column("mean return", justify="right")
    for one in judged:
        view.add_row(one.actor.name, percent(one.result.success), number(one.result.metrics["return"]))
    return view


def _named(judged: Judged) -> Result:
    """The result under the name that tables and charts have room for."""
    return judged.result.model_copy(update={"agent": judged.actor.name})


class _Stages:
    """What is said while the demo runs."""

    def __init__(self) -> None:
        self.console = Console(highlight=False)
        self._number = 0
        self._began = time.monotonic()

    def say(self, text: str) -> None:
        """Print a line as it is: no markup, and no line breaks in a command that is to be copied."""
        self.console.print(text, markup=False, soft_wrap=True)

    @contextmanager
    def stage(self, what: str) -> Iterator[None]:
        """Head what is done inside."""
        self._number += 1
        self.console.print(rf"\[{self._number}/{_STAGES}] {what}", style="bold", soft_wrap=True)
        yield

    @contextmanager
    def bar(self, what: str, total: float) -> Iterator[tuple[Progress, TaskID]]:
        """Show how far something is; `doing` is what is written behind the bar."""
        columns = (
            TextColumn("  {task.description:<13}"),
            BarColumn(bar_width=14),
            TimeElapsedColumn(),
            TextColumn("{task.fields[doing]}"),
        )
        with Progress(*columns, console=self.console) as progress:
            yield progress, progress.add_task(what, total=total, doing="")

    def close(self, files: dict[str, Path]) -> None:
        """Say where everything is."""
        self.console.print(f"\ndone in {time.monotonic() - self._began:.0f} s", style="bold green")
        for name, path in files.items():
            self.say(f"  {name:<8} {path}")


if __name__ == "__main__":
    raise SystemExit(main())
