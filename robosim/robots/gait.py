"""What an action of A1 in gait mode comes to: the trot's parameters, its command, its feet, and the joints' targets."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from robosim.compiled import compiled, inlined
from robosim.robots.legs import carry, trot

HEIGHT = 0.24  # m, of the hips above the feet's middles; at 0.26 it falls off stairs and stones twice as often
FREQUENCY, FREQUENCY_RANGE = 2.5, 0.8  # Hz; cycles a second at action 0, and what the action adds at most
CLEARANCE, CLEARANCE_RANGE = 0.08, 0.05  # m
HEIGHT_RANGE = 0.04  # m
REACH = (0.12, 0.08, 0.1)  # m, of the feet's residuals along x, y, z: over a gap of 0.2 m from its middle
FOOT_X, FOOT_Y = (
    np.linspace(-REACH[0], REACH[0], 7),
    np.linspace(-REACH[1], REACH[1], 5),
)  # m; where a foot is looked for
# Forward speed at action 0 and what the action adds (m/s), and yaw rate (rad/s), of a robot that steers itself; share
# of the way to it that is gone in a control step.
SPEED, SPEED_RANGE, TURN_RANGE, STEER = 0.2, 0.3, 0.8, 0.1
SMOOTH = 0.35  # of the way to a new action is gone in a control step: a low-pass at 3.4 Hz


class Gait(NamedTuple):
    """What the kernels read and write, all float64.

    Attributes:
        action: (size,), the last one, within ±1.
        previous: (size,), that before.
        smooth: (size,), the action after its low-pass.
        command: (3,), forward and leftward velocity (m/s) and yaw rate (rad/s).
        feet: (3, 4, 3), m, as `legs.carry` has them.
        residuals: (12,), m, the first row of ``feet``, in the same memory.
        wanted: (12,), m, where the feet are sent.
        targets: (12,), rad, of the joints.
    """

    action: NDArray[np.float64]
    previous: NDArray[np.float64]
    smooth: NDArray[np.float64]
    command: NDArray[np.float64]
    feet: NDArray[np.float64]
    residuals: NDArray[np.float64]
    wanted: NDArray[np.float64]
    targets: NDArray[np.float64]


def new_gait(size: int) -> Gait:
    """Reserves memory for actions of so many numbers."""
    feet = np.zeros((3, 4, 3))
    action, previous, smooth = np.zeros((3, size))
    return Gait(action, previous, smooth, np.zeros(3), feet, feet[0].reshape(12), np.zeros(12), np.zeros(12))


@compiled
def heed(gait: Gait, action: NDArray[np.float32]) -> None:
    """Takes an action, held to ±1, and moves the smoothed one on."""
    _heed(gait, action)


@inlined
def _heed(gait: Gait, action: NDArray[np.float32]) -> None:
    for number in range(len(action)):
        gait.previous[number] = gait.action[number]
        gait.action[number] = min(max(action[number], -1.0), 1.0)
        gait.smooth[number] += SMOOTH * (gait.action[number] - gait.smooth[number])


@compiled
def step(
    gait: Gait, action: NDArray[np.float32], phase: float, control_dt: float, steers: bool
) -> tuple[float, float, float]:
    """Takes an action and writes the joints' targets.

    Args:
        gait: What was, which is brought up to date.
        action: (size,).
        phase: Of the cycle, in [0, 1).
        control_dt: s, since the last one.
        steers: Whether the action also sets the command.

    Returns:
        The phase now, cycles a second, and the height of the hips above the feet, m.
    """
    _heed(gait, action)
    smooth, command = gait.smooth, gait.command
    frequency = FREQUENCY + FREQUENCY_RANGE * smooth[12]
    clearance = CLEARANCE + CLEARANCE_RANGE * smooth[13]
    height = HEIGHT + HEIGHT_RANGE * smooth[14]
    if steers:
        command[0] += STEER * (SPEED + SPEED_RANGE * smooth[15] - command[0])
        command[1] += STEER * (0.0 - command[1])
        command[2] += STEER * (TURN_RANGE * smooth[16] - command[2])
    phase = (phase + frequency * control_dt) % 1.0
    for number in range(12):
        gait.wanted[number] = REACH[number % 3] * gait.action[number]
    carry(phase, gait.wanted, gait.feet)
    trot(phase, frequency, clearance, height, command, gait.residuals, gait.targets)
    return phase, frequency, height
