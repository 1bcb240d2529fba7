"""Step 3, filling: the pixels whose middle a face covers, and whether it is the nearest there (the z-buffer)."""

import numpy as np

from robosim.compiled import inlined
from robosim.render.kernels.arrays import Buffers, Row, Triple


@inlined
def fill(a: Triple, b: Triple, c: Triple, d: Triple, closer: float, face: int, buffers: Buffers) -> None:
    """Draws one parallelogram or triangle, whose fourth corner is the third again.

    Its edges bound each row's span of pixels. An edge's numbers are the same for both faces that share it, but for
    their sign, so no pixel falls between the two.

    Args:
        a: Column, row and nearness of a corner, the last of which is linear across the picture.
        b: The next.
        c: The third.
        d: The fourth, whose nearness follows from theirs.
        closer: How much nearer than it is it counts.
        face: Number to write.
        buffers: Where it is written.
    """
    height, width = buffers.nearness.shape
    left, right = max(np.ceil(min(min(a[0], b[0]), min(c[0], d[0]))), 0.0), max(max(a[0], b[0]), max(c[0], d[0]))
    upper, lower = max(np.ceil(min(min(a[1], b[1]), min(c[1], d[1]))), 0.0), max(max(a[1], b[1]), max(c[1], d[1]))
    right, lower = min(right, width - 1.0), min(lower, height - 1.0)
    if not (left <= right and upper <= lower):  # it covers no pixel's middle: so do most, in small pictures
        return
    area = (b[0] - a[0]) * (c[1] - a[1]) - (c[0] - a[0]) * (b[1] - a[1])
    # Seen edge on, or not a number: a physics that diverged must not end the process.
    if not (area > 0.0 or area < 0.0):
        return
    share, p, q, r = 1.0 / area, a[2] + closer, b[2] + closer, c[2] + closer
    along_x = ((q - p) * (c[1] - a[1]) - (r - p) * (b[1] - a[1])) * share
    along_y = ((r - p) * (b[0] - a[0]) - (q - p) * (c[0] - a[0])) * share
    at_origin = p - along_x * a[0] - along_y * a[1]
    first, second, third, fourth = _edge(a, b, area), _edge(b, c, area), _edge(c, d, area), _edge(d, a, area)
    for row in range(int(upper), int(lower) + 1):
        low, high = _narrowed(first, row, left, right)
        low, high = _narrowed(second, row, low, high)
        low, high = _narrowed(third, row, low, high)
        low, high = _narrowed(fourth, row, low, high)
        if low <= high:
            _fill_row(row, low, high, at_origin + along_y * row, along_x, face, buffers)


@inlined
def _edge(a: Triple, b: Triple, area: float) -> Row:
    """Gives an edge as (slope, offset, side, scale): it meets a row at (slope · row + offset) · scale.

    ``side`` is positive where the face is to its right, negative to its left, and 0 for an edge along a row: the first
    row and the last one bound the face there.
    """
    across = a[1] - b[1]
    return b[0] - a[0], a[0] * b[1] - b[0] * a[1], across * area, -1.0 / across


@inlined
def _narrowed(edge: Row, row: int, low: float, high: float) -> tuple[float, float]:
    """Narrows a row's span (low, high) to what is inside of an edge; no branches, which would cost more."""
    slope, offset, side, scale = edge
    column = (slope * row + offset) * scale
    return max(low, column if side > 0.0 else -np.inf), min(high, column if side < 0.0 else np.inf)


@inlined
def _fill_row(row: int, low: float, high: float, start: float, along_x: float, face: int, buffers: Buffers) -> None:
    """Writes the pixels of a row from ``low`` to ``high``, several at a time: for that it needs unsigned numbers."""
    line, number, nearness, winner = np.uintp(row), np.int32(face), buffers.nearness, buffers.winner
    for column in range(np.uintp(np.ceil(low)), np.uintp(np.floor(high)) + np.uintp(1)):
        near = np.float32(start + along_x * np.int32(column))  # as it is kept, or equal faces would take turns
        before, owner = nearness[line, column], winner[line, column]
        nearness[line, column] = near if near > before else before
        winner[line, column] = number if near > before else owner
