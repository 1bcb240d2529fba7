"""`robosim watch AGENT …`: see an agent act, in a video or a window."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import tyro
from rich.console import Console
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeRemainingColumn

import robosim.envs  # registers the ids, also where robosim is used without being installed
from robosim.agents.evaluation.episodes import Episode
from robosim.agents.policies.find import BASELINES, identity, named_files
from robosim.agents.policies.policy import Policy
from robosim.agents.showing.film import HOLD_S, control_rate, moments, shots, stage, time_limit, video_rate
from robosim.agents.showing.screening import screen
from robosim.agents.storage.reading import AnyEnv
from robosim.errors import RobosimError
from robosim.render.video import Video, check_video
from robosim.render.window import Window, WindowError, check_display
from robosim.scripts.cli import INTERRUPTED, command
from robosim.seeding import Split, checked_level

VIDEO_SIZE = 1280, 720


class WatchError(RobosimError):
    """Something that was asked for cannot be shown."""


@dataclass(frozen=True)
class Options:
    """See an agent act. Without --video, in a window: space pauses, n shows the next episode, q ends."""

    agent: Annotated[str, tyro.conf.Positional, tyro.conf.arg(metavar="AGENT")]
    """A shipped agent's name, the folder of an agent, a team or a run, random, zero or expert. blind:NAME acts without
    what it sees, controller:NAME without its network."""
    env: Annotated[str | None, tyro.conf.arg(metavar="ID")] = None
    """The env's id; where it is not given, the one the agent was trained on."""
    level: Annotated[str | None, tyro.conf.arg(metavar="LEVEL")] = None
    """How hard: 0 to 9, or mixed; where it is not given, as the agent was trained."""
    seed: int = 0
    """The first episode's seed; the others count up from it."""
    split: Split = "test"
    """Which worlds."""
    episodes: int = 1
    """How many."""
    seconds: Annotated[float | None, tyro.conf.arg(metavar="S")] = None
    """Cut every episode after so long; where it is not given, at its end."""
    video: Annotated[Path | None, tyro.conf.arg(metavar="FILE")] = None
    """Write a video, .mp4 or .gif, which needs no display."""
    overwrite: tyro.conf.FlagCreatePairsOff[bool] = False
    """Replace the video's file where there is one already."""
    window: tyro.conf.FlagCreatePairsOff[bool] = False
    """Open a window."""


@command
def main(argv: Sequence[str]) -> int:
    """Show the agent that `argv` names, and print what came of every episode.

    Returns:
        0, or 130 where Ctrl-C ended a video early; what was filmed until then is kept.

    Raises:
        RobosimError: Something that was asked for does not exist, does not fit or cannot be shown; before the
            first episode.
    """
    options = tyro.cli(Options, prog="robosim watch", args=list(argv))
    _check(options)
    env_id, kwargs = _env(options)
    console = Console(highlight=False)
    size = VIDEO_SIZE if options.video is not None else None  # a window must keep up with time
    with stage(options.agent, env_id, kwargs, size) as (env, policy):
        if options.video is not None:
            return _record(env, policy, options, options.video, console)
        return _show(env, policy, options, console)


def _check(options: Options) -> None:
    """Refuse what cannot be done before anything is done."""
    if options.seed < 0:
        raise WatchError(f"--seed must be at least 0, got {options.seed}")
    if options.episodes < 1:
        raise WatchError(f"--episodes must be at least 1, got {options.episodes}")
    if options.seconds is not None and not 0 < options.seconds < math.inf:
        raise WatchError(f"--seconds must be above 0, got {options.seconds}")
    if options.video is not None and options.window:
        raise WatchError("--video and --window: choose one")
    if options.video is not None:
        check_video(options.video, overwrite=options.overwrite)
        return
    try:
        check_display()
    except WindowError as error:
        raise WatchError(f"{error}; a video needs no display: --video FILE.mp4") from error


def _env(options: Options) -> tuple[str, dict[str, Any]]:
    """Decide in which env the agent acts: by default in its own."""
    env_id, kwargs = options.env, {}
    if options.agent not in BASELINES:
        own = identity(named_files(options.agent)).env
        env_id = env_id or own.id
        kwargs = dict(own.kwargs) if own.id == env_id else {}
    if env_id is None:
        known = ", ".join(sorted(robosim.envs.ENVS))
        raise WatchError(f"{options.agent} does not say in which env it acts: give --env (robosim has: {known})")
    if options.level is not None:
        kwargs["level"] = checked_level(int(options.level) if options.level.isdecimal() else options.level)
    return env_id, {**kwargs, "split": options.split}


def _record(env: AnyEnv, policy: Policy, options: Options, path: Path, console: Console) -> int:
    fps = video_rate(control_rate(env))
    longest = min(time_limit(env) or math.inf, options.seconds or math.inf)
    pictures = (longest + HOLD_S) * fps if math.isfinite(longest) else None  # of one episode, at most
    columns = TextColumn("{task.description}"), BarColumn(), TaskProgressColumn(), TimeRemainingColumn()
    video = Video(path, fps, overwrite=options.overwrite)
    try:
        with Progress(*columns, console=console, transient=True) as progress, video:
            bar = progress.add_task("filming", total=pictures and pictures * options.episodes)
            for number, seed in enumerate(_seeds(options), start=1):
                end = None
                for shot in shots(env, policy, options.agent, seed, options.seconds):
                    video.add(shot.picture)
                    progress.advance(bar)
                    end = shot.end
                progress.update(bar, completed=pictures and pictures * number)
                console.print(_outcome(env, seed, end))
    except KeyboardInterrupt:
        kept = f"what was filmed is in {path}" if video.written else "nothing was written"
        console.print(f"stopped; {kept}", markup=False, soft_wrap=True)
        return INTERRUPTED
    size = path.stat().st_size / 1e6
    told = f"{path}: {video.pictures / fps:.1f} s, {size:.1f} MB"
    console.print(told, markup=False, soft_wrap=True)
    return 0


def _show(env: AnyEnv, policy: Policy, options: Options, console: Console) -> int:
    with Window(f"robosim: {options.agent}") as window:
        for seed in _seeds(options):
            end, wish = screen(window, moments(env, policy, options.agent, seed, options.seconds))
            console.print(_outcome(env, seed, end))
            if wish == "quit":
                break
    return 0


def _seeds(options: Options) -> range:
    return range(options.seed, options.seed + options.episodes)


def _outcome(env: AnyEnv, seed: int, end: Episode | None) -> str:
    """One line on an episode."""
    if end is None:
        return f"seed {seed}: not seen to its end"
    level = "" if end.level is None else f", level {end.level}"
    verdict = "[green]success[/]" if end.success else "[red]no success[/]"
    return f"seed {seed}{level}: {verdict} after {end.length / control_rate(env):.1f} s, return {end.ret:.1f}"


if __name__ == "__main__":
    raise SystemExit(main())
