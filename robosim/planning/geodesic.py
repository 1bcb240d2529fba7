"""Shortest distances from everywhere to a goal, and the paths, by straight lines at any angle."""

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from robosim.compiled import compiled, inlined
from robosim.errors import RobosimError
from robosim.planning.grid import Grid
from robosim.planning.queue import WIDTH, Queue, new_queue, next_bucket, put, take
from robosim.planning.sight import cell_of, joined, nearest_free, packed, unpacked, visible

Point = tuple[float, float]
_NEAR = 1.0  # m within which a point that is not free itself is taken to be at the nearest free cell
_NONE = -1


class Field(NamedTuple):
    """What the search finds and what it works with, all (nx, ny).

    Attributes:
        distances: float32, to the goal in cells.
        parents: int32, the cell (as `sight.packed`) at which the way from here bends first, or the goal's; -1: none.
        queue: Of the cells whose distance is not settled.
    """

    distances: NDArray[np.float32]
    parents: NDArray[np.int32]
    queue: Queue


class Geodesic:
    """The shortest ways of a disc to a goal, as Lazy Theta* finds them without a heuristic.

    A. Nash, S. Koenig and C. Tovey, "Lazy Theta*", AAAI 2010. A cell inherits the bend of a neighbour's way where it
    sees that bend, so that ways are polylines at any angle. The distances of 8-connected grids are up to 8 % too long.

    Args:
        grid: The floor.
        clearance: Of the grid, from `grid.clearance`.
        radius: Of the disc, m: cells with less clearance are not entered.
        goal: x, y, m.

    Raises:
        RobosimError: No cell within 1 m of the goal is free, or the radius is not positive.
    """

    def __init__(self, grid: Grid, clearance: NDArray[np.float32], radius: float, goal: Point) -> None:
        """Searches the whole floor; see the class."""
        self._grid, self._clearance, self._radius = grid, clearance, radius
        self.goal = goal
        if radius <= 0:
            raise RobosimError(f"radius={radius!r} is not a positive number of metres")
        cell = self._free(*goal)
        if cell is None:
            raise RobosimError(f"goal={goal!r}: within {_NEAR} m of it nothing of radius {radius} m has room")
        shape = clearance.shape
        self._field = Field(np.full(shape, np.inf, np.float32), np.full(shape, _NONE, np.int32), new_queue(shape))
        self._goal = cell
        self._at = (goal[0] - grid.origin[0]) / grid.cell - 0.5, (goal[1] - grid.origin[1]) / grid.cell - 0.5
        _search(clearance, radius, cell, self._at, self._field)

    def distance(self, x: float, y: float) -> float:
        """Gives the length of the shortest way from a point to the goal, m; infinite where there is none.

        Where a point is not free, and a free cell is within 1 m, that cell's way counts, and how far it is.
        """
        cell = self._free(x, y)
        if cell is None or self._field.parents[cell] < 0:
            return math.inf
        bend = int(self._field.parents[cell])
        return self._rest(bend) + math.dist((x, y), self._place(bend))

    def path(self, x: float, y: float) -> NDArray[np.float64]:
        """Gives the shortest way from a point to the goal.

        Returns:
            Its bends (k, 2), m, from the point itself to the goal; (0, 2) where there is no way.
        """
        cell = self._free(x, y)
        if cell is None or self._field.parents[cell] < 0:
            return np.empty((0, 2))
        points = [(x, y)]
        bend = int(self._field.parents[cell])
        while cell_of(bend) != self._goal:
            points.append(self._place(bend))
            bend = int(self._field.parents[cell_of(bend)])
        return np.array([*points, self.goal])

    def _free(self, x: float, y: float) -> tuple[int, int] | None:
        """Gives the free cell at a point or nearest to it."""
        i, j = self._grid.index(x, y)
        i, j = nearest_free(self._clearance, self._radius, i, j, int(_NEAR / self._grid.cell))
        return (i, j) if i >= 0 else None

    def _place(self, bend: int) -> Point:
        i, j = cell_of(bend)
        return self.goal if (i, j) == self._goal else self._grid.centre(i, j)

    def _rest(self, bend: int) -> float:
        i, j = cell_of(bend)
        return 0.0 if (i, j) == self._goal else self._grid.cell * float(self._field.distances[i, j])


@compiled
def _search(clearance: NDArray[np.float32], radius: float, goal: tuple[int, int], at: Point, field: Field) -> None:
    """Fills a field; ``at`` is where in or near its cell the goal lies, in cells from the middle of (0, 0)."""
    i, j = goal
    target = packed(i, j)
    field.distances[i, j] = math.hypot(at[0] - i, at[1] - j)
    field.parents[i, j] = target
    bucket = int(max(field.distances[i, j] - 2.0, 0.0) / WIDTH)
    _open_around(clearance, radius, field, i, j, target, at, bucket)
    bucket = next_bucket(field.queue, bucket)
    while bucket >= 0:
        i, j = unpacked(field.queue.firsts[bucket % len(field.queue.firsts)])
        take(field.queue, i, j)
        distance, bend = _resolve(clearance, radius, field, i, j, target, at)
        field.distances[i, j] = distance
        if distance < (bucket + 1) * WIDTH:
            field.parents[i, j] = bend
            _open_around(clearance, radius, field, i, j, target, at, bucket)
        else:  # it saw less than it was hoped
            put(field.queue, distance, bucket, i, j)
        bucket = next_bucket(field.queue, bucket)


@inlined
def _via(field: Field, i: int, j: int, bend: int, target: int, at: Point) -> float:
    """Gives the distance of a cell whose way goes straight to a bend."""
    a, b = unpacked(bend)
    if bend == target:
        return math.sqrt((at[0] - i) * (at[0] - i) + (at[1] - j) * (at[1] - j))
    return float(field.distances[a, b]) + math.sqrt((a - i) * (a - i) + (b - j) * (b - j))


@inlined
def _open_around(
    clearance: NDArray[np.float32], radius: float, field: Field, i: int, j: int, target: int, at: Point, bucket: int
) -> None:
    """Puts the neighbours of a cell into the queue, as if they saw where the cell's way bends."""
    bend = field.parents[i, j]
    for di in range(-1, 2):
        for dj in range(-1, 2):
            a, b = i + di, j + dj
            if field.parents[a, b] != _NONE or not joined(clearance, radius, i, j, di, dj):
                continue
            distance = _via(field, a, b, bend, target, at)
            if distance < field.distances[a, b]:
                field.distances[a, b] = distance
                put(field.queue, distance, bucket, a, b)


@inlined
def _resolve(
    clearance: NDArray[np.float32], radius: float, field: Field, i: int, j: int, target: int, at: Point
) -> tuple[float, int]:
    """Gives a cell's distance and bend: the best of its neighbours' bends that it sees.

    Where it does not see one of them, the bend may also be a neighbour, or a cell beside the bend.
    """
    best, bend, hidden = _inherit(clearance, radius, field, i, j, target, at)
    if hidden:
        best, bend = _bend_around(clearance, radius, field, i, j, i, j, best, bend)
        if bend != target:
            a, b = unpacked(bend)
            best, bend = _bend_around(clearance, radius, field, i, j, a, b, best, bend)
    return best, bend


@inlined
def _inherit(
    clearance: NDArray[np.float32], radius: float, field: Field, i: int, j: int, target: int, at: Point
) -> tuple[float, int, bool]:
    """Gives a cell's distance by the best of its neighbours' bends that it sees, and whether one is hidden from it."""
    best, bend, refused = np.inf, _NONE, _NONE
    for di in range(-1, 2):
        for dj in range(-1, 2):
            other = field.parents[i + di, j + dj]
            if other in (_NONE, bend, refused) or not joined(clearance, radius, i, j, di, dj):
                continue
            distance = _via(field, i, j, other, target, at)
            if distance >= best:
                continue
            if _sees(clearance, radius, field, i, j, other):
                best, bend = distance, other
            else:
                refused = other
    return best, bend, refused != _NONE


@inlined
def _bend_around(
    clearance: NDArray[np.float32], radius: float, field: Field, i: int, j: int, a: int, b: int, best: float, bend: int
) -> tuple[float, int]:
    """Gives the distance and the bend of cell (i, j), where a neighbour of cell (a, b) as its bend is not better."""
    for di in range(-1, 2):
        for dj in range(-1, 2):
            to_i, to_j = a + di, b + dj
            if field.parents[to_i, to_j] == _NONE:
                continue
            distance = field.distances[to_i, to_j] + math.sqrt((to_i - i) * (to_i - i) + (to_j - j) * (to_j - j))
            if distance < best and visible(clearance, radius, i, j, to_i, to_j):
                best, bend = distance, packed(to_i, to_j)
    return best, bend


@inlined
def _sees(clearance: NDArray[np.float32], radius: float, field: Field, i: int, j: int, bend: int) -> bool:
    """Says whether a cell sees a bend.

    The line there leaves the cell between two neighbours. Where both of them see the bend, the cell does: between their
    lines, which are never farther apart than the width of a cell, there is no room for a blocked one.
    """
    a, b = unpacked(bend)
    di, dj = (1 if a > i else -1), (1 if b > j else -1)
    along, across = abs(a - i), abs(b - j)
    diagonal = along == 0 or across == 0 or field.parents[i + di, j + dj] == bend
    if along > across:
        straight = field.parents[i + di, j] == bend
    elif along < across:
        straight = field.parents[i, j + dj] == bend
    else:
        straight = joined(clearance, radius, i, j, di, dj)
    return (straight and diagonal) or visible(clearance, radius, i, j, a, b)
