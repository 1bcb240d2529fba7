"""The outlook tells which ways of driving on touch something, and when."""

from collections.abc import Iterator

import numpy as np
import pytest
from numpy.typing import NDArray
from scenes import carrier

from robosim.errors import RobosimError
from robosim.physics import Physics
from robosim.render.scene import Scene
from robosim.sensors.lidar import Lidar
from robosim.sensors.outlook import HORIZON, ROOM, TOUCH, Outlook, Slew
from robosim.sensors.sectors import Sectors
from robosim.shapes import WHITE

DT = 0.1
COMMANDS = ((0.0, 0.0), (1.0, 0.0), (1.0, 0.8), (1.0, -0.8), (-0.3, 0.0))
STAND, AHEAD, LEFT, RIGHT, BACK = range(len(COMMANDS))
HALF = 0.28, 0.25
SLEW = Slew(1.0, 2.0, 5.0)


class Bench:
    """A scanner at the origin, in nothing but one box that goes about."""

    def __init__(self, physics: Physics) -> None:
        self._box = physics.add_box((0.4, 0.4, 1.0), 0.0, WHITE)
        body = carrier(physics, (0.0, 0.0, 0.2))
        self._sectors = Sectors(Lidar(Scene(physics), body, 180, 360.0, (0.05, 8.0)), 60, (4,), DT)
        self._outlook = Outlook(self._sectors, COMMANDS, HALF, SLEW)
        self.mirror = self._outlook.mirror

    def read(self, way: list[tuple[float, float]], speed: float) -> NDArray[np.float32]:
        """Gives the two rows of the outlook, after the box has gone a way, a point each 0.1 s."""
        rng = np.random.default_rng(0)
        self._sectors.reset(rng, 0.0)
        for x, y in way:
            self._box.place((x, y, 0.0))
            self._sectors.read(rng)
        told = self._outlook.read(speed, 0.0)
        assert self._outlook.space.contains(told)
        return told.reshape(2, len(COMMANDS))


@pytest.fixture
def physics() -> Iterator[Physics]:
    with Physics(1 / 100) as physics:
        yield physics


@pytest.fixture
def bench(physics: Physics) -> Bench:
    return Bench(physics)


def test_nothing_is_in_the_way_of_a_robot_that_is_alone(bench: Bench) -> None:
    assert not bench.read([(7.5, 0.0)], 1.0).any()


def test_what_stands_ahead_is_met_when_the_way_to_it_is_driven(bench: Bench) -> None:
    soon, near = bench.read([(1.7, 0.0)], 1.0)
    free = 1.7 - 0.2 - HALF[0] - TOUCH  # m, at 1 m/s
    assert 1 - soon[AHEAD] == pytest.approx(free / HORIZON, abs=0.2 / HORIZON)
    assert near[AHEAD] == 1.0
    assert not soon[[STAND, LEFT, RIGHT, BACK]].any()
    assert near[LEFT] == pytest.approx(near[RIGHT], abs=0.15)  # rays are 2° apart: an edge is seen to 5 cm
    slow, _ = bench.read([(1.7, 0.0)], 0.0)
    assert slow[AHEAD] < soon[AHEAD]  # it has to gather speed first


def test_sides_and_back_are_told_apart(bench: Bench) -> None:
    soon, _ = bench.read([(1.0, 0.75)], 1.0)
    assert soon[LEFT] > 0
    assert soon[RIGHT] == 0
    soon, _ = bench.read([(1.0, -0.75)], 1.0)
    assert soon[LEFT] == 0
    assert soon[RIGHT] > 0
    soon, near = bench.read([(-0.8, 0.0)], 0.0)
    assert soon[BACK] > 0
    assert near[BACK] == 1.0
    assert not soon[[STAND, AHEAD, LEFT, RIGHT]].any()


def test_a_robot_that_cannot_stop_any_more_is_told_so(bench: Bench) -> None:
    """From 1 m/s it takes 0.25 m to stop."""
    near_enough, _ = bench.read([(0.2 + HALF[0] + 0.15, 0.0)], 1.0)
    assert near_enough[STAND] > 0.8
    far_enough, _ = bench.read([(0.2 + HALF[0] + 0.4, 0.0)], 1.0)
    assert far_enough[STAND] == 0.0


def test_what_comes_across_is_met_where_it_will_be(bench: Bench) -> None:
    """It is at (1.2, 1.2) now, and walks to the right at 1 m/s, where the robot goes straight on at 1 m/s."""
    way = [(1.2, 1.7 - 0.1 * step) for step in range(6)]
    soon, _ = bench.read(way, 1.0)
    assert soon[AHEAD] > 0
    stood, _ = bench.read([(1.2, 1.2)], 1.0)
    assert stood[AHEAD] == 0.0
    going = [(1.2, 0.7 + 0.1 * step) for step in range(6)]
    left, _ = bench.read(going, 1.0)
    assert left[AHEAD] == 0.0


def test_how_closely_it_passes_is_told(bench: Bench) -> None:
    _, near = bench.read([(1.2, 0.2 + HALF[1] + 0.2)], 1.0)
    assert near[AHEAD] == pytest.approx(1 - 0.2 / ROOM, abs=0.05)


def test_what_is_not_possible_is_named() -> None:
    with Physics(1 / 100) as physics:
        body = carrier(physics, (0.0, 0.0, 0.2))
        sectors = Sectors(Lidar(Scene(physics), body, 180, 360.0, (0.05, 8.0)), 60, (4,), DT)
        with pytest.raises(RobosimError, match=r"commands=\(\) must be some"):
            Outlook(sectors, (), HALF, SLEW)
        with pytest.raises(RobosimError, match=r"half=\(0\.28, 0\.0\)"):
            Outlook(sectors, COMMANDS, (0.28, 0.0), SLEW)
        with pytest.raises(RobosimError, match="slower=0"):
            Outlook(sectors, COMMANDS, HALF, SLEW._replace(slower=0))


def test_a_new_episode_is_not_told_of_the_one_before(bench: Bench) -> None:
    bench.read([(1.7, 0.0)], 1.0)
    with pytest.raises(RobosimError, match="`read` comes first"):
        bench.read([], 1.0)


def test_what_is_on_the_other_side_reads_as_the_mirror_shows_it(bench: Bench) -> None:
    """Nearly: the mirror of a ray is one 2° beside another."""
    left, right = bench.read([(1.0, 0.75)], 1.0), bench.read([(1.0, -0.75)], 1.0)
    shown = bench.mirror(left.ravel()).reshape(left.shape)
    np.testing.assert_allclose(shown, right, atol=0.15)
    assert np.abs(left - right).max() > 0.5


def test_a_command_that_has_no_mirror_is_named(physics: Physics) -> None:
    sectors = Sectors(Lidar(Scene(physics), carrier(physics, (0.0, 0.0, 0.2)), 180, 360.0, (0.05, 8.0)), 60, (4,), DT)
    outlook = Outlook(sectors, [(1.0, 0.0), (1.0, 0.5)], HALF, SLEW)
    with pytest.raises(RobosimError, match=r"commands=\[\(1\.0, 0\.5\)\] have no mirror"):
        _ = outlook.mirror
