"""The map of what a legged robot has seen: what is in it, when a way is planned anew, and where that leads."""

import math

import numpy as np
import pytest
from numpy.typing import NDArray

from robosim.envs.terrain_navigate import STEP
from robosim.seeding import SPLITS, Split
from robosim.terrain.relief import Relief
from robosim.terrain.shapes import SHAPE
from robosim.worlds.explored import CELL, Explored, View
from robosim.worlds.terrain_field import HALF, bank

GOAL = 7.0, 0.0
VIEW = View(ahead=4.0, behind=1.0, aside=3.0)
AROUND = round(CELL / 2 / 0.05), round(CELL / 0.05)  # samples to the middle of the first cell, and from cell to cell


def ground(high: float) -> Relief:
    """A level field with a plot across the way to the goal, from x = 2 to 6 and y = -2 to 2, that is so high (m)."""
    heights = np.zeros((5, 5, *SHAPE))
    heights[2, 3, 1:-1, 1:-1] = high
    return Relief(heights, np.ones((5, 5), np.bool_), -HALF, -HALF, -1.5)


def explorer(relief: Relief, period: int = 1) -> Explored:
    explored = Explored(HALF, VIEW, step=0.25, room=0.5, period=period)
    explored.reset(relief, GOAL)
    return explored


def length(path: NDArray[np.float64]) -> float:
    return float(np.linalg.norm(np.diff(path, axis=0), axis=1).sum())


def test_it_goes_straight_until_it_sees_what_is_in_the_way() -> None:
    explored = explorer(ground(0.4))
    explored.look(-6.0, 0.0, 1.0, 0.0)  # 8 m off
    assert length(explored.way(-6.0, 0.0)) == pytest.approx(13.0)
    explored.look(0.0, 0.0, 1.0, 0.0)
    around = explored.way(0.0, 0.0)
    assert length(around) > 7.5
    assert np.abs(around[:, 1]).max() >= 2.0 + 0.4  # m: half the plot, and the room that it keeps


@pytest.mark.parametrize(("high", "straight"), [(0.2, True), (0.4, False), (-0.8, False)])
def test_what_legs_can_step_on_is_no_hindrance(high: float, straight: bool) -> None:
    explored = explorer(ground(high))
    explored.look(0.0, 0.0, 1.0, 0.0)
    assert (length(explored.way(0.0, 0.0)) < 7.01) == straight


def test_it_does_not_see_behind_its_back() -> None:
    explored = explorer(ground(0.4))
    explored.look(0.0, 0.0, -1.0, 0.0)
    assert length(explored.way(0.0, 0.0)) == pytest.approx(7.0)


def test_it_plans_anew_no_more_often_than_it_is_told() -> None:
    explored = explorer(ground(0.4), period=3)
    explored.look(-6.0, 0.0, 1.0, 0.0)
    for _ in range(2):
        explored.look(0.0, 0.0, 1.0, 0.0)
        assert length(explored.way(0.0, 0.0)) == pytest.approx(7.0)
    explored.look(0.0, 0.0, 1.0, 0.0)
    assert length(explored.way(0.0, 0.0)) > 7.5


def test_a_new_episode_knows_nothing_of_the_last() -> None:
    explored = explorer(ground(0.4))
    explored.look(0.0, 0.0, 1.0, 0.0)
    explored.reset(ground(0.4), GOAL)
    explored.look(-6.0, 0.0, 1.0, 0.0)
    assert length(explored.way(-6.0, 0.0)) == pytest.approx(13.0)


@pytest.mark.parametrize("split", SPLITS)
def test_a_step_tells_what_can_be_crossed(split: Split) -> None:
    first, every = AROUND
    for (kind, number), plot in bank(split).items():
        heights = plot.heights[first::every, first::every]
        edge = np.concatenate([heights[0], heights[-1], heights[:, 0], heights[:, -1]])
        if plot.shut:
            assert np.abs(edge).min() > STEP, (kind, number)  # all around, from the level of its neighbours
        else:
            steps = (*np.diff(heights, axis=0).flat, *np.diff(heights, axis=1).flat, *edge)
            assert max(map(math.fabs, steps)) < STEP, (kind, number)
