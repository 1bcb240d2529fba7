"""Step 3, filling: the pixels whose middle a face covers, and whether it is the nearest there (the z-buffer)."""

import numpy as np

from robosim.compiled import inlined
from robosim.render.kernels.arrays import Array, Row, Triple


@inlined
def fill(x: Row, y: Row, q: Triple, face: int, nearness: Array, winner: Array) -> None:
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
    for row in range(int(upper), int(lower) + 1):
        low, high = _narrowed(first, row, left, right)
        low, high = _narrowed(second, row, low, high)
        low, high = _narrowed(third, row, low, high)
        low, high = _narrowed(fourth, row, low, high)
        if low <= high:
            _fill_row(int(row), low, high, at_origin + along_y * row, along_x, face, nearness, winner)


@inlined
def _edge(x: float, y: float, next_x: float, next_y: float, area: float) -> Row:
    """Gives an edge as (slope, offset, side, scale): it meets a row at (slope · row + offset) · scale.

    ``side`` is positive where the face is to its right, negative to its left, and 0 for an edge along a row: the first
    row and the last one bound the face there.
    """
    across = y - next_y
    return next_x - x, x * next_y - next_x * y, across * area, -1.0 / across


@inlined
def _narrowed(edge: Row, row: int, low: float, high: float) -> tuple[float, float]:
    """Narrows a row's span (low, high) to what is inside of an edge; no branches, which would cost more."""
    slope, offset, side, scale = edge
    column = (slope * row + offset) * scale
    return max(low, column if side > 0.0 else -np.inf), min(high, column if side < 0.0 else np.inf)


@inlined
def _fill_row(
    row: int, low: float, high: float, start: float, along_x: float, face: int, nearness: Array, winner: Array
) -> None:
    """Writes the pixels of a row from ``low`` to ``high``, several at a time: for that it needs unsigned numbers."""
    line, number = np.uintp(row), np.int32(face)
    for column in range(np.uintp(np.ceil(low)), np.uintp(np.floor(high)) + np.uintp(1)):
        near = np.float32(start + along_x * np.int32(column))  # as it is kept, or equal faces would take turns
        before, owner = nearness[line, column], winner[line, column]
        nearness[line, column] = near if near > before else before
        winner[line, column] = number if near > before else owner
