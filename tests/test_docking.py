"""Docking: a robot that does as it says comes to stand where the arm's work is done, and a swift one does so sooner."""

import math

import numpy as np
import pytest
from numpy.typing import NDArray

from robosim.agents.policies.carrier import SLEWS
from robosim.agents.policies.docking import Docking, Patient, Seen
from robosim.agents.policies.swift_docking import Swift
from robosim.math import clip
from robosim.robots.courier import ACCELERATION, BACKWARD, FORWARD, SIZE, YAW_RATE
from robosim.sensors.sectors import NEARNESS

DT, LATE = 0.1, 2  # s, and steps from a command to what comes of it
SECTORS = 60
Pose = tuple[float, float, float]
SWIFT, PATIENT = Swift(SLEWS), Patient()
BACKING = {"backing": True, "swung": False}


def seen_from(
    pose: Pose, heading: float, motion: tuple[float, float] = (0.0, 0.0), *, fetching: bool = True, person: float = 0.0
) -> Seen:
    """What is seen of a spot at the origin: from a pose, of a robot that moves, perhaps of somebody so far ahead."""
    x, y, yaw = pose
    cos, sin, off = math.cos(yaw), math.sin(yaw), heading - yaw
    lidar = np.zeros((4, SECTORS), np.float32)
    lidar[0, SECTORS // 2] = math.exp(-person / NEARNESS) if person else 0.0
    told = np.zeros(14, np.float32)
    told[:2] = motion
    told[7:13] = 0.0, 0.6, 0.0, 1.5, 0.0, 3.0  # its path leads to the left
    job = np.array((fetching, -cos * x - sin * y, sin * x - cos * y, math.sin(off), math.cos(off)), np.float32)
    return {"job": job, "state": told, "lidar": lidar.ravel(), "unmapped": lidar[0]}


def dock(docking: Docking, start: Pose, heading: float, *, fetching: bool) -> tuple[float, Pose]:
    """Drives up at 0.8 m/s, and docks at the origin; gives how long that took, s, and where it stands."""
    (x, y, yaw), speed, rate, has_come = start, 0.8, 0.0, False
    told = [[0.8 / FORWARD, 0.0]] * LATE
    for step in range(300):
        seen = seen_from((x, y, yaw), heading, (speed, rate), fetching=fetching)
        has_come = docking.comes(seen) or (has_come and not docking.strays(seen))
        if has_come and docking.stands(seen):
            return step * DT, (x, y, yaw)
        told.append((docking.align if has_come else docking.approach)(seen))
        drive, turn = told[-LATE]
        wanted = drive * (FORWARD if drive > 0 else BACKWARD)
        most = (ACCELERATION if abs(wanted) > abs(speed) else SLEWS.braking) * DT
        speed += clip(wanted - speed, -most, most)
        rate += clip(turn * YAW_RATE - rate, -SLEWS.twist * DT, SLEWS.twist * DT)
        yaw += rate * DT
        x, y = x + speed * math.cos(yaw) * DT, y + speed * math.sin(yaw) * DT
    raise AssertionError(f"it never stood, but was at {x}, {y}, {yaw}")


@pytest.mark.parametrize("fetching", [True, False])
@pytest.mark.parametrize("docking", [PATIENT, SWIFT])
def test_from_anywhere_near_it_comes_to_stand_where_it_has_to(docking: Docking, fetching: bool) -> None:
    rng = np.random.default_rng(0)
    for _ in range(100):
        bearing, askew, heading = rng.uniform(-math.pi, math.pi), rng.uniform(-0.6, 0.6), rng.uniform(-math.pi, math.pi)
        start = -0.32 * math.cos(bearing), -0.32 * math.sin(bearing), bearing + askew
        _, (x, y, yaw) = dock(docking, start, heading, fetching=fetching)
        along, beside = math.cos(heading) * x + math.sin(heading) * y, math.cos(heading) * y - math.sin(heading) * x
        assert abs(math.remainder(yaw - heading, 2 * math.pi)) < (0.05 if fetching else 0.1)
        assert abs(along) < (0.03 if fetching else 0.05)
        assert abs(beside) < (0.1 if fetching else 0.25)  # which the arm makes up for


@pytest.mark.parametrize("heading", [math.pi / 2, -1.2, math.pi])
def test_swiftly_it_stands_there_much_sooner(heading: float) -> None:
    start = -0.3, 0.1, 0.0  # it comes along a rack and a little beside the spot
    patient, swift = (dock(docking, start, heading, fetching=True)[0] for docking in (PATIENT, SWIFT))
    assert swift < 0.7 * patient


def test_along_a_rack_it_does_not_turn_to_the_spot() -> None:
    drive, turn = SWIFT.approach(seen_from((-0.25, 0.1, 0.0), math.pi / 2))
    assert (drive > 0, turn) == (True, 0.0)
    assert not SWIFT.comes(seen_from((-0.25, 0.1, 0.0), math.pi / 2))
    assert SWIFT.comes(seen_from((-0.02, 0.1, 0.0), math.pi / 2))  # from here it turns, and backs off a little
    assert PATIENT.approach(seen_from((-0.25, 0.1, 0.0), math.pi / 2))[1] < 0


@pytest.mark.parametrize("docking", [PATIENT, SWIFT])
def test_it_waits_for_who_stands_in_the_way(docking: Docking) -> None:
    start, front = (-0.3, 0.0, 0.0), SIZE[0] / 2
    assert docking.approach(seen_from(start, 0.0))[0] > 0
    assert docking.approach(seen_from(start, 0.0, person=front + 0.12))[0] <= 0


def test_what_is_carried_is_brought_ahead_on_the_last_of_the_turn_alone() -> None:
    wide, last = (seen_from((0.0, 0.0, 0.0), off, fetching=False) for off in (2.0, 1.4))
    assert [SWIFT.brings(seen, has_come=True) for seen in (wide, last)] == [False, True]
    turning, straight = (seen_from((*at, 0.0), 0.0, fetching=False) for at in ((0.0, -0.25), (-0.25, 0.0)))
    assert [SWIFT.brings(seen, has_come=False) for seen in (turning, straight)] == [False, True]
    assert SWIFT.approach(turning)[1] == 1.0
    assert [PATIENT.brings(wide, has_come=there) for there in (True, False)] == [True, False]
    assert abs(SWIFT.align(wide)[1]) > abs(SWIFT.align(last)[1])  # more slowly then: it reaches out, and may be heavy


@pytest.mark.parametrize(("speed", "brought"), [(0.0, True), (0.8, False)])
def test_what_is_carried_is_not_brought_to_who_walks_by(speed: float, brought: bool) -> None:
    seen = dict(seen_from((0.0, 0.0, 0.0), 0.3, fetching=False))
    for away, expected in ((0.9, brought), (1.4, True)):
        lidar = np.zeros((4, SECTORS), np.float32)
        lidar[0, SECTORS // 4], lidar[3, SECTORS // 4] = math.exp(-away / NEARNESS), speed / 2
        seen["lidar"] = lidar.ravel()
        assert SWIFT.brings(seen, has_come=True) == expected


def test_having_backed_off_it_turns_to_its_path_while_the_arm_is_brought_over_the_deck() -> None:
    seen = seen_from((0.0, 0.0, 0.0), 0.0)
    for swung in (True, False):
        assert SWIFT.leave(seen, backing=True, swung=swung) == PATIENT.leave(seen, backing=True, swung=swung)
        assert SWIFT.leave(seen, backing=True, swung=swung)[0] < 0
        assert PATIENT.leave(seen, backing=False, swung=swung) == [0.0, 0.0]
    assert SWIFT.leave(seen, backing=False, swung=False) == [0.0, 0.0]  # it would sweep what is ahead of it
    drive, turn = SWIFT.leave(seen, backing=False, swung=True)
    assert (drive, turn > 0.5) == (0.0, True)


@pytest.mark.parametrize("docking", [PATIENT, SWIFT])
def test_it_does_not_back_into_anybody(docking: Docking) -> None:
    seen, free = dict(seen_from((0.0, 0.0, 0.0), 0.0)), docking.leave(seen_from((0.0, 0.0, 0.0), 0.0), **BACKING)
    behind = np.zeros((4, SECTORS), np.float32)
    behind[0, 0] = math.exp(-(SIZE[0] / 2 + 0.12) / NEARNESS)
    seen["lidar"] = behind.ravel()
    assert free[0] < 0
    assert docking.leave(seen, **BACKING)[0] == 0


def test_swiftly_it_drives_what_is_left_unless_somebody_stands_there() -> None:
    assert SWIFT.align(seen_from((-0.2, 0.0, 0.0), 0.0))[0] > 0
    assert SWIFT.align(seen_from((-0.2, 0.0, 0.0), 0.0, person=SIZE[0] / 2 + 0.12))[0] <= 0


@pytest.mark.parametrize("docking", [PATIENT, SWIFT])
def test_no_more_is_asked_than_there_is(docking: Docking) -> None:
    rng = np.random.default_rng(1)
    for _ in range(200):
        pose = float(rng.uniform(-0.6, 0.6)), float(rng.uniform(-0.6, 0.6)), float(rng.uniform(-3, 3))
        motion = float(rng.uniform(-0.3, 1.2)), float(rng.uniform(-1.5, 1.5))
        seen = seen_from(pose, float(rng.uniform(-3, 3)), motion)
        commands: NDArray[np.float64] = np.array([docking.approach(seen), docking.align(seen)])
        assert np.abs(commands).max() <= 1
