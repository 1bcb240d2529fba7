"""Rotations and angles for one rigid body at a time: plain floats, because a body has three axes, not a batch.

Quaternions are ``(x, y, z, w)`` with unit norm, as PyBullet has them, and turn body vectors into world vectors.
Angles are in radians. For single vectors, tuples of floats are several times faster than NumPy arrays of three.
"""

import math
from collections.abc import Sequence

Vec3 = tuple[float, float, float]
Quat = tuple[float, float, float, float]
Mat3 = tuple[Vec3, Vec3, Vec3]

IDENTITY: Quat = (0.0, 0.0, 0.0, 1.0)


def rotation_rows(quaternion: Sequence[float]) -> Mat3:
    """Gives the rows of the matrix that takes body coordinates to world coordinates.

    Args:
        quaternion: ``(x, y, z, w)``, unit norm.

    Returns:
        Three rows of three; column ``i`` is the body's axis ``i`` in the world.
    """
    x, y, z, w = quaternion
    return (
        (1 - 2 * (y * y + z * z), 2 * (x * y - z * w), 2 * (x * z + y * w)),
        (2 * (x * y + z * w), 1 - 2 * (x * x + z * z), 2 * (y * z - x * w)),
        (2 * (x * z - y * w), 2 * (y * z + x * w), 1 - 2 * (x * x + y * y)),
    )


def to_world(rows: Mat3, vector: Sequence[float]) -> Vec3:
    """Turns a body vector into a world vector; ``rows`` as `rotation_rows` gives them."""
    a, b, c = vector
    (xx, xy, xz), (yx, yy, yz), (zx, zy, zz) = rows
    return (xx * a + xy * b + xz * c, yx * a + yy * b + yz * c, zx * a + zy * b + zz * c)


def to_body(rows: Mat3, vector: Sequence[float]) -> Vec3:
    """Turns a world vector into a body vector; ``rows`` as `rotation_rows` gives them."""
    a, b, c = vector
    (xx, xy, xz), (yx, yy, yz), (zx, zy, zz) = rows
    return (xx * a + yx * b + zx * c, xy * a + yy * b + zy * c, xz * a + yz * b + zz * c)


def cross(a: Sequence[float], b: Sequence[float]) -> Vec3:
    """Gives the cross product of two vectors of three."""
    return (a[1] * b[2] - a[2] * b[1], a[2] * b[0] - a[0] * b[2], a[0] * b[1] - a[1] * b[0])


def quaternion_product(a: Sequence[float], b: Sequence[float]) -> Quat:
    """Gives the rotation ``b`` followed by ``a``, both ``(x, y, z, w)``."""
    ax, ay, az, aw = a
    bx, by, bz, bw = b
    return (
        aw * bx + ax * bw + ay * bz - az * by,
        aw * by - ax * bz + ay * bw + az * bx,
        aw * bz + ax * by - ay * bx + az * bw,
        aw * bw - ax * bx - ay * by - az * bz,
    )


def inverse(quaternion: Sequence[float]) -> Quat:
    """Gives the rotation that undoes ``quaternion``, unit norm."""
    x, y, z, w = quaternion
    return (-x, -y, -z, w)


def relative_pose(frame: tuple[Vec3, Quat], pose: tuple[Vec3, Quat]) -> tuple[Vec3, Quat]:
    """Gives a pose, position and quaternion, in a frame whose own pose is given."""
    (x, y, z), turn = frame
    a, b, c = pose[0]
    return to_body(rotation_rows(turn), (a - x, b - y, c - z)), quaternion_product(inverse(turn), pose[1])


def axis_angle(axis: Sequence[float], angle: float) -> Quat:
    """Gives the quaternion that turns by ``angle`` radians about a unit ``axis``."""
    s = math.sin(angle / 2)
    return (axis[0] * s, axis[1] * s, axis[2] * s, math.cos(angle / 2))


def clip(value: float, low: float, high: float) -> float:
    """Gives ``value`` held within ``[low, high]``."""
    return low if value < low else high if value > high else value


def seen_from(pose: tuple[float, float, float], point: tuple[float, float]) -> tuple[float, float]:
    """Gives a point of the floor in the frame of a pose (x, y, heading) on it: forward and left."""
    dx, dy = point[0] - pose[0], point[1] - pose[1]
    cos, sin = math.cos(pose[2]), math.sin(pose[2])
    return cos * dx + sin * dy, cos * dy - sin * dx
