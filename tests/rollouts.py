"""What the tests of environments share: every id with every observation, and recorded rollouts."""

import hashlib
import pkgutil
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import gymnasium as gym
import numpy as np

from robosim.envs import ENVS
from robosim.envs.sim_env import SimEnv
from robosim.task import Observation, Task


def task_of(env_id: str) -> type[Task[Any]]:
    env: type[SimEnv] = pkgutil.resolve_name(ENVS[env_id][0])
    return env.TASK


CASES = [(env_id, observation) for env_id in ENVS for observation in task_of(env_id).OBSERVATIONS]


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


def actions(env: gym.Env[Any, Any], seed: int) -> Iterator[Any]:
    """Random, small enough that an episode lasts; the same for the same seed."""
    rng = np.random.default_rng(seed)
    space = env.action_space
    assert isinstance(space, gym.spaces.Box)
    while True:
        yield (0.3 * rng.uniform(space.low, space.high)).astype(space.dtype)


def play(env: gym.Env[Any, Any], seed: int | None, steps: int = 200) -> Rollout:
    """One episode under random actions, cut after some steps."""
    observation, info = env.reset(seed=seed)
    rollout = Rollout([observation], [], [info])
    for _, action in zip(range(steps), actions(env, info["seed"]), strict=False):
        observation, reward, rollout.terminated, rollout.truncated, info = env.step(action)
        rollout.observations.append(observation)
        rollout.rewards.append(float(reward))
        rollout.infos.append(info)
        if rollout.terminated or rollout.truncated:
            break
    return rollout
