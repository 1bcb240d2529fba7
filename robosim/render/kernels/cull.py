"""Step 1, culling: what cannot be in the picture is left out, by whole parts and then by faces."""

import math

from robosim.compiled import inlined
from robosim.render.kernels.arrays import Array, Lens6, Real, Row, Sides, Transform


@inlined
def compose(view: Transform, pose: Transform) -> Transform:
    """Gives the transform from a link's frame to the camera's; ``pose`` is the link's in the world."""
    return _row(view[0], pose), _row(view[1], pose), _row(view[2], pose)


@inlined
def _row(r: Row, pose: Transform) -> Row:
    x, y, z = pose
    return (
        r[0] * x[0] + r[1] * y[0] + r[2] * z[0],
        r[0] * x[1] + r[1] * y[1] + r[2] * z[1],
        r[0] * x[2] + r[1] * y[2] + r[2] * z[2],
        r[0] * x[3] + r[1] * y[3] + r[2] * z[3] + r[3],
    )


@inlined
def inverse(pose: Transform) -> Transform:
    """Gives the way back."""
    a, b, c, _ = eye_in_link(pose, False)
    x, y, z = pose
    return (x[0], y[0], z[0], a), (x[1], y[1], z[1], b), (x[2], y[2], z[2], c)


@inlined
def rows(pose: Array) -> Transform:
    """Gives a transform that is kept as float64 (3, 4)."""
    return (
        (pose[0, 0], pose[0, 1], pose[0, 2], pose[0, 3]),
        (pose[1, 0], pose[1, 1], pose[1, 2], pose[1, 3]),
        (pose[2, 0], pose[2, 1], pose[2, 2], pose[2, 3]),
    )


@inlined
def along(row: Row, x: float, y: float, z: float) -> float:
    """Gives one coordinate of a point after a transform."""
    return row[0] * x + row[1] * y + row[2] * z + row[3]


@inlined
def frustum(lens: Lens6, flat: bool, height: int, width: int) -> Sides:
    """Gives the four sides of what a camera sees: (slope, tilt) of each, the ball at (x, z) being outside beyond them.

    For a pinhole a side is a plane through the eye: x = slope · z, and tilt is the cosine of its angle to the axis. For
    a parallel projection it is x = slope itself.
    """
    fx, fy, cx, cy, _, _ = lens
    left, right = (-0.5 - cx) / fx, (width - 0.5 - cx) / fx
    top, bottom = (-0.5 - cy) / fy, (height - 0.5 - cy) / fy
    if flat:
        return (left, 1.0), (right, 1.0), (top, 1.0), (bottom, 1.0)
    return _side(left), _side(right), _side(top), _side(bottom)


@inlined
def _side(slope: float) -> tuple[float, float]:
    return slope, 1.0 / math.sqrt(1.0 + slope * slope)


@inlined
def ball_outside(x: float, y: float, z: float, radius: float, sides: Sides, lens: Lens6, flat: bool) -> bool:
    """Says whether a ball, its middle in the camera's frame, misses the picture for certain."""
    if z + radius < lens[4] or z - radius > lens[5]:
        return True
    reach = 1.0 if flat else z
    left, right, top, bottom = sides
    return bool(
        (left[0] * reach - x) * left[1] > radius
        or (x - right[0] * reach) * right[1] > radius
        or (top[0] * reach - y) * top[1] > radius
        or (y - bottom[0] * reach) * bottom[1] > radius
    )


@inlined
def eye_in_link(to_camera: Transform, flat: bool) -> Row:
    """Gives where the eye is in a link's frame: (x, y, z, 1), or infinitely far the way of (x, y, z, 0) if parallel."""
    x, y, z = to_camera
    if flat:
        return -z[0], -z[1], -z[2], 0.0
    return (
        -(x[0] * x[3] + y[0] * y[3] + z[0] * z[3]),
        -(x[1] * x[3] + y[1] * y[3] + z[1] * z[3]),
        -(x[2] * x[3] + y[2] * y[3] + z[2] * z[3]),
        1.0,
    )


@inlined
def height_above(planes: Array, face: int, eye: tuple[Real, Real, Real, Real]) -> Real:
    """Gives how high the eye of `eye_in_link` is above a face's plane: a face that it is not above is not seen."""
    return planes[face, 0] * eye[0] + planes[face, 1] * eye[1] + planes[face, 2] * eye[2] - planes[face, 3] * eye[3]
