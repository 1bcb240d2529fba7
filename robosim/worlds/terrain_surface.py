"""A tile's surface as triangles, for physics and pictures alike."""

import itertools

import numpy as np
from numpy.typing import NDArray

from robosim.shapes import TEXTURE_WIDTH, Triangles
from robosim.terrain.shapes import CELL, SHAPE, Heights

_STRIDE = 2  # samples from one corner of a slanted surface to the next
_EDGE = 0.1  # m, how far the outermost sides go below the lowest ground
Rectangle = tuple[int, int, int, int]


def surface(heights: Heights, *, cliffs: bool) -> Triangles:
    """Gives the triangles of a tile, in the tile's frame: x from 0, y about 0.

    Args:
        heights: Of `shapes.SHAPE`, metres.
        cliffs: As `shapes.Kind` has it.
    """
    return _squares(heights) if cliffs else _slanted(heights)


def _slanted(heights: Heights) -> Triangles:
    """Joins samples by triangles; a tile that is the same all along y has them at its two sides alone."""
    columns = np.arange(0, SHAPE[1], _STRIDE)
    if (heights == heights[:, :1]).all():
        columns = columns[[0, -1]]
    rows = np.arange(0, SHAPE[0], _STRIDE)
    x, y = np.meshgrid(rows * CELL, (columns - SHAPE[1] // 2) * CELL, indexing="ij")
    vertices = np.stack([x, y, heights[np.ix_(rows, columns)]], -1).reshape(-1, 3)
    number = np.arange(len(vertices), dtype=np.int32).reshape(x.shape)
    a, b, c, d = (part.ravel() for part in (number[:-1, :-1], number[1:, :-1], number[1:, 1:], number[:-1, 1:]))
    faces = np.concatenate([np.stack([a, b, d], 1), np.stack([b, c, d], 1)])
    return Triangles(vertices, faces, vertices[:, :2] / TEXTURE_WIDTH)


def _squares(heights: Heights) -> Triangles:
    """Gives tops, as few rectangles as runs of equal height allow, and upright sides wherever the height changes."""
    edges_x, edges_y = _edges(SHAPE[0]), _edges(SHAPE[1]) - (SHAPE[1] - 1) * CELL / 2
    corners = [_top(rectangle, heights, edges_x, edges_y) for rectangle in _rectangles(heights)]
    low = heights.min() - _EDGE
    padded = np.pad(heights, 1, constant_values=low)
    corners += _sides(padded[:, 1:-1], edges_x, edges_y, swap=False)
    corners += _sides(padded[1:-1].T, edges_y, edges_x, swap=True)
    vertices = np.array(corners).reshape(-1, 3)
    first = 4 * np.arange(len(corners), dtype=np.int32)
    faces = np.concatenate([np.stack([first, first + 1, first + 2], 1), np.stack([first, first + 2, first + 3], 1)])
    # A side has its texture run down it.
    uvs = vertices[:, :2] + vertices[:, 2:] * np.repeat(np.array(_upright(corners)), 4)[:, None]
    return Triangles(vertices, faces, uvs / TEXTURE_WIDTH)


def _upright(corners: list[NDArray[np.float64]]) -> list[float]:
    return [float(np.ptp(corner[:, 2]) > 0) for corner in corners]


def _edges(count: int) -> NDArray[np.float64]:
    """Gives where the squares around ``count`` samples begin and end: the outermost ones are half as long."""
    middle = (np.arange(1, count) - 0.5) * CELL
    return np.concatenate([[0.0], middle, [(count - 1) * CELL]])


def _rectangles(heights: Heights) -> list[Rectangle]:
    """Parts the samples into rectangles of one height: first and last row and column, the last ones not included."""
    left = np.ones(heights.shape, bool)
    found = []
    for i, j in np.ndindex(heights.shape):
        if left[i, j]:
            same = left & (heights == heights[i, j])
            end_j = j + _run(same[i, j:])
            end_i = i + _run(same[i:, j:end_j].all(axis=1))
            left[i:end_i, j:end_j] = False
            found.append((i, end_i, j, end_j))
    return found


def _run(same: NDArray[np.bool_]) -> int:
    return len(same) if same.all() else int(np.argmin(same))


def _top(
    rectangle: Rectangle, heights: Heights, edges_x: NDArray[np.float64], edges_y: NDArray[np.float64]
) -> NDArray[np.float64]:
    i, end_i, j, end_j = rectangle
    x, far_x, y, far_y, z = edges_x[i], edges_x[end_i], edges_y[j], edges_y[end_j], heights[i, j]
    return np.array([(x, y, z), (far_x, y, z), (far_x, far_y, z), (x, far_y, z)])


def _sides(
    heights: Heights, edges: NDArray[np.float64], across: NDArray[np.float64], *, swap: bool
) -> list[NDArray[np.float64]]:
    """Gives the upright sides that face along the first axis, its samples padded by one at either end."""
    sides = []
    for i, (before, after) in enumerate(itertools.pairwise(heights)):
        j = 0
        while j < len(before):
            end = j + _run((before[j:] == before[j]) & (after[j:] == after[j]))
            if before[j] != after[j]:
                x, low, high = edges[i], min(before[j], after[j]), max(before[j], after[j])
                side = np.array(
                    [(x, across[j], low), (x, across[end], low), (x, across[end], high), (x, across[j], high)]
                )
                # Seen from the lower side, corners run counter-clockwise.
                side = side if before[j] > after[j] else side[::-1]
                sides.append(side[::-1, [1, 0, 2]] if swap else side)
            j = end
    return sides
