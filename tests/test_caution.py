"""The last word on a command: it passes where the robot can stop in time, and is turned down where it cannot."""

import math
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from robosim.agents.policies.caution import ELBOW, KEPT, SAMPLES, Slews, cautious, course
from robosim.agents.policies.dwa import Dwa
from robosim.robots.courier import FORWARD, SIZE, YAW_RATE
from robosim.sensors.sectors import NEARNESS

SECTORS = 60
SLEWS = Slews(1.3, 2.0)
FRONT = SIZE[0] / 2  # m, from the middle to the front
FULL = np.array([1.0, 0.0], np.float32)
Seen = dict[str, NDArray[np.float32]]


def seen_at(
    x: float, y: float, *, speed: float = 0.0, rate: float = 0.0, mapped: bool = True, nearer: float = 0.0
) -> Seen:
    """One point in the scan, in m; how fast the robot is (m/s, rad/s) and how fast the point comes nearer (m/s)."""
    sector = int((math.atan2(y, x) + math.pi) / (2 * math.pi) * SECTORS) % SECTORS
    lidar = np.zeros((4, SECTORS), np.float32)
    lidar[0, sector] = math.exp(-math.hypot(x, y) / NEARNESS)
    lidar[2, sector] = nearer / 2
    unmapped = np.zeros(SECTORS, np.float32) if mapped else lidar[0].copy()
    told = np.zeros(14, np.float32)
    told[:2] = speed, rate
    told[4:13] = 5.0, 0.0, 1.0, 0.6, 0.0, 1.5, 0.0, 3.0, 0.0  # the goal and the path lie straight ahead
    return {"state": told, "lidar": lidar.ravel(), "unmapped": unmapped}


def test_a_free_way_is_gone_as_commanded() -> None:
    command = np.array([0.8, -0.3], np.float32)
    for seen in (seen_at(-2.0, 0.0, speed=1.2), seen_at(2.4, 0.1, speed=0.4), seen_at(0.5, 1.0, speed=1.2)):
        assert np.array_equal(cautious(command, seen, SLEWS), command)
    assert np.array_equal(cautious(command, {"state": np.zeros(14, np.float32)}, SLEWS), command)


@pytest.mark.parametrize(("away", "goes_on"), [(1.5, True), (0.7, False)])
def test_at_full_speed_it_keeps_the_way_it_takes_to_stop(away: float, goes_on: bool) -> None:
    stop = KEPT * FORWARD + FORWARD**2 / (2 * SLEWS.braking)
    assert 0.7 < stop < 1.5
    action = cautious(FULL, seen_at(FRONT + away, 0.05, speed=FORWARD), SLEWS)
    assert (action[0] == 1.0) == goes_on
    assert goes_on or action[0] <= 0.5


@pytest.mark.parametrize(("steps", "goes_on"), [(60, True), (20, False), (0, True)])  # 2.4 m, 0.8 m, nothing
def test_by_depth_cameras_it_stops_as_well(steps: int, goes_on: bool) -> None:
    wall = np.full((48, 128, 1), steps, np.uint8)
    told = np.zeros(14, np.float32)
    told[0] = FORWARD
    told[4:13] = 5.0, 0.0, 1.0, 0.6, 0.0, 1.5, 0.0, 3.0, 0.0
    seen: dict[str, NDArray[Any]] = {"state": told, "depth8": wall}
    assert (cautious(FULL, seen, SLEWS)[0] == 1.0) == goes_on
    assert (Dwa().predict(seen)[0][0] > 0.6) == goes_on


@pytest.mark.parametrize(("retreats", "done"), [(True, [-0.5, 1.0]), (False, [0.0, 0.0])])
def test_who_retreats_backs_off_where_others_stand(retreats: bool, done: list[float]) -> None:
    left = np.array([1.0, 1.0], np.float32)
    seen, behind = seen_at(FRONT + 0.02, -0.2), seen_at(-FRONT - 0.02, 0.02)
    assert cautious(left, seen, SLEWS, retreats=retreats).tolist() == done
    seen["lidar"] = np.maximum(seen["lidar"], behind["lidar"])
    assert cautious(left, seen, SLEWS, retreats=retreats).tolist() == [0.0, 0.0]


def test_people_are_kept_off_farther_than_walls() -> None:
    creep = np.array([0.05, 0.0], np.float32)
    where = FRONT + ELBOW - 0.02, 0.02
    assert cautious(creep, seen_at(*where, speed=0.05), SLEWS)[0] > 0
    assert cautious(creep, seen_at(*where, speed=0.05, mapped=False), SLEWS)[0] <= 0


def test_who_has_no_map_keeps_off_those_who_walk() -> None:
    creep = np.array([0.05, 0.0], np.float32)
    walls, walker = (seen_at(FRONT + ELBOW - 0.02, 0.02, speed=0.05) for _ in range(2))
    walker["lidar"].reshape(4, SECTORS)[3] = 0.15 / 2  # to the left
    for seen, goes_on in ((walls, True), (walker, False)):
        del seen["unmapped"]
        assert (cautious(creep, seen, SLEWS)[0] > 0) == goes_on


def test_who_comes_nearer_is_waited_for() -> None:
    slow = np.array([0.4, 0.0], np.float32)
    assert cautious(slow, seen_at(1.4, 0.05, speed=0.48, mapped=False), SLEWS)[0] > 0.3
    assert cautious(slow, seen_at(1.4, 0.05, speed=0.48, mapped=False, nearer=1.4), SLEWS)[0] < 0.3


def test_it_may_leave_what_it_is_too_close_to() -> None:
    back = np.array([-1.0, 0.0], np.float32)
    assert np.array_equal(cautious(back, seen_at(FRONT + 0.01, 0.05), SLEWS), back)


def test_its_course_is_that_of_the_slews() -> None:
    poses, turning = np.empty((SAMPLES, 3)), np.empty((SAMPLES, 3))
    course((1.0, 0.0), (1.0, 0.0), SLEWS, poses)
    assert poses[-1, 0] == pytest.approx(KEPT * 1.0 + 1.0 / (2 * SLEWS.braking), abs=0.07)
    assert not poses[:, 1:].any()
    course((0.0, 0.0), (0.0, YAW_RATE), SLEWS, turning)
    assert turning[-1, 2] == pytest.approx(2 * SLEWS.twist * KEPT**2 / 2, abs=0.07)  # up and down again
    assert not turning[:, :2].any()


def test_the_dynamic_window_reckons_with_heavy_robots() -> None:
    ahead = seen_at(1.3, 0.05, speed=FORWARD)
    light, heavy = (Dwa(braking).predict(ahead)[0] for braking in (2.0, 0.6))
    assert heavy[0] < light[0]
    # Still turning to the right, towards something: who turns slowly gets there first.
    beside = seen_at(0.75, -0.35, speed=0.6, rate=-YAW_RATE)
    quick, slow = Dwa().predict(beside)[0], Dwa(2.0, 0.8).predict(beside)[0]
    assert slow[0] < quick[0]
