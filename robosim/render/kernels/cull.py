"""Step 1, culling: what cannot be in the picture is left out, by whole parts and then by faces."""

import math

from robosim.compiled import inlined
from robosim.render.kernels.arrays import Array, Camera, Real, Row, Sides, Transform
from robosim.render.kernels.vectors import eye_of, moved


@inlined
def ball_in(ball: Array, to_camera: Transform) -> Row:
    """Gives a ball (4,), its middle and radius, after a transform."""
    x, y, z = moved(to_camera, (ball[0], ball[1], ball[2]))
    return x, y, z, ball[3]


@inlined
def frustum(camera: Camera, height: int, width: int) -> Sides:
    """Gives the four sides of what a camera sees: (slope, tilt) of each, the ball at (x, z) being outside beyond them.

    For a pinhole a side is a plane through the eye: x = slope · z, and tilt is the cosine of its angle to the axis. For
    a parallel projection it is x = slope itself.
    """
    fx, fy, cx, cy, _, _ = camera.lens
    left, right = (-0.5 - cx) / fx, (width - 0.5 - cx) / fx
    top, bottom = (-0.5 - cy) / fy, (height - 0.5 - cy) / fy
    return _side(left, camera), _side(right, camera), _side(top, camera), _side(bottom, camera)


@inlined
def _side(slope: float, camera: Camera) -> tuple[float, float]:
    return slope, 1.0 if camera.flat else 1.0 / math.sqrt(1.0 + slope * slope)


@inlined
def ball_outside(ball: Row, sides: Sides, camera: Camera) -> bool:
    """Says whether a ball in the camera's frame misses the picture for certain."""
    x, y, z, radius = ball
    if z + radius < camera.lens[4] or z - radius > camera.lens[5]:
        return True
    reach = 1.0 if camera.flat else z
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
    x, y, z = eye_of(to_camera)
    ahead = to_camera[2]
    return (-ahead[0], -ahead[1], -ahead[2], 0.0) if flat else (x, y, z, 1.0)


@inlined
def height_above(planes: Array, face: int, eye: tuple[Real, Real, Real, Real]) -> Real:
    """Gives how high the eye of `eye_in_link` is above a face's plane: a face that it is not above is not seen."""
    return planes[face, 0] * eye[0] + planes[face, 1] * eye[1] + planes[face, 2] * eye[2] - planes[face, 3] * eye[3]
