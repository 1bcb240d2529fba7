"""What controllers and guards need of the spaces in which they act, and how it is told where that is not there."""

from collections.abc import Mapping
from typing import Any

import gymnasium as gym

Lengths = int | dict[str, int | None]
"""Of a vector, or of parts of a dict that must be there, by key; None: any."""


def check_needs(
    asked: str, observation_space: gym.Space[Any], action_space: gym.Space[Any], sees: Lengths, acts: Lengths
) -> None:
    """Looks whether spaces have what is needed.

    Args:
        asked: The setting that asks for it, with its value.
        observation_space: Of the env in which it acts.
        action_space: Likewise.
        sees: What is read.
        acts: What is chosen.

    Raises:
        ValueError: They have not; both are told.
    """
    for what, space, needed in (("observation", observation_space, sees), ("action", action_space, acts)):
        if not _fits(space, needed):
            got = _told(_sizes(space))
            raise ValueError(f"{asked}: it is for an {what} of {_told(needed)}, got one of {got}")


def _fits(space: gym.Space[Any], needed: Lengths) -> bool:
    """Says whether a space is a vector of a length, or a dict that has vectors of some lengths."""
    if isinstance(needed, int):
        return isinstance(space, gym.spaces.Box) and space.shape == (needed,)
    parts = space.spaces if isinstance(space, gym.spaces.Dict) else {}
    return all(key in parts and (length is None or _fits(parts[key], length)) for key, length in needed.items())


def _sizes(space: gym.Space[Any]) -> str | dict[str, str]:
    """Gives what a space holds, in words: of a dict each part's."""
    if isinstance(space, gym.spaces.Dict):
        return {key: str(_sizes(part)) for key, part in space.spaces.items()}
    return " × ".join(map(str, space.shape)) if space.shape else type(space).__name__


def _told(sizes: int | str | Mapping[str, int | str | None]) -> str:
    """Writes lengths, of a dict by key."""
    if isinstance(sizes, Mapping):
        return ", ".join(key if size is None else f"{key} ({size})" for key, size in sizes.items())
    return f"{sizes} numbers"
