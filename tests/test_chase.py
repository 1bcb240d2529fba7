"""Where a spectator stands who follows a robot: no rack in between, and no jumps."""

import math

import numpy as np
import pytest

from robosim.envs.chase import AWAY, BEHIND, GLIDES, Chase
from robosim.planning.grid import Grid, rasterise

EMPTY = rasterise(np.empty((0, 5)), (20.0, 20.0))
RACK = rasterise([(-1.5, 0.0, 0.5, 4.0, 0.0)], (20.0, 20.0))  # from 1 to 2 m behind a robot that is headed along x
DT = 0.1  # s


def far_behind(chase: Chase, grid: Grid) -> float:
    (x, y, z), _ = chase.view(0.0, 0.0, grid)
    assert math.hypot(x, y, z) == pytest.approx(AWAY)
    return math.hypot(x, y)


def test_it_is_behind_the_robot_and_looks_ahead_of_it() -> None:
    chase = Chase()
    chase.begin(math.pi / 2)
    place, aim = chase.view(1.0, 2.0, EMPTY)
    assert place[:2] == pytest.approx((1.0, 2.0 - BEHIND[0]))
    assert aim == pytest.approx((1.0, 3.2, 0.2))


def test_it_is_above_the_robot_where_a_rack_would_hide_it() -> None:
    assert far_behind(Chase(), RACK) == pytest.approx(1.5)  # and sees over its 2.4 m, and what stands on it
    chase = Chase()
    chase.begin(math.pi)  # and with the rack ahead
    assert far_behind(chase, RACK) == pytest.approx(BEHIND[0])


def test_a_wall_is_not_looked_through() -> None:
    chase = Chase()
    (x, _, _), _ = chase.view(-8.5, 0.0, EMPTY)
    assert x > -10.0


def test_it_glides_and_turns_slowly() -> None:
    chase = Chase()
    before = far_behind(chase, EMPTY)
    for _ in range(30):
        chase.turn(0.0, DT)
        now = far_behind(chase, RACK)
        assert 0.0 <= before - now <= GLIDES[0] * DT + 1e-9
        before = now
    assert now == pytest.approx(far_behind(Chase(), RACK))
    for _ in range(100):
        chase.turn(math.pi, DT)
    assert chase.view(0.0, 0.0, EMPTY)[0][0] > 0
