"""What a quadruped sees of the ground: heights around its trunk, and around where each foot will next come down."""

import math

import numpy as np
from numpy.typing import NDArray

from robosim.compiled import compiled
from robosim.mirror import flipped, joined, swapped
from robosim.robots.a1 import A1, FOOT_RADIUS
from robosim.robots.a1_mirror import OTHER_SIDE
from robosim.robots.gait import FOOT_X, FOOT_Y, HEIGHT
from robosim.terrain.relief import Relief, read_heights, read_patches

# Drawn in each episode; standard deviations, m, of each height, and of all of them in an episode.
NOISE, OFFSET = 0.01, 0.01

# Points of the level frame around the trunk, m, more ahead than behind. Those around where each foot will next come
# down are `FOOT_X` and `FOOT_Y`, as far as it can be sent.
SCAN_X, SCAN_Y = np.linspace(-0.3, 0.9, 9), np.linspace(-0.2, 0.2, 3)
LIMIT = 0.5  # m
_POINTS = np.stack(np.meshgrid(SCAN_X, SCAN_Y, indexing="ij"), -1).reshape(-1, 2)
_PATCH = np.stack(np.meshgrid(FOOT_X, FOOT_Y, indexing="ij"), -1).reshape(-1, 2)
SCAN_MIRROR = joined(flipped(len(SCAN_X), len(SCAN_Y)), swapped(OTHER_SIDE, flipped(len(FOOT_X), len(FOOT_Y))))
_FIRST_UNDER, _UNDER = 3, 9  # the first of those under the trunk, x from -0.15 to 0.15 m, and how many they are
SIZE = len(_POINTS) + 4 * len(_PATCH)
_NOMINAL = HEIGHT + FOOT_RADIUS  # m, of the trunk's middle above level ground


@compiled
def survey(
    relief: Relief, x: float, y: float, cos: float, sin: float, points: NDArray[np.float64], first: int, level: float,
    out: NDArray[np.float64],
) -> float:  # fmt: skip
    """Writes the ground's heights above a level at points (n, 2), as `read_heights` has them.

    Args:
        relief: The ground.
        x: Of the frame, m.
        y: Of the frame, m.
        cos: Of its heading.
        sin: Of its heading.
        points: m.
        first: Of the nine points under the trunk.
        level: m in the world.
        out: Room for n or more, m, the first n of which are written.

    Returns:
        The mean height under the trunk, m in the world.
    """
    read_heights(relief, x, y, cos, sin, points, out)
    a, b, c, d, e, f, g, h, i = out[first : first + _UNDER]
    for number in range(len(points)):
        out[number] -= level
    return float(((a + b) + (c + d)) + ((e + f) + (g + h)) + i) / _UNDER  # in pairs, as NumPy adds


@compiled
def sense(
    heights: NDArray[np.float64], offset: float, normals: NDArray[np.float64], sigma: float, out: NDArray[np.float32]
) -> None:
    """Writes heights (n,), m, with an offset and with noise of a standard deviation, held to `LIMIT`, into out (n,)."""
    for number in range(len(heights)):
        height = heights[number] + offset
        if sigma > 0.0:
            height += sigma * normals[number]
        out[number] = min(max(height, -LIMIT), LIMIT)


class GroundScan:
    """Reads the ground around a robot.

    Heights, m: at the points of `SCAN_X` and `SCAN_Y` (x slowest) above where it would be under a robot that stands on
    the level; and for each foot at those of `FOOT_X` and `FOOT_Y` around where it will next come down, above where the
    trot sets it.

    Args:
        robot: Whose feet they are.
        sees: Whether it reads all of that, or only how high the trunk is above what lies under it.
    """

    def __init__(self, robot: A1, *, sees: bool = True) -> None:
        """Makes room; see the class."""
        self._robot, self._sees = robot, sees
        self._first = _FIRST_UNDER if sees else 0
        self._points = _POINTS if sees else _POINTS[_FIRST_UNDER : _FIRST_UNDER + _UNDER]
        self.reset(np.random.default_rng(0), 0.0)

    def reset(self, rng: np.random.Generator, noise: float) -> None:
        """Begins an episode: the stream of the noise, and its scale."""
        self._rng, self._noise = rng, noise
        self.offset = OFFSET * noise * float(rng.standard_normal()) if noise else 0.0

    def look(self, relief: Relief) -> tuple[float, NDArray[np.float64]]:
        """Gives the mean height of the ground under the trunk, in the world, and the heights without noise."""
        (x, y, z), _ = self._robot.body.pose()
        rows = self._robot.body.rows()
        length = math.hypot(rows[0][0], rows[1][0]) or 1.0
        cos, sin = rows[0][0] / length, rows[1][0] / length
        heights = np.empty(SIZE if self._sees else _UNDER)
        ground = survey(relief, x, y, cos, sin, self._points, self._first, z - _NOMINAL, heights)
        if self._sees:
            read_patches(relief, x, y, cos, sin, self._robot.aims(), _PATCH, z - FOOT_RADIUS, heights[len(_POINTS) :])
        return ground, heights

    def read(self, heights: NDArray[np.float64]) -> NDArray[np.float32]:
        """Gives heights as the sensor has them, within `LIMIT`."""
        seen = np.empty(len(heights), np.float32)
        normals = self._rng.standard_normal(len(heights)) if self._noise else heights
        sense(heights, self.offset, normals, NOISE * self._noise, seen)
        return seen
