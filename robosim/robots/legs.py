"""Four legs in closed form: joint angles from feet, feet and their velocities from joints, and a trot in foot space.

A foot can be sent elsewhere than the trot has it (`carry`): one that swings goes there on its way, one that stands
stays where it came down and only its height follows, so that it does not skate.

Everything is in the trunk's frame (x forward, y left, z up; metres) and in the order front right, front left, rear
right, rear left; a leg's joints are hip (about x), upper and lower (about y), radians. Dimensions are those of A1's
URDF in PyBullet's data (`a1/a1.urdf`).
"""

import math

import numpy as np
from numpy.typing import NDArray

from robosim.compiled import compiled, inlined
from robosim.math import Mat3

HIP_X, HIP_Y = 0.183, 0.047  # m, of the hip joints; FR_hip_joint
SIDE = 0.08505  # m, from the hip joint outwards to the leg's plane; FR_upper_joint
BONE = 0.2  # m, of upper and lower leg alike; FR_lower_joint, FR_toe_fixed
HIP_MOST = 0.802851  # rad; FR_hip_joint's limit
UPPER = (-1.0471975512, 4.18879020479)  # rad; FR_upper_joint's limits
LOWER = (-2.69653369433, -0.916297857297)  # rad; FR_lower_joint's limits: a leg of at most 0.359 m

DUTY = 0.6  # share of a cycle that a foot stands
STRIDE = 1.05  # of the ground that passes while it stands; less slips behind what is commanded
BACK = -0.02  # m, of the feet against the hips: A1's centre of mass lies ahead of its middle

# Shares of a swing: when a foot goes forward, how long it rises and sinks, and how long before a landing that is higher
# or lower than its start it is raised or lowered. It leaves the ground steeply and comes down steeply, as steps demand.
FORWARD = (0.1, 0.9)
RISE = 0.4
RAISE = 0.45
COMMIT = 0.8  # from then on it comes down where it was sent last
# Shares of the way to what was asked that are gone in a control step: sideways by a standing foot, its height, and of
# where a swinging one is sent.
HOLD, SETTLE, SEND = 0.02, 0.1, 0.6


@inlined
def _offset(leg: int) -> float:
    """Gives when in a cycle a leg begins to stand: diagonal pairs alternate."""
    return 0.0 if leg in (0, 3) else 0.5


@inlined
def _hip(leg: int) -> tuple[float, float, float]:
    """Gives where a hip joint is, and which side is outwards."""
    side = -1.0 if leg % 2 == 0 else 1.0
    return (HIP_X if leg < 2 else -HIP_X), side * HIP_Y, side


@inlined
def _clip(value: float, low: float, high: float) -> float:
    return min(max(value, low), high)


@inlined
def _ease(share: float) -> float:
    """Gives 0 at 0 and 1 at 1, with level ends."""
    share = _clip(share, 0.0, 1.0)
    return share * share * (3 - 2 * share)


@inlined
def _forward(swung: float) -> float:
    """Gives the share of the way forward that the time for it has gone at a share of a swing."""
    return _clip((swung - FORWARD[0]) / (FORWARD[1] - FORWARD[0]), 0.0, 1.0)


@inlined
def solve_leg(leg: int, x: float, y: float, z: float, joints: NDArray[np.float64]) -> None:
    """Writes the three joint angles that bring a foot to a point of the trunk's frame, or as near as limits allow."""
    hip_x, hip_y, side = _hip(leg)
    dx, dy = x - hip_x, y - hip_y
    out = side * SIDE
    down = math.sqrt(max(dy * dy + z * z - out * out, 1e-6))
    hip = math.atan2(z, dy) - math.atan2(-down, out)
    hip = math.atan2(math.sin(hip), math.cos(hip))
    bent = _clip((dx * dx + down * down) / (2 * BONE * BONE) - 1, -1.0, 1.0)
    lower = _clip(-math.acos(bent), LOWER[0], LOWER[1])
    upper = math.atan2(-dx, down) - lower / 2
    joints[3 * leg] = _clip(hip, -HIP_MOST, HIP_MOST)
    joints[3 * leg + 1] = _clip(upper, UPPER[0], UPPER[1])
    joints[3 * leg + 2] = lower


@compiled
def trot(
    phase: float, frequency: float, clearance: float, height: float,
    command: NDArray[np.float64], residuals: NDArray[np.float64], joints: NDArray[np.float64],
) -> None:  # fmt: skip
    """Writes the twelve joint angles of a trot at a moment.

    A foot that stands goes back as the ground does under the commanded velocity; one that swings is lifted, comes
    forward along a cycloid, and is set down.

    Args:
        phase: Of the cycle, in [0, 1).
        frequency: Cycles a second.
        clearance: Of a swinging foot, m.
        height: Of the hips above the feet, m.
        command: Forward and leftward velocity (m/s) and yaw rate (rad/s).
        residuals: (12,), added to the feet's x, y, z, m.
        joints: (12,), written.
    """
    for leg in range(4):
        hip_x, hip_y, side = _hip(leg)
        foot_y = hip_y + side * SIDE
        stands = DUTY / frequency
        stride_x = STRIDE * stands * (command[0] - command[2] * foot_y)
        stride_y = STRIDE * stands * (command[1] + command[2] * hip_x)
        at = (phase + _offset(leg)) % 1.0
        if at < DUTY:
            share, up = 0.5 - at / DUTY, 0.0
        else:
            s = (at - DUTY) / (1 - DUTY)
            share = _forward(s)
            share -= math.sin(2 * math.pi * share) / (2 * math.pi) + 0.5
            up = clearance * min(_ease(s / RISE), _ease((1 - s) / RISE))
        x = hip_x + BACK + share * stride_x + residuals[3 * leg]
        y = foot_y + share * stride_y + residuals[3 * leg + 1]
        solve_leg(leg, x, y, -height + up + residuals[3 * leg + 2], joints)


@compiled
def carry(phase: float, wanted: NDArray[np.float64], feet: NDArray[np.float64]) -> None:
    """Moves the residuals of the feet on by a control step.

    Args:
        phase: Of the cycle, in [0, 1).
        wanted: (12,), where the feet are sent: m, from where the trot has them.
        feet: (3, 4, 3), m, changed: residuals now, where each foot was lifted last, and where it goes.
    """
    now, lifted, sent = feet[0], feet[1], feet[2]
    for leg in range(4):
        at = (phase + _offset(leg)) % 1.0
        swung = (at - DUTY) / (1 - DUTY)
        for axis in range(3):
            asked = wanted[3 * leg + axis]
            if at < DUTY:
                now[leg, axis] += (SETTLE if axis == 2 else HOLD) * (asked - now[leg, axis])
                lifted[leg, axis], sent[leg, axis] = now[leg, axis], asked
                continue
            if axis == 2 or swung < COMMIT:
                sent[leg, axis] += SEND * (asked - sent[leg, axis])
            way = sent[leg, axis] - lifted[leg, axis]
            if axis < 2:
                done = _ease(_forward(swung))
            elif way > 0:
                done = _ease(swung / RAISE)
            else:
                done = _ease((swung - 1) / RAISE + 1)
            now[leg, axis] = lifted[leg, axis] + done * way


@compiled
def aim(
    phase: float, frequency: float, height: float, command: NDArray[np.float64], turn: Mat3,
    feet: NDArray[np.float64],
) -> None:  # fmt: skip
    """Writes where the trot's feet will next come down, if the trunk goes on as commanded and tilted as it is.

    Args:
        phase: Of the cycle, in [0, 1).
        frequency: Cycles a second.
        height: Of the hips above the feet, m.
        command: Forward and leftward velocity (m/s) and yaw rate (rad/s).
        turn: Rows of the matrix from the trunk's frame to the world.
        feet: (4, 3), written: m, from the trunk's middle, along the world's axes.
    """
    level = math.hypot(turn[0][0], turn[1][0])
    cos, sin = turn[0][0] / level, turn[1][0] / level
    for leg in range(4):
        hip_x, hip_y, side = _hip(leg)
        foot_y = hip_y + side * SIDE
        stands = DUTY / frequency
        x = hip_x + BACK + STRIDE * stands * (command[0] - command[2] * foot_y) / 2
        y = foot_y + STRIDE * stands * (command[1] + command[2] * hip_x) / 2
        wait = (1.0 - (phase + _offset(leg)) % 1.0) / frequency
        for axis in range(3):
            feet[leg, axis] = turn[axis][0] * x + turn[axis][1] * y - turn[axis][2] * height
        feet[leg, 0] += wait * (cos * command[0] - sin * command[1])
        feet[leg, 1] += wait * (sin * command[0] + cos * command[1])


@compiled
def find_feet(
    positions: NDArray[np.float64], velocities: NDArray[np.float64],
    feet: NDArray[np.float64], speeds: NDArray[np.float64],
) -> None:  # fmt: skip
    """Writes where the feet are (4, 3), m, and how fast they move against the trunk (4, 3), m/s, from the joints."""
    for leg in range(4):
        hip_x, hip_y, side = _hip(leg)
        hip, upper, lower = positions[3 * leg], positions[3 * leg + 1], positions[3 * leg + 2]
        hip_rate, upper_rate = velocities[3 * leg], velocities[3 * leg + 1]
        knee_rate = upper_rate + velocities[3 * leg + 2]
        sin_u, cos_u, sin_k, cos_k = math.sin(upper), math.cos(upper), math.sin(upper + lower), math.cos(upper + lower)
        sin_h, cos_h = math.sin(hip), math.cos(hip)
        out, down = side * SIDE, BONE * (cos_u + cos_k)
        down_rate = -BONE * (sin_u * upper_rate + sin_k * knee_rate)
        feet[leg, 0] = hip_x - BONE * (sin_u + sin_k)
        feet[leg, 1] = hip_y + cos_h * out + sin_h * down
        feet[leg, 2] = sin_h * out - cos_h * down
        speeds[leg, 0] = -BONE * (cos_u * upper_rate + cos_k * knee_rate)
        speeds[leg, 1] = (-sin_h * out + cos_h * down) * hip_rate + sin_h * down_rate
        speeds[leg, 2] = (cos_h * out + sin_h * down) * hip_rate - cos_h * down_rate
