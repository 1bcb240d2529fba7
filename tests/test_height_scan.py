"""Height scans: the ground as its numbers say, as it is felt, and turned as the body is."""

import math
from collections.abc import Iterator

import numpy as np
import pytest
from numpy.typing import NDArray
from scenes import carrier

from robosim.errors import RobosimError
from robosim.math import axis_angle, quaternion_product
from robosim.physics import Physics
from robosim.render.scene import Scene
from robosim.sensors.height_scan import Grid, HeightScan

GREY = (0.5, 0.5, 0.5, 1.0)
CELL = 0.2
Floats = NDArray[np.float64]


@pytest.fixture
def physics() -> Iterator[Physics]:
    with Physics(1 / 200) as physics:
        yield physics


def rough(shape: tuple[int, int]) -> Floats:
    """Heights without symmetry: rough, and rising one way."""
    heights = np.random.default_rng(3).uniform(-0.15, 0.15, shape)
    return np.asarray(heights + np.linspace(0.0, 0.6, shape[0])[:, None] + np.linspace(0.0, 0.2, shape[1]))


def surface(heights: Floats, x: Floats, y: Floats) -> Floats:
    """The surface through the samples, in its own words: two triangles a square."""
    u, v = x / CELL + (heights.shape[0] - 1) / 2, y / CELL + (heights.shape[1] - 1) / 2
    i, j = np.floor(u).astype(int), np.floor(v).astype(int)
    s, t = u - i, v - j
    low, east, north, high = heights[i, j], heights[i + 1, j], heights[i, j + 1], heights[i + 1, j + 1]
    lower = low + s * (east - low) + t * (north - low)
    upper = high + (1 - s) * (north - high) + (1 - t) * (east - high)
    return np.asarray(np.where(s + t < 1, lower, upper))


def scan(sensor: HeightScan, noise: float = 0.0) -> NDArray[np.float32]:
    rng = np.random.default_rng(0)
    sensor.reset(rng, noise)
    return sensor.read(rng)


@pytest.mark.parametrize("shape", [(14, 27), (23, 9)])
def test_a_height_field_is_felt_and_seen_where_its_numbers_say(physics: Physics, shape: tuple[int, int]) -> None:
    heights = rough(shape)
    physics.add_heights(heights, CELL, GREY)
    points = np.random.default_rng(0).uniform(-0.499, 0.499, (1000, 2)) * (np.array(shape) - 1) * CELL
    expected = surface(heights, *points.T)
    body = carrier(physics, (0.0, 0.0, 1.0))
    sensor = HeightScan(Scene(physics), body, Grid((1, 1)), above=5.0)
    for (x, y), z in zip(points, expected, strict=True):
        body.place((500.0, 0.0, 0.0))  # out of the ray's way
        hit = physics.ray((x, y, 5.0), (x, y, -5.0))
        assert hit is not None
        assert hit[2] == pytest.approx(z, abs=1e-3)
        body.place((x, y, 1.0))
        assert float(scan(sensor)[0, 0]) + 1.0 == pytest.approx(z, abs=1e-3)


@pytest.mark.parametrize("yaw", [0.0, 0.7, math.pi / 2, -2.5])
def test_the_grid_turns_with_the_heading_and_stays_level(physics: Physics, yaw: float) -> None:
    heights = rough((34, 41))
    physics.add_heights(heights, CELL, GREY)
    position = (0.31, -0.47, 0.9)
    tilted = quaternion_product(axis_angle((0.0, 0.0, 1.0), yaw), axis_angle((0.0, 1.0, 0.0), 0.4))
    grid = Grid(points=(17, 11), size=(1.6, 1.2), middle=(0.3, -0.1))
    readings = scan(HeightScan(body=carrier(physics, position, tilted), scene=Scene(physics), grid=grid))
    x, y = np.meshgrid(0.3 + np.linspace(-0.8, 0.8, 17), -0.1 + np.linspace(-0.6, 0.6, 11), indexing="ij")
    there_x = position[0] + math.cos(yaw) * x - math.sin(yaw) * y
    there_y = position[1] + math.sin(yaw) * x + math.cos(yaw) * y
    np.testing.assert_allclose(readings, surface(heights, there_x, there_y) - position[2], atol=1e-3)


def test_points_are_where_the_grid_says(physics: Physics) -> None:
    physics.add_plane()
    physics.add_box((0.1, 0.1, 0.5), 0.0, GREY).place((0.5, 0.25, 0.25))  # ahead, to the left
    grid = Grid(points=(5, 3), size=(1.0, 0.5))
    assert grid.along(0).tolist() == pytest.approx([-0.5, -0.25, 0.0, 0.25, 0.5])
    readings = scan(HeightScan(body=carrier(physics, (0.0, 0.0, 1.0)), scene=Scene(physics), grid=grid))
    expected = np.full((5, 3), -1.0)
    expected[4, 2] = -0.5
    np.testing.assert_allclose(readings, expected, atol=1e-6)


def test_what_hangs_above_is_no_ground_and_a_pit_ends_somewhere(physics: Physics) -> None:
    physics.add_box((2.0, 2.0, 0.1), 0.0, GREY).place((0.0, 0.0, 2.0))
    physics.add_box((1.0, 4.0, 0.2), 0.0, GREY).place((0.5, 0.0, 0.0))
    body = carrier(physics, (0.0, 0.0, 0.7))
    sensor = HeightScan(Scene(physics), body, Grid((2, 1), (1.0, 1.0)), above=0.8, below=1.5)
    assert scan(sensor).ravel().tolist() == pytest.approx([-1.5, -0.6], abs=1e-6)
    body.place((0.0, 0.0, 1.5))  # near enough now
    assert scan(sensor).ravel().tolist() == pytest.approx([0.55, 0.55], abs=1e-6)


def test_noise_is_as_large_as_said(physics: Physics) -> None:
    physics.add_plane()
    sensor = HeightScan(
        body=carrier(physics, (0.0, 0.0, 0.5)), scene=Scene(physics), grid=Grid((40, 50), (1.0, 1.0)), noise=0.03
    )
    noisy = scan(sensor, noise=1.0)
    assert np.std(noisy) == pytest.approx(0.03, rel=0.1)
    assert np.mean(noisy) == pytest.approx(-0.5, abs=0.005)
    assert sensor.space.contains(noisy)
    assert not np.shares_memory(noisy, scan(sensor, noise=1.0))
    assert (scan(sensor, noise=1.0) == noisy).all()
    assert np.ptp(scan(sensor, noise=0.0)) == 0


def test_impossible_values_are_refused(physics: Physics) -> None:
    with pytest.raises(RobosimError, match="points"):
        Grid(points=(0, 3))
    with pytest.raises(RobosimError, match="size"):
        Grid(points=(3, 3), size=(1.0, 0.0))
    physics.add_plane()
    body, scene = carrier(physics, (0.0, 0.0, 1.0)), Scene(physics)
    with pytest.raises(RobosimError, match="below"):
        HeightScan(scene, body, below=0.0)
    with pytest.raises(RobosimError, match="noise"):
        HeightScan(scene, body, noise=-1.0)


def test_a_wall_higher_than_the_scan_reads_as_high_as_it_looks() -> None:
    with Physics(1 / 200) as physics:
        physics.add_plane()
        physics.add_box((0.4, 6.0, 3.0), 0.0, GREY).place((1.0, 0.0, 1.5))
        physics.add_box((0.4, 6.0, 0.2), 0.0, GREY).place((-1.0, 0.0, 2.5))  # a ceiling: it is looked through
        body = physics.add_box((0.1, 0.1, 0.1), 1.0, GREY)
        body.place((0.0, 0.0, 0.5))
        scan = HeightScan(Scene(physics), body, Grid(points=(5, 3), size=(2.0, 1.0)), above=1.0, below=2.0)
        heights = scan.read(np.random.default_rng(0))
    np.testing.assert_allclose(heights[4], 1.0, atol=1e-6)
    np.testing.assert_allclose(heights[:4], -0.5, atol=1e-6)
