"""What the tests of environments share: every id with every observation, and recorded rollouts."""

import hashlib
import itertools
import pkgutil
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import gymnasium as gym
import numpy as np

from robosim.agents.policies.experts import make_expert
from robosim.envs import ENVS
from robosim.envs.sim_env import SimEnv
from robosim.task import Observation, Task


def task_of(env_id: str) -> type[Task[Any]]:
    env: type[SimEnv] = pkgutil.resolve_name(ENVS[env_id][0])
    return env.TASK


class Case(NamedTuple):
    """An environment with one of its observations and a value of each option."""

    env_id: str
    kwargs: dict[str, Any]

    def __str__(self) -> str:
        return "-".join([self.env_id, *self.kwargs.values()])


def _cases(env_id: str) -> list[Case]:
    task = task_of(env_id)
    # What the ground is made of changes nothing of the contract; test_terrain_walk.py goes through the kinds.
    # Several orders are played by test_warehouse_deliver.py: here they would take a minute each.
    # How WarehousePick begins and how long it takes is that task's own affair; so is how hard TerrainBalance pushes.
    passed = "terrain", "orders", "begins", "seconds", "pushes"
    options = {name: values for name, values in task.OPTIONS.items() if name not in passed}
    choices = {"observation": task.OBSERVATIONS, **options}
    return [Case(env_id, dict(zip(choices, values, strict=True))) for values in itertools.product(*choices.values())]


CASES = [case for env_id in ENVS for case in _cases(env_id)]
RICHEST = [  # each env with all its senses at once, its options as they are by themselves
    Case(env_id, {"observation": task_of(env_id).OBSERVATIONS[-1]}) for env_id in ENVS
]


@dataclass
class Rollout:
    observations: list[Observation] = field(default_factory=list)
    rewards: list[float] = field(default_factory=list)
    infos: list[dict[str, Any]] = field(default_factory=list)
    terminated: bool = False
    truncated: bool = False

    def digest(self) -> str:
        """One hash of every bit that was observed and paid."""
        sha = hashlib.sha256()
        for observation in self.observations:
            for part in parts(observation):
                sha.update(np.ascontiguousarray(part).tobytes())
        sha.update(np.array(self.rewards, np.float64).tobytes())
        return sha.hexdigest()


def parts(observation: Observation) -> Iterator[np.ndarray[Any, Any]]:
    if isinstance(observation, dict):
        for key in sorted(observation):
            yield observation[key]
    else:
        yield observation


def play(env: gym.Env[Any, Any], seed: int | None, steps: int = 200, *, wild: bool = False) -> Rollout:
    """One episode, cut after some steps; its actions are the same for the same seed.

    The expert acts, a little shaken, so that an episode lasts through all that happens in it; wild, chance does.
    """
    expert, state = None if wild else make_expert(env), None
    observation, info = env.reset(seed=seed)
    rollout = Rollout([observation], [], [info])
    rng, space = np.random.default_rng(info["seed"]), env.action_space
    assert isinstance(space, gym.spaces.Box)
    for _ in range(steps):
        action = 0.3 * rng.uniform(space.low, space.high)
        if expert is not None:
            known, state = expert.predict(observation, state)
            action = known + 0.1 * action
        observation, reward, rollout.terminated, rollout.truncated, info = env.step(action.astype(space.dtype))
        rollout.observations.append(observation)
        rollout.rewards.append(float(reward))
        rollout.infos.append(info)
        if rollout.terminated or rollout.truncated:
            break
    return rollout
