"""Where one is along a path that is given by its bends."""

import math

import numpy as np
from numpy.typing import NDArray

from robosim.compiled import compiled, inlined

Place = tuple[int, float]
"""A point of a path: the number of the straight piece, and the share of it that lies behind."""


@compiled
def nearest(path: NDArray[np.float64], x: float, y: float) -> tuple[Place, float]:
    """Gives the place on a path (k, 2), of two bends or more, that is nearest to a point, and how far it is, m."""
    best, piece, share = np.inf, 0, 0.0
    for k in range(len(path) - 1):
        dx, dy = path[k + 1, 0] - path[k, 0], path[k + 1, 1] - path[k, 1]
        square = dx * dx + dy * dy
        along = ((x - path[k, 0]) * dx + (y - path[k, 1]) * dy) / square if square > 0.0 else 0.0
        along = min(max(along, 0.0), 1.0)
        away = math.hypot(path[k, 0] + along * dx - x, path[k, 1] + along * dy - y)
        if away < best:
            best, piece, share = away, k, along
    return (piece, share), best


@compiled
def ahead(path: NDArray[np.float64], place: Place, distance: float) -> tuple[float, float]:
    """Gives the point that comes some metres after a place; at most the last one."""
    piece, share = place
    for k in range(piece, len(path) - 1):
        length = _length(path, k)
        left = length * (1.0 - share)
        if distance < left:
            share += distance / length
            return _at(path, k, share)
        distance -= left
        share = 0.0
    return path[-1, 0], path[-1, 1]


@compiled
def remaining(path: NDArray[np.float64], place: Place) -> float:
    """Gives the metres from a place to the end."""
    piece, share = place
    total = -share * _length(path, piece)
    for k in range(piece, len(path) - 1):
        total += _length(path, k)
    return total


@compiled
def narrowed(
    then: NDArray[np.float32], now: NDArray[np.float32], enough: float, origin: tuple[float, float], cell: float,
    path: NDArray[np.float64], place: Place, within: float,
) -> bool:  # fmt: skip
    """Says whether some cell that a path crosses in the next metres has less room than it had, and not enough.

    Args:
        then: (nx, ny), m, the room in each cell when the path was laid.
        now: The same at present.
        enough: m of room with which all is well.
        origin: Corner of cell (0, 0), m.
        cell: Length of a side, m.
        path: (k, 2), m.
        place: Where to begin.
        within: How many metres to look.
    """
    piece, share = place
    for k in range(piece, len(path) - 1):
        length = _length(path, k)
        steps = int((1.0 - share) * length / cell) + 1
        for step in range(steps + 1):
            x, y = _at(path, k, share + (1.0 - share) * step / steps)
            i, j = int((x - origin[0]) / cell), int((y - origin[1]) / cell)
            i, j = min(max(i, 0), now.shape[0] - 1), min(max(j, 0), now.shape[1] - 1)
            if now[i, j] < min(then[i, j], enough):
                return True
            within -= length * (1.0 - share) / steps
            if within < 0.0:
                return False
        share = 0.0
    return False


@inlined
def _length(path: NDArray[np.float64], k: int) -> float:
    return math.hypot(path[k + 1, 0] - path[k, 0], path[k + 1, 1] - path[k, 1])


@inlined
def _at(path: NDArray[np.float64], k: int, share: float) -> tuple[float, float]:
    return path[k, 0] + share * (path[k + 1, 0] - path[k, 0]), path[k, 1] + share * (path[k + 1, 1] - path[k, 1])
