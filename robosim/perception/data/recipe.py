"""`Recipe`: what a set of labelled pictures is made by; the same one makes the same pictures, bit for bit."""

from dataclasses import asdict, dataclass
from typing import Any

from robosim.errors import RobosimError

EDITION = 2
"""Grows whenever the same recipe makes other pictures than before."""
_WORLDS = 1_000_000  # of a seed


@dataclass(frozen=True)
class Recipe:
    """What tells a set of labelled pictures from another.

    Attributes:
        seed: Of the whole set.
        width: Pixels.
        height: Pixels.
        views: Pictures of each world.
        worlds: Worlds in each shard.
        edition: `EDITION` of the version of robosim that made it.

    Raises:
        RobosimError: A value is not possible.
    """

    seed: int = 0
    width: int = 128
    height: int = 128
    views: int = 64
    worlds: int = 8
    edition: int = EDITION

    def __post_init__(self) -> None:
        """Checks; see the class."""
        if self.seed < 0:
            raise RobosimError(f"seed={self.seed!r} is negative")
        for name, least, most in (("width", 16, 1024), ("height", 16, 1024), ("views", 1, 1024), ("worlds", 1, 1024)):
            if not least <= getattr(self, name) <= most:
                raise RobosimError(f"{name}={getattr(self, name)!r} is not from {least} to {most}")

    @property
    def images(self) -> int:
        """Of each shard."""
        return self.views * self.worlds

    def world_seed(self, number: int) -> int:
        """Gives the seed of a split's world; no two recipes' seeds share any."""
        if number >= _WORLDS:
            raise RobosimError(f"world {number}: a set has {_WORLDS} worlds of a split at most")
        return self.seed * _WORLDS + number

    def told(self) -> dict[str, Any]:
        """Gives all of it for an index."""
        return asdict(self)
