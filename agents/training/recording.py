"""What a scripted teacher would do, step by step, where it or a network that learns from it has led."""

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray
from stable_baselines3.common.vec_env import VecNormalize

from robosim.agents.policies.policy import Array, Observation, Policy

NOISE = 0.05  # standard deviation of what is added to executed actions, in [-1, 1]
WHOLE = ""  # the key of an observation that is no dict
HORIZON = 5  # discount times; the tail of a recording whose returns would be cut off

Student: TypeAlias = Callable[[Observation], Array]
"""From what the teacher sees to the actions of who learns from it."""


@dataclass(frozen=True)
class Recording:
    """What was seen, and what the teacher would have done: one row a step, all envs one after the other."""

    observations: dict[str, NDArray[np.float32]]
    """By the parts of the observation; `WHOLE` where it has none."""
    actions: NDArray[np.float32]
    """The teacher's, without noise."""
    returns: NDArray[np.float32]
    """Of who acted."""


def record(
    envs: VecNormalize, teacher: Policy, steps: int, rng: np.random.Generator, gamma: float, student: Student | None
) -> Recording:
    """Plays in all envs, from a reset on, with noise on what is executed.

    Args:
        envs: Where; they are reset.
        teacher: Who says what to do.
        steps: In each env. Some more are played, so that the last returns are not cut off.
        rng: Of the noise.
        gamma: Discount of one step.
        student: Who acts; None: the teacher.
    """
    tail = round(HORIZON / (1 - gamma)) if gamma < 1 else 0
    envs.reset()
    state, starts = None, np.ones(envs.num_envs, bool)
    observations: dict[str, list[NDArray[np.float32]]] = {}
    actions, rewards, dones = [], [], []
    for _ in range(steps + tail):
        seen = envs.get_original_obs()
        action, state = teacher.predict(seen, state, starts)
        done = action if student is None else student(seen)
        shaken = np.clip(done + NOISE * rng.standard_normal(done.shape), -1, 1).astype(np.float32)
        _, _, starts, _ = envs.step(shaken)
        for key, part in parts_of(seen).items():
            observations.setdefault(key, []).append(part)
        actions.append(action)
        rewards.append(envs.get_original_reward())
        dones.append(starts)
    returns = discounted(np.array(rewards), np.array(dones), gamma)[:steps]
    return Recording(
        {key: np.concatenate(parts[:steps]) for key, parts in observations.items()},
        np.concatenate(actions[:steps]),
        returns.reshape(-1).astype(np.float32),
    )


def joined(recordings: list[Recording]) -> Recording:
    """Gives several recordings as one."""
    return Recording(
        {key: np.concatenate([one.observations[key] for one in recordings]) for key in recordings[0].observations},
        np.concatenate([one.actions for one in recordings]),
        np.concatenate([one.returns for one in recordings]),
    )


def parts_of(observation: Observation) -> dict[str, Array]:
    """Gives an observation as a dict, whatever it is."""
    return observation if isinstance(observation, dict) else {WHOLE: observation}


def reward_scale(envs: VecNormalize) -> float:
    """Gives what the critic's rewards are divided by."""
    return math.sqrt(float(envs.ret_rms.var) + envs.epsilon) if envs.norm_reward else 1.0


def discounted(rewards: NDArray[np.float64], dones: NDArray[np.bool_], gamma: float) -> NDArray[np.float64]:
    """Gives the discounted return from each step on; an episode's end, of whatever kind, ends it.

    Args:
        rewards: Shape (steps, envs).
        dones: Whether the step ended an episode, the same shape.
        gamma: Discount of one step.
    """
    returns = np.zeros_like(rewards, dtype=np.float64)
    following = np.zeros(rewards.shape[1])
    for step in reversed(range(len(rewards))):
        following = rewards[step] + gamma * following * ~dones[step]
        returns[step] = following
    return returns
