"""The physics against formulas, and the state it returns to."""

import math
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from robosim.errors import RobosimError
from robosim.math import axis_angle, rotation_rows, to_body, to_world
from robosim.physics import GRAVITY, Physics
from robosim.robots.wheel_courier import URDF, WHEEL_RADIUS, Load, WheelCourier
from robosim.shapes import Box, Visual
from robosim.worlds.floor import Floor

DT = 1 / 200
BOX = (0.2, 0.2, 0.2)
GREY = (0.5, 0.5, 0.5, 1.0)


@pytest.fixture
def physics() -> Iterator[Physics]:
    with Physics(DT) as physics:
        yield physics


def test_free_fall(physics: Physics) -> None:
    box = physics.add_box(BOX, 1.0, GREY)
    box.set_damping(0.0, 0.0)
    box.place((0.0, 0.0, 10.0))
    physics.step(100)
    (_, _, z), _ = box.pose()
    t = 100 * DT
    assert 10.0 - z == pytest.approx(GRAVITY * t * t / 2, rel=0.02)  # semi-implicit Euler: one part in a hundred steps


@pytest.mark.parametrize(("slope", "slides"), [(0.8, False), (1.2, True)])
def test_a_box_slides_where_the_slope_is_steeper_than_friction(physics: Physics, slope: float, slides: bool) -> None:
    friction = 0.4
    plane, box = physics.add_plane(), physics.add_box(BOX, 1.0, GREY)
    turn = axis_angle((0.0, 1.0, 0.0), slope * math.atan(friction))
    plane.place((0.0, 0.0, 0.0), turn)
    plane.set_friction(1.0)
    box.set_friction(friction)
    box.place(to_world(rotation_rows(turn), (0.0, 0.0, 0.1)), turn)
    physics.step(200)
    moved = np.linalg.norm(to_body(rotation_rows(turn), box.pose()[0])[:2])
    assert (moved > 0.1) == slides


def test_a_ray_meets_a_wall(physics: Physics) -> None:
    wall = physics.add_box((0.2, 4.0, 4.0), 0.0, GREY)
    wall.place((3.0, 0.0, 0.0))
    hit = physics.ray((0.0, 0.0, 0.5), (10.0, 0.0, 0.5))
    assert hit == pytest.approx((2.9, 0.0, 0.5), abs=1e-5)
    assert physics.ray((0.0, 0.0, 5.0), (10.0, 0.0, 5.0)) is None


def test_poses_are_those_of_the_urdf_frame_and_velocities_their_derivatives(physics: Physics) -> None:
    body = physics.load_urdf(URDF)
    turn = axis_angle((0.6, 0.0, 0.8), 0.7)
    body.place((1.0, 2.0, 3.0), turn)
    position, quaternion = body.pose()
    assert position == pytest.approx((1.0, 2.0, 3.0), abs=1e-9)
    assert quaternion == pytest.approx(turn, abs=1e-9)
    body.push((0.0, 800.0, 0.0), (1.0, 2.0, 4.0))
    physics.step()
    (before, _), _, _ = body.motion()
    physics.step()
    (after, _), velocity, _ = body.motion()
    moved = np.subtract(after, before) / DT
    assert np.linalg.norm(velocity) > 0.5
    np.testing.assert_allclose(moved, velocity, atol=0.02)


def test_a_push_is_an_impulse(physics: Physics) -> None:
    box = physics.add_box(BOX, 2.0, GREY)
    box.set_damping(0.0, 0.0)
    box.place((0.0, 0.0, 50.0))
    for _ in range(20):
        box.push((30.0, 0.0, 0.0), box.pose()[0])
        physics.step()
    _, velocity, _ = box.motion()
    assert velocity[0] == pytest.approx(30.0 * 20 * DT / 2.0, rel=1e-6)


def test_a_driven_wheel_gains_speed_as_its_inertia_says(physics: Physics) -> None:
    robot = WheelCourier(physics)
    robot.configure(Load(), latency=0.0)
    robot.reset(((0.0, 0.0, 50.0), (0.0, 0.0, 0.0, 1.0)), np.random.default_rng(0), 0.0)
    robot.wheels.drive((1.0, -1.0), speed_limit=60.0)
    physics.step(20)
    _, speeds = robot.wheels.positions_velocities()
    # In free fall, opposite torques leave the chassis' pitch alone: each wheel has its own inertia only.
    assert speeds == pytest.approx([1.0 * 20 * DT / 0.030, -1.0 * 20 * DT / 0.030], rel=0.03)


def test_torque_ceases_at_the_speed_limit(physics: Physics) -> None:
    robot = WheelCourier(physics)
    robot.body.place((0.0, 0.0, 50.0))
    robot.wheels.drive((5.0, -5.0), speed_limit=3.0)
    physics.step(100)
    _, speeds = robot.wheels.positions_velocities()
    assert speeds == pytest.approx([3.0, -3.0], rel=0.02)


@pytest.mark.parametrize("latency", [0.0, 0.010, 0.045])
def test_a_command_acts_after_its_latency(physics: Physics, latency: float) -> None:
    robot = WheelCourier(physics)
    robot.configure(Load(), latency)
    robot.reset(((0.0, 0.0, 50.0), (0.0, 0.0, 0.0, 1.0)), np.random.default_rng(0), 0.0)
    robot.act(np.array([0.5, -0.5], np.float32))
    moved_at = None
    for tick in range(20):
        robot.actuate()
        physics.step()
        if moved_at is None and robot.wheels.positions_velocities()[1][0] > 0.01:
            moved_at = tick
    assert moved_at == round(latency / DT)


def test_the_load_is_as_heavy_as_asked_and_stays_where_it_was_put(physics: Physics) -> None:
    robot = WheelCourier(physics)
    floor = Floor(physics, steepest=0.0, slickest=1.0)
    floor.reset(np.random.default_rng(0), 0)
    robot.configure(Load(8.0, 0.12, -0.12), latency=0.0)
    robot.reset(((0.0, 0.0, WHEEL_RADIUS), (0.0, 0.0, 0.0, 1.0)), np.random.default_rng(0), 0.0)
    assert robot.body.mass("load") == 8.0
    physics.step(200)  # it falls over: the hardest shake there is
    offsets, _ = robot.body.joints("load_x", "load_y").positions_velocities()
    assert offsets == pytest.approx([0.12, -0.12], abs=2e-3)


def test_the_tilted_floor_is_where_it_says(physics: Physics) -> None:
    floor = Floor(physics, steepest=0.2, slickest=0.5)
    for seed in range(5):
        floor.reset(np.random.default_rng(seed), 9)
        for x, y in ((1.0, 2.0), (-3.0, 0.5)):
            hit = physics.ray((x, y, 5.0), (x, y, -5.0))
            assert hit is not None
            assert floor.height(x, y) == pytest.approx(hit[2], abs=1e-5)


def test_restoring_forgets_what_was(physics: Physics) -> None:
    plane, box = physics.add_plane(), physics.add_box(BOX, 1.0, GREY)
    box.place((0.0, 0.0, 0.1))
    physics.save()

    def episode(seed: int) -> list[float]:
        physics.restore()
        rng = np.random.default_rng(seed)
        box.place((0.0, 0.0, 0.15), axis_angle((1.0, 0.0, 0.0), rng.uniform(-1, 1)))
        plane.set_friction(rng.uniform(0.2, 1.0))
        trace = []
        for _ in range(100):
            physics.step()
            trace += [*box.pose()[0], *box.pose()[1]]
        return trace

    first = episode(1)
    for seed in range(2, 12):
        episode(seed)
    assert episode(1) == first


def test_a_fixture_is_met_where_it_stands_and_where_a_restore_puts_it(physics: Physics) -> None:
    block = [Visual(Box((1.0, 1.0, 1.0)))]
    fixture, ball = physics.add_fixture(block, block), physics.add_box(BOX, 1.0, GREY)
    fixture.place((0.0, 0.0, 0.5))
    ball.place((0.0, 0.0, 1.5))
    physics.save()
    for x in (0.0, 5.0, 0.0):
        fixture.place((x, 0.0, 0.5))
        assert fixture.pose()[0] == (x, 0.0, 0.5)
        assert physics.around((x - 0.4, -0.4, 0.1), (x + 0.4, 0.4, 0.4)) == {fixture.number}
        physics.step(200)
        assert (ball.pose()[0][2] > 1.0) == (x == 0.0)
        fixture.place((9.0, 0.0, 0.5))
        physics.step(10)
        physics.restore()


def test_a_fixture_stands_where_it_is_put_whatever_was_made_before_it(physics: Physics) -> None:
    physics.add_body([Visual(Box((0.4, 0.4, 0.4)))], 1.0, centre=(0.1, 0.0, -0.2))  # PyBullet told of its centre last
    block = [Visual(Box((1.0, 1.0, 1.0)))]
    fixture = physics.add_fixture(block, block)
    fixture.place((1.0, 2.0, 0.5))
    assert fixture.inertial_frame[0] == (0.0, 0.0, 0.0)
    assert fixture.pose()[0] == (1.0, 2.0, 0.5)


def test_unknown_names_are_told_with_what_there_is(physics: Physics) -> None:
    body = physics.load_urdf(URDF)
    with pytest.raises(RobosimError, match=r"'left_weel'.*left_wheel_joint"):
        body.joints("left_weel")
    with pytest.raises(RobosimError, match=r"'deck'.*chassis"):
        body.mass("deck")


def test_no_time_step_no_physics() -> None:
    with pytest.raises(RobosimError, match="dt=0"):
        Physics(0)


def test_a_body_with_turned_axes_of_inertia_stands_where_it_is_placed(physics: Physics, tmp_path: Path) -> None:
    urdf = tmp_path / "turned.urdf"
    urdf.write_text(
        '<robot name="turned"><link name="a"><inertial><origin rpy="0.3 -0.2 0.5" xyz="0.1 0.2 0.3"/><mass value="1"/>'
        '<inertia ixx="1" iyy="2" izz="3" ixy="0" ixz="0" iyz="0"/></inertial></link></robot>'
    )
    body = physics.load_urdf(urdf)
    turn = axis_angle((0.6, 0.0, 0.8), 1.1)
    body.place((1.0, -2.0, 5.0), turn)
    for position, quaternion in (body.pose(), body.motion()[0]):
        assert position == pytest.approx((1.0, -2.0, 5.0), abs=1e-9)
        assert quaternion == pytest.approx(turn, abs=1e-9)
