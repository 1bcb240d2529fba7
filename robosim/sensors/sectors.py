"""What is near in each direction, what has changed there and how it moves: a laser scan for a policy."""

import math
from typing import NamedTuple

import numpy as np
from gymnasium import spaces
from numpy.typing import NDArray

from robosim.compiled import compiled, inlined
from robosim.errors import RobosimError
from robosim.mirror import Mirror, flipped, joined
from robosim.sensors.flow import NOW, THEN, Flow, find_clusters, find_fresh, new_flow, put_points, velocity
from robosim.sensors.lidar import Lidar
from robosim.sensors.lidar_kernel import AZIMUTH_ERROR, azimuth
from robosim.sensors.sensor import Sensor

NEARNESS = 1.5  # m, over which nearness falls to 1/e: differences between 0.3 and 3 m are what steering depends on

Pose2 = tuple[float, float, float]
"""x, y (m) and heading (rad) on the floor."""

_NONE = -1
_NOTHING, _UNSEEN = 1e18, 1e19  # m², beyond the square of any range


class History(NamedTuple):
    """What the kernel reads, and room to work in.

    Attributes:
        scans: float32 (n, rays), m, in a ring.
        poses: float64 (n, 3), x, y (m) and heading (rad) of each.
        ages: int64 (ages,), of the earlier scans that are compared with, in readings.
        directions: float64 (rays, 2), cosine and sine of each ray's azimuth.
        nearest: float64 (sectors,).
        motion: float64 (rays, 2), m/s over the floor in the latest scan's frame, of what each ray met.
        flow: The latest scan and the oldest, in clusters.
    """

    scans: NDArray[np.float32]
    poses: NDArray[np.float64]
    ages: NDArray[np.int64]
    directions: NDArray[np.float64]
    nearest: NDArray[np.float64]
    motion: NDArray[np.float64]
    flow: Flow


class Sectors(Sensor):
    """Reads what is near and how it moves: float32 ((3 + len(ages)) * sectors,), rows of sectors one after another.

    Sectors run counter-clockwise from straight back. Row 0 is ``exp(-range / NEARNESS)`` of the nearest return in each
    sector, 0 where there is none. A row for each age follows: row 0 less the same of an earlier scan, its points
    carried along by the robot's own motion since, as odometry tells it. So walls give 0 while the robot drives, and
    people do not. Raw frames hide this: between two of them 0.2 s apart a range hardly changes, and most of that is the
    robot's own doing. The last two rows are velocities, in halves of m/s up to 1: how fast what moves in a sector comes
    nearer, and how fast it moves to the left of the line of sight, both over the floor. They are those of clusters that
    the scans of now and of the last age do not share; see `robosim.sensors.flow`.

    Args:
        lidar: A scanner with one layer that sees all around; its rays are a multiple of ``sectors``.
        sectors: Number of directions.
        ages: Of the earlier scans, in readings, rising.
        period: Seconds from one reading to the next.

    Attributes:
        count: Number of directions.
        ranges: The scan behind the last reading, float32 (rays,), m.
        odometry: Where the robot is by its own count, x, y (m) and heading (rad); set it before each `read`.

    Raises:
        RobosimError: A value is not possible.
    """

    space: spaces.Box

    def __init__(self, lidar: Lidar, sectors: int, ages: tuple[int, ...], period: float) -> None:
        """Reserves memory; see the class."""
        rays = lidar.space.shape
        if len(rays) != 1 or sectors < 1 or rays[0] % sectors:
            raise RobosimError(f"sectors={sectors!r} must divide a lidar's single layer of rays, which are {rays}")
        if not ages or list(ages) != sorted({*ages}) or ages[0] < 1:
            raise RobosimError(f"ages={ages!r} are not rising numbers of readings from 1")
        self._lidar = lidar
        self._far = float(lidar.space.high[0])
        self._history = History(
            scans=np.zeros((ages[-1] + 1, rays[0]), np.float32),
            poses=np.zeros((ages[-1] + 1, 3)),
            ages=np.array(ages),
            directions=np.column_stack([np.cos(lidar.azimuths), np.sin(lidar.azimuths)]),
            nearest=np.zeros(sectors),
            motion=np.zeros((rays[0], 2)),
            flow=new_flow(rays[0], self._far),
        )
        self._seconds = ages[-1] * period
        self._latest = _NONE
        self.count, self._shape = sectors, (3 + len(ages), sectors)
        self.space = spaces.Box(-1.0, 1.0, ((3 + len(ages)) * sectors,), np.float32)
        self.ranges = np.full(rays, self._far, np.float32)
        self.odometry: Pose2 = (0.0, 0.0, 0.0)

    @property
    def mirror(self) -> Mirror:
        """What a reading is in a mirror, to within a ray: sectors begin with the ray that points straight back."""
        rows, sectors = self._shape
        leftward = flipped(1, sectors)
        return joined(flipped(rows - 1, sectors), Mirror(leftward.places, -leftward.signs))

    def reset(self, rng: np.random.Generator, noise: float) -> None:
        """Forgets; see `Sensor.reset`."""
        self._lidar.reset(rng, noise)
        self._latest = _NONE

    def read(self, rng: np.random.Generator) -> NDArray[np.float32]:
        """Measures; see the class."""
        self.ranges = ranges = self._lidar.read(rng)
        scans, before = self._history.scans, self._latest
        self._latest = (before + 1) % len(scans)
        # The first scan counts as all that came before it.
        for place in range(len(scans)) if before == _NONE else (self._latest,):
            scans[place] = ranges
            self._history.poses[place] = self.odometry
        rows = np.empty(self._shape, np.float32)
        compare(self._history, self._latest, self._far, rows)
        track(self._history, self._latest, self._far, self._seconds, rows)
        return rows.ravel()

    def nearness(self, some: NDArray[np.bool_]) -> NDArray[np.float32]:
        """Gives the first row of the last reading, as it were if only some rays had met anything.

        Args:
            some: Shape (rays,), which.
        """
        nearest = np.empty(self._shape[1], np.float32)
        take_nearest(some, self.ranges, self._far, nearest)
        nearness: NDArray[np.float32] = np.exp(-nearest / NEARNESS)
        return nearness

    def nearest(self) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Gives the nearest point of each sector that meets anything, and how it moves over the floor.

        Returns:
            Two arrays of shape (n, 2), in the scanner's frame: m, and m/s.

        Raises:
            RobosimError: Nothing was read since the last reset.
        """
        if self._latest == _NONE:
            raise RobosimError("nothing was read in this episode: `read` comes first")
        points, velocities = np.empty((2, self._shape[1], 2))
        count = list_nearest(self._history, self._latest, self._far, points, velocities)
        return points[:count], velocities[:count]


@compiled
def take_nearest(
    some: NDArray[np.bool_], ranges: NDArray[np.float32], far: float, nearest: NDArray[np.float32]
) -> None:
    """Writes the least range of each sector, of some rays only, m; infinite where none of them met anything."""
    width = len(ranges) // len(nearest)
    for sector in range(len(nearest)):
        nearest[sector] = np.inf
        for ray in range(sector * width, (sector + 1) * width):
            if some[ray] and ranges[ray] < min(nearest[sector], far):
                nearest[sector] = ranges[ray]


@compiled
def list_nearest(
    history: History, latest: int, far: float, points: NDArray[np.float64], velocities: NDArray[np.float64]
) -> int:
    """Writes what `Sectors.nearest` gives, and gives how many points these are."""
    sectors, count = len(points), 0
    width = history.scans.shape[1] // sectors
    for sector in range(sectors):
        best = sector * width
        for ray in range(best + 1, best + width):
            if history.scans[latest, ray] < history.scans[latest, best]:
                best = ray
        reach = history.scans[latest, best]
        if reach < far:
            for axis in range(2):
                points[count, axis] = history.directions[best, axis] * reach
                velocities[count, axis] = history.motion[best, axis]
            count += 1
    return count


@compiled
def compare(history: History, latest: int, far: float, rows: NDArray[np.float32]) -> None:
    """Writes a reading of `Sectors`.

    Args:
        history: The scans, the latest among them.
        latest: Its row.
        far: Range that means nothing was met, m.
        rows: Shape (3 + ages, sectors), where all but the last two rows are written.
    """
    scans, nearest, sectors = history.scans, history.nearest, rows.shape[1]
    rays = scans.shape[1]
    for sector in range(sectors):
        nearest[sector] = far
    for ray in range(rays):
        sector = ray * sectors // rays
        nearest[sector] = min(nearest[sector], scans[latest, ray])
    for sector in range(sectors):
        rows[0, sector] = math.exp(-nearest[sector] / NEARNESS) if nearest[sector] < far else 0.0
    for row in range(1, rows.shape[0] - 2):
        past = (latest - history.ages[row - 1]) % len(scans)
        _carry(history, past, latest, far)
        for sector in range(sectors):
            if nearest[sector] < _UNSEEN:
                met = nearest[sector] < _NOTHING
                then = np.float32(math.exp(-math.sqrt(nearest[sector]) / NEARNESS) if met else 0.0)
                rows[row, sector] = rows[0, sector] - then
            else:
                rows[row, sector] = 0.0


@compiled
def track(history: History, latest: int, far: float, seconds: float, rows: NDArray[np.float32]) -> None:
    """Writes the last two rows of a reading of `Sectors`: velocities.

    Args:
        history: The scans, the latest among them.
        latest: Its row; the row after it, around the ring, is the oldest.
        far: Range that means nothing was met, m.
        seconds: From the oldest to the latest.
        rows: Shape (3 + ages, sectors).
    """
    flow, scans, sectors = history.flow, history.scans, rows.shape[1]
    rays, past = scans.shape[1], (latest + 1) % len(scans)
    closing, leftward = rows.shape[0] - 2, rows.shape[0] - 1
    for sector in range(sectors):
        rows[closing, sector] = rows[leftward, sector] = 0.0
    history.motion[:] = 0.0
    ahead, left, turn = _seen_from(history.poses, latest, past)
    put_points(flow, NOW, scans[latest], history.directions, far, 0.0, 0.0, 0.0)
    put_points(flow, THEN, scans[past], history.directions, far, ahead, left, turn)
    for scan in (NOW, THEN):
        find_clusters(flow, scan)
    for scan in (NOW, THEN):
        find_fresh(flow, scan, far)
    for cluster in range(flow.counts[NOW]):
        if flow.fresh[NOW, cluster]:
            vx, vy = velocity(flow, cluster, seconds)
            x, y = flow.middles[NOW, cluster, 0], flow.middles[NOW, cluster, 1]
            away = max(math.sqrt(x * x + y * y), 1e-6)
            nearer, aside = -(vx * x + vy * y) / away, (vy * x - vx * y) / away
            for ray in range(flow.ends[NOW, cluster, 0], flow.ends[NOW, cluster, 1]):
                sector = ray * sectors // rays
                rows[closing, sector] = min(max(nearer / 2, -1.0), 1.0)
                rows[leftward, sector] = min(max(aside / 2, -1.0), 1.0)
                history.motion[ray, 0], history.motion[ray, 1] = vx, vy


@inlined
def _seen_from(poses: NDArray[np.float64], latest: int, past: int) -> tuple[float, float, float]:
    """Gives an earlier pose in the latest one's frame: ahead, to the left (m), and turned by how much."""
    dx, dy = poses[past, 0] - poses[latest, 0], poses[past, 1] - poses[latest, 1]
    cos, sin = math.cos(poses[latest, 2]), math.sin(poses[latest, 2])
    return cos * dx + sin * dy, cos * dy - sin * dx, poses[past, 2] - poses[latest, 2]


@inlined
def _carry(history: History, past: int, latest: int, far: float) -> None:
    """Writes how near each sector's nearest point of an earlier scan would be from here: its distance's square, m².

    `_NOTHING` where rays went that met nothing, `_UNSEEN` where none went: of such a sector nothing can be told.
    """
    nearest, poses, directions = history.nearest, history.poses, history.directions
    sectors, rays = len(nearest), len(directions)
    for sector in range(sectors):
        nearest[sector] = _UNSEEN
    ahead, left, turn = _seen_from(poses, latest, past)
    cos, sin = math.cos(turn), math.sin(turn)
    for ray in range(rays):
        met = history.scans[past, ray] < far
        reach = history.scans[past, ray] if met else far
        along, across = directions[ray, 0] * reach, directions[ray, 1] * reach
        x, y = ahead + cos * along - sin * across, left + sin * along + cos * across
        sector = _sector(x, y, sectors, rays)
        nearest[sector] = min(nearest[sector], x * x + y * y if met else _NOTHING)


@inlined
def _sector(x: float, y: float, sectors: int, rays: int) -> int:
    """Gives the sector in which a point lies."""
    # Half a ray on, or a ray at a sector's edge would fall to either side by rounding.
    begin = 0.5 + 0.5 / rays
    place = sectors * (azimuth(x, y) / (2 * math.pi) + begin)
    if abs(place - math.floor(place + 0.5)) < AZIMUTH_ERROR * sectors:
        place = sectors * (math.atan2(y, x) / (2 * math.pi) + begin)
    return int(place) % sectors
