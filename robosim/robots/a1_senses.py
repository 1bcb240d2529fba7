"""What A1 feels in a control step, as numbers: what the step came to, and the robot's proprioception. Kernels only."""

import math

import numpy as np
from numpy.typing import NDArray

from robosim.compiled import compiled

JOINT_NOISE, RATE_NOISE = 0.01, 0.5  # rad, rad/s, half of legged_gym's ranges as standard deviations
RATE_LIMIT = 30.0  # rad/s; FR_upper_joint turns up to 28.6


@compiled
def gauge(
    feet: NDArray[np.float64], speeds: NDArray[np.float64], pressed: tuple[bool, bool, bool, bool],
    velocity: tuple[float, float, float], spin: tuple[float, float, float],
    torques: NDArray[np.float64], rates: NDArray[np.float64],
    action: NDArray[np.float64], previous: NDArray[np.float64], out: NDArray[np.float64],
) -> None:  # fmt: skip
    """Writes what a control step came to.

    In this order: means over the feet that press of their positions (3, m) and speeds (3, m/s), and of their slip along
    the trunk's level (m/s), 0 where none presses; what power the motors put in (W), the sum of squared torques (N²·m²),
    the largest torque (N·m), the mean squares of the action's change and of the action.

    Args:
        feet: (4, 3), m.
        speeds: (4, 3), of the feet against the trunk, m/s.
        pressed: Which feet press.
        velocity: Of the trunk in its own frame, m/s.
        spin: Of the trunk in its own frame, rad/s.
        torques: (12,), of the motors, N·m.
        rates: (12,), of the joints, rad/s.
        action: The last one.
        previous: That before.
        out: (12,), written.
    """
    out[:] = 0.0
    count = 0
    for leg in range(4):
        if pressed[leg]:
            count += 1
            x, y, z = feet[leg, 0], feet[leg, 1], feet[leg, 2]
            along = velocity[0] + spin[1] * z - spin[2] * y + speeds[leg, 0]
            across = velocity[1] + spin[2] * x - spin[0] * z + speeds[leg, 1]
            out[6] += math.sqrt(along * along + across * across)
            for axis in range(3):
                out[axis] += feet[leg, axis]
                out[3 + axis] += speeds[leg, axis]
    if count > 0:
        for number in range(7):
            out[number] /= count
    for joint in range(12):
        torque = torques[joint]
        out[7] += max(torque * rates[joint], 0.0)
        out[8] += torque * torque
        out[9] = max(out[9], abs(torque))
    for number in range(len(action)):
        out[10] += (action[number] - previous[number]) ** 2 / len(action)
        out[11] += action[number] ** 2 / len(action)


@compiled
def describe(
    imu: NDArray[np.float32], joints: NDArray[np.float64], stand: NDArray[np.float64], normals: NDArray[np.float64],
    noise: float, velocity: tuple[float, float, float], action: NDArray[np.float64],
    pressed: tuple[bool, bool, bool, bool], clock: tuple[float, float], out: NDArray[np.float32],
) -> None:  # fmt: skip
    """Writes proprioception, as `robosim.robots.a1.A1` has it.

    Args:
        imu: (6,), as read.
        joints: (3, 12), positions (rad), velocities (rad/s); the rest is not read.
        stand: (12,), rad, the joints' angles in which it stands.
        normals: (24,), drawn for the noise of positions and velocities.
        noise: Multiplies that.
        velocity: By leg odometry, m/s.
        action: The last one.
        pressed: Which feet press.
        clock: The cycle's sine and cosine.
        out: (39 + len(action),), written.
    """
    for number in range(6):
        out[number] = imu[number]
    for joint in range(12):
        out[6 + joint] = joints[0, joint] - stand[joint] + JOINT_NOISE * (noise * normals[joint])
        rate = joints[1, joint] + RATE_NOISE * (noise * normals[12 + joint])
        out[18 + joint] = min(max(rate, -RATE_LIMIT), RATE_LIMIT)
    for axis in range(3):
        out[30 + axis] = velocity[axis]
    size = len(action)
    for number in range(size):
        out[33 + number] = action[number]
    for leg in range(4):
        out[33 + size + leg] = 1.0 if pressed[leg] else 0.0
    out[37 + size], out[38 + size] = clock[0], clock[1]
