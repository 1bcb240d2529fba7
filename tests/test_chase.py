"""Where a spectator stands who follows a robot: no rack in between, and no jumps."""

import math
from dataclasses import replace

import numpy as np
import pytest

from robosim.envs.chase import AWAY, BEHIND, GLIDES, Chase
from robosim.worlds.warehouse.generate import generate
from robosim.worlds.warehouse.layout import Layout, Pillar, Rack

HALL = generate(np.random.default_rng(0), 0)
EMPTY = replace(HALL, size=(20.0, 20.0), racks=(), pillars=())
RACK = replace(EMPTY, racks=(Rack(-1.5, 0.0, math.pi / 2, 2),))  # from 1 to 2 m behind a robot that is headed along x
PILLARS = replace(EMPTY, pillars=(Pillar(-1.8, 0.0),))
DT = 0.1  # s


def far_behind(chase: Chase, layout: Layout) -> float:
    (x, y, z), _ = chase.view(0.0, 0.0, layout)
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


def test_it_stays_before_a_pillar() -> None:
    assert far_behind(Chase(), PILLARS) == pytest.approx(1.0)


def test_a_wall_is_not_looked_through() -> None:
    chase = Chase()
    (x, _, _), _ = chase.view(-8.5, 0.0, EMPTY)
    assert x > -10.0


def test_it_glides_and_turns_slowly() -> None:
    chase = Chase()
    chase.begin(math.pi)
    before = far_behind(chase, RACK)
    assert before == pytest.approx(BEHIND[0])
    for _ in range(60):  # it turns until the rack is behind it
        chase.turn(0.0, DT)
        now = far_behind(chase, RACK)
        assert -GLIDES[1] * DT - 1e-9 <= before - now <= GLIDES[0] * DT + 1e-9
        before = now
    assert now == pytest.approx(far_behind(Chase(), RACK), abs=0.01)
