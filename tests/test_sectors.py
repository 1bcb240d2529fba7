"""Sectors show what is near, and of what has changed only what moved by itself."""

import math
from collections.abc import Iterator

import numpy as np
import pytest
from numpy.typing import NDArray
from scenes import carrier

from robosim.body import Body
from robosim.errors import RobosimError
from robosim.math import axis_angle
from robosim.physics import Physics
from robosim.render.scene import Scene
from robosim.sensors.lidar import Lidar
from robosim.sensors.sectors import NEARNESS, Sectors
from robosim.shapes import WHITE

RAYS, SECTORS, AGES, FAR = 180, 60, (2, 4), 8.0
DT = 0.1
AHEAD = SECTORS // 2


@pytest.fixture
def physics() -> Iterator[Physics]:
    with Physics(1 / 100) as physics:
        yield physics


def mounted(physics: Physics) -> tuple[Body, Sectors]:
    """A scanner in a room of four walls, 3 m from each."""
    for x, y, size in ((3.1, 0, (0.2, 6, 1)), (-3.1, 0, (0.2, 6, 1)), (0, 3.1, (6, 0.2, 1)), (0, -3.1, (6, 0.2, 1))):
        physics.add_box(size, 0.0, WHITE).place((x, y, 0.0))
    body = carrier(physics, (0.0, 0.0, 0.2))
    lidar = Lidar(Scene(physics), body, RAYS, 360.0, (0.05, FAR))
    return body, Sectors(lidar, SECTORS, AGES, DT)


def walk(body: Body, sectors: Sectors, poses: list[tuple[float, float, float]]) -> NDArray[np.float32]:
    """Reads at each pose, odometry being true; gives the last reading."""
    rng = np.random.default_rng(0)
    sectors.reset(rng, 0.0)
    for x, y, heading in poses:
        body.place((x, y, 0.2), axis_angle((0.0, 0.0, 1.0), heading))
        sectors.odometry = x, y, heading
        reading = sectors.read(rng)
    assert sectors.space.contains(reading)
    return reading.reshape(3 + len(AGES), SECTORS)


def test_the_first_row_is_how_near_the_nearest_is(physics: Physics) -> None:
    body, sectors = mounted(physics)
    reading = walk(body, sectors, [(1.0, 0.0, 0.0)])
    assert reading[0, AHEAD] == pytest.approx(math.exp(-2.0 / NEARNESS), rel=1e-3)
    assert reading[0, 0] == pytest.approx(math.exp(-4.0 / NEARNESS), rel=2e-2)
    assert not reading[1:].any()


def test_the_first_row_can_be_told_of_some_rays_only(physics: Physics) -> None:
    body, sectors = mounted(physics)
    first = walk(body, sectors, [(1.0, 0.0, 0.0)])[0]
    width = RAYS // SECTORS
    all_rays, one = np.ones(RAYS, np.bool_), np.zeros(RAYS, np.bool_)
    one[AHEAD * width] = True
    np.testing.assert_allclose(sectors.nearness(all_rays), first, rtol=1e-5)
    told = sectors.nearness(one)
    assert np.flatnonzero(told).tolist() == [AHEAD]
    assert told[AHEAD] == pytest.approx(first[AHEAD], rel=1e-2)
    assert told.dtype == np.float32


def test_walls_do_not_move_while_the_scanner_drives_and_turns(physics: Physics) -> None:
    body, sectors = mounted(physics)
    way = [(0.1 * step, 0.03 * step, 0.12 * step) for step in range(8)]
    reading = walk(body, sectors, way)
    assert np.abs(np.diff(reading[0])).max() > 0.02  # the room does look uneven from there
    assert np.abs(reading[1:]).max() < 0.02


def test_what_walks_shows_where_it_is_and_where_it_was(physics: Physics) -> None:
    walker = physics.add_box((0.3, 0.3, 1.0), 0.0, WHITE)
    _, sectors = mounted(physics)
    rng = np.random.default_rng(0)
    sectors.reset(rng, 0.0)
    for step in range(5):
        walker.place((1.5, -0.3 + 0.15 * step, 0.2))
        reading = sectors.read(rng).reshape(3 + len(AGES), SECTORS)
    left, right = AHEAD + 2, AHEAD - 3
    assert reading[2, left] > 0.1
    assert reading[2, right] < -0.1
    assert np.abs(np.delete(reading[1:], np.arange(AHEAD - 8, AHEAD + 8), axis=1)).max() < 1e-3


@pytest.mark.parametrize("velocity", [(0.0, 1.2), (-1.2, 0.0), (0.8, -0.6)])
@pytest.mark.parametrize("speed", [0.0, 1.0])
def test_velocities_are_those_over_the_floor(physics: Physics, velocity: tuple[float, float], speed: float) -> None:
    walker = physics.add_box((0.3, 0.3, 1.0), 0.0, WHITE)
    body, sectors = mounted(physics)
    rng = np.random.default_rng(0)
    sectors.reset(rng, 0.0)
    for step in range(9):
        time = DT * (step - 8)
        x, y = 1.2 + velocity[0] * time, 0.3 + velocity[1] * time
        walker.place((x, y, 0.2))
        sectors.odometry = speed * time, 0.0, 0.0
        body.place((speed * time, 0.0, 0.2))
        reading = sectors.read(rng).reshape(3 + len(AGES), SECTORS)
    bearing = math.atan2(0.3, 1.2)
    sector = AHEAD + int(bearing / (2 * math.pi) * SECTORS)
    cos, sin = math.cos(bearing), math.sin(bearing)
    closing, leftward = -(velocity[0] * cos + velocity[1] * sin), velocity[1] * cos - velocity[0] * sin
    assert reading[-2, sector] == pytest.approx(closing / 2, abs=0.12)
    assert reading[-1, sector] == pytest.approx(leftward / 2, abs=0.12)
    away = np.delete(reading[-2:], np.arange(sector - 5, sector + 6), axis=1)
    assert not away.any()


def test_a_mirrored_room_reads_as_the_mirror_shows_it(physics: Physics) -> None:
    """To within a ray of 2°, and what walks to the left walks to the right there."""
    walker = physics.add_box((0.3, 0.3, 1.0), 0.0, WHITE)
    _, sectors = mounted(physics)
    readings = []
    for side in (1.0, -1.0):
        rng = np.random.default_rng(0)
        sectors.reset(rng, 0.0)
        for step in range(9):
            walker.place((1.6, side * (0.3 + 0.8 * DT * step), 0.2))
            reading = sectors.read(rng)
        readings.append(reading)
    shown, other = (one.reshape(3 + len(AGES), SECTORS) for one in (sectors.mirror(readings[0]), readings[1]))
    # What a ray sees may be in the sector beside it; in two tenths of a second that decides whether a sector was left.
    near = np.stack([np.roll(other, by, axis=1) for by in (-1, 0, 1)])
    for row in (0, 2, 3, 4):
        assert (shown[row] > near[:, row].min(axis=0) - 0.05).all()
        assert (shown[row] < near[:, row].max(axis=0) + 0.05).all()
    assert other[-1].min() < -0.2
    assert shown[-1].min() < -0.2


@pytest.mark.parametrize(("sectors", "ages"), [(7, (1,)), (0, (1,)), (60, ()), (60, (2, 1)), (60, (0,))])
def test_impossible_values_are_refused_by_name(physics: Physics, sectors: int, ages: tuple[int, ...]) -> None:
    lidar = Lidar(Scene(physics), carrier(physics, (0.0, 0.0, 0.2)), RAYS)
    with pytest.raises(RobosimError, match=r"sectors=|ages="):
        Sectors(lidar, sectors, ages, DT)
