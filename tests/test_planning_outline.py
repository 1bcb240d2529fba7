"""Gaps and impending meetings, by hand."""

import math

import numpy as np
import pytest

from robosim.planning.outline import impending, rectangle_gap

HALF = (0.3, 0.2)


@pytest.mark.parametrize(
    ("point", "gap"), [((1.0, 0.0), 0.7), ((0.0, 1.0), 0.8), ((0.6, 0.6), 0.5), ((0.1, -0.1), 0.0), ((-1.3, -0.2), 1.0)]
)
@pytest.mark.parametrize("turn", [0.0, 0.7, -2.0])
def test_a_gap_is_that_to_the_nearest_side_or_corner(point: tuple[float, float], gap: float, turn: float) -> None:
    cos, sin = math.cos(turn), math.sin(turn)
    there = np.array([[3.0 + cos * point[0] - sin * point[1], 1.0 + sin * point[0] + cos * point[1]], [50.0, 0.0]])
    assert rectangle_gap(3.0, 1.0, turn, HALF, there) == pytest.approx(gap)


def test_without_points_the_gap_is_infinite() -> None:
    assert math.isinf(rectangle_gap(0.0, 0.0, 0.0, HALF, np.empty((0, 2))))


def meeting(x: float, y: float, vx: float, vy: float, own: tuple[float, float] = (1.0, 0.0)) -> float:
    other, velocity = np.array([[x, y]]), np.array([[vx, vy]])
    return impending((0.0, 0.0), own, other, velocity, 0.5, 0.5, 2.5)


def test_head_on_is_worse_the_sooner_it_comes() -> None:
    assert meeting(3.0, 0.0, -1.0, 0.0) == pytest.approx(1 - 1.5 / 2.5)
    assert meeting(1.0, 0.0, -1.0, 0.0) == pytest.approx(1 - 0.5 / 2.5)
    assert meeting(8.0, 0.0, -1.0, 0.0) == 0.0


def test_who_passes_with_room_or_goes_away_is_no_danger() -> None:
    assert meeting(2.0, 1.1, -1.0, 0.0) == 0.0
    assert meeting(2.0, 0.75, -1.0, 0.0) == pytest.approx(0.5 * (1 - 1.0 / 2.5))
    assert meeting(-2.0, 0.0, -1.0, 0.0) == 0.0
    assert meeting(2.0, 0.0, 1.0, 0.0) == 0.0  # as fast as oneself, ahead
    assert meeting(0.4, 0.0, 0.0, 0.0, (0.0, 0.0)) == 1.0
