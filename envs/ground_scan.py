"""What a quadruped sees of the ground: heights around its trunk, and around where each foot will next come down."""

import math

import numpy as np
from numpy.typing import NDArray

from robosim.robots.a1 import A1, FOOT_RADIUS, HEIGHT, REACH
from robosim.terrain.relief import Relief, read_heights, read_patches

# Drawn in each episode; standard deviations, m, of each height, and of all of them in an episode.
NOISE, OFFSET = 0.01, 0.01

# Points of the level frame around the trunk, m, more ahead than behind; and points around where each foot will next
# come down, as far as it can be sent.
SCAN_X, SCAN_Y = np.linspace(-0.3, 0.9, 9), np.linspace(-0.2, 0.2, 3)
FOOT_X, FOOT_Y = np.linspace(-REACH[0], REACH[0], 7), np.linspace(-REACH[1], REACH[1], 5)
LIMIT = 0.5  # m
_POINTS = np.stack(np.meshgrid(SCAN_X, SCAN_Y, indexing="ij"), -1).reshape(-1, 2)
_PATCH = np.stack(np.meshgrid(FOOT_X, FOOT_Y, indexing="ij"), -1).reshape(-1, 2)
_UNDER = np.flatnonzero(np.abs(_POINTS[:, 0]) < 0.2)  # those under the trunk
SIZE = len(_POINTS) + 4 * len(_PATCH)
_NOMINAL = HEIGHT + FOOT_RADIUS  # m, of the trunk's middle above level ground


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
        self._points = _POINTS if sees else _POINTS[_UNDER]
        self._under = _UNDER if sees else np.arange(len(_UNDER))
        self._heights, self._patches = np.zeros(len(self._points)), np.zeros((4, len(_PATCH)))
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
        read_heights(relief, x, y, cos, sin, self._points, self._heights)
        ground = float(self._heights[self._under].sum()) / len(self._under)
        heights = self._heights - (z - _NOMINAL)
        if not self._sees:
            return ground, heights
        aims = self._robot.aims()
        read_patches(relief, x, y, cos, sin, aims, _PATCH, self._patches)
        feet = self._patches - (aims[:, 2:] + (z - FOOT_RADIUS))
        return ground, np.concatenate([heights, feet.ravel()])

    def read(self, heights: NDArray[np.float64]) -> NDArray[np.float32]:
        """Gives heights as the sensor has them, within `LIMIT`."""
        seen = heights + self.offset
        if self._noise:
            seen += NOISE * self._noise * self._rng.standard_normal(len(seen))
        return np.minimum(np.maximum(seen, -LIMIT), LIMIT).astype(np.float32)
