"""Contacts, the inertial unit, and what every sensor shares: figures that vary, rates and latencies."""

import math
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
from gymnasium import spaces
from numpy.typing import NDArray

from robosim.body import Body
from robosim.errors import RobosimError
from robosim.math import axis_angle
from robosim.physics import GRAVITY, Physics
from robosim.robots.wheel_courier import URDF, WHEEL_RADIUS
from robosim.sensors.contacts import Contacts
from robosim.sensors.imu import GRAVITY_BIAS, GRAVITY_NOISE, GYRO_BIAS, GYRO_NOISE, Imu
from robosim.sensors.sensor import Reading, Sensor
from robosim.sensors.timing import Timed
from robosim.sensors.vary import Uniform, Vary, checked, draw

GREY = (0.5, 0.5, 0.5, 1.0)
LINK = "link0"  # what PyBullet calls the only link of a body that is not loaded from a file
DT = 0.02


@pytest.fixture
def physics() -> Iterator[Physics]:
    with Physics(1 / 200) as physics:
        yield physics


def new_box(physics: Physics, height: float, mass: float = 2.0) -> Body:
    box = physics.add_box((0.2, 0.2, 0.2), mass, GREY)
    box.place((0.0, 0.0, height))
    return box


# Figures that vary


def test_a_number_stays_and_draws_nothing_and_a_distribution_varies() -> None:
    rng, untouched = np.random.default_rng(0), np.random.default_rng(0)
    assert draw(0.3, rng) == 0.3
    assert rng.random() == untouched.random()
    drawn = [draw(Uniform(-1.0, 3.0), rng) for _ in range(4000)]
    assert -1.0 <= min(drawn) < -0.9
    assert 2.9 < max(drawn) <= 3.0
    assert np.mean(drawn) == pytest.approx(1.0, abs=0.1)
    assert draw(Uniform(2.0, 2.0), rng) == 2.0


@pytest.mark.parametrize(("low", "high"), [(1.0, 0.0), (0.0, math.inf), (math.nan, 1.0)])
def test_a_distribution_has_rising_finite_limits(low: float, high: float) -> None:
    with pytest.raises(RobosimError, match="low"):
        Uniform(low, high)


@pytest.mark.parametrize("value", [-0.1, 1.1, math.nan, Uniform(-0.1, 0.5), Uniform(0.5, 1.1)])
def test_impossible_figures_are_refused_by_name(value: Vary) -> None:
    assert checked("share", 0.5, most=1.0) == 0.5
    with pytest.raises(RobosimError, match=r"share=.*between 0 and 1"):
        checked("share", value, most=1.0)


# Rates and latencies


class Clock(Sensor):
    """Counts the control steps, and how often it was asked for them."""

    def __init__(self) -> None:
        self.space = spaces.Box(-1.0, 1000.0, (1,), np.float32)
        self.now = 0
        self.asked = 0

    def reset(self, rng: np.random.Generator, noise: float) -> None:
        self.asked = 0

    def read(self, rng: np.random.Generator) -> Reading:
        self.asked += 1
        return np.array([self.now], np.float32)


class Pair(Clock):
    """Gives two parts by name."""

    def read(self, rng: np.random.Generator) -> Reading:
        return {"a": np.array([self.now], np.float32), "b": np.zeros(2, np.uint8)}


def run(timed: Timed, clock: Clock, steps: int = 12, seed: int = 0) -> list[float]:
    """An episode's readings."""
    rng, readings = np.random.default_rng(seed), []
    timed.reset(rng, 1.0)
    for clock.now in range(steps):
        reading = timed.read(rng)
        assert isinstance(reading, np.ndarray)
        readings.append(float(reading[0]))
        reading[:] = -1.0  # what is read is the reader's own
    return readings


@pytest.mark.parametrize(
    ("rate", "latency", "expected"),
    [
        (None, 0.0, [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11]),
        (None, 0.04, [0, 0, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9]),
        (10.0, 0.0, [0, 0, 0, 0, 0, 5, 5, 5, 5, 5, 10, 10]),
        (10.0, 0.06, [0, 0, 0, 0, 0, 0, 0, 0, 5, 5, 5, 5]),
        (25.0, 0.1, [0, 0, 0, 0, 0, 0, 0, 2, 2, 4, 4, 6]),  # several on their way at once
    ],
)
def test_measurements_come_at_their_rate_and_late(rate: float | None, latency: float, expected: list[int]) -> None:
    clock = Clock()
    timed = Timed(clock, rate, latency, DT)
    assert timed.space is clock.space
    assert run(timed, clock) == expected
    assert run(timed, clock) == expected  # nothing is left of the episode before
    assert clock.asked == math.ceil(12 * DT * (rate or 1 / DT))


def test_latency_is_drawn_for_each_episode() -> None:
    clock = Clock()
    timed = Timed(clock, None, Uniform(0.0, 0.1), DT)
    late = {11 - run(timed, clock, seed=seed)[-1] for seed in range(60)}
    assert late == {0, 1, 2, 3, 4, 5}
    assert run(timed, clock, seed=7) == run(timed, clock, seed=7)


def test_readings_share_no_memory() -> None:
    rng = np.random.default_rng(0)
    for clock in (Clock(), Pair()):
        timed = Timed(clock, 10.0, 0.0, DT)
        timed.reset(rng, 1.0)
        for one, other in zip(parts(timed.read(rng)), parts(timed.read(rng)), strict=True):
            assert (one == other).all()
            assert one.dtype == other.dtype
            assert not np.shares_memory(one, other)


def parts(reading: Reading) -> list[NDArray[Any]]:
    return list(reading.values()) if isinstance(reading, dict) else [reading]


@pytest.mark.parametrize("rate", [100.0, 51.0, 30.0, 0.0, -10.0])
def test_rates_that_do_not_fit_are_refused_with_what_is_allowed(rate: float) -> None:
    with pytest.raises(RobosimError, match=r"50, 25, 16\.6667, 12\.5"):
        Timed(Clock(), rate, 0.0, DT)


def test_rates_fit_however_they_are_rounded() -> None:
    for steps in range(1, 200):
        Timed(Clock(), 1 / (steps * DT), 0.0, DT)
        Timed(Clock(), (1 / DT) / steps, 0.0, DT)


def test_impossible_times_are_refused() -> None:
    with pytest.raises(RobosimError, match="latency"):
        Timed(Clock(), None, -0.1, DT)
    with pytest.raises(RobosimError, match="control_dt"):
        Timed(Clock(), None, 0.0, 0.0)


# Contacts


@pytest.mark.parametrize("floor_first", [True, False])
def test_a_box_at_rest_weighs_what_it_weighs_and_nothing_in_the_air(physics: Physics, floor_first: bool) -> None:
    if floor_first:
        physics.add_plane()
    box = new_box(physics, height=0.1)
    if not floor_first:
        physics.add_plane()
    rng, contacts = np.random.default_rng(0), Contacts(box, [LINK])
    contacts.reset(rng, 1.0)
    physics.step(200)
    assert contacts.read(rng) == pytest.approx([2.0 * GRAVITY], rel=0.03)
    box.place((0.0, 0.0, 3.0))
    physics.step()
    assert contacts.read(rng).tolist() == [0.0]


def test_each_link_reads_what_presses_it(physics: Physics) -> None:
    physics.add_plane()
    robot = physics.load_urdf(URDF, (0.0, 0.0, WHEEL_RADIUS))
    links = ("left_wheel", "chassis", "right_wheel")
    rng, contacts = np.random.default_rng(0), Contacts(robot, links)
    contacts.reset(rng, 1.0)
    physics.step(20)  # still nearly upright
    left, chassis, right = contacts.read(rng).tolist()
    weight = GRAVITY * sum(robot.mass(link) for link in (*links, "load_slide", "load"))
    assert chassis == 0.0
    assert left + right == pytest.approx(weight, rel=0.1)
    assert min(left, right) > 0.3 * weight


def test_forces_are_noisy_and_stay_in_their_space(physics: Physics) -> None:
    physics.add_plane()
    box = new_box(physics, height=0.1)
    physics.step(200)
    rng, contacts = np.random.default_rng(0), Contacts(box, [LINK], noise=0.5)
    contacts.reset(rng, 1.0)
    readings = [float(contacts.read(rng)[0]) for _ in range(1000)]
    assert np.std(readings) == pytest.approx(0.5, rel=0.1)
    low = Contacts(box, [LINK], limit=5.0, noise=10.0)
    low.reset(rng, 1.0)
    assert all(low.space.contains(low.read(rng)) for _ in range(100))


def test_contacts_refuse_what_is_not_there(physics: Physics) -> None:
    box = new_box(physics, height=1.0)
    with pytest.raises(RobosimError, match="tail"):
        Contacts(box, ["tail"])
    with pytest.raises(RobosimError, match="links"):
        Contacts(box, [])
    with pytest.raises(RobosimError, match="limit"):
        Contacts(box, [LINK], limit=0.0)


# The inertial unit


def test_an_exact_imu_knows_gravity_and_spin_in_the_body_frame(physics: Physics) -> None:
    box = new_box(physics, height=5.0)
    box.place((0.0, 0.0, 5.0), axis_angle((1.0, 0.0, 0.0), math.pi / 2))  # on its side: world's z is the body's y
    rng, imu = np.random.default_rng(0), Imu(box)
    imu.reset(rng, 0.0)
    assert imu.read(rng) == pytest.approx([0.0, -1.0, 0.0, 0.0, 0.0, 0.0], abs=1e-6)
    box.push((0.0, 10.0, 0.0), (0.1, 0.0, 5.0))  # turns it about the world's z
    physics.step()
    _, _, spin = box.motion()
    assert spin[2] > 0.1
    assert imu.read(rng)[3:] == pytest.approx([0.0, spin[2], 0.0], abs=1e-6)


def test_an_imu_as_it_comes_draws_one_bias_and_six_numbers_a_reading(physics: Physics) -> None:
    """To the last bit: agents were trained with these draws."""
    box = new_box(physics, height=5.0)
    rng, same = np.random.default_rng(5), np.random.default_rng(5)
    imu = Imu(box)
    imu.reset(rng, 0.7)
    bias = same.normal(size=6) * ([0.7 * GRAVITY_BIAS] * 3 + [0.7 * GYRO_BIAS] * 3)
    exact = np.array([0.0, 0.0, -1.0, 0.0, 0.0, 0.0])
    for _ in range(5):
        noise = np.array([0.7 * GRAVITY_NOISE] * 3 + [0.7 * GYRO_NOISE] * 3) * same.standard_normal(6)
        assert imu.read(rng).tolist() == (noise + bias + exact).astype(np.float32).tolist()
    assert rng.random() == same.random()


def test_the_gyros_bias_walks_with_the_root_of_time(physics: Physics) -> None:
    box = new_box(physics, height=5.0)
    imu = Imu(box, gravity_noise=0.0, gyro_noise=0.0, gyro_walk=0.2, dt=DT)
    rng, starts, ends = np.random.default_rng(0), [], []
    for _ in range(300):
        imu.reset(rng, 1.0)
        readings = np.array([imu.read(rng) for _ in range(101)])
        assert np.ptp(readings[:, :3], axis=0).max() == 0  # what gravity's bias was, it stays
        starts.append(readings[25, 3:] - readings[0, 3:])
        ends.append(readings[100, 3:] - readings[0, 3:])
    assert np.std(starts) == pytest.approx(0.2 * math.sqrt(25 * DT), rel=0.1)
    assert np.std(ends) == pytest.approx(0.2 * math.sqrt(100 * DT), rel=0.1)
    imu.reset(rng, 0.0)
    assert np.ptp([imu.read(rng) for _ in range(10)], axis=0).max() == 0


def test_noise_figures_may_vary_by_episode(physics: Physics) -> None:
    imu = Imu(new_box(physics, height=5.0), gyro_noise=Uniform(0.1, 0.5))
    rng, spreads = np.random.default_rng(0), []
    for _ in range(40):
        imu.reset(rng, 1.0)
        spreads.append(float(np.std([imu.read(rng)[3] for _ in range(200)])))
    assert 0.08 < min(spreads) < 0.2
    assert 0.4 < max(spreads) < 0.6


def test_a_walk_needs_to_know_its_time(physics: Physics) -> None:
    box = new_box(physics, height=5.0)
    with pytest.raises(RobosimError, match="dt"):
        Imu(box, gyro_walk=0.1)
    with pytest.raises(RobosimError, match="gyro_noise"):
        Imu(box, gyro_noise=-0.1)
