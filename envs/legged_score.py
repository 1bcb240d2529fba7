"""What reward, ends and metrics of the quadruped's tasks are functions of, and those functions."""

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from robosim.robots.a1 import A1, Felt

UPRIGHT = 0.5  # cosine of the trunk's tilt below which it has fallen: 60°
LOW = 0.12  # m from the mean ground under the trunk to its middle, below which it lies on its belly
_SPEED_WIDTH, _TURN_WIDTH = 0.25, 0.5  # m/s, rad/s; errors at which a tracking term has fallen to 1/e (legged_gym)


class State(NamedTuple):
    """What happened, as the world knows it.

    Attributes:
        velocity: Forward, leftward, upward, m/s, in the level frame that heads as the trunk does.
        spin: rad/s, in the trunk's frame.
        command: Forward, leftward (m/s), yaw rate (rad/s).
        upright: Cosine of the trunk's tilt.
        height: m, of the trunk's middle above the mean ground under it.
        heading_error: rad, to the commanded heading, in ±π.
        inside: Whether it is where it is to be: on its course, or near enough to its place.
        felt: Of feet, motors and actions.
        bumps: Contacts of other parts than feet.
        heights: m, of the ground at the points of the scan.
    """

    velocity: tuple[float, float, float]
    spin: tuple[float, float, float]
    command: tuple[float, float, float]
    upright: float
    height: float
    heading_error: float
    inside: bool
    felt: Felt
    bumps: int
    heights: NDArray[np.float64]


def read_state(robot: A1, ground: float, heading_error: float, inside: bool, heights: NDArray[np.float64]) -> State:
    """Gives the state of a robot that has just sensed; the arguments as `State` has them, ``ground`` its height, m."""
    ((_, _, z), _), (vx, vy, vz), _ = robot.body.motion()
    rows = robot.body.rows()
    length = math.hypot(rows[0][0], rows[1][0]) or 1.0
    cos, sin = rows[0][0] / length, rows[1][0] / length
    forward, left, turn = robot.command.tolist()
    return State(
        velocity=(cos * vx + sin * vy, cos * vy - sin * vx, vz),
        spin=robot.spin,
        command=(forward, left, turn),
        upright=rows[2][2],
        height=z - ground,
        heading_error=heading_error,
        inside=inside,
        felt=robot.felt,
        bumps=robot.bumps,
        heights=heights,
    )


def speed_commanded(s: State) -> float:
    """Gives the commanded speed, m/s."""
    return math.hypot(s.command[0], s.command[1])


def speed_along(s: State) -> float:
    """Gives the speed in the commanded direction, m/s."""
    return _along(s, speed_commanded(s))


def _along(s: State, commanded: float) -> float:
    return (s.velocity[0] * s.command[0] + s.velocity[1] * s.command[1]) / max(commanded, 1e-6)


def progress(s: State) -> float:
    """Gives the share of the commanded speed that is gone in its direction, from -1 to 1."""
    commanded = speed_commanded(s)
    return min(max(_along(s, commanded) / max(commanded, 0.1), -1.0), 1.0)


def velocity_error(s: State) -> float:
    """Gives the distance from the commanded velocity, m/s."""
    return math.hypot(s.velocity[0] - s.command[0], s.velocity[1] - s.command[1])


def velocity_kept(s: State) -> float:
    """Gives 1 at the commanded velocity."""
    return math.exp(-((velocity_error(s) / _SPEED_WIDTH) ** 2))


def turning_kept(s: State) -> float:
    """Gives 1 at the commanded yaw rate."""
    return math.exp(-(((s.spin[2] - s.command[2]) / _TURN_WIDTH) ** 2))


def bounce(s: State) -> float:
    """Gives the square of the upward velocity, m²/s²."""
    return s.velocity[2] ** 2


def rocking(s: State) -> float:
    """Gives the square of roll and pitch rates, rad²/s²."""
    return s.spin[0] ** 2 + s.spin[1] ** 2


def effort(s: State) -> float:
    """Gives the sum of the squares of the torques, N²·m²."""
    return s.felt.effort


def roughness(s: State) -> float:
    """Gives the mean square change of the action from one control step to the next."""
    return s.felt.roughness


def action_size(s: State) -> float:
    """Gives the mean square of the action: how far it is from the open-loop trot."""
    return s.felt.action_size


def slipping(s: State) -> float:
    """Gives the speed of the feet that press on the ground, m/s."""
    return s.felt.slip


def bumping(s: State) -> float:
    """Gives the number of contacts of other parts than feet, 4 at most."""
    return min(s.bumps, 4)


def fell(s: State) -> bool:
    """Says whether it lies."""
    return s.inside and (s.upright < UPRIGHT or s.height < LOW)


def left(s: State) -> bool:
    """Says whether it has left the place where it is to be, which is no fall."""
    return not s.inside
