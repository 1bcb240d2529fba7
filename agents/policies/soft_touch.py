"""Touches softly: an arm that picks by its cameras comes slowly to what its wrist sees right before the cup.

A package that is met at half a metre a second goes on by 6 to 8 cm, and pushes what stands behind it, where no camera
sees it.
"""

import numpy as np
from numpy.typing import NDArray

from robosim.robots.mast import RATES

RATE_OUT, HELD = 5, 7  # in "state", what the arm feels
# Rows and columns of the wrist's picture in which the cup's axis is, 0.1 to 0.4 m away
BEFORE = slice(32, 47), slice(26, 38)
FARTHEST = 3.0  # m, that 255 stands for: `DEPTHS` of robosim/WarehousePick's cameras
LIP = 0.022  # m, by which the camera's depth is more than the way of the cup's lip; it measures in steps of 0.012 m
STEP = 0.1  # s, until what is decided has changed the arm's rate
TOUCH, BRAKE = 0.15, 1.0  # m/s and m/s²: how fast it meets what is there, and how it comes to that


def soften(action: NDArray[np.float32], felt: NDArray[np.float64], depth8: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Gives the action with the arm's rate outwards held back.

    Args:
        action: Of turret, lift, arm and suction, shape (4,).
        felt: What the arm feels, shape (15,), as robosim/WarehousePick tells it.
        depth8: What the wrist sees, shape (64, 64, 1) or (64, 64); 0 where it is nearer than 5 cm, or nothing is.

    Returns:
        The action; the same where what is seen is far off, and where something is held. Where no depth is measured, as
        right before something, it is held back.
    """
    if felt[HELD] > 0.5:
        return action
    away = float(np.median(depth8[BEFORE])) * FARTHEST / 255 - LIP
    left = max(away - STEP * max(float(felt[RATE_OUT]), 0.0), 0.0)
    most = (TOUCH * TOUCH + 2 * BRAKE * left) ** 0.5 / RATES[2]
    if action[2] <= most:
        return action
    softer = action.copy()
    softer[2] = most
    return softer
