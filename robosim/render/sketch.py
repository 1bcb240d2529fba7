"""What is to be marked in a picture of the world: commands, paths, what a lidar sees, inset pictures; as data."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

Picture = NDArray[np.uint8]  # RGB, shape (height, width, 3)
Colour = tuple[int, int, int]
Points = NDArray[np.float64] | Sequence[Sequence[float]]  # shape (n, 3), metres in the world

ORANGE, BLUE, GREEN, RED = (255, 150, 30), (60, 140, 255), (60, 190, 110), (230, 70, 60)


@dataclass(frozen=True)
class Line:
    """A way through the world, such as a path; with an arrow's head at its end where that is wanted."""

    points: Points
    colour: Colour = BLUE
    width: float = 3.0
    arrow: bool = False


@dataclass(frozen=True)
class Fan:
    """Where the rays of a lidar end: the area that they sweep, and their ends.

    Attributes:
        closed: The last ray is the first one's neighbour, as of a lidar that sees all around.
    """

    origin: Sequence[float]
    ends: Points
    colour: Colour = GREEN
    closed: bool = False


@dataclass(frozen=True)
class Sketch:
    """All marks on one picture.

    Attributes:
        lines: Drawn above the fans.
        fans: Drawn first.
        insets: Title → small picture, laid along the right edge from the top.
    """

    lines: Sequence[Line] = ()
    fans: Sequence[Fan] = ()
    insets: dict[str, Picture] = field(default_factory=dict)


def on_floor(points: NDArray[np.float64] | Sequence[tuple[float, float]]) -> NDArray[np.float64]:
    """Gives points of a level floor, shape (n, 2), a height at which they are seen above it, shape (n, 3)."""
    flat = np.asarray(points, np.float64).reshape(-1, 2)
    return np.column_stack([flat, np.full(len(flat), 0.03)])


def ring(middle: tuple[float, float], radius: float) -> Points:
    """Gives the points of a circle on a level floor."""
    turn = np.linspace(0.0, 2 * math.pi, 25)
    return on_floor(np.column_stack([middle[0] + radius * np.cos(turn), middle[1] + radius * np.sin(turn)]))
