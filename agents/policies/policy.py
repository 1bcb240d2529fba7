"""What a policy is to robosim, and the two that need no training: random and zero.

A policy is anything with Stable-Baselines3's `predict`. Controllers that know the robot belong in
`experts.py`, trained networks in `agent.py`.
"""

from __future__ import annotations

import copy
from typing import Any, Protocol, TypeAlias

import gymnasium as gym
import numpy as np
import numpy.typing as npt

# Any numpy type: what it is in each case, the space says.
Array: TypeAlias = npt.NDArray[Any]
Observation: TypeAlias = Array | dict[str, Array]
State: TypeAlias = tuple[Array, ...] | None


class Policy(Protocol):
    """Chooses actions from observations, exactly as `stable_baselines3`'s `predict` does.

    A policy that draws random numbers also has `set_random_seed(seed)`, see `Seedable`.
    """

    def predict(
        self,
        observation: Observation,
        state: State = None,
        episode_start: Array | None = None,
        deterministic: bool = False,
    ) -> tuple[Array, State]:
        """Choose an action.

        Args:
            observation: One observation of the env's observation space, or a batch of them along axis 0.
            state: What the last call returned; None at the start of an episode.
            episode_start: Boolean array, one entry per observation: is it the first of its episode?
            deterministic: Whether to choose the most likely action instead of a sampled one.

        Returns:
            The action (or the batch of them), in the env's action space, and the state for the next call.
        """
        ...


class Seedable(Protocol):
    """A policy whose random numbers can be fixed."""

    def set_random_seed(self, seed: int) -> None:
        """Start the policy's random numbers at `seed`."""
        ...


def seed_policy(policy: object, seed: int) -> None:
    """Call `policy.set_random_seed(seed)` where the policy has it; a policy without it draws no numbers."""
    set_random_seed = getattr(policy, "set_random_seed", None)
    if set_random_seed is not None:
        set_random_seed(seed)


def batch_size(observation: Observation, space: gym.Space[Observation] | None) -> int | None:
    """Tell a batch of observations from one observation.

    Args:
        observation: What `predict` was given.
        space: The space of one observation; where it is unknown, any observation counts as one.

    Returns:
        The number of observations in the batch, or None for a single observation.

    Raises:
        ValueError: The observation is neither one of `space` nor a batch of them.
    """
    if space is None:
        return None
    if isinstance(space, gym.spaces.Dict):
        if not isinstance(observation, dict) or set(observation) != set(space.spaces):
            found = sorted(observation) if isinstance(observation, dict) else type(observation).__name__
            raise ValueError(f"observation must be a dict with keys {sorted(space.spaces)}, got {found}")
        sizes = {batch_size(observation[key], part) for key, part in space.spaces.items()}
        if len(sizes) != 1:
            raise ValueError(f"the parts of the observation disagree about the batch size: {sizes}")
        return sizes.pop()
    shape = np.shape(observation)  # type: ignore[arg-type]  # a dict here has shape (), refused below
    if isinstance(observation, dict) or (shape != space.shape and shape[1:] != space.shape):
        raise ValueError(f"observation must have shape {space.shape} or (n, *{space.shape}), got {shape}")
    return None if shape == space.shape else shape[0]


def batched(observation: Observation) -> Observation:
    """Gives one observation as a batch of one."""
    if isinstance(observation, dict):
        return {key: np.asarray(part)[None] for key, part in observation.items()}
    return np.asarray(observation)[None]


class RandomPolicy:
    """Draws every action uniformly from the action space: what chance alone scores."""

    def __init__(self, action_space: gym.Space[Array], observation_space: gym.Space[Observation] | None = None) -> None:
        """Make the policy.

        Args:
            action_space: Where actions are drawn from; copied, so that seeding leaves the env's own alone.
            observation_space: Only needed to answer batches of observations.
        """
        self._action_space = copy.deepcopy(action_space)
        self._observation_space = observation_space
        self.set_random_seed(0)

    def set_random_seed(self, seed: int) -> None:
        """Start the random numbers at `seed`."""
        self._action_space.seed(seed)

    def predict(
        self,
        observation: Observation,
        state: State = None,
        episode_start: Array | None = None,
        deterministic: bool = False,
    ) -> tuple[Array, State]:
        """Draw an action, see `Policy.predict`; the observation does not matter."""
        number = batch_size(observation, self._observation_space)
        if number is None:
            return np.asarray(self._action_space.sample()), None
        return np.stack([np.asarray(self._action_space.sample()) for _ in range(number)]), None


class ZeroPolicy:
    """Always answers zero: what the robot does when nobody acts."""

    def __init__(self, action_space: gym.Space[Array], observation_space: gym.Space[Observation] | None = None) -> None:
        """Make the policy.

        Args:
            action_space: Must contain zero.
            observation_space: Only needed to answer batches of observations.

        Raises:
            ValueError: The action space does not contain zero.
        """
        self._zero = np.zeros(action_space.shape or (), dtype=action_space.dtype)
        self._observation_space = observation_space
        if not action_space.contains(self._zero):
            raise ValueError(f"the zero policy needs an action space that contains zero, got {action_space}")

    def predict(
        self,
        observation: Observation,
        state: State = None,
        episode_start: Array | None = None,
        deterministic: bool = False,
    ) -> tuple[Array, State]:
        """Answer zero, see `Policy.predict`; the observation does not matter."""
        number = batch_size(observation, self._observation_space)
        if number is None:
            return self._zero.copy(), None
        return np.zeros((number, *self._zero.shape), self._zero.dtype), None
