"""One path from here to there: A* on the grid, straightened."""

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from robosim.compiled import compiled, inlined
from robosim.planning.grid import Grid
from robosim.planning.queue import Queue, new_queue, next_bucket, put, take
from robosim.planning.sight import cell_of, joined, nearest_free, packed, unpacked, visible

Point = tuple[float, float]
_DIAGONAL = math.sqrt(2.0)
_TIE = 1e-4  # cells by which a cost has to be lower to count as lower
_SLACK = 1e-3  # share by which a straight line may cost more than what it replaces
_REACH = 1.0  # m within which a start or a goal that is not free is taken to be at the nearest free cell


class Work(NamedTuple):
    """Room for a search, made once for grids of one shape.

    Attributes:
        costs: float32 (nx, ny), from the start, in cells.
        parents: int32 (nx, ny), the cell before each on its way from the start, as `sight.packed`.
        queue: Of the cells to go on from.
        route: int32 (nx * ny,), the cells of the path, from the goal.
    """

    costs: NDArray[np.float32]
    parents: NDArray[np.int32]
    queue: Queue
    route: NDArray[np.int32]


def new_work(shape: tuple[int, ...]) -> Work:
    """Makes room for searches on grids of a shape."""
    costs, parents = np.empty(shape, np.float32), np.empty(shape, np.int32)
    return Work(costs, parents, new_queue(shape), np.empty(costs.size, np.int32))


class Care(NamedTuple):
    """What free cells are how expensive.

    Attributes:
        radius: Of the disc that moves, m: cells with less clearance are not entered.
        room: m of clearance beyond the radius from which on nothing is gained.
        price: What a metre costs more where there is no such room at all; less of it in proportion.
    """

    radius: float
    room: float = 0.3
    price: float = 0.5


def shortest_path(
    grid: Grid, clearance: NDArray[np.float32], care: Care, start: Point, goal: Point, work: Work | None = None
) -> NDArray[np.float64] | None:
    """Finds the cheapest way by A* (P. Hart, N. Nilsson and B. Raphael, IEEE Trans. SSC 4 (1968) 100), straightened.

    Args:
        grid: Where and how large the cells are; which are blocked tells the clearance.
        clearance: float32 (nx, ny), m, as `grid.clearance` gives.
        care: How wide the robot is, and how much it keeps off what it could touch.
        start: x, y, m. Where it is not free, or the goal is not, the nearest free cell within 1 m counts.
        goal: x, y, m.
        work: Room to work in, to be used again.

    Returns:
        Its bends (k, 2), m, from the start itself to the goal itself; None where there is no way. Bends are middles of
        free cells, and what is between them too; the first and the last piece may come half a cell nearer to things.
    """
    work = work or new_work(clearance.shape)
    within = int(_REACH / grid.cell)
    ends = []
    for x, y in (start, goal):
        i, j = nearest_free(clearance, care.radius, *grid.index(x, y), within)
        if i < 0:
            return None
        ends.append((i, j))
    count = _search(clearance, care, ends[0], ends[1], work)
    if count == 0:
        return None
    count = _straighten(clearance, care, count, work.route, work.costs)
    bends = [grid.centre(*cell_of(number)) for number in work.route[1 : max(count - 1, 1)][::-1].tolist()]
    return np.array([start, *bends, goal])


@compiled
def _search(
    clearance: NDArray[np.float32], care: Care, start: tuple[int, int], goal: tuple[int, int], work: Work
) -> int:
    """Writes the cells of the cheapest way into ``work.route``, from the goal; gives their number, 0 without a way."""
    work.costs[:] = np.inf
    work.queue.before[:] = -1
    work.queue.firsts[:] = -1
    i, j = start
    work.costs[i, j], work.parents[i, j] = 0.0, -1
    put(work.queue, 0.0, 0, i, j)
    bucket = 0
    while bucket >= 0:
        i, j = unpacked(work.queue.firsts[bucket % len(work.queue.firsts)])
        if (i, j) == goal:
            return _trace(work, i, j)
        take(work.queue, i, j)
        for di in range(-1, 2):
            for dj in range(-1, 2):
                if not joined(clearance, care.radius, i, j, di, dj):
                    continue
                a, b = i + di, j + dj
                length = 1.0 if di == 0 or dj == 0 else _DIAGONAL
                cost = work.costs[i, j] + length * _rate(clearance[a, b], care)
                if cost < work.costs[a, b] - _TIE:
                    work.costs[a, b], work.parents[a, b] = cost, packed(i, j)
                    put(work.queue, cost + _rest(a, b, goal), bucket, a, b)
        bucket = next_bucket(work.queue, bucket)
    return 0


@inlined
def _rate(clearance: float, care: Care) -> float:
    """Gives what a metre costs where there is so much clearance."""
    lacking = 1.0 - (clearance - care.radius) / care.room
    return 1.0 + care.price * max(lacking, 0.0)


@inlined
def _rest(i: int, j: int, goal: tuple[int, int]) -> float:
    """Gives the length of the way to the goal if nothing stands on it and moves are those of the grid, in cells."""
    along, across = abs(goal[0] - i), abs(goal[1] - j)
    return max(along, across) + (_DIAGONAL - 1.0) * min(along, across)


@inlined
def _trace(work: Work, i: int, j: int) -> int:
    """Writes the cells from the goal back to the start; gives their number."""
    count, cell = 0, packed(i, j)
    while cell >= 0:
        work.route[count] = cell
        count += 1
        i, j = unpacked(cell)
        cell = work.parents[i, j]
    return count


@compiled
def _straighten(
    clearance: NDArray[np.float32], care: Care, count: int, route: NDArray[np.int32], costs: NDArray[np.float32]
) -> int:
    """Keeps of a route only the cells between which straight lines cost no more than the route; gives their number."""
    kept, here = 1, 0
    while here < count - 1:
        i, j = unpacked(route[here])
        there = here + 1
        while there + 1 < count:
            a, b = unpacked(route[there + 1])
            if _line(clearance, care, i, j, a, b) > (costs[i, j] - costs[a, b]) * (1.0 + _SLACK):
                break
            there += 1
        route[kept] = route[there]
        kept, here = kept + 1, there
    return kept


@inlined
def _line(clearance: NDArray[np.float32], care: Care, i: int, j: int, to_i: int, to_j: int) -> float:
    """Gives what the straight line between the middles of two cells costs; infinite where something is in its way."""
    if not visible(clearance, care.radius, i, j, to_i, to_j):
        return np.inf
    steps = max(abs(to_i - i), abs(to_j - j))
    rates = 0.0
    for k in range(1, steps + 1):
        a, b = i + (to_i - i) * k / steps, j + (to_j - j) * k / steps
        rates += _rate(clearance[int(a + 0.5), int(b + 0.5)], care)
    return rates / steps * math.hypot(to_i - i, to_j - j)
