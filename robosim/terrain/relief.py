"""Heights of the ground at points: the map that a world of tiles gives to sensors and tasks."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from robosim.compiled import compiled, inlined
from robosim.terrain.shapes import CELL, LENGTH, WIDTH


class Relief(NamedTuple):
    """A row of tiles along x.

    Attributes:
        heights: float64 (tiles, along x, along y), m in the world; each tile as in `robosim.terrain.shapes`.
        cliffs: bool (tiles,), as `shapes.Kind` has it.
        start: m, x of the first tile's edge; y is 0 in the middle.
        beyond: m, the height around the tiles.
    """

    heights: NDArray[np.float64]
    cliffs: NDArray[np.bool_]
    start: float
    beyond: float


@inlined
def height_at(relief: Relief, x: float, y: float) -> float:
    """Gives the ground's height at a point of the world, m."""
    along, across = (x - relief.start) / LENGTH, (y + WIDTH / 2) / CELL
    tiles, rows, columns = relief.heights.shape
    if not (0.0 <= along < tiles and 0.0 <= across <= columns - 1):
        return relief.beyond
    tile = int(along)
    at = (along - tile) * (rows - 1)
    heights = relief.heights[tile]
    if relief.cliffs[tile]:
        return float(heights[int(at + 0.5), int(across + 0.5)])
    i, j = min(int(at), rows - 2), min(int(across), columns - 2)
    u, v = at - i, across - j
    near = heights[i, j] * (1 - v) + heights[i, j + 1] * v
    far = heights[i + 1, j] * (1 - v) + heights[i + 1, j + 1] * v
    return float(near * (1 - u) + far * u)


@compiled
def read_patches(
    relief: Relief, x: float, y: float, cos: float, sin: float, middles: NDArray[np.float64],
    points: NDArray[np.float64], out: NDArray[np.float64],
) -> None:  # fmt: skip
    """Writes heights at the same points (n, 2) around several middles (m, 2 or 3), m, into out (m, n).

    Middles are counted from x, y along the world's axes, points from the middles in a frame that heads as (cos, sin).
    """
    for number in range(len(middles)):
        middle_x, middle_y = x + middles[number, 0], y + middles[number, 1]
        for point in range(len(points)):
            forward, left = points[point, 0], points[point, 1]
            at_x, at_y = middle_x + cos * forward - sin * left, middle_y + sin * forward + cos * left
            out[number, point] = height_at(relief, at_x, at_y)


@compiled
def read_heights(
    relief: Relief, x: float, y: float, cos: float, sin: float, points: NDArray[np.float64], out: NDArray[np.float64]
) -> None:
    """Writes the ground's heights at points (n, 2), m, of a level frame at x, y that heads along (cos, sin)."""
    for number in range(len(points)):
        forward, left = points[number, 0], points[number, 1]
        out[number] = height_at(relief, x + cos * forward - sin * left, y + sin * forward + cos * left)
