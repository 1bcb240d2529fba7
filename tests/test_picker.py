"""The courier with its arm: kinematics, limits, interlock, what it weighs and bears, and what it tells of itself."""

import math
from collections.abc import Iterator

import numpy as np
import pytest
from bench import HOLD, SIDE, STILL, Bench, bench

from robosim.math import IDENTITY, to_body
from robosim.physics import Physics
from robosim.robots import picker
from robosim.robots.courier import DECK, RADIUS, SIZE
from robosim.robots.mast import (
    CLEAR,
    COLUMN,
    LIFT,
    RATES,
    REACH,
    SLEWS,
    TURN_LOW,
    TURRET,
    reach_for,
    tool_position,
)  # fmt: skip
from robosim.robots.picker import Picker
from robosim.shapes import Box

LINKS = ["chassis", "casters", "left_wheel", "right_wheel", "mast", "carriage", "bellows", "cup"]
STAGES = [f"stage_{k}" for k in (1, 2, 3, 4)]
AHEAD = (0.0, 1.0, 0.5)


@pytest.fixture(scope="module")
def made() -> Iterator[Bench]:
    with bench() as one:
        yield one


@pytest.fixture
def ready(made: Bench) -> Bench:
    made.begin(AHEAD)
    return made


def lip_in_base(one: Bench) -> tuple[float, float, float]:
    """Where the physics has the lip, in the base frame."""
    (x, y, z), _ = one.robot.body.pose()
    a, b, c = one.robot.suction.pose()[0]
    return to_body(one.robot.body.rows(), (a - x, b - y, c - z))


def test_it_weighs_what_it_says(made: Bench) -> None:
    assert sum(made.robot.body.mass(link) for link in LINKS + STAGES) == pytest.approx(picker.MASS)


@pytest.mark.parametrize("arm", [(0.0, 0.07, 0.26), (0.2, 0.3, 0.8), (-2.0, 1.8, 0.5), (math.pi, 0.52, 0.26)])
def test_the_closed_form_is_where_the_physics_has_the_lip(ready: Bench, arm: tuple[float, float, float]) -> None:
    ready.begin(arm)
    assert lip_in_base(ready) == pytest.approx(tool_position(*arm), abs=1e-6)
    assert reach_for(*tool_position(*arm)) == pytest.approx(arm, abs=1e-9)


def test_it_is_there_also_with_a_load_that_sags(ready: Bench) -> None:
    ready.begin((0.0, 0.9, 0.4), mass=8.0)
    lip = ready.robot.suction.pose()[0]
    ready.box.place((lip[0] + SIDE / 2 + 0.001, 0.0, lip[2]))
    ready.robot.suction.grasp(ready.box)
    ready.control((0.0, 0.0, 0.3, 0.2, 0.3, 1.0), 1.0)
    ready.control(HOLD, 1.0)
    assert ready.robot.mast.sag > 0.06
    assert ready.robot.tool() == pytest.approx(lip_in_base(ready), abs=2e-3)


def test_it_moves_at_the_rates_asked_for_and_slews(ready: Bench) -> None:
    before = ready.robot.mast.motion()[:3]
    ready.control((0.0, 0.0, 0.5, -0.5, 0.2, -1.0), 1.0)
    rates = ready.robot.mast.motion().rates
    assert rates == pytest.approx((0.5 * RATES[0], -0.5 * RATES[1], 0.2 * RATES[2]), rel=0.02)
    ready.control(STILL, 1.0)
    after = ready.robot.mast.motion()[:3]
    for k, share in enumerate((0.5, -0.5, 0.2)):
        # As long to speed up as to slow down: together as far as full speed for the whole second.
        assert after[k] - before[k] == pytest.approx(share * RATES[k], abs=abs(share) * RATES[k] * 0.03)
    ready.robot.act(np.array((0, 0, 1.0, 0, 0, -1.0), np.float32))
    ready.robot.actuate()
    ready.physics.step()
    assert 0 < ready.robot.mast.motion().rates[0] <= SLEWS[0] * 0.01 * 1.01


def test_it_stops_at_its_ends(ready: Bench) -> None:
    ready.control((0.0, 0.0, 1.0, 1.0, 1.0, -1.0), 5.0)
    assert ready.robot.mast.motion()[:3] == pytest.approx((TURRET, LIFT[1], REACH[1]), abs=2e-3)
    ready.control((0.0, 0.0, -1.0, 0.0, -1.0, -1.0), 6.0)
    ready.control((0.0, 0.0, 0.0, -1.0, 0.0, -1.0), 4.0)
    turret, lift, reach = ready.robot.mast.motion()[:3]
    assert (turret, reach) == pytest.approx((-TURRET, REACH[0]), abs=2e-3)
    assert lift == pytest.approx(CLEAR, abs=2e-3)  # behind it may go no lower


@pytest.mark.parametrize("way", [1.0, -1.0])
def test_below_the_deck_it_does_not_turn_into_its_base(ready: Bench, way: float) -> None:
    ready.begin((0.0, 0.1, 0.3))
    ready.control((0.0, 0.0, way, 0.0, 0.0, -1.0), 3.0)
    assert ready.robot.mast.motion().turret == pytest.approx(way * TURN_LOW, abs=2e-3)
    ready.control((0.0, 0.0, way, 1.0, 0.0, -1.0), 2.0)  # up it goes on
    assert abs(ready.robot.mast.motion().turret) > 1.0
    ready.control((0.0, 0.0, 0.0, -1.0, 0.0, -1.0), 4.0)
    assert ready.robot.mast.motion().lift == pytest.approx(CLEAR, abs=2e-3)
    assert CLEAR > DECK
    assert ready.robot.bumped() == {}


def test_turned_over_the_edge_while_coming_down_it_waits(ready: Bench) -> None:
    ready.begin((0.5, 0.6, 0.3))
    for _ in range(30):
        ready.control((0.0, 0.0, -0.3, -1.0, 0.0, -1.0))
        turret, lift, _, _ = ready.robot.mast.motion()
        assert lift > CLEAR - 0.005 or abs(turret) < TURN_LOW + 0.02
    assert ready.robot.mast.motion().lift == pytest.approx(LIFT[0], abs=2e-3)


def test_nothing_of_the_arm_is_in_the_chassis_where_it_may_go(made: Bench) -> None:
    made.begin((TURN_LOW, 0.1, REACH[0]))
    front = SIZE[0] / 2
    carriage = made.robot.body.link_number("carriage")
    (x, _, _), turn = made.robot.body.link_poses([carriage])[0]
    for visual in made.robot.body.visuals:
        if visual.link == carriage and isinstance(visual.shape, Box) and visual.position[2] < 0.25:
            half = np.array(visual.shape.size) / 2
            corners = np.array(visual.position) + half * np.array(np.meshgrid(*[(-1, 1)] * 3)).reshape(3, 8).T
            angle = 2 * math.atan2(turn[2], turn[3])
            ahead = x + corners[:, 0] * math.cos(angle) - corners[:, 1] * math.sin(angle)
            assert ahead.min() > front


def test_it_does_not_tip_with_12_kg_at_full_reach(ready: Bench) -> None:
    ready.begin((0.0, 1.5, 0.5), mass=12.0)
    lip = ready.robot.suction.pose()[0]
    ready.box.place((lip[0] + SIDE / 2 + 0.001, 0.0, lip[2]))
    ready.robot.suction.grasp(ready.box)
    ready.control((0.0, 0.0, 0.0, 0.0, 0.5, 1.0), 2.0)
    lean = 0.0
    for turret in (0.5, -0.5):
        for _ in range(12):
            ready.control((0.0, 0.0, turret, 0.0, 0.0, 1.0))
            lean = max(lean, ready.lean())
    ready.control((0.5, 0.3, 0.0, 0.0, 0.0, 1.0), 1.0)
    for _ in range(10):
        ready.control(HOLD)
        lean = max(lean, ready.lean())
    assert ready.robot.suction.held is ready.box
    assert ready.robot.mast.motion().reach == pytest.approx(REACH[1], abs=3e-3)
    assert lean < 0.5
    assert not ready.robot.tipped


def test_the_lift_bears_what_hangs_on_it(ready: Bench) -> None:
    empty = ready.control(STILL, 1.5)[12]
    ready.begin(AHEAD, mass=5.0)
    lip = ready.robot.suction.pose()[0]
    ready.box.place((lip[0] + SIDE / 2 + 0.001, 0.0, lip[2]))
    ready.robot.suction.grasp(ready.box)
    assert ready.control(HOLD, 2.0)[12] - empty == pytest.approx(5.0 * 9.81, rel=0.02)


def test_it_pushes_no_harder_than_its_arm_can(ready: Bench) -> None:
    ready.begin((0.0, SIDE / 2, 0.4), mass=400.0)
    ready.before(0.02)
    ready.control((0.0, 0.0, 0.0, 0.0, 0.3, -1.0), 2.0)
    assert ready.robot.mast.press == pytest.approx(0.03, abs=5e-3)
    force = sum(ready.robot.body.touches("cup").values())
    assert 1500.0 * 0.03 < force < 130.0


def test_stowed_it_is_within_its_own_circle(ready: Bench) -> None:
    ready.begin(picker.STOWED)
    x, y, _ = lip_in_base(ready)
    assert math.hypot(x, y) < RADIUS
    assert ready.control(STILL, 0.5)[2] == pytest.approx(math.pi, abs=1e-3)


def test_it_drives_as_the_courier_does(ready: Bench) -> None:
    ready.begin(picker.STOWED)
    ready.control((1.0, 0.0, 0.0, 0.0, 0.0, -1.0), 3.0)
    senses = ready.control((0.5, 0.5, 0.0, 0.0, 0.0, -1.0), 2.0)
    assert senses[:2] == pytest.approx((0.6, 0.75), rel=0.05)
    assert ready.lean() < 0.5


def test_parked_it_stays(made: Bench) -> None:
    with Physics(1 / 100) as physics:
        floor, robot = physics.add_plane(), Picker(physics, parked=True)
        physics.save()
        physics.restore()
        floor.set_friction(0.6)
        robot.reset(((0.0, 0.0, 0.0), IDENTITY), np.random.default_rng(0), 1.0, AHEAD)
        assert robot.action_space.shape == (4,)
        rng = np.random.default_rng(1)
        for _ in range(50):
            robot.act(rng.uniform(-1, 1, 4).astype(np.float32))
            for _ in range(10):
                robot.actuate()
                physics.step()
            senses = robot.proprioception()
            assert robot.proprioception_space.contains(senses)
        assert np.abs(robot.body.pose()[0]).max() < 5e-3
        assert senses[1] == pytest.approx(robot.mast.motion().lift)


def test_senses_are_in_their_space_and_own_their_memory(ready: Bench) -> None:
    rng, last = np.random.default_rng(0), ready.control(STILL)
    for _ in range(60):
        senses = ready.control(rng.uniform(-1.5, 1.5, 6).tolist())
        assert ready.robot.proprioception_space.contains(senses)
        assert not np.shares_memory(last, senses)
        last = senses
    assert COLUMN < 0.28


def test_motors_deliver_power_to_lift_and_none_to_let_down(ready: Bench) -> None:
    ready.control((0.0, 0.0, 0.0, 1.0, 0.0, 0.0), 0.6)
    assert ready.robot.mast.power() > 20.0  # 7 kg at 0.5 m/s take 34 W
    ready.control(STILL, 1.0)
    ready.control((0.0, 0.0, 0.0, -1.0, 0.0, 0.0), 0.6)
    assert ready.robot.mast.motion().rates[1] < -0.1
    assert ready.robot.mast.power() < 1.0
