"""Two cameras as one that sees all that is ahead: where things are in its picture, and what stands in the way."""

import math

import numpy as np
import pytest
from scenes import carrier

from robosim.math import Vec3
from robosim.physics import Physics
from robosim.render.scene import Scene
from robosim.sensors.panorama import Panorama

WIDTH, HEIGHT = 64, 48
EYE = (0.3, 0.0, 0.25)  # m, in the frame of a cart that stands at the origin
RED = (1.0, 0.0, 0.0, 1.0)
FAR = 8.0


def read(posts: list[Vec3], size: Vec3 = (0.2, 0.2, 0.6)) -> tuple[Panorama, dict[str, np.ndarray]]:
    """What is seen of some posts; there is a floor."""
    with Physics(1 / 200) as physics:
        physics.add_box((40.0, 40.0, 0.1), 0.0, (0.5, 0.5, 0.5, 1.0)).place((0.0, 0.0, -0.05))
        for place in posts:
            physics.add_box(size, 0.0, RED).place(place)
        cart = carrier(physics, (0.0, 0.0, 0.0), size=(0.02, 0.02, 0.02))
        eyes = Panorama(Scene(physics), cart, WIDTH, HEIGHT, EYE)
        eyes.reset(np.random.default_rng(0), 1.0)
        return eyes, eyes.read(np.random.default_rng(0))


@pytest.mark.parametrize("degrees", [-80, -45, -20, 0, 20, 45, 80])
def test_a_post_is_seen_at_its_azimuth_and_distance(degrees: float) -> None:
    angle = math.radians(degrees)
    away = 3.0
    eyes, seen = read([(EYE[0] + away * math.cos(angle), away * math.sin(angle), 0.3)])
    assert all(eyes.space[mode].contains(seen[mode]) for mode in ("rgb", "depth8"))
    red = (seen["rgb"][..., 0] > 1.5 * seen["rgb"][..., 2].astype(float)).any(axis=0)
    assert red.any()
    assert np.abs(np.degrees(eyes.columns.azimuths[red]) - degrees).max() < 6
    ranges = eyes.columns.standing(seen["depth8"], (0.08, 1.0), FAR)
    assert ranges.shape == eyes.columns.azimuths.shape
    assert ranges[red].min() == pytest.approx(away - 0.1, abs=0.06)
    assert (ranges[~red] == FAR).all()  # not the floor


def test_what_stands_there_is_a_point_in_the_robots_frame() -> None:
    eyes, seen = read([(EYE[0] + 2.0, 1.0, 0.3)])
    points = eyes.columns.points(seen["depth8"], FAR)
    assert len(points)
    # Of a post that is 0.2 m thick the front is seen, in steps of 0.04 m and 1.4°.
    assert (np.abs(points - (EYE[0] + 2.0, 1.0)).max(axis=1) < 0.18).all()


def test_what_is_under_or_over_does_not_stand_in_the_way() -> None:
    low, high = (3.0, 0.0, 0.02), (3.0, 0.0, 1.4)
    for place in (low, high):
        eyes, seen = read([place], (0.2, 0.6, 0.04))
        assert (eyes.columns.standing(seen["depth8"], (0.08, 1.0), FAR) == FAR).all()


def test_columns_turn_from_left_to_right_over_half_a_circle() -> None:
    eyes, _ = read([])
    assert (np.diff(eyes.columns.azimuths) < 0).all()
    assert np.degrees(eyes.columns.azimuths[[0, -1]]) == pytest.approx([90, -90], abs=1)
