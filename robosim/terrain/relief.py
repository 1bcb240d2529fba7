"""Heights of the ground at points: the map that a world of tiles gives to sensors and tasks."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from robosim.compiled import compiled, inlined
from robosim.terrain.shapes import LENGTH, WIDTH


class Relief(NamedTuple):
    """Tiles in rows along x, side by side along y.

    Attributes:
        heights: float64 (rows, tiles in a row, along x, along y), m in the world; each as in `robosim.terrain.shapes`.
        cliffs: bool (rows, tiles in a row), as `shapes.Kind` has it.
        start: m, x of the first tiles' edge.
        side: m, y of the first row's edge.
        beyond: m, the height around the tiles.
    """

    heights: NDArray[np.float64]
    cliffs: NDArray[np.bool_]
    start: float
    side: float
    beyond: float


@inlined
def height_at(relief: Relief, x: float, y: float) -> float:
    """Gives the ground's height at a point of the world, m."""
    along, across = (x - relief.start) / LENGTH, (y - relief.side) / WIDTH
    rows, tiles, count, columns = relief.heights.shape
    if not (0.0 <= along < tiles and 0.0 <= across < rows):
        return relief.beyond
    tile, row = int(along), int(across)
    at, beside = (along - tile) * (count - 1), (across - row) * (columns - 1)
    heights = relief.heights[row, tile]
    if relief.cliffs[row, tile]:
        return float(heights[int(at + 0.5), int(beside + 0.5)])
    i, j = min(int(at), count - 2), min(int(beside), columns - 2)
    u, v = at - i, beside - j
    near = heights[i, j] * (1 - v) + heights[i, j + 1] * v
    far = heights[i + 1, j] * (1 - v) + heights[i + 1, j + 1] * v
    return float(near * (1 - u) + far * u)


def point_height(relief: Relief, x: float, y: float) -> float:
    """Gives the ground's height at a single point of the world, m, for callers that are not compiled themselves."""
    return float(height_at.py_func(relief, x, y))  # type: ignore[attr-defined]


@compiled
def read_patches(
    relief: Relief, x: float, y: float, cos: float, sin: float, middles: NDArray[np.float64],
    points: NDArray[np.float64], level: float, out: NDArray[np.float64],
) -> None:  # fmt: skip
    """Writes heights at the same points (n, 2) around several middles (m, 3), m, above a level counted from theirs.

    They go into out (m · n,), those of the first middle first.

    Middles are counted from x, y along the world's axes, points from the middles in a frame that heads as (cos, sin).
    """
    for number in range(len(middles)):
        middle_x, middle_y = x + middles[number, 0], y + middles[number, 1]
        for point in range(len(points)):
            forward, left = points[point, 0], points[point, 1]
            at_x, at_y = middle_x + cos * forward - sin * left, middle_y + sin * forward + cos * left
            out[number * len(points) + point] = height_at(relief, at_x, at_y) - (middles[number, 2] + level)


@compiled
def read_heights(
    relief: Relief, x: float, y: float, cos: float, sin: float, points: NDArray[np.float64], out: NDArray[np.float64]
) -> None:
    """Writes the ground's heights at points (n, 2), m, of a level frame at x, y that heads along (cos, sin)."""
    for number in range(len(points)):
        forward, left = points[number, 0], points[number, 1]
        out[number] = height_at(relief, x + cos * forward - sin * left, y + sin * forward + cos * left)
