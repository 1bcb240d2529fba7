"""Shapes of ground, their surface, and the lane that is laid of them."""

import itertools

import numpy as np
import pytest

from robosim.physics import Physics
from robosim.seeding import LEVELS
from robosim.terrain.relief import Relief, read_heights
from robosim.terrain.shapes import BORDER, CELL, KINDS, LENGTH, SHAPE, WIDTH
from robosim.worlds.terrain import CHOICES, FRICTION, START, TILES, Terrain, bank

# kind → least and greatest height that it may have at difficulty 1, m, and the steepest rise from sample to sample
RANGES = {
    "flat": (0.0, 0.0, 0.0),
    "rough": (-0.06, 0.06, 0.031),
    "slope_up": (0.0, 1.28, 0.0201),
    "slope_down": (-1.28, 0.0, 0.0201),
    "rough_slope": (-1.01, 1.01, 0.036),
    "waves": (-0.08, 0.08, 0.035),
    "stairs_up": (0.0, 1.21, 0.1101),
    "stairs_down": (-1.21, 0.0, 0.1101),
    "blocks": (-0.06, 0.06, 0.12),
    "stones": (-0.3, 0.02, 0.32),
    "gaps": (-0.3, 0.0, 0.3),
    "rubble": (0.0, 0.09, 0.0901),
}


@pytest.mark.parametrize("kind", KINDS)
def test_a_shape_begins_and_ends_level_and_stays_in_its_range(kind: str) -> None:
    low, high, step = RANGES[kind]
    border = round(BORDER / CELL) + 1
    for seed in range(20):
        heights = KINDS[kind].heights(1.0, np.random.default_rng(seed))
        assert heights.shape == SHAPE
        assert (heights[:border] == 0).all()
        assert np.ptp(heights[-border:]) < 1e-9
        assert low - 1e-9 <= heights.min() <= heights.max() <= high + 1e-9
        assert max(np.abs(np.diff(heights, axis=axis)).max() for axis in (0, 1)) <= step + 1e-9


@pytest.mark.parametrize("kind", [kind for kind in KINDS if kind != "flat"])
def test_a_shape_is_harder_at_a_higher_difficulty_and_pure(kind: str) -> None:
    def unevenness(difficulty: float) -> float:
        heights = KINDS[kind].heights(difficulty, np.random.default_rng(3))
        # What a trench takes away is its width: its depth is the same at any difficulty.
        return float((heights < -0.1).mean() if kind in ("gaps", "stones") else np.abs(np.diff(heights, axis=0)).max())

    rising = [unevenness(difficulty) for difficulty in (0.0, 0.5, 1.0)]
    assert rising == sorted(rising)
    assert rising[0] < rising[2]
    again = [KINDS[kind].heights(0.7, np.random.default_rng(5)) for _ in range(2)]
    assert (again[0] == again[1]).all()


def test_stairs_of_level_six_are_eight_centimetres_high() -> None:
    heights = KINDS["stairs_up"].heights(6 / 9, np.random.default_rng(0))
    assert np.diff(heights[:, 0]).max() == pytest.approx(0.08)


def test_tiles_of_the_splits_differ() -> None:
    train, test = bank("train"), bank("test")
    drawn = [kind for kind in KINDS if kind not in ("flat", "slope_up", "slope_down", "stairs_up", "stairs_down")]
    for kind, level in itertools.product(drawn, (3, 9)):
        assert (train[kind, level].heights != test[kind, level].heights).any(), (kind, level)


@pytest.fixture(scope="module")
def lane() -> tuple[Physics, Terrain]:
    physics = Physics(1 / 250)
    terrain = Terrain(physics, "test")
    physics.save()
    return physics, terrain


@pytest.mark.medium
def test_the_ground_that_rays_hit_is_where_the_relief_says_on_every_tile(lane: tuple[Physics, Terrain]) -> None:
    physics, terrain = lane
    rng = np.random.default_rng(0)
    for kind, level in itertools.product(CHOICES, LEVELS):
        physics.restore()
        terrain.reset(rng, level, kind)
        for x, y in zip(rng.uniform(START + 0.1, 15.9, 30), rng.uniform(-1.9, 1.9, 30), strict=True):
            hit = physics.ray((x, y, 20.0), (x, y, -20.0))
            assert hit is not None
            # Triangles and straight lines between samples differ within a square of 0.1 m, the more the rougher.
            tolerance = 1e-6 if kind in ("stairs_up", "stairs_down", "blocks", "stones", "gaps", "flat") else 0.016
            assert hit[2] == pytest.approx(terrain.height(x, y), abs=tolerance), (kind, level, x, y)


def test_an_episode_begins_on_level_ground_at_every_tile(lane: tuple[Physics, Terrain]) -> None:
    physics, terrain = lane
    rng = np.random.default_rng(1)
    for kind, level in itertools.product(CHOICES, LEVELS):
        physics.restore()
        terrain.reset(rng, level, kind)
        (x, y, z), _ = terrain.spawn(rng)
        around = [terrain.height(x + dx, y + dy) for dx in (-0.3, 0.3) for dy in (-0.2, 0.2)]
        assert around == [z] * 4


def test_a_lane_has_no_seams_and_ends_where_it_says(lane: tuple[Physics, Terrain]) -> None:
    physics, terrain = lane
    physics.restore()
    terrain.reset(np.random.default_rng(2), 9, "mix")
    for seam in range(TILES + 1):
        x = START + (seam + 1) * LENGTH
        assert terrain.height(x - 1e-4, 0.3) == pytest.approx(terrain.height(x + 1e-4, 0.3), abs=1e-9)
    assert terrain.on(0.0, WIDTH / 2 - 0.01)
    assert not terrain.on(0.0, WIDTH / 2 + 0.01)
    assert not terrain.on(START - 0.01, 0.0)
    below = terrain.height(0.0, WIDTH)
    assert below < terrain.relief.heights.min() - 0.5
    hit = physics.ray((0.0, WIDTH, 20.0), (0.0, WIDTH, -20.0))
    assert hit is not None
    assert hit[2] == pytest.approx(below)


def test_a_body_slides_on_a_tile_as_its_friction_says(lane: tuple[Physics, Terrain]) -> None:
    physics = Physics(1 / 250)
    terrain = Terrain(physics, "test")
    box = physics.add_box((0.2, 0.2, 0.1), 1.0, (1, 1, 1, 1))
    smooth = 0.5
    box.set_friction(smooth)
    physics.save()
    slides: dict[bool, list[float]] = {True: [], False: []}
    for seed in range(24):
        physics.restore()
        terrain.reset(np.random.default_rng(seed), 9, "slope_up")  # 0.4 rise per run
        assert all(FRICTION[0] <= friction <= FRICTION[1] for friction in terrain.frictions)
        holds = smooth * terrain.frictions[int((2.0 - START) / LENGTH)] - 0.4  # Bullet multiplies the two
        box.place((2.0, 0.0, terrain.height(2.0, 0.0) + 0.06), (0.0, -0.1891, 0.0, 0.98196))
        physics.step(250)
        if abs(holds) > 0.05:
            slides[holds < 0].append(2.0 - box.pose()[0][0])
    assert min(map(len, slides.values())) >= 5
    assert min(slides[True]) > 0.1
    assert max(slides[False]) < 0.05
    physics.close()


def test_a_scan_turns_with_its_frame(lane: tuple[Physics, Terrain]) -> None:
    _, terrain = lane
    terrain.reset(np.random.default_rng(4), 9, "rough_slope")
    relief: Relief = terrain.relief
    points = np.array([(0.5, 0.2), (-0.3, 0.0)])
    out = np.zeros(2)
    read_heights(relief, 3.0, 0.1, 0.0, 1.0, points, out)
    assert out.tolist() == pytest.approx([terrain.height(3.0 - 0.2, 0.6), terrain.height(3.0, -0.2)])
