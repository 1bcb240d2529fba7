"""Where every random number of an episode comes from: its split and its seed, and nothing else."""

from typing import Literal, get_args

import numpy as np

from robosim.errors import RobosimError

Split = Literal["train", "val", "test"]
SPLITS: tuple[Split, ...] = get_args(Split)
Level = int | Literal["mixed"]
LEVELS = range(10)

_STREAMS = ("level", "world", "robot", "task", "sensors")


class Streams:
    """The independent random streams of one episode, one for each part that draws.

    The pair (split, seed) is the key of NumPy's ``SeedSequence``: different pairs give unrelated streams, so no
    world of one split is a world of another. A part that draws more than before leaves the other parts' draws as
    they were.

    Args:
        split: One of `SPLITS`.
        seed: The episode's seed, a non-negative integer.
    """

    def __init__(self, split: Split, seed: int) -> None:
        """Makes the streams; see the class."""
        branch = SPLITS.index(split)
        self.level, self.world, self.robot, self.task, self.sensors = (
            np.random.Generator(np.random.PCG64(np.random.SeedSequence(seed, spawn_key=(branch, index))))
            for index in range(len(_STREAMS))
        )


def checked_split(split: str) -> Split:
    """Gives back a split's name.

    Raises:
        RobosimError: It is none of `SPLITS`.
    """
    for known in SPLITS:
        if split == known:
            return known
    raise RobosimError(f"split={split!r} is not one of {', '.join(map(repr, SPLITS))}")


def checked_level(level: int | str) -> Level:
    """Gives back a level.

    Raises:
        RobosimError: It is neither an integer from 0 to 9 nor ``"mixed"``.
    """
    if level == "mixed":
        return "mixed"
    if isinstance(level, (int, np.integer)) and not isinstance(level, bool) and int(level) in LEVELS:
        return int(level)
    raise RobosimError(f"level={level!r} is neither an integer from 0 to 9 nor 'mixed'")
