"""Laser ranges: how far it is to the nearest face along each ray of a fan, the same triangles as in pictures.

The sensor's frame has x forward, y to the left and z up. A ray's *column* tells its azimuth, its *slope* is the tangent
of its elevation: the rays of a column differ in slope alone.
"""

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from robosim.compiled import compiled, inlined
from robosim.render.kernels.arrays import Array, Geometry, Row, Transform, Triple
from robosim.render.kernels.cull import ball_in, eye_in_link, height_above
from robosim.render.kernels.vectors import compose, cross, dot, eye_of, moved, rows, triple

_HEIGHT_ERROR = 1e-4  # m, more than what vertices are rounded by
AZIMUTH_ERROR = 2e-5  # rad, more than that of `azimuth`
_ALMOST_HALF = 0.49  # of a turn; a wider face may go around the sensor's axis


class Fan(NamedTuple):
    """The rays of a sensor, and room to work in.

    Attributes:
        azimuths: float64 (rays, 2), cosine and sine.
        layers: float64 (layers, 2), slopes from the lowest to the highest, and ranges for 1 m on the level.
        first: Azimuth of column 0, rad, from x towards y.
        step: rad from one column to the next.
        turn: Columns to a whole turn.
        reach: m, the nearest and the farthest that are seen.
        corners: float64 (vertices of the largest part, 4), in the sensor's frame, and their columns.
    """

    azimuths: NDArray[np.float64]
    layers: NDArray[np.float64]
    first: float
    step: float
    turn: float
    reach: tuple[float, float]
    corners: NDArray[np.float64]


@compiled
def scan(
    geometry: Geometry, shown: Array, poses: Array, from_world: Transform, without: int, fan: Fan, ranges: Array
) -> None:
    """Measures all ranges.

    Args:
        geometry: What there is.
        shown: bool (P,), which parts count.
        poses: float64 (links, 3, 4), from each link's frame to the world.
        from_world: From the world's frame to the sensor's.
        without: Number of a body that is left out, or -1.
        fan: The rays.
        ranges: float32 (layers, rays), where metres are written; the farthest that is seen where there is nothing.
    """
    ranges[:] = fan.reach[1]
    ex, ey, ez = eye_of(from_world)
    for link in range(len(geometry.balls)):
        px, py, pz, radius = geometry.balls[link]
        dx, dy, dz = poses[link, 0, 3] - ex, poses[link, 1, 3] - ey, poses[link, 2, 3] - ez
        reach = fan.reach[1] + radius + abs(px) + abs(py) + abs(pz)
        if dx * dx + dy * dy + dz * dz > reach * reach:  # wherever the ball is in the link's frame
            continue
        to_sensor = compose(from_world, rows(poses[link]))
        for part in range(geometry.first_part[link], geometry.first_part[link + 1]):
            seen = shown[part] and geometry.labels[part, 0] != without
            if seen and not _missed(geometry, part, to_sensor, fan, ranges):
                _scan_part(geometry, part, to_sensor, fan, ranges)


@inlined
def _missed(geometry: Geometry, part: int, to_sensor: Transform, fan: Fan, ranges: Array) -> bool:
    """Says whether no ray can meet a part, by the box around it and by the ball."""
    x, y, z, radius = ball_in(geometry.spheres[part], to_sensor)
    level = math.sqrt(x * x + y * y)
    nearest = math.sqrt(level * level + z * z) - radius
    if _box_missed(level, z, radius, to_sensor[2], geometry.halves[part], fan):
        return True
    return level > radius and _hidden(azimuth(x, y), radius / level, nearest, fan, ranges)


@inlined
def _box_missed(level: float, z: float, radius: float, upward: Row, half: Array, fan: Fan) -> bool:
    """Says whether a box is above all rays or below: what is long and flat is so where the ball around it is not."""
    tall = abs(upward[0]) * half[0] + abs(upward[1]) * half[1] + abs(upward[2]) * half[2] + _HEIGHT_ERROR
    near, far = max(level - radius, 0.0), level + radius
    lowest, highest = fan.layers[0, 0], fan.layers[-1, 0]
    return bool(z - tall > max(highest * near, highest * far) or z + tall < min(lowest * near, lowest * far))


@inlined
def _hidden(middle: float, sine: float, nearest: float, fan: Fan, ranges: Array) -> bool:
    """Says whether a ball is beside all rays, behind what they met or out of reach; ``sine`` is of half its angle."""
    half = sine + (math.pi / 2 - 1) * sine**3 + AZIMUTH_ERROR  # never less than the arc sine
    left, right = (middle - half - fan.first) / fan.step, (middle + half - fan.first) / fan.step
    for turn in (-fan.turn, 0.0, fan.turn):
        start, end = _span(left + turn, right + turn, fan)
        for column in range(start, end):
            for layer in range(len(fan.layers)):
                if ranges[layer, column] > nearest:
                    return False
    return True


@inlined
def _span(left: float, right: float, fan: Fan) -> tuple[int, int]:
    """Gives the columns from one place to another, the second number after the last."""
    return max(math.ceil(left), 0), min(math.floor(right), len(fan.azimuths) - 1) + 1


@inlined
def _scan_part(geometry: Geometry, part: int, to_sensor: Transform, fan: Fan, ranges: Array) -> None:
    corners, lowest, highest = fan.corners, fan.layers[0, 0], fan.layers[-1, 0]
    eye, first = eye_in_link(to_sensor, False), geometry.first_vertex[part]
    for vertex in range(first, geometry.first_vertex[part + 1]):
        corner = corners[vertex - first]
        corner[0], corner[1], corner[2] = moved(to_sensor, triple(geometry.vertices[vertex]))
        corner[3] = (azimuth(corner[0], corner[1]) - fan.first) / fan.step
    for face in range(geometry.first_face[part], geometry.first_face[part + 1]):
        if height_above(geometry.planes, face, eye) <= 0.0:
            continue
        i, j, k = geometry.faces[face, 0], geometry.faces[face, 1], geometry.faces[face, 2]
        a, b, c = corners[i - first], corners[j - first], corners[k - first]
        bottom, top = min(a[2], b[2], c[2]), max(a[2], b[2], c[2])
        if (lowest >= 0.0 and top < 0.0) or (highest <= 0.0 and bottom > 0.0):
            continue
        left, right = _columns(a[3], b[3], c[3], fan)
        for turn in (-fan.turn, 0.0, fan.turn):
            start, end = _span(left + turn, right + turn, fan)
            if start < end:
                _measure(triple(a), triple(b), triple(c), start, end, fan, ranges)


@inlined
def _columns(a: float, b: float, c: float, fan: Fan) -> tuple[float, float]:
    """Gives the first and the last column that a face can reach, from those of its corners; they may lie a turn off."""
    b, c = _shorter_way(b - a, fan.turn), _shorter_way(c - a, fan.turn)
    low, high = min(0.0, b, c), max(0.0, b, c)
    if high - low > _ALMOST_HALF * fan.turn:  # so is every face that the axis goes through
        return 0.0, len(fan.azimuths) - 1.0
    margin = AZIMUTH_ERROR / fan.step
    return a + low - margin, a + high + margin


@inlined
def _shorter_way(columns: float, turn: float) -> float:
    return columns - turn if columns > 0.5 * turn else columns + turn if columns < -0.5 * turn else columns


@inlined
def _measure(a: Triple, b: Triple, c: Triple, start: int, end: int, fan: Fan, ranges: Array) -> None:
    """Measures to one triangle, seen from outside, with the columns from ``start`` up to ``end``.

    A ray goes through it where it is on the inner side of three planes, each through the sensor and an edge. An edge's
    numbers are the same for both triangles that share it, but for their sign, so no ray slips between the two.
    """
    near = fan.reach[0]
    normal = cross((b[0] - a[0], b[1] - a[1], b[2] - a[2]), (c[0] - a[0], c[1] - a[1], c[2] - a[2]))
    height, ab, bc, ca = dot(a, normal), cross(a, b), cross(b, c), cross(c, a)
    for column in range(start, end):
        x, y = fan.azimuths[column, 0], fan.azimuths[column, 1]
        along_ab, along_bc, along_ca = x * ab[0] + y * ab[1], x * bc[0] + y * bc[1], x * ca[0] + y * ca[1]
        down = x * normal[0] + y * normal[1]
        for layer in range(len(fan.layers)):
            slope = fan.layers[layer, 0]
            if along_ab + slope * ab[2] > 0.0 or along_bc + slope * bc[2] > 0.0 or along_ca + slope * ca[2] > 0.0:
                continue
            distance = height / (down + slope * normal[2]) * fan.layers[layer, 1]
            if near <= distance < ranges[layer, column]:
                ranges[layer, column] = distance


@inlined
def azimuth(x: float, y: float) -> float:
    """Gives atan2(y, x) to 1e-5 rad, several times as fast: Abramowitz and Stegun, formula 4.4.47."""
    wide, tall = abs(x), abs(y)
    ratio = min(wide, tall) / max(wide, tall, 1e-300)
    square = ratio * ratio
    angle = ratio * (
        0.9998660 + square * (-0.3302995 + square * (0.1801410 + square * (-0.0851330 + square * 0.0208351)))
    )
    if tall > wide:
        angle = math.pi / 2 - angle
    if x < 0.0:
        angle = math.pi - angle
    return -angle if y < 0.0 else angle
