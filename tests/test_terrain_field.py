"""Fields of plots: what lies beside what, that there is a way, and that going straight is none."""

import itertools
import math

import numpy as np
import pytest

from robosim.physics import Physics
from robosim.seeding import LEVELS
from robosim.terrain.plots import IMPASSABLE, PASSABLE
from robosim.terrain.shapes import BORDER, CELL, SHAPE
from robosim.worlds.terrain_field import AHEAD, HALF, SIDE, TerrainField, bank, draw_layout


@pytest.mark.parametrize("difficulty", [0.0, 0.5, 1.0])
@pytest.mark.parametrize("name", PASSABLE)
def test_a_plot_that_can_be_crossed_is_level_on_all_sides(name: str, difficulty: float) -> None:
    heights = PASSABLE[name].heights(difficulty, np.random.default_rng(1))
    assert heights.shape == SHAPE
    border = round(BORDER / CELL) - 1
    for edge in (heights[:border], heights[-border:], heights[:, :border], heights[:, -border:]):
        assert (edge == 0).all()
    steps = [np.abs(np.diff(heights, axis=axis)).max() for axis in (0, 1)]
    assert max(steps) <= 0.13


@pytest.mark.parametrize("name", IMPASSABLE)
def test_a_plot_that_cannot_be_crossed_has_no_way_through(name: str) -> None:
    heights = IMPASSABLE[name].heights(0.0, np.random.default_rng(1))
    assert (np.abs(heights[1:-1, 1:-1]) >= 0.35).all()
    assert (heights[[0, -1]] == 0).all()
    assert (heights[:, [0, -1]] == 0).all()


def test_plots_differ_between_splits() -> None:
    train, test = bank("train"), bank("test")
    for (name, level), plot in train.items():
        same = (plot.heights == test[name, level].heights).all()
        assert same == (name in ("flat", "pit", "mound") or (name, level) == ("waves", 0))


@pytest.mark.parametrize("level", LEVELS)
def test_layouts_have_a_way_and_at_higher_levels_no_straight_one(level: int) -> None:
    shares = []
    for seed in range(100):
        layout = draw_layout(np.random.default_rng(seed), level)
        (x, y, _), (goal_x, goal_y) = layout.start, layout.goal
        assert 5 <= math.dist((x, y), layout.goal) <= 15
        assert abs(x) < HALF
        assert abs(goal_y) < HALF
        steps = np.linspace(0, 1, 200)
        crossed = [
            layout.shut[int((y + s * (goal_y - y) + HALF) / 4), int((x + s * (goal_x - x) + HALF) / 4)] for s in steps
        ]
        assert not crossed[0]
        assert not crossed[-1]
        assert any(crossed) or level < AHEAD
        shares.append(layout.shut.mean())
    assert np.mean(shares) == pytest.approx(0.4 * level / 9, abs=0.06)


def test_the_shortest_way_goes_around_and_the_ground_is_where_it_says() -> None:
    with Physics(1 / 250) as physics:
        field = TerrainField(physics, "val")
        physics.save()
        for seed in range(8):
            physics.restore()
            field.reset(np.random.default_rng(seed), 9)
            x, y, _ = field.layout.start
            path = field.geodesic.path(x, y)
            straight = math.dist((x, y), field.layout.goal)
            assert straight < field.geodesic.distance(x, y) < 4 * straight
            for (ax, ay), (bx, by) in itertools.pairwise(path.tolist()):
                for share in np.linspace(0, 1, 20):
                    assert field.passable(ax + share * (bx - ax), ay + share * (by - ay))
            rng = np.random.default_rng(seed)
            for px, py in rng.uniform(-HALF + 0.1, HALF - 0.1, (40, 2)).tolist():
                hits = [
                    physics.ray((px + dx, py + dy, 3.0), (px + dx, py + dy, -3.0))
                    for dx in (-0.03, 0.0, 0.03)
                    for dy in (-0.03, 0.0, 0.03)
                ]
                heights = [hit[2] for hit in hits if hit is not None]
                assert min(heights) - 0.03 <= field.height(px, py) <= max(heights) + 0.03
        assert field.height(HALF + 1, 0.0) == pytest.approx(-1.5)
        assert not field.passable(HALF + 1, 0.0)
        assert field.layout.shut.shape == (SIDE, SIDE)
