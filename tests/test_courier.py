"""The courier: how it drives, stops, stands, pushes, feels, counts its way, and what can be seen of and from it."""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import pytest
from numpy.typing import NDArray

from robosim.body import Body
from robosim.errors import RobosimError
from robosim.math import IDENTITY, axis_angle, rotation_rows
from robosim.physics import Physics
from robosim.render.mesh import tessellate
from robosim.render.scene import Scene
from robosim.robots import courier
from robosim.robots.courier import Courier
from robosim.sensors.camera import Camera
from robosim.sensors.lidar import Lidar
from robosim.sensors.odometry import Odometry
from robosim.shapes import Kind

SUBSTEPS = 10
CONTROL_DT = 0.1
GREY = (0.5, 0.5, 0.5, 1.0)
ORIGIN = ((0.0, 0.0, 0.0), IDENTITY)
THRUST = 2 * courier.TORQUE / courier.WHEEL_RADIUS  # N


@dataclass
class Yard:
    """A floor, a courier and a wall that stands where it is put."""

    physics: Physics
    floor: Body
    robot: Courier
    wall: Body

    def begin(self, noise: float = 0.0, seed: int = 0) -> None:
        self.physics.restore()
        self.floor.set_friction(1.0)
        self.wall.place((0.0, 50.0, 1.0))
        self.robot.reset(ORIGIN, np.random.default_rng(seed), noise)

    def control(self, action: Sequence[float]) -> None:
        """One control step."""
        self.robot.act(np.array(action, np.float32))
        for _ in range(SUBSTEPS):
            self.robot.actuate()
            self.physics.step()
        self.robot.proprioception()

    def drive(self, action: Sequence[float], seconds: float) -> None:
        for _ in range(round(seconds / CONTROL_DT)):
            self.control(action)

    def pose(self) -> tuple[float, float, float]:
        """Where it really is: x, y (m), heading (rad)."""
        (x, y, _), quaternion = self.robot.body.pose()
        rows = rotation_rows(quaternion)
        return x, y, math.atan2(rows[1][0], rows[0][0])

    def motion(self) -> tuple[float, float]:
        """Its real speed (m/s) and yaw rate (rad/s)."""
        (_, quaternion), velocity, spin = self.robot.body.motion()
        (cos, _, _), (sin, _, _), _ = rotation_rows(quaternion)
        return velocity[0] * cos + velocity[1] * sin, spin[2]


@pytest.fixture(scope="module", params=["wall first", "wall last"])
def yard(request: pytest.FixtureRequest) -> Iterator[Yard]:
    """Whether PyBullet meets the robot's body first or second must make no difference."""
    with Physics(CONTROL_DT / SUBSTEPS) as physics:
        size = (0.4, 6.0, 2.0)
        early = physics.add_box(size, 0.0, GREY, Kind.WALL) if request.param == "wall first" else None
        floor, robot = physics.add_plane(), Courier(physics)
        wall = early or physics.add_box(size, 0.0, GREY, Kind.WALL)
        physics.save()
        yield Yard(physics, floor, robot, wall)


def test_it_weighs_what_it_says(yard: Yard) -> None:
    links = ("chassis", "casters", "left_wheel", "right_wheel")
    assert sum(yard.robot.body.mass(link) for link in links) == pytest.approx(courier.MASS)


def test_it_drives_straight_as_fast_as_commanded(yard: Yard) -> None:
    yard.begin()
    yard.drive((1.0, 0.0), 5.0)
    x, y, heading = yard.pose()
    gained = courier.FORWARD**2 / (2 * courier.ACCELERATION)  # what speeding up costs, m
    assert x == pytest.approx(5.0 * courier.FORWARD - gained, abs=0.03)
    assert abs(y) < 0.02
    assert abs(heading) < 0.01
    assert yard.motion() == pytest.approx((courier.FORWARD, 0.0), abs=0.01)


def test_it_drives_backward_slowly_and_takes_no_more_than_the_largest_command(yard: Yard) -> None:
    yard.begin()
    yard.drive((-7.0, 0.0), 2.0)
    assert yard.motion()[0] == pytest.approx(-courier.BACKWARD, abs=0.01)
    yard.drive((7.0, -7.0), 3.0)
    assert yard.robot.command == (courier.FORWARD, -courier.YAW_RATE)


def test_it_drives_circles(yard: Yard) -> None:
    yard.begin()
    yard.drive((0.5, 0.5), 3.0)
    places = []
    for _ in range(84):  # a full turn
        yard.control((0.5, 0.5))
        places.append(yard.pose()[:2])
    speed, yaw_rate = yard.motion()
    assert speed == pytest.approx(0.6, rel=0.03)  # wheels slip a little in a curve
    assert yaw_rate == pytest.approx(0.75, rel=0.02)
    across = np.ptp(np.array(places), axis=0)
    assert across == pytest.approx(2 * 0.6 / 0.75, rel=0.03)


def test_it_turns_on_the_spot(yard: Yard) -> None:
    yard.begin()
    yard.drive((0.0, 1.0), 5.0)
    x, y, _ = yard.pose()
    assert math.hypot(x, y) < 0.02
    assert yard.motion()[1] == pytest.approx(courier.YAW_RATE, rel=0.02)


def test_it_stops_within_its_braking_distance_without_nodding(yard: Yard) -> None:
    yard.begin()
    yard.drive((1.0, 0.0), 3.0)
    x = yard.pose()[0]
    lean = 0.0
    for _ in range(20):
        yard.control((0.0, 0.0))
        up = rotation_rows(yard.robot.body.pose()[1])[2][2]
        lean = max(lean, math.acos(min(up, 1.0)))
    assert yard.pose()[0] - x == pytest.approx(courier.FORWARD**2 / (2 * courier.BRAKING), abs=0.02)
    assert math.degrees(lean) < 1.0


@pytest.mark.parametrize(
    ("before", "action", "limits"),
    [
        ((0.0, 0.0), (1.0, 1.0), (courier.ACCELERATION, courier.YAW_ACCELERATION)),
        ((1.0, 1.0), (0.2, -1.0), (courier.BRAKING, courier.YAW_ACCELERATION)),
        ((1.0, 0.0), (-1.0, 0.0), (courier.BRAKING, 0.0)),
    ],
)
def test_commands_slew(
    yard: Yard, before: tuple[float, float], action: tuple[float, float], limits: tuple[float, float]
) -> None:
    yard.begin()
    yard.drive(before, 2.0)
    old = yard.robot.command
    yard.control(action)
    change = np.abs(np.subtract(yard.robot.command, old))
    assert change == pytest.approx(np.array(limits) * CONTROL_DT)


def test_it_stands_still(yard: Yard) -> None:
    yard.begin()
    yard.drive((0.8, 0.6), 1.0)
    yard.drive((0.0, 0.0), 2.0)
    before = yard.pose()
    yard.drive((0.0, 0.0), 20.0)
    assert np.abs(np.subtract(yard.pose(), before)).max() < 0.002


def test_it_pushes_no_harder_than_its_motors_can(yard: Yard) -> None:
    yard.begin()
    yard.wall.place((1.0, 0.0, 1.0))
    yard.drive((0.3, 0.0), 4.0)
    yard.robot.bumped()
    yard.control((1.0, 0.0))
    bumps = yard.robot.bumped()
    assert list(bumps) == [yard.wall.number]
    assert bumps[yard.wall.number] == pytest.approx(THRUST, rel=0.03)
    assert yard.pose()[0] == pytest.approx(0.8 - courier.SIZE[0] / 2, abs=0.01)


def test_an_impact_is_its_momentum(yard: Yard) -> None:
    yard.begin()
    yard.wall.place((3.0, 0.0, 1.0))
    seen: list[dict[int, float]] = []
    while not seen or not seen[-1]:
        yard.control((1.0, 0.0))
        seen.append(yard.robot.bumped())
    impulse = seen[-1][yard.wall.number] * CONTROL_DT
    assert courier.MASS * courier.FORWARD < impulse < 1.3 * courier.MASS * courier.FORWARD + THRUST * CONTROL_DT
    assert len(seen) > 20


def test_it_feels_what_comes_to_it_and_forgets_when_it_is_reset(yard: Yard) -> None:
    yard.begin()
    yard.drive((0.0, 0.0), 0.5)
    assert yard.robot.bumped() == {}
    yard.wall.place((-0.45, 0.0, 1.0))
    yard.control((0.0, 0.0))
    assert yard.robot.bumped()[yard.wall.number] > 100.0
    yard.wall.place((-0.40, 0.0, 1.0))
    yard.control((0.0, 0.0))
    yard.begin()
    assert yard.robot.bumped() == {}
    yard.control((0.0, 0.0))
    assert yard.robot.bumped() == {}


def test_it_feels_the_same_where_it_always_asks(yard: Yard, monkeypatch: pytest.MonkeyPatch) -> None:
    def scrape() -> list[dict[int, float]]:
        yard.begin()
        yard.wall.place((1.2, 0.0, 1.0), axis_angle((0.0, 0.0, 1.0), 0.3))
        felt = []
        for turn in [0.0] * 14 + [0.4] * 10 + [-1.0] * 10:
            yard.control((1.0, turn))
            felt.append(yard.robot.bumped())
        return felt

    sparing = scrape()
    monkeypatch.setattr(yard.robot, "_steps_alone", lambda: 0)
    assert scrape() == sparing
    assert not any(sparing[:5])
    assert sum(map(bool, sparing)) > 5


def test_it_turns_beside_a_wall_that_square_corners_would_hit(yard: Yard) -> None:
    yard.begin()
    room = courier.RADIUS + 0.03  # turning, it slips a little
    assert room < math.hypot(*courier.SIZE[:2]) / 2
    yard.wall.place((0.2 + room, 0.0, 1.0))
    yard.drive((0.0, 0.6), 8.0)
    assert yard.robot.bumped() == {}
    assert math.hypot(*yard.pose()[:2]) < 0.03


@pytest.mark.parametrize(("lean", "tipped"), [(10.0, False), (40.0, True)])
def test_it_knows_when_it_has_tipped(yard: Yard, lean: float, tipped: bool) -> None:
    yard.begin()
    yard.robot.body.place((0.0, 0.0, 0.3), axis_angle((1.0, 0.0, 0.0), math.radians(lean)))
    assert yard.robot.tipped == tipped


def test_an_episode_is_the_same_whatever_came_before(yard: Yard) -> None:
    def episode() -> list[NDArray[np.float32]]:
        yard.begin(noise=1.0, seed=3)
        yard.wall.place((1.5, 0.0, 1.0))
        rng, rows = np.random.default_rng(5), []
        for _ in range(40):
            yard.control(rng.uniform((0.0, -1.0), 1.0).tolist())
            bumps = sum(yard.robot.bumped().values())
            rows.append(np.array([*yard.robot.believed, *yard.pose(), bumps]))
        return rows

    first = episode()
    yard.begin()
    yard.drive((1.0, 0.3), 2.0)
    assert np.array_equal(first, episode())
    assert any(row[-1] > 0 for row in first)


# What it believes


def test_without_noise_it_knows_where_it_is_but_for_slip(yard: Yard) -> None:
    yard.begin()
    rng = np.random.default_rng(1)
    for _ in range(10):
        yard.drive(rng.uniform((0.2, -1.0), 1.0).tolist(), 1.0)
    x, y, heading = yard.pose()
    believed = yard.robot.believed
    assert math.hypot(believed[0] - x, believed[1] - y) < 0.06
    assert abs(math.remainder(believed[2] - heading, math.tau)) < 0.03
    assert believed[3:] == pytest.approx(yard.motion(), abs=0.03)
    assert yard.robot.proprioception() == pytest.approx(yard.motion(), abs=0.03)


def test_with_noise_it_drifts_as_much_as_the_figures_say(yard: Yard) -> None:
    yard.begin()
    odometry = Odometry(yard.robot.wheels, courier.WHEEL_RADIUS, courier.TRACK)
    length, strides = 5.0, 25
    ends = []
    for seed in range(200):
        rng = np.random.default_rng(seed)
        yard.robot.wheels.reset((0.0, 0.0))
        odometry.reset(rng, 1.0)
        for k in range(strides):
            angle = (k + 1) * length / strides / courier.WHEEL_RADIUS
            yard.robot.wheels.reset((angle, angle))
            end = odometry.read(rng)
        ends.append(end)
    along, _, heading, _, _ = np.std(ends, axis=0)
    wheel, slip = 0.0015 * length, 0.002 * math.sqrt(length)  # of one wheel
    assert heading == pytest.approx(math.hypot(wheel, slip) * math.sqrt(2) / courier.TRACK, rel=0.15)
    assert along == pytest.approx(math.hypot(wheel, slip) / math.sqrt(2), rel=0.25)
    assert np.mean(ends, axis=0)[0] == pytest.approx(length, rel=0.01)


def test_odometry_is_within_its_space_and_begins_anew(yard: Yard) -> None:
    yard.begin(noise=1.0)
    odometry = yard.robot.odometry
    for _ in range(60):
        yard.control((0.3, 1.0))  # more than a full turn
        assert odometry.space.contains(yard.robot.believed)
        assert yard.robot.proprioception_space.contains(yard.robot.proprioception())
    assert np.abs(yard.robot.believed[:3]).max() > 0.1
    odometry.reset(np.random.default_rng(0), 1.0)
    assert odometry.read(np.random.default_rng(0))[:3].tolist() == [0.0, 0.0, 0.0]


@pytest.mark.parametrize(("radius", "track"), [(0.0, 0.4), (0.1, -0.4), (0.1, math.inf)])
def test_odometry_refuses_impossible_wheels(yard: Yard, radius: float, track: float) -> None:
    with pytest.raises(RobosimError, match="radius="):
        Odometry(yard.robot.wheels, radius, track)


def test_odometry_refuses_impossible_errors(yard: Yard) -> None:
    with pytest.raises(RobosimError, match="track_error="):
        Odometry(yard.robot.wheels, 0.1, 0.4, track_error=0.5)


# What can be seen


def test_nothing_of_it_stands_out_beyond_its_size(yard: Yard) -> None:
    yard.begin()
    corners = []
    for visual in yard.robot.body.visuals:
        if visual.link == -1:
            turned = tessellate(visual.shape).vertices @ np.array(rotation_rows(visual.quaternion)).T
            corners.append(turned + visual.position)
    points = np.concatenate(corners)
    assert np.abs(points[:, :2]).max(axis=0) == pytest.approx(np.array(courier.SIZE[:2]) / 2, abs=0.005)
    assert points[:, 2].max() == pytest.approx(courier.SIZE[2], abs=0.005)
    assert np.hypot(points[:, 0], points[:, 1]).max() <= courier.RADIUS


def test_lidar_and_camera_see_the_world_and_not_the_robot(yard: Yard) -> None:
    yard.begin()
    yard.wall.place((2.2, 0.0, 1.0))
    scene, rng = Scene(yard.physics), np.random.default_rng(0)
    lidar = Lidar(scene, yard.robot.body, 180, range=(0.05, 8.0), position=yard.robot.lidar_position)
    ranges = lidar.read(rng)
    assert ranges[90] == pytest.approx(2.0, abs=0.01)
    assert ranges[0] == 8.0
    images = Camera(scene, yard.robot.body, 64, 64, mount=yard.robot.mount).read(rng)
    kinds = images["segmentation"][..., 1]
    assert set(np.unique(kinds).tolist()) == {Kind.FLOOR, Kind.WALL}
    assert images["depth"][20, 32, 0] == pytest.approx(2.0 - 0.28, abs=0.05)


def test_unknown_links_are_refused(yard: Yard) -> None:
    with pytest.raises(RobosimError, match="bumper"):
        yard.robot.body.touches("bumper")
    with pytest.raises(RobosimError, match="bumper"):
        yard.robot.body.set_contact_margin(0.001, ["bumper"])
