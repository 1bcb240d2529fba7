"""What a lidar has seen on a floor whose map is known: things that stand there and are not on the map."""

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from robosim.compiled import compiled, inlined
from robosim.planning.grid import Grid

# Votes of a cell for standing there, one scan at a time. At ten scans a second a cell counts as blocked after 0.8 s of
# hits: whoever walks is out of it by then. A ray that passes takes one vote away, so that what is seen only here and
# there, as the links of a chain, counts where one scan of four hits it.
_HIT = 3
_BLOCKED = 24  # from here on it is blocked
_FREE = 12  # and below this not any longer
_MOST = 36


class Layer(NamedTuple):
    """The state of every cell, all (nx, ny).

    Attributes:
        known: float32, clearance on the map, m.
        clearance: float32, clearance with what was seen, m.
        votes: int16.
        scans: int32, the last scan that voted on a cell.
        blocked: bool, whether something stands there that is not on the map.
    """

    known: NDArray[np.float32]
    clearance: NDArray[np.float32]
    votes: NDArray[np.int16]
    scans: NDArray[np.int32]
    blocked: NDArray[np.bool_]


class Seen:
    """A layer of obstacles over a map: hits vote for a cell, rays that pass through it vote against.

    Args:
        reach: m around an obstacle in which the clearance is brought up to date: more than any that is asked for.
        trust: m around what is on the map within which a hit is taken to be of that, and not of something new: for
            errors of the pose, of the ranges, and of the cells.

    Attributes:
        unmapped: bool (rays,), which rays of the last scan met something that is not on the map, moving or standing;
            none before the first.
    """

    def __init__(self, reach: float = 0.8, trust: float = 0.2) -> None:
        """Has no map yet; see the class."""
        self._reach, self._trust = reach, trust
        self._grid = Grid((0.0, 0.0), 1.0, np.ones((1, 1), np.bool_))
        self._layer = _new_layer(self._grid.blocked.shape)
        self._scan = 0
        self._azimuths: ArrayLike = ()
        self._rays = np.empty((0, 2))
        self.unmapped = np.zeros(0, np.bool_)

    def reset(self, grid: Grid, clearance: NDArray[np.float32]) -> None:
        """Forgets all and takes a new map; ``clearance`` is that of the grid and is not changed."""
        if self._layer.votes.shape != grid.blocked.shape:
            self._layer = _new_layer(grid.blocked.shape)
        for array in (self._layer.votes, self._layer.scans, self._layer.blocked, self.unmapped):
            array.fill(0)
        self._grid, self._scan = grid, 0
        np.copyto(self._layer.known, clearance)
        np.copyto(self._layer.clearance, clearance)

    @property
    def clearance(self) -> NDArray[np.float32]:
        """Distance from each cell's middle to the nearest blocked cell's, of the map or seen, m, (nx, ny).

        Of what was seen only within ``reach``. It changes in place.
        """
        return self._layer.clearance

    @property
    def blocked(self) -> NDArray[np.bool_]:
        """Cells (nx, ny) that are blocked by what was seen and is not on the map. It changes in place."""
        return self._layer.blocked

    def add(
        self, x: float, y: float, heading: float, azimuths: NDArray[np.float64], ranges: NDArray[np.float32], far: float
    ) -> None:
        """Takes a scan into account.

        Args:
            x: Of the sensor, m.
            y: Of the sensor, m.
            heading: Of the sensor, rad.
            azimuths: (rays,), rad, 0 forward, growing to the left.
            ranges: (rays,), m.
            far: The range of a ray that met nothing, m.
        """
        if azimuths is not self._azimuths:
            self._azimuths = azimuths
            self._rays = np.column_stack([np.cos(azimuths), np.sin(azimuths)])
            self.unmapped = np.zeros(len(azimuths), np.bool_)
        grid = self._grid
        self._scan += 1
        _vote(
            self._layer, self._scan, self._rays, ranges, np.float32(far), grid.cell,
            (x - grid.origin[0]) / grid.cell, (y - grid.origin[1]) / grid.cell, heading, self._trust, self._reach,
            self.unmapped,
        )  # fmt: skip


def _new_layer(shape: tuple[int, ...]) -> Layer:
    known, lowered = np.empty(shape, np.float32), np.empty(shape, np.float32)
    return Layer(known, lowered, np.empty(shape, np.int16), np.empty(shape, np.int32), np.empty(shape, np.bool_))


@compiled
def _vote(
    layer: Layer, scan: int, rays: NDArray[np.float64], ranges: NDArray[np.float32], far: np.float32, cell: float,
    x: float, y: float, heading: float, trust: float, reach: float, unmapped: NDArray[np.bool_],
) -> None:  # fmt: skip
    """Lets a scan vote, and notes which rays meet what is not on the map; x and y are in cells, from its corner."""
    cos, sin = math.cos(heading), math.sin(heading)
    around = int(reach / cell)
    for k in range(len(rays)):
        unmapped[k] = False
        if ranges[k] < far:
            dx, dy = cos * rays[k, 0] - sin * rays[k, 1], sin * rays[k, 0] + cos * rays[k, 1]
            i, j = math.floor(x + ranges[k] / cell * dx), math.floor(y + ranges[k] / cell * dy)
            unmapped[k] = _inside(layer, i, j) and layer.known[i, j] > trust
            if unmapped[k] and layer.scans[i, j] != scan:
                _hit(layer, scan, i, j, around, cell)
    # Hits first: a cell that one ray hits and another passes is hit.
    for k in range(len(rays)):
        dx, dy = cos * rays[k, 0] - sin * rays[k, 1], sin * rays[k, 0] + cos * rays[k, 1]
        a, b = x, y
        for _ in range(1, int(ranges[k] / cell)):
            a += dx
            b += dy
            i, j = int(a), int(b)
            if not _inside(layer, i, j):
                break
            if layer.votes[i, j] > 0 and layer.scans[i, j] != scan:
                _pass(layer, scan, i, j, around, cell)


@inlined
def _hit(layer: Layer, scan: int, i: int, j: int, around: int, cell: float) -> None:
    """Lets a scan vote for a cell."""
    layer.scans[i, j] = scan
    layer.votes[i, j] = min(layer.votes[i, j] + _HIT, _MOST)
    if layer.votes[i, j] >= _BLOCKED and not layer.blocked[i, j]:
        layer.blocked[i, j] = True
        _lower(layer, i, j, around, cell)


@inlined
def _pass(layer: Layer, scan: int, i: int, j: int, around: int, cell: float) -> None:
    """Lets a scan vote against a cell."""
    layer.scans[i, j] = scan
    layer.votes[i, j] -= 1
    if layer.votes[i, j] < _FREE and layer.blocked[i, j]:
        layer.blocked[i, j] = False
        _restore(layer, i, j, around, cell)


@inlined
def _inside(layer: Layer, i: int, j: int) -> bool:
    return bool(0 <= i < layer.votes.shape[0] and 0 <= j < layer.votes.shape[1])


@inlined
def _lower(layer: Layer, i: int, j: int, around: int, cell: float) -> None:
    """Brings the clearance around a blocked cell down to the distance from it."""
    nx, ny = layer.votes.shape
    for a in range(max(i - around, 0), min(i + around + 1, nx)):
        for b in range(max(j - around, 0), min(j + around + 1, ny)):
            distance = cell * math.sqrt((a - i) * (a - i) + (b - j) * (b - j))
            layer.clearance[a, b] = min(layer.clearance[a, b], distance)


@inlined
def _restore(layer: Layer, i: int, j: int, around: int, cell: float) -> None:
    """Takes back what `_lower` did for a cell that is not blocked any longer."""
    nx, ny = layer.votes.shape
    for a in range(max(i - around, 0), min(i + around + 1, nx)):
        for b in range(max(j - around, 0), min(j + around + 1, ny)):
            layer.clearance[a, b] = layer.known[a, b]
    for a in range(max(i - 2 * around, 0), min(i + 2 * around + 1, nx)):
        for b in range(max(j - 2 * around, 0), min(j + 2 * around + 1, ny)):
            if layer.blocked[a, b]:
                _lower(layer, a, b, around, cell)
