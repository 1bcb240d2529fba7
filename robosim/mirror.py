"""What a robot with equal sides observes and does, as a mirror shows it: left becomes right.

A mirror that stands upright along the robot's forward axis, so that what points left, turns left or belongs to the left
side changes, and what points forward or up stays.
"""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray


class Mirror(NamedTuple):
    """How a vector looks in a mirror; applied twice, it is what it was.

    Attributes:
        places: int64 (n,), where each number of the mirrored vector is found.
        signs: float32 (n,), 1 or -1, what it is multiplied with.
    """

    places: NDArray[np.int64]
    signs: NDArray[np.float32]

    def __call__(self, values: NDArray[np.float32]) -> NDArray[np.float32]:
        """Gives vectors as the mirror shows them: shape (..., n)."""
        return values[..., self.places] * self.signs


class Mirrors(NamedTuple):
    """Those of a task: a policy that is right is right in the mirror.

    Attributes:
        observation: Of a vector, or of every part of a dict of vectors.
        action: Of a vector.
    """

    observation: Mirror | Mapping[str, Mirror]
    action: Mirror


FORWARD_LEFT_UP = (1.0, -1.0, 1.0)
"""Signs of a position, velocity or force."""
ABOUT_THEM = (-1.0, 1.0, -1.0)
"""Signs of what turns about these axes: the thumb of a right hand's mirror image is a left hand's."""


def signed(*signs: float) -> Mirror:
    """Gives that of numbers that stay in their places."""
    return Mirror(np.arange(len(signs)), np.array(signs, np.float32))


def swapped(order: Sequence[int], group: Mirror | None = None) -> Mirror:
    """Gives that of groups of numbers that change places.

    Args:
        order: Which group is found in the place of each.
        group: That of each by itself; None, of one number that stays as it is.
    """
    each = group or signed(1.0)
    places = np.concatenate([number * len(each.places) + each.places for number in order])
    return Mirror(places, np.tile(each.signs, len(order)))


def flipped(rows: int, columns: int) -> Mirror:
    """Gives that of a grid of numbers whose columns, which vary fastest, run from right to left."""
    places = np.arange(rows * columns).reshape(rows, columns)[:, ::-1].ravel()
    return Mirror(places, np.ones(len(places), np.float32))


def joined(*parts: Mirror) -> Mirror:
    """Gives that of vectors one after another."""
    starts = np.cumsum([0, *(len(part.places) for part in parts)])
    places = [start + part.places for start, part in zip(starts, parts, strict=False)]
    return Mirror(np.concatenate(places), np.concatenate([part.signs for part in parts]))
