"""When a package counts as delivered: it rests inside its area, upright, and was put down gently."""

import math
from dataclasses import dataclass

from robosim.body import Pose
from robosim.math import Vec3, clip, rotation_rows, to_world
from robosim.worlds.warehouse.layout import Area

UPRIGHT = math.radians(15.0)  # rad that it may lean
GENTLE = 0.5  # m/s at which it may come down
AT_REST = 0.03  # m/s; below it, it rests
GROUNDED = 0.006  # m; how far its lowest corner may be above the floor, or below it
LIFTED = 0.02  # m; from there on it has been taken up again
_LANDING = 5  # physics steps from when it is grounded in which the floor stops it


@dataclass(frozen=True)
class Placement:
    """How a package lies, with regard to an area.

    Attributes:
        outside: m, by which its corner that is farthest out is beyond the area's edge; negative inside.
        tilt: rad, how much it leans.
        twist: rad, how much its sides are turned against the area's, at most 45°.
        height: m, of its lowest corner above the floor.
    """

    outside: float
    tilt: float
    twist: float
    height: float


def corners(pose: Pose, size: Vec3) -> list[Vec3]:
    """Gives the eight corners of a box in the world, m."""
    (x, y, z), quaternion = pose
    rows = rotation_rows(quaternion)
    turned = (
        to_world(rows, (a * size[0] / 2, b * size[1] / 2, c * size[2] / 2))
        for a in (-1, 1) for b in (-1, 1) for c in (-1, 1)
    )  # fmt: skip
    return [(x + dx, y + dy, z + dz) for dx, dy, dz in turned]


def placement(pose: Pose, size: Vec3, area: Area) -> Placement:
    """Tells how a package lies.

    Args:
        pose: Of its middle, in the world.
        size: Full lengths, m.
        area: Where it belongs.
    """
    cos, sin = math.cos(area.yaw), math.sin(area.yaw)
    half_length, half_width = area.size[0] / 2, area.size[1] / 2
    outside, lowest = -math.inf, math.inf
    for x, y, z in corners(pose, size):
        dx, dy = x - area.x, y - area.y
        along, across = abs(cos * dx + sin * dy), abs(cos * dy - sin * dx)
        outside, lowest = max(outside, along - half_length, across - half_width), min(lowest, z)
    rows = rotation_rows(pose[1])
    facing = math.atan2(rows[1][0], rows[0][0]) - area.yaw
    return Placement(
        outside=outside,
        tilt=math.acos(clip(rows[2][2], -1.0, 1.0)),
        twist=abs(math.remainder(facing, math.pi / 2)),
        height=lowest,
    )


class PutDown:
    """Follows one package, and knows how fast it came down; to be told of every physics step.

    Attributes:
        speed: m/s, the most at which it was seen as it met the floor last; NaN while it is off the floor. Of a free
            fall that is less than at the very moment by what it gains in a physics step at most.
    """

    def __init__(self, size: Vec3) -> None:
        """Begins with a package off the floor.

        Args:
            size: Full lengths of the package, m.
        """
        self._size = size
        self._half = math.hypot(*size) / 2
        self._before, self._left = 0.0, _LANDING
        self.speed = math.nan

    def follow(self, pose: Pose, velocity: Vec3) -> None:
        """Takes note of where it is now and how fast its middle moves (m/s)."""
        before, self._before = self._before, math.hypot(*velocity)
        # Where no corner of it can be near the floor, they need not be computed.
        lowest = math.inf if pose[0][2] > self._half + LIFTED else min(z for _, _, z in corners(pose, self._size))
        if lowest > LIFTED:
            self.speed, self._left = math.nan, _LANDING
        elif self._left and (lowest <= GROUNDED or self._left < _LANDING):
            self._left -= 1
            self.speed = max(before, self._before, 0.0 if math.isnan(self.speed) else self.speed)


def delivered(lies: Placement, put_down: float, speed: float, *, held: bool) -> bool:
    """Says whether a package counts as delivered.

    Args:
        lies: How it lies in the area where it belongs.
        put_down: m/s at which it came down, NaN if it has not.
        speed: m/s at which it moves now.
        held: Whether the robot still holds it.
    """
    return (
        not held
        and speed <= AT_REST
        and lies.outside <= 0
        and lies.tilt <= UPRIGHT
        and abs(lies.height) <= GROUNDED
        and put_down <= GENTLE
    )
