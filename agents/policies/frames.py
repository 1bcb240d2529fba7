"""From what an env gives to what a network takes: images channel first, those of the last few steps on one another."""

from __future__ import annotations

from typing import Any

import gymnasium as gym
import numpy as np

from robosim.agents.policies.policy import Array, Observation, State


def is_image(space: gym.Space[Any]) -> bool:
    """Whether a part of an observation is a picture: bytes from 0 to 255 of shape (height, width, channels)."""
    if not isinstance(space, gym.spaces.Box) or space.dtype != np.uint8 or len(space.shape) != 3:
        return False
    return bool((space.low == 0).all() and (space.high == 255).all())


def image_parts(space: gym.Space[Any]) -> dict[str, gym.spaces.Box]:
    """The parts of a dict observation that are pictures, in the order of their keys."""
    parts = space.spaces if isinstance(space, gym.spaces.Dict) else {}
    return {key: part for key, part in sorted(parts.items()) if isinstance(part, gym.spaces.Box) and is_image(part)}


class Frames:
    """Puts images channel first and stacks them, the oldest first; all other parts of an observation pass.

    At the start of an episode the first image stands for those before it. It keeps nothing itself: what was seen comes
    in and goes out with every call, as the state of a policy does, so that a policy may act in any number of episodes.

    Args:
        space: What the env gives.
        count: Images of so many steps are stacked.

    Attributes:
        space: What the network takes: an image of shape (height, width, channels) is (channels · count, height, width).
        count: As above.
    """

    def __init__(self, space: gym.Space[Any], count: int = 1) -> None:
        """Looks where the images are; see the class."""
        self.count, self._keys = count, list(image_parts(space))
        self.space = space
        if isinstance(space, gym.spaces.Dict) and self._keys:
            parts = dict(space.spaces)
            for key in self._keys:
                height, width, channels = parts[key].shape or ()
                parts[key] = gym.spaces.Box(0, 255, (channels * count, height, width), np.uint8)
            self.space = gym.spaces.Dict(parts)

    def __call__(
        self, observation: Observation, state: State = None, starts: Array | None = None
    ) -> tuple[Observation, State]:
        """Give what the network takes, of a batch of observations.

        Args:
            observation: Of shape (batch, …) in every part.
            state: What the last call gave; None where all episodes begin.
            starts: Which of them begin, shape (batch,); None: none.

        Returns:
            The observation, and the state for the next call. Neither shares memory with what was given.
        """
        if not self._keys or not isinstance(observation, dict):
            return observation, state
        kept: dict[str, Array] = {} if state is None else dict(zip(self._keys, state, strict=True))
        seen = dict(observation)
        for key in self._keys:
            newest = np.moveaxis(observation[key], -1, 1).copy()
            seen[key] = newest if self.count == 1 else self._stacked(newest, kept.get(key), starts)
        return seen, tuple(seen[key] for key in self._keys) if self.count > 1 else state

    def _stacked(self, newest: Array, before: Array | None, starts: Array | None) -> Array:
        if before is None:
            return np.tile(newest, (1, self.count, 1, 1))
        stacked = np.concatenate([before[:, newest.shape[1] :], newest], axis=1)
        if starts is not None:
            stacked[starts] = np.tile(newest[starts], (1, self.count, 1, 1))
        return stacked
