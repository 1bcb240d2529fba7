"""Step 3, filling: the pixels whose middle a face covers, and whether it is the nearest there (the z-buffer)."""

import numpy as np

from robosim.compiled import inlined
from robosim.render.kernels.arrays import Array, Row, Triple
from robosim.render.kernels.lanes import LANES, fill_block

_ROWS = 8  # whose spans are found at once
_BLOCK = np.int32(LANES)
Edge = tuple[float, float, float, float, float]


@inlined
def fill(x: Row, y: Row, q: Triple, face: int, nearness: Array, winner: Array, spans: Array) -> None:
    """Draws one parallelogram or triangle, whose fourth corner is the third again.

    Its edges bound each row's span of pixels. An edge's numbers are the same for both faces that share it, but for
    their sign, so no pixel falls between the two.

    Args:
        x: Columns of the corners.
        y: Rows.
        q: Nearness of the first three, which is linear across the picture.
        face: Number to write.
        nearness: As in `Buffers`.
        winner: As in `Buffers`.
        spans: As in `Buffers`.
    """
    height, width = nearness.shape
    left, right = max(np.ceil(min(min(x[0], x[1]), min(x[2], x[3]))), 0.0), max(max(x[0], x[1]), max(x[2], x[3]))
    upper, lower = max(np.ceil(min(min(y[0], y[1]), min(y[2], y[3]))), 0.0), max(max(y[0], y[1]), max(y[2], y[3]))
    right, lower = min(right, width - 1.0), min(lower, height - 1.0)
    if not (left <= right and upper <= lower):  # it covers no pixel's middle: so do most, in small pictures
        return
    area = (x[1] - x[0]) * (y[2] - y[0]) - (x[2] - x[0]) * (y[1] - y[0])
    if not (
        area > 0.0 or area < 0.0
    ):  # seen edge on, or not a number: a physics that diverged must not end the process
        return
    share = 1.0 / area
    along_x = ((q[1] - q[0]) * (y[2] - y[0]) - (q[2] - q[0]) * (y[1] - y[0])) * share
    along_y = ((q[2] - q[0]) * (x[1] - x[0]) - (q[1] - q[0]) * (x[2] - x[0])) * share
    at_origin = q[0] - along_x * x[0] - along_y * y[0]
    first, second = _edge(x[0], y[0], x[1], y[1], area), _edge(x[1], y[1], x[2], y[2], area)
    third, fourth = _edge(x[2], y[2], x[3], y[3], area), _edge(x[3], y[3], x[0], y[0], area)
    narrow = right - left < LANES
    row, bottom = int(upper), int(lower)
    while row <= bottom:
        _bound(first, second, third, fourth, row, left, right, spans)
        for step in range(min(_ROWS, bottom + 1 - row)):
            start, column, last = at_origin + along_y * (row + step), spans[step], spans[_ROWS + step]
            fill_block(nearness, winner, row + step, column, last, start, along_x, np.int32(face))
            while not narrow and last - column >= _BLOCK:  # asked in this order, as it is known before
                column += _BLOCK
                fill_block(nearness, winner, row + step, column, last, start, along_x, np.int32(face))
        row += _ROWS


@inlined
def _edge(x: float, y: float, next_x: float, next_y: float, area: float) -> Edge:
    """Gives an edge as (slope, offset, scale, before, after): it meets a row at (slope · row + offset) · scale.

    ``before`` is 0 where the face is to its right, and ``after`` where it is to its left; otherwise they are infinite,
    and so is an edge along a row on both sides: the first row and the last one bound the face there.
    """
    across = y - next_y
    side = across * area
    scale = -1.0 / across if across != 0.0 else 0.0
    return (
        next_x - x, x * next_y - next_x * y, scale, 0.0 if side > 0.0 else -np.inf, 0.0 if side < 0.0 else np.inf,
    )  # fmt: skip


@inlined
def _bound(
    first: Edge, second: Edge, third: Edge, fourth: Edge, top: int, left: float, right: float, spans: Array
) -> None:
    """Writes the spans of `_ROWS` rows from ``top`` on, of which the face may have fewer."""
    leftmost = np.int32(left)
    for step in range(_ROWS):
        row = np.float64(top + step)
        low, high = _narrowed(first, row, left, right)
        low, high = _narrowed(second, row, low, high)
        low, high = _narrowed(third, row, low, high)
        low, high = _narrowed(fourth, row, low, high)
        # Within the picture whatever they are: the kernels write without looking where.
        spans[step] = max(np.int32(np.ceil(min(low, right + 1.0))), leftmost)
        spans[_ROWS + step] = np.int32(np.floor(high))


@inlined
def _narrowed(edge: Edge, row: float, low: float, high: float) -> tuple[float, float]:
    """Narrows a row's span (low, high) to what is inside of an edge; no branches, which would cost more."""
    slope, offset, scale, before, after = edge
    column = (slope * row + offset) * scale
    return max(low, column + before), min(high, column + after)
