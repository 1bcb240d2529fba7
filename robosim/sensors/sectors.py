"""What is near in each direction, and what has moved there: a laser scan for a policy."""

import math
from collections import deque

import numpy as np
from gymnasium import spaces
from numpy.typing import NDArray

from robosim.compiled import compiled
from robosim.errors import RobosimError
from robosim.sensors.lidar import Lidar
from robosim.sensors.sensor import Sensor

NEARNESS = 1.5  # m, over which nearness falls to 1/e: differences between 0.3 and 3 m are what steering depends on

Pose2 = tuple[float, float, float]
"""x, y (m) and heading (rad) on the floor."""


class Sectors(Sensor):
    """Reads nearness and its changes: float32 ((1 + len(ages)) * sectors,), rows of sectors one after another.

    Sectors run counter-clockwise from straight back. Row 0 is ``exp(-range / NEARNESS)`` of the nearest return in each
    sector, 0 where there is none. The other rows say what has moved: row 0 less the same of an earlier scan, its points
    carried along by the robot's own motion since, as odometry tells it. So walls give 0 while the robot drives, and
    people do not. Raw frames hide this: between two of them 0.2 s apart a range hardly changes, and most of that is the
    robot's own doing.

    Args:
        lidar: A scanner with one layer that sees all around; its rays are a multiple of ``sectors``.
        sectors: Number of directions.
        ages: Of the earlier scans, in readings, rising.

    Attributes:
        ranges: The scan behind the last reading, float32 (rays,), m.
        odometry: Where the robot is by its own count, x, y (m) and heading (rad); set it before each `read`.

    Raises:
        RobosimError: A value is not possible.
    """

    space: spaces.Box

    def __init__(self, lidar: Lidar, sectors: int, ages: tuple[int, ...]) -> None:
        """Reserves memory; see the class."""
        rays = lidar.space.shape
        if len(rays) != 1 or sectors < 1 or rays[0] % sectors:
            raise RobosimError(f"sectors={sectors!r} must divide a lidar's single layer of rays, which are {rays}")
        if not ages or list(ages) != sorted({*ages}) or ages[0] < 1:
            raise RobosimError(f"ages={ages!r} are not rising numbers of readings from 1")
        self._lidar, self._ages, self._sectors = lidar, ages, sectors
        self._far = float(lidar.space.high[0])
        self._directions = np.column_stack([np.cos(lidar.azimuths), np.sin(lidar.azimuths)])
        self._scans: deque[tuple[NDArray[np.float32], Pose2]] = deque(maxlen=ages[-1] + 1)
        self.space = spaces.Box(-1.0, 1.0, ((1 + len(ages)) * sectors,), np.float32)
        self.ranges = np.full(rays, self._far, np.float32)
        self.odometry: Pose2 = (0.0, 0.0, 0.0)

    def reset(self, rng: np.random.Generator, noise: float) -> None:
        """Forgets; see `Sensor.reset`."""
        self._lidar.reset(rng, noise)
        self._scans.clear()

    def read(self, rng: np.random.Generator) -> NDArray[np.float32]:
        """Measures; see the class."""
        self.ranges = ranges = self._lidar.read(rng)
        scans = self._scans
        scans.extend([(ranges, self.odometry)] * (1 if scans else scans.maxlen or 1))
        rows = np.zeros((1 + len(self._ages), self._sectors), np.float32)
        nearest(ranges, self._far, rows[0])
        for row, age in enumerate(self._ages, 1):
            past, before = scans[-1 - age]
            changes(past, self._directions, self._far, moved(before, self.odometry), rows[0], rows[row])
        return rows.ravel()


def moved(before: Pose2, now: Pose2) -> Pose2:
    """Gives the earlier pose as seen from the later one: x, y (m) and heading (rad)."""
    x, y = before[0] - now[0], before[1] - now[1]
    cos, sin = math.cos(now[2]), math.sin(now[2])
    return cos * x + sin * y, cos * y - sin * x, before[2] - now[2]


@compiled
def nearest(ranges: NDArray[np.float32], far: float, out: NDArray[np.float32]) -> None:
    """Writes each sector's largest nearness.

    Args:
        ranges: Shape (rays,), m; ray 0 points backward.
        far: Range that means nothing was met, m.
        out: Shape (sectors,).
    """
    rays, sectors = len(ranges), len(out)
    for ray in range(rays):
        if ranges[ray] < far:
            sector = ray * sectors // rays
            out[sector] = max(out[sector], math.exp(-ranges[ray] / NEARNESS))


@compiled
def changes(
    ranges: NDArray[np.float32],
    directions: NDArray[np.float64],
    far: float,
    pose: Pose2,
    now: NDArray[np.float32],
    out: NDArray[np.float32],
) -> None:
    """Writes each sector's nearness now, less that of an earlier scan as it would be seen from here.

    A sector without any earlier point tells nothing: it is 0.

    Args:
        ranges: The earlier scan, shape (rays,), m.
        directions: Cosine and sine of each ray's azimuth, shape (rays, 2).
        far: Range that means nothing was met, m.
        pose: Where the scanner was then, seen from where it is now.
        now: Nearness now, shape (sectors,).
        out: Shape (sectors,), zeros.
    """
    sectors = len(out)
    cos, sin = math.cos(pose[2]), math.sin(pose[2])
    for sector in range(sectors):
        out[sector] = -1.0
    for ray in range(len(ranges)):
        met = ranges[ray] < far
        reach = ranges[ray] if met else far
        along, across = directions[ray, 0] * reach, directions[ray, 1] * reach
        x, y = pose[0] + cos * along - sin * across, pose[1] + sin * along + cos * across
        # Half a ray on, or a ray at a sector's edge would fall to either side by rounding.
        turn = math.atan2(y, x) / (2 * math.pi) + 0.5 + 0.5 / len(ranges)
        sector = int(turn * sectors) % sectors
        out[sector] = max(out[sector], math.exp(-math.sqrt(x * x + y * y) / NEARNESS) if met else 0.0)
    for sector in range(sectors):
        out[sector] = now[sector] - out[sector] if out[sector] >= 0.0 else 0.0
