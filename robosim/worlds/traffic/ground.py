"""Where there is room on the floor, as kernels read it."""

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from robosim.compiled import compiled, inlined
from robosim.planning.grid import Grid


class Ground(NamedTuple):
    """Distances to what stands on the floor, as `robosim.planning.grid.clearance` measures them.

    Attributes:
        clearance: float32 (nx, ny), m.
        x: The least x of cell (0, 0), m.
        y: The least y of cell (0, 0), m.
        cell: Length of a cell's side, m.
    """

    clearance: NDArray[np.float32]
    x: float
    y: float
    cell: float


def ground(grid: Grid, clearance: NDArray[np.float32]) -> Ground:
    """Puts a grid and its clearance together."""
    x, y = grid.origin
    return Ground(clearance, float(x), float(y), float(grid.cell))


@inlined
def room(floor: Ground, x: float, y: float) -> float:
    """Gives the clearance of the cell that holds a point; 0 outside the grid."""
    i, j = math.floor((x - floor.x) / floor.cell), math.floor((y - floor.y) / floor.cell)
    if i < 0 or j < 0 or i >= floor.clearance.shape[0] or j >= floor.clearance.shape[1]:
        return 0.0
    return float(floor.clearance[i, j])


@compiled
def smooth_room(floor: Ground, x: float, y: float) -> float:
    """Gives the clearance at a point, blended from the four cells around; 0 outside the grid."""
    u, v = (x - floor.x) / floor.cell - 0.5, (y - floor.y) / floor.cell - 0.5
    i, j = math.floor(u), math.floor(v)
    if i < 0 or j < 0 or i + 1 >= floor.clearance.shape[0] or j + 1 >= floor.clearance.shape[1]:
        return 0.0
    u, v = u - i, v - j
    near = floor.clearance[i, j] * (1.0 - v) + floor.clearance[i, j + 1] * v
    far = floor.clearance[i + 1, j] * (1.0 - v) + floor.clearance[i + 1, j + 1] * v
    return float(near * (1.0 - u) + far * u)
