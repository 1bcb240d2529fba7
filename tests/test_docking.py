"""Docking: a robot that does as it says comes to stand where it has to, square, and a brisk one does so sooner."""

import math

import numpy as np
import pytest
from numpy.typing import NDArray

from robosim.agents.policies.docking import BRISK, PATIENT, Pace, align, approach
from robosim.math import clip
from robosim.robots.courier import ACCELERATION, BACKWARD, FORWARD, YAW_RATE
from robosim.robots.picker import Picker
from robosim.sensors.sectors import NEARNESS

DT, LATE = 0.1, 2  # s, and steps from a command to what comes of it
ROWS, SECTORS = 4, 60
Pose = tuple[float, float, float]


def seen_from(
    pose: Pose, goal: Pose, motion: tuple[float, float], ahead: float = math.inf
) -> dict[str, NDArray[np.float32]]:
    x, y, heading = pose
    dx, dy, off = goal[0] - x, goal[1] - y, goal[2] - heading
    cos, sin = math.cos(heading), math.sin(heading)
    lidar = np.zeros((ROWS, SECTORS), np.float32)
    lidar[0, SECTORS // 2] = math.exp(-ahead / NEARNESS)
    job = np.array((1.0, cos * dx + sin * dy, cos * dy - sin * dx, math.sin(off), math.cos(off)), np.float32)
    return {"job": job, "state": np.array((*motion, 0.0, 0.0), np.float32), "lidar": lidar.ravel()}


def dock(pace: Pace, start: Pose, heading: float) -> tuple[float, Pose]:
    """Drives from a pose to the origin, and turns; gives how long that took, s, and where it ends."""
    (x, y, yaw), speed, rate, near = start, 0.0, 0.0, False
    told = [[0.0, 0.0]] * LATE
    for step in range(300):
        away = math.hypot(x, y)
        near = near or away < pace.at
        off = abs((heading - yaw + math.pi) % (2 * math.pi) - math.pi)
        if near and off < pace.square and abs(speed) < 0.02:
            return step * DT, (x, y, yaw)
        told.append((align if near else approach)(seen_from((x, y, yaw), (0.0, 0.0, heading), (speed, rate)), pace))
        share, turn = told[-LATE]
        wanted = share * (FORWARD if share > 0 else BACKWARD)
        most = (ACCELERATION if abs(wanted) > abs(speed) else Picker.braking) * DT
        speed += clip(wanted - speed, -most, most)
        most = Picker.yaw_acceleration * DT
        rate += clip(turn * YAW_RATE - rate, -most, most)
        yaw += rate * DT
        x, y = x + speed * math.cos(yaw) * DT, y + speed * math.sin(yaw) * DT
    raise AssertionError(f"it never stood, but was at {x}, {y}, {yaw}")


@pytest.mark.parametrize("start", [(-0.32, 0.0, 0.0), (-0.3, 0.1, -0.4), (0.25, 0.05, 0.2)])
@pytest.mark.parametrize("heading", [0.4, math.pi / 2, -2.5])
def test_it_stands_where_it_has_to_and_a_brisk_one_sooner(start: Pose, heading: float) -> None:
    took = dict[Pace, float]()
    for pace in (PATIENT, BRISK):
        took[pace], (x, y, _) = dock(pace, start, heading)
        assert math.hypot(x, y) < 0.09  # from where the arm's controllers still reach everything
    assert took[BRISK] < 0.8 * took[PATIENT]


@pytest.mark.parametrize("pace", [PATIENT, BRISK])
def test_it_waits_for_who_stands_in_the_way(pace: Pace) -> None:
    there = (-0.3, 0.0, 0.0), (0.0, 0.0, 0.0), (0.0, 0.0)
    assert approach(seen_from(*there), pace)[0] > 0
    assert approach(seen_from(*there, ahead=0.4), pace)[0] == 0


def test_no_more_is_asked_than_there_is() -> None:
    for off in (-3.0, 3.0):
        seen = seen_from((0.3, 0.0, 0.0), (0.0, 0.0, off), (0.0, 0.0))
        for speed, turn in (approach(seen, BRISK), align(seen, BRISK)):
            assert -1 <= speed <= 1
            assert -1 <= turn <= 1
