"""What a teacher would do, step by step, where it or a network that learns from it has led."""

import math
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, replace
from typing import Any, TypeAlias, cast

import gymnasium as gym
import numpy as np
from numpy.typing import NDArray
from stable_baselines3.common.vec_env import VecEnv, VecNormalize

from robosim.agents.policies.policy import Array, Observation, Policy
from robosim.agents.vector.vec_acting import carried_out
from robosim.errors import RobosimError

NOISE = 0.05  # standard deviation of what is added to executed actions, in [-1, 1]
WHOLE = ""  # the key of an observation that is no dict
HORIZON = 5  # discount times; the tail of a recording whose returns would be cut off

Student: TypeAlias = Callable[[Observation], Array]
"""From what is observed to the actions of who learns."""


@dataclass(frozen=True)
class Recording:
    """What was seen, and what the teacher would have done: one row a step, all envs one after the other."""

    observations: dict[str, NDArray[Any]]
    """By the parts of the observation; `WHOLE` where it has none. Pictures, bytes, are of one moment; see `seen`."""
    actions: NDArray[np.float32]
    """The teacher's, without noise."""
    returns: NDArray[np.float32]
    """Of who acted."""
    ages: NDArray[np.int32]
    """Steps since the episode began."""
    told: NDArray[np.float32]
    """What the teacher was told and who learns must tell, one vector a row; see `Teacher.tells`."""
    envs: int
    """How many rows lie between a moment and the next."""
    frames: int
    """How many moments the network sees at once."""

    @classmethod
    def room(cls, envs: VecEnv, rows: int, frames: int = 1, told: int = 0) -> "Recording":
        """Makes room for so many rows, all at once: pictures of 100,000 steps are gigabytes, and are there once.

        Args:
            envs: Whose observations are kept; their pictures are stacked.
            rows: A multiple of the envs.
            frames: How many of them are stacked.
            told: How many numbers the teacher tells besides.
        """
        parts = _spaces(envs.observation_space)
        shapes = {key: part.shape or () for key, part in parts.items()}
        for key, part in parts.items():
            if part.dtype == np.uint8:
                shapes[key] = (shapes[key][0] // frames, *shapes[key][1:])
        return cls(
            {key: np.empty((rows, *shapes[key]), part.dtype) for key, part in parts.items()},
            np.empty((rows, *(envs.action_space.shape or ())), np.float32),
            np.empty(rows, np.float32),
            np.empty(rows, np.int32),
            np.empty((rows, told), np.float32),
            envs.num_envs,
            frames,
        )

    def keep(self, first: int, observation: Observation, action: Array, ages: Array) -> None:
        """Writes what all envs saw at one moment, and what the teacher would do."""
        rows = slice(first, first + self.envs)
        self.actions[rows], self.ages[rows] = action, ages
        for key, part in parts_of(observation).items():
            kept = self.observations[key]
            kept[rows] = part if part.shape[1:] == kept.shape[1:] else part[:, -kept.shape[1] :]  # the newest

    def seen(self, key: str, rows: NDArray[np.int64]) -> NDArray[np.uint8]:
        """Gives pictures as the network saw them: those of the last moments of the episode, the oldest first.

        Args:
            key: Which.
            rows: When, shape (n,).

        Returns:
            Shape (n, frames · channels, height, width).
        """
        back = np.minimum(np.arange(self.frames)[::-1, None], self.ages[rows])
        moments = self.observations[key][rows - back * self.envs]
        stacked: NDArray[np.uint8] = np.moveaxis(moments, 0, 1).reshape(len(rows), -1, *moments.shape[-2:])
        return stacked

    def rows(self, first: int, end: int) -> "Recording":
        """Gives some rows, in the same memory."""
        return replace(
            self,
            observations={key: part[first:end] for key, part in self.observations.items()},
            actions=self.actions[first:end],
            returns=self.returns[first:end],
            ages=self.ages[first:end],
            told=self.told[first:end],
        )


@dataclass(frozen=True)
class Teacher:
    """Who says what to do.

    Attributes:
        policy: Itself.
        envs: Where it sees it: envs that play the same episodes as those of its student. None: it sees what its student
            sees.
        tells: Parts of what it sees that are kept besides, as one vector a row.
    """

    policy: Policy
    envs: VecEnv | None = None
    tells: tuple[str, ...] = ()


def record(
    envs: VecNormalize,
    teacher: Teacher,
    kept: Recording,
    rng: np.random.Generator,
    gamma: float,
    student: Student | None,
    advance: Callable[[int], None] = lambda rows: None,
) -> None:
    """Plays in all envs, from a reset on, with noise on what is executed.

    Args:
        envs: Where; they are reset.
        teacher: Who says what to do.
        kept: Is filled; has a multiple of the envs of rows. Some more steps are played, so that the last returns are
            not cut off.
        rng: Of the noise.
        gamma: Discount of one step.
        student: Who acts, from what is observed in ``envs``; None: the teacher.
        advance: Called with the number of rows whenever some have been filled.

    Raises:
        RobosimError: The teacher's envs played other episodes.
    """
    steps = len(kept.actions) // envs.num_envs
    tail = round(HORIZON / (1 - gamma)) if gamma < 1 else 0
    known = _begin(envs, teacher, rng)
    state, starts = None, np.ones(envs.num_envs, bool)
    ages = np.zeros(envs.num_envs, np.int32)
    rewards, dones = [], []
    for step in range(steps + tail):
        seen = envs.get_original_obs()
        action, state = teacher.policy.predict(seen if known is None else known, state, starts, deterministic=True)
        done = action if student is None else student(seen)
        if step < steps:
            kept.keep(step * envs.num_envs, seen, action, ages)
            if teacher.tells:
                told = parts_of(seen if known is None else known)
                vectors = [told[key].reshape(envs.num_envs, -1) for key in teacher.tells]
                kept.told[step * envs.num_envs :][: envs.num_envs] = np.concatenate(vectors, axis=1)
            advance(envs.num_envs)
        shaken = np.clip(done + NOISE * rng.standard_normal(done.shape), -1, 1).astype(np.float32)
        known, starts = _step(envs, teacher, shaken)
        rewards.append(envs.get_original_reward())
        dones.append(starts)
        ages = np.where(starts, 0, ages + 1)
    returns = discounted(np.array(rewards), np.array(dones), gamma)[:steps]
    kept.returns[:] = returns.reshape(-1)


def _begin(envs: VecNormalize, teacher: Teacher, rng: np.random.Generator) -> Observation | None:
    """Resets all envs; gives what the teacher sees in its own, if it has some."""
    if teacher.envs is None:
        envs.reset()
        return None
    seed = int(rng.integers(2**31 - envs.num_envs))
    envs.seed(seed)
    teacher.envs.seed(seed)
    envs.reset()
    return cast("Observation", teacher.envs.reset())


def _step(envs: VecNormalize, teacher: Teacher, actions: Array) -> tuple[Observation | None, NDArray[np.bool_]]:
    """Steps all envs; gives what the teacher sees in its own, and which episodes have ended."""
    envs.step_async(actions)
    if teacher.envs is not None:
        teacher.envs.step_async(carried_out(envs, actions))  # beside the others
    _, _, dones, _ = envs.step_wait()
    if teacher.envs is None:
        return None, dones
    known, rewards, its_dones, _ = teacher.envs.step_wait()
    if (rewards != envs.get_original_reward()).any() or (dones != its_dones).any():
        raise RobosimError("the teacher's envs play other episodes: what it is told may change nothing that happens")
    return cast("Observation", known), dones


def parts_of(observation: Observation) -> dict[str, Array]:
    """Gives an observation as a dict, whatever it is."""
    return observation if isinstance(observation, dict) else {WHOLE: observation}


def numbers_beyond(own: Collection[str], its: gym.Space[Any]) -> dict[str, int]:
    """Gives the lengths of those parts of a teacher's observation, no pictures, that are not among somebody's own."""
    more = {key: part for key, part in sorted(_spaces(its).items()) if key not in own and part.dtype != np.uint8}
    return {key: math.prod(part.shape or ()) for key, part in more.items()}


def _spaces(space: gym.Space[Any]) -> Mapping[str, gym.Space[Any]]:
    return space.spaces if isinstance(space, gym.spaces.Dict) else {WHOLE: space}


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
