"""The last word before wheels turn: a command after which the robot could not stop in time is turned down.

A command is kept up for a moment, and then it brakes: all the way must be free, of what stands as the scan shows it and
of what moves as its sectors have it going on. People are met at the elbow before the shin that a scanner sees, so that
what is not on the map is kept off farther. By cameras all that is seen stands.
"""

import math
from collections.abc import Mapping
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from robosim.agents.policies.nearby import ROWS, met, nearest_of, points_seen
from robosim.compiled import compiled, inlined
from robosim.robots.courier import ACCELERATION, BACKWARD, FORWARD, SIZE, YAW_RATE
from robosim.sensors.outlook import towards

SPEEDS = slice(0, 2)  # in "state": forward, m/s, and yaw rate, rad/s
MARGIN = 0.03  # m, kept off what stands on the map
ELBOW = 0.13  # m, kept off what does not
SIGHT_MARGIN = 0.06  # m, kept off what cameras see: their depth is told in steps of 0.04 m
WALKS = 0.1  # m/s; what is faster is somebody
KEPT = 0.3  # s, for which a command is kept up: until the next one, and what it takes to come through
DT, SAMPLES = 0.1, 12  # s from one moment to the next, and how many of them
SLACK = 0.004  # m by which one may seem to come nearer and does not
STAND = (0.0, 0.0)
BACK = -0.5  # share of the speed backwards, when it retreats
_NEAR = 2.5  # m, beyond which nothing is met by then


class Slews(NamedTuple):
    """How fast commands are reached.

    Attributes:
        braking: m/s².
        twist: rad/s².
    """

    braking: float
    twist: float


class Obstacles(NamedTuple):
    """What is seen near by, in the robot's frame.

    Attributes:
        points: float64 (n, 2), m.
        velocities: float64 (n, 2), m/s over the floor.
        margins: float64 (n,), m, how far each is to be kept off; no farther than it is now.
    """

    points: NDArray[np.float64]
    velocities: NDArray[np.float64]
    margins: NDArray[np.float64]


def cautious(
    action: NDArray[np.float32], seen: Mapping[str, NDArray[np.float32]], slews: Slews, *, retreats: bool = False
) -> NDArray[np.float32]:
    """Gives the first of some commands after which it can stop in time: the one asked for, or more careful ones.

    Where there is none, it is the one that keeps off farthest; among equals it stands.

    Args:
        action: Shape (2,), shares of speed and yaw rate, as `robosim.robots.courier.Courier` has them.
        seen: An observation of robosim/WarehouseNavigate.
        slews: Of the robot.
        retreats: Whether it rather backs off than stands, for who would ask for the same again and again.
    """
    near = obstacles(seen)
    if not len(near.points):
        return action
    drive, turn = action.tolist()
    choices = [(drive, turn), (drive / 2, turn), (0.0, turn), (drive / 2, 0.0)]
    choices += [(BACK, turn), (BACK, 0.0), (BACK, -turn), STAND] if retreats else [STAND, (-1.0, 0.0)]
    speed, rate = seen["state"][SPEEDS].tolist()
    poses, rooms = np.empty((SAMPLES, 3)), list[float]()
    for share, twist in choices:
        wanted = share * (FORWARD if share > 0 else BACKWARD), twist * YAW_RATE
        course((speed, rate), wanted, slews, poses)
        room = least_room(near, poses)
        if room > -SLACK:
            return np.array((share, twist), np.float32)
        rooms.append(room)
    best = max(range(len(choices)), key=lambda number: (rooms[number], choices[number] == STAND))
    return np.array(choices[best], np.float32)


def obstacles(seen: Mapping[str, NDArray[np.float32]]) -> Obstacles:
    """Gives what is seen near by; of a scan, what is not on the map is there twice, once with each margin."""
    near = _scanned(seen) if "lidar" in seen else _looked_at(seen)
    allow(near)
    return near


def _looked_at(seen: Mapping[str, NDArray[np.float32]]) -> Obstacles:
    """Gives what cameras see near by, elbows as well; of one picture nobody can tell what moves."""
    points = points_seen(seen)
    near = points[np.hypot(points[:, 0], points[:, 1]) < _NEAR]
    return Obstacles(near, np.zeros_like(near), np.full(len(near), SIGHT_MARGIN))


def _scanned(seen: Mapping[str, NDArray[np.float32]]) -> Obstacles:
    # The last two rows are velocities in halves of m/s.
    _, _, closing, leftward = 2.0 * seen["lidar"].reshape(ROWS, -1)
    nearest = nearest_of(seen["lidar"])
    # Who has no map knows those who walk.
    strange = seen["unmapped"] if "unmapped" in seen else np.where(np.hypot(closing, leftward) > WALKS, nearest, 0)
    found = _met(nearest, closing, leftward, MARGIN), _met(strange, closing, leftward, ELBOW)
    return Obstacles(*(np.concatenate(parts) for parts in zip(*found, strict=True)))


def _met(
    nearness: NDArray[np.float32], closing: NDArray[np.float32], leftward: NDArray[np.float32], margin: float
) -> Obstacles:
    """Gives what is near in a row of sectors, of which each moves as its sector does (m/s, nearer and to the left)."""
    points, some = met(nearness), nearness > 0
    ranges = np.hypot(points[:, 0], points[:, 1])
    along = points / np.maximum(ranges, 1e-6)[:, None]
    across = np.stack([-along[:, 1], along[:, 0]], -1)
    velocities = leftward[some, None] * across - closing[some, None] * along
    near = ranges < _NEAR
    return Obstacles(points[near], velocities[near], np.full(int(near.sum()), margin))


@compiled
def allow(near: Obstacles) -> None:
    """Lowers the margins of what is nearer already."""
    for point in range(len(near.points)):
        near.margins[point] = min(near.margins[point], _gap(near.points[point, 0], near.points[point, 1], 1.0, 0.0))


@compiled
def course(motion: tuple[float, float], wanted: tuple[float, float], slews: Slews, poses: NDArray[np.float64]) -> None:
    """Writes where the robot will be if it keeps up a command for `KEPT` and then brakes.

    Args:
        motion: Its speed (m/s) and yaw rate (rad/s).
        wanted: What it is told.
        slews: See `Slews`.
        poses: Shape (samples, 3), for x, y (m) and heading (rad) in its present frame.
    """
    speed, rate = motion
    x, y, heading = 0.0, 0.0, 0.0
    for step in range(len(poses)):
        keeps = step * DT < KEPT - DT / 2
        to_speed, to_rate = wanted if keeps else (0.0, 0.0)
        slower = abs(to_speed) < abs(speed) or to_speed * speed < 0
        speed = towards(speed, to_speed, (slews.braking if slower else ACCELERATION) * DT)
        rate = towards(rate, to_rate, slews.twist * DT)
        middle = heading + rate * DT / 2
        x, y, heading = x + speed * DT * math.cos(middle), y + speed * DT * math.sin(middle), heading + rate * DT
        poses[step, 0], poses[step, 1], poses[step, 2] = x, y, heading


@compiled
def least_room(near: Obstacles, poses: NDArray[np.float64]) -> float:
    """Gives by how much the robot keeps off everything at worst, m, beyond the margins.

    Args:
        near: What may be in its way.
        poses: Shape (samples, 3), see `course`.
    """
    least = np.inf
    for sample in range(len(poses)):
        time, robot_x, robot_y = DT * (sample + 1), poses[sample, 0], poses[sample, 1]
        cos, sin = math.cos(poses[sample, 2]), math.sin(poses[sample, 2])
        for point in range(len(near.points)):
            (x, y), (along, across) = near.points[point], near.velocities[point]
            then = _gap(x + time * along - robot_x, y + time * across - robot_y, cos, sin)
            least = min(least, then - near.margins[point])
    return least


@inlined
def _gap(dx: float, dy: float, cos: float, sin: float) -> float:
    """Gives how far a point is from the robot's outline, m: from its middle and heading."""
    ahead, beside = abs(cos * dx + sin * dy) - SIZE[0] / 2, abs(cos * dy - sin * dx) - SIZE[1] / 2
    return math.hypot(max(ahead, 0.0), max(beside, 0.0))
