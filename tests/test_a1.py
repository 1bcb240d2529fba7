"""A1: the model, its legs in closed form, and the trot that zero action walks."""

import math
import xml.etree.ElementTree as ET

import numpy as np
import pybullet
import pytest

from robosim.errors import RobosimError
from robosim.math import IDENTITY, axis_angle
from robosim.physics import Physics
from robosim.robots.a1 import A1, FOOT_RADIUS, JOINTS, URDF, Variation
from robosim.robots.flat_urdf import flatten
from robosim.robots.gait import HEIGHT, SMOOTH
from robosim.robots.legs import BONE, DUTY, carry, find_feet, solve_leg, trot
from robosim.worlds.floor import Floor

CONTROL_DT = 1 / 50


@pytest.fixture
def walker() -> tuple[Physics, A1]:
    physics = Physics(1 / 250)
    Floor(physics, steepest=0.0, slickest=1.0)
    robot = A1(physics, CONTROL_DT)
    physics.save()
    return physics, robot


def begin(physics: Physics, robot: A1, variation: Variation | None = None) -> None:
    physics.restore()
    robot.configure(variation or Variation())
    robot.reset(((0.0, 0.0, 0.0), IDENTITY), np.random.default_rng(0), 0.0)


def walk(physics: Physics, robot: A1, seconds: float, command: tuple[float, float, float], action: float = 0.0) -> None:
    for step in range(round(seconds / CONTROL_DT)):
        robot.command[:] = np.array(command) * min(1.0, step * CONTROL_DT)
        robot.act(np.full(15, action, np.float32))
        for _ in range(5):
            robot.actuate()
            physics.step()
        robot.sense()
        assert robot.body.rows()[2][2] > 0.8, "it fell"


def test_zero_action_walks_three_metres_at_half_a_metre_a_second(walker: tuple[Physics, A1]) -> None:
    physics, robot = walker
    begin(physics, robot)
    walk(physics, robot, 8.0, (0.5, 0.0, 0.0))
    (x, y, _), _ = robot.body.pose()
    assert 3.0 < x < 4.5
    assert abs(y) < 0.5
    assert robot.bumps == 0


@pytest.mark.parametrize(("command", "axis"), [((0.0, 0.15, 0.0), 1), ((0.0, 0.0, 0.5), 2), ((-0.3, 0.0, 0.0), 0)])
def test_the_trot_goes_where_it_is_told(
    walker: tuple[Physics, A1], command: tuple[float, float, float], axis: int
) -> None:
    physics, robot = walker
    begin(physics, robot)
    walk(physics, robot, 4.0, command)
    (x, y, _), _ = robot.body.pose()
    rows = robot.body.rows()
    gone = (x, y, math.atan2(rows[1][0], rows[0][0]))
    assert gone[axis] == pytest.approx(3.5 * command[axis], rel=0.35)


def test_flattening_keeps_mass_and_inertia_and_the_feet(walker: tuple[Physics, A1]) -> None:
    _, robot = walker
    client = pybullet.connect(pybullet.DIRECT)
    index = pybullet.loadURDF(str(URDF), flags=pybullet.URDF_USE_INERTIA_FROM_FILE, physicsClientId=client)
    count = pybullet.getNumJoints(index, physicsClientId=client)
    whole = sum(pybullet.getDynamicsInfo(index, link, physicsClientId=client)[0] for link in range(-1, count))
    names = {pybullet.getJointInfo(index, joint, physicsClientId=client)[12].decode(): joint for joint in range(count)}
    links = ["trunk", *(f"{leg}_{part}" for leg in ("FR", "FL", "RR", "RL") for part in ("hip", "upper", "lower"))]
    assert sum(robot.body.mass(link) for link in links) == pytest.approx(whole, abs=1e-6)
    rng = np.random.default_rng(0)
    for _ in range(20):
        angles = np.tile([0.0, 0.9, -1.8], 4) + rng.uniform(-0.4, 0.4, 12)
        for name, angle in zip(JOINTS, angles, strict=True):
            joint = next(j for j in range(count) if pybullet.getJointInfo(index, j, client)[1].decode() == name)
            pybullet.resetJointState(index, joint, angle, physicsClientId=client)
        feet, speeds = np.zeros((4, 3)), np.zeros((4, 3))
        find_feet(angles, np.zeros(12), feet, speeds)
        base = np.array(pybullet.getDynamicsInfo(index, -1, physicsClientId=client)[3])
        com, turn = pybullet.getBasePositionAndOrientation(index, physicsClientId=client)
        inertial = pybullet.getDynamicsInfo(index, -1, physicsClientId=client)[3:5]
        origin, way = pybullet.multiplyTransforms(com, turn, *pybullet.invertTransform(*inertial))
        for leg, name in enumerate(("FR", "FL", "RR", "RL")):
            foot = pybullet.getLinkState(index, names[f"{name}_toe"], 0, 1, client)[4]
            seen = pybullet.multiplyTransforms(*pybullet.invertTransform(origin, way), foot, (0, 0, 0, 1))[0]
            assert feet[leg] == pytest.approx(seen, abs=1e-5)
        assert base.shape == (3,)
    pybullet.disconnect(client)


def test_flattening_follows_the_parallel_axis_theorem() -> None:
    ball = '<link name="{}"><inertial><mass value="{}"/><inertia ixx="0.1" iyy="0.1" izz="0.1"/></inertial></link>'
    held = '<joint name="{}" type="fixed"><parent link="a"/><child link="b"/><origin xyz="2 0 0" rpy="0 0 {}"/></joint>'
    robot = ET.fromstring(f"<robot>{ball.format('a', 1)}{ball.format('b', 3)}{held.format('j', 0)}</robot>")
    flatten(robot)
    (link,) = robot.findall("link")
    mass, origin, inertia = (link.find(f"inertial/{tag}") for tag in ("mass", "origin", "inertia"))
    assert mass is not None
    assert origin is not None
    assert inertia is not None
    assert float(mass.get("value", "")) == 4.0
    assert origin.get("xyz") == "1.5 0.0 0.0"
    assert float(inertia.get("ixx", "")) == pytest.approx(0.2)
    assert float(inertia.get("izz", "")) == pytest.approx(0.2 + 1 * 1.5**2 + 3 * 0.5**2)
    turned = ET.fromstring(f"<robot>{ball.format('a', 1)}{ball.format('b', 3)}{held.format('j', 1)}</robot>")
    with pytest.raises(RobosimError, match=r"'j'.*not supported"):
        flatten(turned)


def test_inverse_and_forward_kinematics_agree() -> None:
    rng = np.random.default_rng(1)
    for _ in range(200):
        leg = int(rng.integers(4))
        side, front = (1 if leg % 2 else -1), (1 if leg < 2 else -1)
        foot = np.array([front * 0.183, side * 0.132, -0.26]) + rng.uniform(-0.08, 0.08, 3)
        joints, feet, speeds = np.zeros(12), np.zeros((4, 3)), np.zeros((4, 3))
        solve_leg(leg, float(foot[0]), float(foot[1]), float(foot[2]), joints)
        find_feet(joints, np.zeros(12), feet, speeds)
        assert feet[leg] == pytest.approx(foot, abs=1e-9)


def test_a_foot_out_of_reach_is_reached_for() -> None:
    joints, feet, speeds = np.zeros(12), np.zeros((4, 3)), np.zeros((4, 3))
    solve_leg(1, 0.183, 0.132, -0.6, joints)
    find_feet(joints, np.zeros(12), feet, speeds)
    assert np.isfinite(joints).all()
    assert feet[1, :2] == pytest.approx((0.183, 0.132), abs=0.01)
    assert -2 * BONE < feet[1, 2] < -0.34  # the knee cannot stretch


def test_speeds_of_feet_are_their_derivatives() -> None:
    rng = np.random.default_rng(2)
    angles, rates = np.tile([0.1, 0.9, -1.8], 4) + rng.uniform(-0.3, 0.3, 12), rng.uniform(-3, 3, 12)
    feet, later, speeds, unused = (np.zeros((4, 3)) for _ in range(4))
    find_feet(angles, rates, feet, speeds)
    find_feet(angles + 1e-6 * rates, rates, later, unused)
    assert speeds == pytest.approx((later - feet) / 1e-6, abs=1e-4)


def test_the_trot_returns_after_a_cycle_without_a_jump() -> None:
    command, joints, before = np.array([0.5, 0.1, 0.3]), np.zeros(12), np.zeros(12)
    trot(0.0, 2.5, 0.08, HEIGHT, command, np.zeros(12), before)
    first = before.copy()
    for phase in np.linspace(0, 1, 201)[1:]:
        trot(phase % 1.0, 2.5, 0.08, HEIGHT, command, np.zeros(12), joints)
        assert np.abs(joints - before).max() < 0.12
        before[:] = joints
    assert before == pytest.approx(first)


def carried(wanted: tuple[float, float, float], phases: np.ndarray, feet: np.ndarray) -> np.ndarray:
    """Sends all feet to the same place and gives where the front right one is at each phase."""
    way = []
    for phase in phases:
        carry(float(phase), np.tile(wanted, 4), feet)
        way.append(feet[0, 0].copy())
    return np.array(way)


SWING, STANCE = np.linspace(DUTY, 0.999, 9), np.linspace(0.0, DUTY - 0.05, 12)


@pytest.mark.parametrize("height", [0.06, -0.06])
def test_a_swinging_foot_arrives_where_it_is_sent(height: float) -> None:
    way = carried((0.1, -0.05, height), SWING, np.zeros((3, 4, 3)))
    assert way[-1] == pytest.approx((0.1, -0.05, height), abs=0.005)
    assert np.abs(np.diff(way, axis=0)).max() < 0.04  # it does not jump
    early = way[3, 2] / height
    assert early > 0.5 if height > 0 else early < 0.1  # up at once, down at last


def test_a_swinging_foot_that_is_sent_elsewhere_too_late_keeps_its_way() -> None:
    feet = np.zeros((3, 4, 3))
    carried((0.1, 0.0, 0.0), SWING[:-1], feet)
    assert carried((-0.1, 0.0, 0.0), SWING[-1:], feet)[0, 0] == pytest.approx(0.1, abs=0.01)


def test_a_standing_foot_hardly_moves_sideways_and_its_height_follows() -> None:
    way = carried((0.1, 0.08, 0.05), STANCE, np.zeros((3, 4, 3)))
    assert np.abs(way[-1, :2]).max() < 0.03
    assert 0.6 * 0.05 < way[-1, 2] < 0.05


def test_no_residuals_stay_none() -> None:
    assert (carried((0.0, 0.0, 0.0), np.linspace(0, 0.99, 30), np.zeros((3, 4, 3))) == 0).all()


def test_odometry_and_slip_know_how_fast_it_walks(walker: tuple[Physics, A1]) -> None:
    physics, robot = walker
    begin(physics, robot)
    walk(physics, robot, 2.0, (0.4, 0.0, 0.0))
    told, true, slips = [], [], []
    for _ in range(100):
        robot.act(np.zeros(15, np.float32))
        for _ in range(5):
            robot.actuate()
            physics.step()
        robot.sense()
        told.append(robot.odometry(robot.spin)[0])
        true.append(robot.body.motion()[1][0])
        slips.append(robot.felt.slip)
    assert np.mean(told) == pytest.approx(np.mean(true), abs=0.06)
    assert np.mean(slips) < 0.1
    assert sum(robot.pressed) >= 2


def test_what_may_vary_reaches_the_body(walker: tuple[Physics, A1]) -> None:
    physics, robot = walker
    begin(physics, robot, Variation(payload=2.0, inertia=1.5))
    assert robot.body.mass("trunk") == pytest.approx(6.714)
    assert robot.body.inertia("trunk")[2] == pytest.approx(1.5 * 0.064821, abs=1e-5)
    begin(physics, robot)
    assert robot.body.mass("trunk") == pytest.approx(4.714)
    tired: list[float] = []
    strong: list[float] = []
    for strength, kept in ((0.3, tired), (1.0, strong)):
        begin(physics, robot, Variation(strength=strength))
        for _ in range(100):
            robot.act(np.zeros(15, np.float32))
            for _ in range(5):
                robot.actuate()
                physics.step()
            robot.sense()
            kept.append(float(np.abs(robot.torques).max()))
    assert max(tired) <= 0.3 * 33.5 + 1e-6
    assert max(strong) > 0.3 * 33.5


def test_an_action_arrives_after_its_latency(walker: tuple[Physics, A1]) -> None:
    physics, robot = walker
    begin(physics, robot, Variation(latency=0.012))
    robot.act(np.full(15, 1.0, np.float32))
    moved = []
    for _ in range(6):
        robot.actuate()
        physics.step()
        robot.sense()
        moved.append(float(np.abs(robot.rates).max()))
    assert max(moved[4:]) > 0.5 > 5 * max(moved[:3])


def test_it_stands_where_it_is_put(walker: tuple[Physics, A1]) -> None:
    physics, robot = walker
    physics.restore()
    robot.configure(Variation())
    robot.reset(((1.0, 2.0, 0.0), axis_angle((0, 0, 1), 1.0)), np.random.default_rng(0), 0.0)
    feet = robot.feet
    assert feet[:, 2] == pytest.approx(-HEIGHT, abs=1e-6)
    (x, y, z), _ = robot.body.pose()
    assert (x, y) == pytest.approx((1.0, 2.0))
    assert 0 < z - HEIGHT - FOOT_RADIUS < 0.005
    assert 0 < SMOOTH <= 1


def test_joint_offsets_move_the_joints() -> None:
    with Physics(1 / 250) as physics:
        Floor(physics, steepest=0.0, slickest=1.0)
        robot = A1(physics, CONTROL_DT, "joint")
        physics.save()
        begin(physics, robot)
        assert robot.action_space.shape == (12,)
        action = np.zeros(12, np.float32)
        action[1::3] = 0.5  # 0.2 rad more at each upper joint
        for _ in range(40):
            robot.act(action)
            for _ in range(5):
                robot.actuate()
                physics.step()
        robot.sense()
        assert (robot.positions - robot.stand)[1::3] == pytest.approx([0.2] * 4, abs=0.08)
