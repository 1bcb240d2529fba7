"""The suction cup: what it seals on and what not, what it holds, when it lets go, and that all of it replays."""

import hashlib
import math
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from bench import HOLD, SIDE, STILL, Bench, bench

from robosim.errors import RobosimError
from robosim.math import IDENTITY, Vec3, axis_angle, quaternion_product, rotation_rows, to_world
from robosim.robots.mast import COLUMN, NOD
from robosim.robots.suction import DEPTH, FORCE, FRICTION, PEEL, RADIUS, SEAL, TOUCH, seals, strain

LOW: Vec3 = (0.0, SIDE / 2, 0.4)  # turret, lift, reach: the cup before the middle of a box on the floor
HALF: Vec3 = (0.15, 0.1, 0.2)
Y, Z = (0.0, 1.0, 0.0), (0.0, 0.0, 1.0)


@pytest.fixture(scope="module")
def made() -> Iterator[Bench]:
    with bench() as one:
        yield one


@pytest.fixture
def ready(made: Bench) -> Bench:
    made.begin(LOW)
    return made


# What it seals on


@pytest.mark.parametrize(
    ("gap", "tilt", "aside", "sealed"),
    [
        (0.0, 0.0, 0.0, True),
        (TOUCH - 0.001, 0.0, 0.0, True),
        (TOUCH + 0.001, 0.0, 0.0, False),
        (DEPTH + 0.001, 0.0, 0.0, False),
        (0.0, 27.0, 0.0, True),
        (0.0, 31.0, 0.0, False),
        (0.0, -27.0, 0.0, True),
        (0.0, 0.0, HALF[1] - SEAL - 0.002, True),  # the ring must lie on the face
        (0.0, 0.0, HALF[1] - SEAL + 0.002, False),
        (-0.02, 0.0, 0.0, False),
    ],
)
def test_a_seal_is_a_matter_of_gap_tilt_and_room(gap: float, tilt: float, aside: float, sealed: bool) -> None:
    """The lip's edge is ``gap`` from the face, its axis turned by ``tilt`` degrees."""
    angle = math.radians(tilt)
    middle = gap + RADIUS * math.sin(abs(angle))
    for turn in (IDENTITY, axis_angle(Z, 0.7), quaternion_product(axis_angle(Y, 0.4), axis_angle(Z, -2.0))):
        x, y, z = to_world(rotation_rows(turn), (-HALF[0] - middle, aside, 0.0))
        lip = (x + 1.0, y + 2.0, z + 3.0), quaternion_product(turn, axis_angle(Z, angle))
        assert seals(lip, ((1.0, 2.0, 3.0), turn), HALF) == sealed


def test_strain_is_one_where_vacuum_friction_or_lip_give_way() -> None:
    assert strain((FORCE, 0.0, 0.0), (0.0, 0.0, 0.0)) >= 1.0
    assert strain((0.0, 0.0, -FRICTION * FORCE), (0.0, 0.0, 0.0)) == pytest.approx(1.0)
    assert strain((0.0, 0.0, 0.0), (0.0, PEEL, 0.0)) == pytest.approx(1.0)
    assert strain((FORCE / 2, 0.0, 0.0), (0.0, 0.0, PEEL / 2)) == pytest.approx(1.0)
    assert strain((-FORCE, 0.0, 0.0), (0.0, 0.0, 0.0)) == 0.0  # pressed
    assert strain((0.0, 0.0, 0.0), (FRICTION * FORCE * RADIUS, 0.0, 0.0)) == pytest.approx(1.0)  # twisted
    assert pytest.approx(796.0, abs=1.0) == FORCE


def test_it_seals_where_it_touches_and_nothing_snaps(ready: Bench) -> None:
    ready.before(0.05)
    before = ready.box.pose()
    ready.seal()
    lip, box = ready.robot.suction.pose()[0][0], ready.box.pose()[0][0]
    assert box - SIDE / 2 - lip == pytest.approx(0.0, abs=TOUCH + 0.001)
    assert ready.box.pose()[0] == pytest.approx(before[0], abs=0.02)
    held = ready.control(HOLD)
    place = ready.box.pose()[0]
    ready.control(HOLD, 1.0)
    assert ready.box.pose()[0] == pytest.approx(place, abs=0.01)
    assert held[9] == 1.0


def test_it_refuses_what_is_far(ready: Bench) -> None:
    ready.before(DEPTH + 0.01)
    ready.control(HOLD, 1.0)
    assert ready.robot.suction.held is None
    assert ready.robot.suction.on


@pytest.mark.parametrize(("degrees", "sealed"), [(20.0, True), (40.0, False)])
def test_it_refuses_a_tilted_face(ready: Bench, degrees: float, sealed: bool) -> None:
    ready.before(0.12, turn=axis_angle(Z, math.radians(degrees)))
    seen = False
    for _ in range(15):
        ready.control((0.0, 0.0, 0.0, 0.0, 0.2, 1.0))
        seen = seen or ready.robot.suction.held is not None
        if not seen and ready.robot.mast.press > 0.005:
            break
    assert seen == sealed


def test_it_refuses_a_body_that_is_not_allowed(ready: Bench) -> None:
    ready.before(0.03, ready.stranger)
    for _ in range(5):
        ready.control((0.0, 0.0, 0.0, 0.0, 0.2, 1.0))
    assert ready.robot.mast.press > 0.002  # it touches
    assert ready.robot.suction.held is None


def test_without_air_nothing_is_held(ready: Bench) -> None:
    ready.before(0.03)
    for _ in range(5):
        ready.control((0.0, 0.0, 0.0, 0.0, 0.2, -1.0))
    assert ready.robot.suction.held is None


def test_only_boxes_may_be_allowed(ready: Bench) -> None:
    with pytest.raises(RobosimError, match="box about their base"):
        ready.robot.suction.allow([ready.robot.body])
    assert ready.robot.suction.held is None


# What it holds


def test_it_holds_5_kg_lifting_turning_and_driving_at_full_speed(ready: Bench) -> None:
    ready.begin(LOW, mass=5.0)
    ready.before(0.01)
    ready.seal()
    ready.control((0.0, 0.0, 0.0, 1.0, 0.0, 1.0), 2.0)
    ready.control((0.0, 1.0, 1.0, 0.0, 1.0, 1.0), 2.5)  # base and turret turning together
    ready.control((1.0, 0.0, 0.0, 0.0, 0.0, 1.0), 2.5)
    ready.control((-1.0, -1.0, -1.0, -1.0, -1.0, 1.0), 2.0)
    assert ready.robot.suction.held is ready.box
    assert ready.robot.suction.lost == 0
    assert max(ready.strains) < 0.8
    assert ready.box.pose()[0][2] > SIDE


def test_careful_motion_carries_12_kg(ready: Bench) -> None:
    ready.begin(LOW, mass=12.0)
    ready.before(0.01)
    ready.seal()
    ready.control((0.0, 0.0, 0.0, 0.4, 0.0, 1.0), 3.0)
    ready.control((0.0, 0.0, 0.4, 0.0, -0.4, 1.0), 4.0)
    ready.control((0.4, 0.2, 0.0, 0.0, 0.0, 1.0), 3.0)
    assert ready.robot.suction.held is ready.box
    assert max(ready.strains) < 0.95


def test_sag_grows_with_the_load_and_its_offset(ready: Bench) -> None:
    sags = []
    for mass in (0.5, 2.0, 5.0, 9.0):
        ready.begin(LOW, mass=mass)
        ready.before(0.01)
        ready.seal()
        ready.control((0.0, 0.0, 0.0, 0.3, 0.0, 1.0), 2.0)
        sags.append(ready.control(HOLD, 1.5)[10])
    moments = np.array([0.5, 2.0, 5.0, 9.0]) * 9.81 * (SIDE / 2 + 0.014)
    assert np.array(sags) == pytest.approx(moments / NOD[0], rel=0.05)
    assert np.degrees(sags[2]) > 2.5


def limit(lever: float) -> float:
    """The force (N) down, ``lever`` metres before the lip, that should break the seal of 2 kg that hang on it."""
    own = 2.0 * 9.81

    def borne(force: float) -> float:
        nod, weight, moment = 0.0, force + own, force * lever + own * SIDE / 2
        for _ in range(50):
            nod = (moment + 0.014 * weight) * math.cos(nod) / NOD[0]
        return strain((weight * math.sin(nod), 0.0, -weight * math.cos(nod)), (0.0, moment * math.cos(nod), 0.0))

    return next(float(force) for force in range(1, 900) if borne(float(force)) > 1)


@pytest.mark.parametrize("lever", [0.0, 0.06, SIDE / 2])
def test_it_lets_go_at_its_limit_and_not_before(ready: Bench, lever: float) -> None:
    hang(ready, 2.0)
    force = 0.0
    while ready.robot.suction.held is not None and force < 2 * FORCE:
        force += 0.5  # N, each physics step: slower than the smoothing
        ready.robot.act(np.array(HOLD, np.float32))
        ready.robot.actuate()
        (x, y, z), turn = ready.box.pose()
        a, b, c = to_world(rotation_rows(turn), (lever - SIDE / 2, 0.0, 0.0))
        ready.box.push((0.0, 0.0, -force), (x + a, y + b, z + c))
        ready.physics.step()
    assert force == pytest.approx(limit(lever), rel=0.07)
    assert ready.robot.suction.lost == 1


def hang(one: Bench, mass: float, aside: float = 0.0) -> None:
    """Begins with the box in the air, held by its face, its middle ``aside`` metres off the cup's axis."""
    one.begin((0.0, 0.8, 0.4), mass)
    lip = one.robot.suction.pose()[0]
    one.box.place((lip[0] + SIDE / 2 + 0.001, aside, lip[2]))
    one.robot.suction.grasp(one.box)


@pytest.mark.parametrize(("aside", "kept"), [(0.0, True), (0.09, False)])
def test_a_heavy_load_is_lost_off_centre(ready: Bench, aside: float, kept: bool) -> None:
    hang(ready, 14.0, aside)
    for way in (1.0, -1.0, 1.0, -1.0):
        ready.control((0.0, 0.0, way, way, 0.0, 1.0), 0.2)
    assert (ready.robot.suction.held is not None) == kept


def test_a_short_tug_does_not_break_it(ready: Bench) -> None:
    hang(ready, 2.0)
    ready.control(HOLD, 0.5)
    ready.box.push((1.5 * FORCE, 0.0, 0.0), ready.box.pose()[0])
    ready.control(HOLD, 0.3)
    assert ready.robot.suction.held is ready.box


def test_it_drops_when_air_goes_off(ready: Bench) -> None:
    hang(ready, 2.0)
    ready.control(HOLD, 1.0)
    assert ready.box.pose()[0][2] > 0.7
    ready.control(STILL, 0.2)
    assert ready.robot.suction.held is None
    assert ready.robot.suction.lost == 0  # let go of, not lost
    ready.control(STILL, 1.0)
    assert ready.box.pose()[0][2] < 0.2


def test_a_start_that_holds_nothing_there_is_refused(ready: Bench) -> None:
    ready.before(0.05)
    with pytest.raises(RobosimError, match="face at the cup"):
        ready.robot.suction.grasp(ready.box)
    ready.before(0.001, ready.stranger)
    with pytest.raises(RobosimError, match="allowed"):
        ready.robot.suction.grasp(ready.stranger)


# The same episode


def episode(one: Bench, mass: float = 5.0, rough: float = 0.3) -> list[tuple[float, ...]]:
    """Grasps, swings, drops, and begins again; all that moves is told."""
    rows = []
    one.begin(LOW, mass)
    one.before(0.03)
    rng = np.random.default_rng(1)
    for step in range(60):
        rate = 0.4 if step < 10 else rough * rng.uniform(-1, 1)
        lift = 0.0 if step < 10 else 0.5 * rough + rough * rng.uniform(-1, 1)
        senses = one.control((0.0, 0.2 * rough, rough * rng.uniform(-1, 1), lift, rate, 1.0 if step < 45 else -1.0))
        rows.append((*senses.tolist(), *one.box.pose()[0], *one.box.pose()[1], one.robot.suction.strain))
    return rows


def test_a_run_with_grasps_replays_bit_for_bit_after_other_runs(made: Bench) -> None:
    first = episode(made)
    assert any(row[9] for row in first)
    assert not first[-1][9]
    for mass, rough in ((0.4, 1.0), (20.0, 1.0), (9.0, 0.6), (5.0, 0.3)):
        episode(made, mass, rough)
        made.begin(LOW, mass)
        made.before(0.0, made.box)
        made.seal()  # cut off holding
        assert episode(made) == first


@pytest.mark.medium
def test_a_run_with_grasps_replays_in_a_fresh_process(made: Bench) -> None:
    code = "import hashlib\nfrom bench import bench\nfrom test_suction import episode\n"
    code += "with bench() as b:\n print('digest', hashlib.sha256(repr(episode(b)).encode()).hexdigest())"
    here = Path(__file__).parent
    run = subprocess.run([sys.executable, "-c", code], cwd=here, capture_output=True, text=True, check=True)
    assert hashlib.sha256(repr(episode(made)).encode()).hexdigest() in run.stdout


def test_a_start_that_holds_replays(made: Bench) -> None:
    def held() -> list[tuple[float, ...]]:
        made.begin((0.0, 0.8, 0.4), 3.0)
        lip = made.robot.suction.pose()[0]
        made.box.place((lip[0] + SIDE / 2 + 0.001, 0.02, lip[2]))
        made.robot.suction.grasp(made.box)
        return [(*made.control((0.3, 0.1, 0.2, 0.1, 0.2, 1.0)).tolist(), *made.box.pose()[0]) for _ in range(20)]

    first = held()
    episode(made, 12.0, 1.0)
    assert held() == first
    assert made.robot.suction.held is made.box
    assert first[0][-3] > COLUMN + 0.4
