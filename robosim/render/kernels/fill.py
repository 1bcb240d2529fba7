"""Step 3, filling: the pixels whose middle a triangle covers, and whether it is the nearest there (the z-buffer)."""

import numpy as np

from robosim.compiled import inlined
from robosim.render.kernels.arrays import Array, Triple


@inlined
def fill(x: Triple, y: Triple, q: Triple, face: int, nearness: Array, winner: Array) -> None:
    """Draws one triangle.

    Its three edges bound each row's span of pixels. An edge's numbers are the same for both triangles that share it,
    but for their sign, so no pixel falls between the two.

    Args:
        x: Columns of the corners.
        y: Rows.
        q: Nearness, which is linear across the picture.
        face: Number to write.
        nearness: As in `Buffers`.
        winner: As in `Buffers`.
    """
    height, width = nearness.shape
    left, right = max(np.ceil(min(x[0], x[1], x[2])), 0.0), min(max(x[0], x[1], x[2]), width - 1.0)
    upper, lower = max(np.ceil(min(y[0], y[1], y[2])), 0.0), min(max(y[0], y[1], y[2]), height - 1.0)
    if not (left <= right and upper <= lower):  # it covers no pixel's middle: so are most, in small pictures
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
    # Edge i is a x + b y + c = 0, with the inside where its sign is that of the area.
    a0, b0, c0 = y[0] - y[1], x[1] - x[0], x[0] * y[1] - x[1] * y[0]
    a1, b1, c1 = y[1] - y[2], x[2] - x[1], x[1] * y[2] - x[2] * y[1]
    a2, b2, c2 = y[2] - y[0], x[0] - x[2], x[2] * y[0] - x[0] * y[2]
    s0, s1, s2 = -1.0 / a0, -1.0 / a1, -1.0 / a2
    for row in range(int(upper), int(lower) + 1):
        low, high = _bound(a0 * area, s0, (b0 * row + c0), area, left, right)
        low, high = _bound(a1 * area, s1, (b1 * row + c1), area, low, high)
        low, high = _bound(a2 * area, s2, (b2 * row + c2), area, low, high)
        if not low <= high:
            continue
        start = at_origin + along_y * row
        for column in range(int(np.ceil(low)), int(np.floor(high)) + 1):
            near = np.float32(start + along_x * column)  # as it is kept, or equal faces would take turns
            if near > nearness[row, column]:
                nearness[row, column] = near
                winner[row, column] = face


@inlined
def _bound(side: float, scale: float, rest: float, area: float, low: float, high: float) -> tuple[float, float]:
    """Narrows a row's span (low, high) to an edge's inside, which is to its right where ``side`` is positive."""
    if side > 0.0:
        return max(low, rest * scale), high
    if side < 0.0:
        return low, min(high, rest * scale)
    return low, (high if rest * area >= 0.0 else -1.0)
