"""What `robosim demo` decides: where its files go, who is judged, which episode is filmed, what to try next."""

from __future__ import annotations

import os
import pkgutil
import shutil
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import Any

import robosim.envs
from robosim.agents.evaluation.episodes import Episode
from robosim.agents.evaluation.evaluator import check_agent
from robosim.agents.policies.find import BASELINES, PolicyError, identity, named_files, require_agent_folder, shipped
from robosim.agents.storage.agent import read_card
from robosim.agents.training.experiment import EnvConfig
from robosim.envs.sim_env import SimEnv
from robosim.errors import RobosimError
from robosim.task import Task

FRESH = "fresh"
_JUDGED = {"level": "mixed", "split": "test"}


class DemoError(RobosimError):
    """The demo cannot be given here."""


@dataclass(frozen=True)
class Actor:
    """Somebody who is judged."""

    name: str
    """As tables and charts call it."""
    agent: str
    """As `robosim.agents.policies.find.load_policy` takes it."""
    kwargs: dict[str, Any]
    """Of the env."""
    sha256: str | None = None
    """Of its weights; None for a baseline."""


def new_folder(wanted: Path) -> Path:
    """Make a folder: the one that is wanted, or where there is something already, the same with -2, -3, … added.

    Raises:
        DemoError: It cannot be made.
    """
    for number in count(1):
        folder = wanted if number == 1 else wanted.with_name(f"{wanted.name}-{number}")
        try:
            folder.mkdir(parents=True)
        except FileExistsError:
            continue
        except OSError as error:
            raise DemoError(f"--out {wanted}: {folder} cannot be made ({error.strerror})") from error
        return folder
    raise AssertionError("count has no end")


def cast(env: EnvConfig, fresh: Path) -> list[Actor]:
    """Everybody who can act in the env: the baselines, the agent that was just trained, the shipped ones.

    Args:
        env: What the fresh agent was trained on.
        fresh: The folder of the agent that was just trained, or of its run.
    """
    own = {**env.kwargs, **_JUDGED}
    actors = []
    for name in BASELINES:
        try:
            check_agent(name, env.id, own)
        except PolicyError:  # this env has no such baseline
            continue
        actors.append(Actor(name, name, own))
    actors.append(Actor(FRESH, str(fresh), own, read_card(require_agent_folder(fresh)).sha256))
    for name in shipped():
        card = identity(named_files(name))
        if card.env.id == env.id:
            actors.append(Actor(name, name, {**card.env.kwargs, **_JUDGED}, card.sha256))
    return actors


def worth_seeing(fresh: Sequence[Episode], rival: Sequence[Episode]) -> Episode:
    """The hardest episode at which both succeed; where there is none, that in which the fresh agent lasts longest.

    Args:
        fresh: The fresh agent's episodes.
        rival: The other's, of the same seeds.
    """

    def merit(pair: tuple[Episode, Episode]) -> tuple[bool, int, int]:
        ours, theirs = pair
        return ours.success and theirs.success, ours.length, ours.level or 0

    return max(zip(fresh, rival, strict=True), key=merit)[0]


def task_of(env_id: str) -> type[Task[Any]]:
    """The task of one of robosim's envs, which knows its time step and its metrics' units.

    Raises:
        DemoError: The env is not robosim's.
    """
    if env_id not in robosim.envs.ENVS:
        raise DemoError(f"the demo is for robosim's own envs ({', '.join(sorted(robosim.envs.ENVS))}), not {env_id}")
    env: type[SimEnv] = pkgutil.resolve_name(robosim.envs.ENVS[env_id][0])
    return env.TASK


def next_steps(run: Path, env_id: str, actors: Sequence[Actor]) -> list[str]:
    """Commands to copy, as they work from the present folder."""
    called, best = _program(), actors[-1].agent
    fresh = next(actor.agent for actor in actors if actor.name == FRESH)
    rival = "expert" if any(actor.agent == "expert" for actor in actors) else "random"
    return [
        f"{called} watch {best} --level 9 --video {run / 'level-9.mp4'}",
        f"{called} watch {rival} --env {env_id} --level 9 --video {run / f'{rival}-level-9.mp4'}",
        f"{called} evaluate {fresh} {rival} --level 5 --episodes 500",
        f"{called} train --resume --out {run} --total-steps 1000000",
    ]


def _program() -> str:
    """How this installation's command is called from the present folder."""
    here = Path(sys.executable).with_name("robosim")
    found = shutil.which("robosim")
    if found is not None and Path(found).resolve() == here.resolve():
        return "robosim"
    if not here.exists():
        return f"{sys.executable} -m robosim.scripts.main"  # in a checkout that was not installed
    relative = os.path.relpath(here)
    return str(here) if relative.startswith("..") else relative
