"""Kernels that the searches share: which cells are joined, which see one another, the nearest free one.

A cell is free for a disc where the clearance is its radius or more. No cell at the border of a grid is free.
"""

import numpy as np
from numpy.typing import NDArray

from robosim.compiled import compiled, inlined

_SHIFT, _MASK = 16, 0xFFFF  # a cell [i, j] as one number


@inlined
def packed(i: int, j: int) -> int:
    """Gives the number of a cell."""
    return (i << _SHIFT) | j


def cell_of(number: int) -> tuple[int, int]:
    """Gives the cell of a number."""
    return number >> _SHIFT, number & _MASK


unpacked = inlined(cell_of)


@inlined
def joined(clearance: NDArray[np.float32], radius: float, i: int, j: int, di: int, dj: int) -> bool:
    """Says whether a step of at most one cell along either axis ends on a free cell and cuts no corner."""
    return bool(
        clearance[i + di, j + dj] >= radius
        and (di == 0 or dj == 0 or (clearance[i + di, j] >= radius and clearance[i, j + dj] >= radius))
    )


@inlined
def visible(clearance: NDArray[np.float32], radius: float, i: int, j: int, to_i: int, to_j: int) -> bool:
    """Says whether every cell that the line between the middles of two cells crosses or touches is free.

    Bresenham's walk that moves along one axis at a time (as E. Andres' supercover). The first cell is taken to be free.
    """
    di, dj = 1 if to_i > i else -1, 1 if to_j > j else -1
    along, across = abs(to_i - i), abs(to_j - j)
    error, along, across, left = along - across, 2 * along, 2 * across, along + across
    while left > 0:
        if error > 0:
            i += di
            error -= across
        elif error < 0:
            j += dj
            error += along
        else:  # through a corner
            if clearance[i + di, j] < radius or clearance[i, j + dj] < radius:
                return False
            i += di
            j += dj
            error += along - across
            left -= 1
        if clearance[i, j] < radius:
            return False
        left -= 1
    return True


@compiled
def nearest_free(clearance: NDArray[np.float32], radius: float, i: int, j: int, within: int) -> tuple[int, int]:
    """Gives the free cell nearest to a cell, at most ``within`` cells away along either axis, or (-1, -1)."""
    if clearance[i, j] >= radius:
        return i, j
    nx, ny = clearance.shape
    best, found = 2 * within * within + 1, (-1, -1)
    for a in range(max(i - within, 0), min(i + within + 1, nx)):
        for b in range(max(j - within, 0), min(j + within + 1, ny)):
            square = (a - i) * (a - i) + (b - j) * (b - j)
            if square < best and clearance[a, b] >= radius:
                best, found = square, (a, b)
    return found
