"""The floor as a grid of free and blocked cells, and how far each cell is from the nearest blocked one."""

import math
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from robosim.compiled import compiled, inlined
from robosim.errors import RobosimError

_TOUCH = 1e-6  # m that must overlap: things whose edge lies on a line of the grid do not block the cells beyond it


class Envelope(NamedTuple):
    """Room to note which parabolas are the lowest along a row of ny cells.

    Attributes:
        sites: int32 (ny,), the cell over which each has its vertex.
        squares: float64 (ny,), height of the vertex.
        starts: float64 (ny + 1,), from where on each is the lowest.
    """

    sites: NDArray[np.int32]
    squares: NDArray[np.float64]
    starts: NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Grid:
    """Square cells, indexed [i along x, j along y].

    Attributes:
        origin: The corner of cell (0, 0) with the least x and y, m.
        cell: Length of a cell's side, m.
        blocked: bool (nx, ny). The outermost cells all around are blocked, so that no search leaves the grid.

    Raises:
        RobosimError: They are not.
    """

    origin: tuple[float, float]
    cell: float
    blocked: NDArray[np.bool_]

    def __post_init__(self) -> None:
        """Checks the border."""
        blocked = self.blocked
        if not (blocked[0].all() and blocked[-1].all() and blocked[:, 0].all() and blocked[:, -1].all()):
            raise RobosimError("blocked: all outermost cells of a grid are to be blocked")

    def index(self, x: float, y: float) -> tuple[int, int]:
        """Gives the cell in which a point lies; of a point outside the grid the nearest cell."""
        nx, ny = self.blocked.shape
        i, j = math.floor((x - self.origin[0]) / self.cell), math.floor((y - self.origin[1]) / self.cell)
        return min(max(i, 0), nx - 1), min(max(j, 0), ny - 1)

    def centre(self, i: int, j: int) -> tuple[float, float]:
        """Gives the middle of a cell, m."""
        return self.origin[0] + (i + 0.5) * self.cell, self.origin[1] + (j + 0.5) * self.cell

    def free_cells(self) -> NDArray[np.float64]:
        """Gives the middles of all free cells, (n, 2), m."""
        return np.argwhere(~self.blocked) * self.cell + (np.array(self.origin) + 0.5 * self.cell)


def rasterise(footprints: ArrayLike, size: tuple[float, float], cell: float = 0.1) -> Grid:
    """Draws rectangles into a grid over a floor whose middle is the frame's origin.

    Every cell is blocked that a rectangle touches. One more cell all around, which is blocked, stands for the walls.

    Args:
        footprints: (n, 5), middle x and y (m), half length and half width (m), yaw (rad).
        size: Length along x and along y between the walls, m. What is less than a cell wide at a wall is blocked.
        cell: Length of a cell's side, m.

    Raises:
        RobosimError: The floor has no room for a cell, or the footprints have another shape.
    """
    rectangles = np.ascontiguousarray(footprints, np.float64)
    if rectangles.size and (rectangles.ndim != 2 or rectangles.shape[1] != 5):
        raise RobosimError(f"footprints of shape {rectangles.shape} are not (n, 5)")
    if not 0 < cell <= min(size) < math.inf:
        raise RobosimError(f"cell={cell!r} and size={size!r}: neither side of the floor may be shorter than a cell")
    nx, ny = (int(length / cell + 1e-6) + 2 for length in size)
    blocked = np.zeros((nx, ny), np.bool_)
    blocked[[0, -1]] = True
    blocked[:, [0, -1]] = True
    origin = -nx * cell / 2, -ny * cell / 2
    _draw(rectangles.reshape(-1, 5), origin[0], origin[1], cell, blocked)
    return Grid(origin, cell, blocked)


def clearance(grid: Grid) -> NDArray[np.float32]:
    """Measures how far the middle of each cell is from that of the nearest blocked cell.

    Returns:
        float32 (nx, ny), m: 0 in blocked cells. The edge of whatever blocks a cell may be up to 0.7 cells nearer or
        farther than its middle.
    """
    nx, ny = grid.blocked.shape
    distances = np.empty((nx, ny), np.float32)
    _measure(grid.blocked, grid.cell, Envelope(np.empty(ny, np.int32), np.empty(ny), np.empty(ny + 1)), distances)
    return distances


@compiled
def _draw(rectangles: NDArray[np.float64], x0: float, y0: float, cell: float, blocked: NDArray[np.bool_]) -> None:
    """Blocks the cells that a rectangle overlaps: no axis of either separates them."""
    nx, ny = blocked.shape
    for n in range(len(rectangles)):
        x, y, a, b, yaw = rectangles[n, 0], rectangles[n, 1], rectangles[n, 2], rectangles[n, 3], rectangles[n, 4]
        cos, sin = math.cos(yaw), math.sin(yaw)
        wide, high = a * abs(cos) + b * abs(sin) - _TOUCH, a * abs(sin) + b * abs(cos) - _TOUCH
        corner = 0.5 * cell * (abs(cos) + abs(sin)) - _TOUCH
        first, last = math.floor((y - high - y0) / cell), math.floor((y + high - y0) / cell)
        for i in range(max(math.floor((x - wide - x0) / cell), 0), min(math.floor((x + wide - x0) / cell) + 1, nx)):
            u = x0 + (i + 0.5) * cell - x
            for j in range(max(first, 0), min(last + 1, ny)):
                v = y0 + (j + 0.5) * cell - y
                if abs(u * cos + v * sin) <= a + corner and abs(v * cos - u * sin) <= b + corner:
                    blocked[i, j] = True


@compiled
def _measure(blocked: NDArray[np.bool_], cell: float, lowest: Envelope, distances: NDArray[np.float32]) -> None:
    """The exact distance transform of P. Felzenszwalb and D. Huttenlocher, Theory of Computing 8 (2012), 415-428."""
    nx, ny = blocked.shape
    for j in range(ny):
        distances[0, j] = 0.0
    for i in range(1, nx):
        for j in range(ny):
            distances[i, j] = 0.0 if blocked[i, j] else distances[i - 1, j] + 1.0
    for i in range(nx - 2, -1, -1):
        for j in range(ny):
            distances[i, j] = min(distances[i, j], distances[i + 1, j] + 1.0)
    for i in range(nx):
        _find_envelope(distances[i], lowest)
        k = 0
        for j in range(ny):
            while lowest.starts[k + 1] < j:
                k += 1
            away = float(j - lowest.sites[k])
            distances[i, j] = cell * math.sqrt(away * away + lowest.squares[k])


@inlined
def _find_envelope(row: NDArray[np.float32], lowest: Envelope) -> None:
    """Notes the lower envelope of the parabolas over the cells of a row."""
    count = 0
    for j in range(len(row)):
        square = float(row[j]) * float(row[j])
        start = -np.inf
        while count > 0:
            k = lowest.sites[count - 1]
            start = (square + j * j - lowest.squares[count - 1] - k * k) / (2.0 * (j - k))
            if start > lowest.starts[count - 1]:
                break
            count -= 1
            start = -np.inf
        lowest.sites[count], lowest.squares[count], lowest.starts[count] = j, square, start
        count += 1
    lowest.starts[count] = np.inf
