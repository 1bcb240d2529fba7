"""Racks and areas as data: nothing overlaps, all stands on its board, and what is asked for can be reached."""

import math
from collections import Counter
from dataclasses import replace
from functools import cache
from itertools import combinations

import numpy as np
import pytest
from rectangles import corners, overlap

from robosim.robots.courier import SIZE
from robosim.robots.mast import COLUMN, LIFT, REACH, TURN_LOW, reach_for
from robosim.robots.suction import SEAL, TILT
from robosim.seeding import Streams
from robosim.worlds.store.areas import CORRIDOR, MARGIN, ROOM, draw_area
from robosim.worlds.store.footprints import inside
from robosim.worlds.store.footprints import overlap as overlap_by_formula
from robosim.worlds.store.generate import draw_rack
from robosim.worlds.store.layout import BAY, BOARD, DEPTH, AreaLayout, Parcel, RackLayout
from robosim.worlds.store.packages import HEAVIEST, LIGHTEST, POOL, SLENDER
from robosim.worlds.warehouse.clutter import LETTERS, PAD

SEEDS = range(1000)


@cache
def rack(seed: int) -> RackLayout:
    return draw_rack(Streams("test", seed).world, seed % 10)


@cache
def area(seed: int) -> AreaLayout:
    return draw_area(Streams("test", seed).world, seed % 10)


def board_of(layout: RackLayout, parcel: Parcel) -> int:
    bottom = parcel.z - parcel.model.size[2] / 2
    return int(np.argmin([abs(bottom - height) for height in layout.shelving.heights]))


def test_the_pool_has_every_destination_in_several_sizes_clean_and_worn() -> None:
    for letter in LETTERS:
        models = [model for model in POOL if model.letter == letter]
        assert {model.worn for model in models} == {True, False}
        assert max(m.volume for m in models) > 3 * min(m.volume for m in models)
    sizes = np.array([model.size for model in POOL])
    assert (sizes >= 0.15).all()
    assert (sizes <= 0.5).all()
    assert all(z <= SLENDER * min(x, y) for x, y, z in sizes.tolist())
    assert all(abs(c) < s / 4 for model in POOL for c, s in zip(model.centre, model.size, strict=True))
    assert any(model.centre[0] > 0.01 for model in POOL)


def test_nothing_on_a_rack_overlaps_or_sticks_out() -> None:
    for seed in SEEDS:
        layout = rack(seed)
        assert len({parcel.number for parcel in layout.parcels}) == len(layout.parcels)
        by_board: dict[int, list[Parcel]] = {}
        for parcel in layout.parcels:
            by_board.setdefault(board_of(layout, parcel), []).append(parcel)
        for board, parcels in by_board.items():
            top = layout.shelving.heights[board]
            above = layout.shelving.heights[board + 1] - BOARD if board < 3 else math.inf
            for parcel in parcels:
                assert 0 < parcel.z - parcel.model.size[2] / 2 - top < 1e-3
                assert parcel.z + parcel.model.size[2] / 2 < above - 0.03
                points = np.abs(corners(parcel.footprint))
                assert (points <= (DEPTH / 2, BAY / 2)).all()
            assert not any(overlap(a.footprint, b.footprint) for a, b in combinations(parcels, 2))


def test_what_is_asked_for_is_within_reach_and_nothing_stands_before_it() -> None:
    for seed in SEEDS:
        layout = rack(seed)
        parcel, (x, y, heading) = layout.ordered, layout.start
        face = parcel.face
        cos, sin = math.cos(heading), math.sin(heading)
        dx, dy = face[0] - x, face[1] - y
        turret, lift, reach = reach_for(cos * dx + sin * dy, cos * dy - sin * dx, face[2])
        assert abs(turret) <= TURN_LOW
        assert LIFT[0] <= lift <= LIFT[1]
        assert REACH[0] + parcel.model.size[0] < reach + 0.05 <= REACH[1] + 0.05
        assert abs(math.remainder(heading + turret - parcel.yaw - math.pi, 2 * math.pi)) < TILT
        free = (face[0] + 0.3, face[1], 0.3, parcel.model.size[1] / 2, parcel.yaw)
        rivals = [other for other in layout.parcels if other is not parcel]
        same_board = [other for other in rivals if board_of(layout, other) == board_of(layout, parcel)]
        assert not any(overlap(free, other.footprint) for other in same_board)
        assert x - SIZE[0] / 2 - DEPTH / 2 > 0.2


def test_levels_make_racks_harder() -> None:
    easy, hard = ([rack(seed) for seed in SEEDS if seed % 10 == level] for level in (0, 9))
    assert np.mean([len(r.parcels) for r in easy]) < 7 < 12 < np.mean([len(r.parcels) for r in hard])
    assert not any(r.ordered.model.worn for r in easy)
    assert 0.3 < np.mean([r.ordered.model.worn for r in hard]) < 0.7
    assert np.mean([r.ordered.mass for r in easy]) < 0.7 * np.mean([r.ordered.mass for r in hard])
    assert max(abs(r.ordered.z - 0.95) for r in easy) <= 0.4
    assert min(r.ordered.z for r in hard) < 0.3
    assert max(r.ordered.z for r in hard) > 1.7
    behind = [sum(p.x < -0.05 for p in r.parcels) for r in hard]
    assert np.mean(behind) > 1


@pytest.mark.parametrize("draw", [rack, area])
def test_every_destination_is_asked_for_and_masses_vary(draw: object) -> None:
    asked = [rack(s).ordered if draw is rack else area(s).held for s in SEEDS]
    count = Counter(parcel.model.letter for parcel in asked)
    assert set(count) == set(LETTERS)
    assert min(count.values()) > 100
    masses = np.array([parcel.mass for parcel in asked])
    assert masses.min() >= LIGHTEST
    assert 10 < masses.max() <= HEAVIEST
    volumes = np.array([parcel.model.volume for parcel in asked])
    assert 0.5 < np.corrcoef(masses, volumes)[0, 1] < 0.95


def test_a_free_place_is_in_the_area_and_within_reach() -> None:
    for seed in SEEDS:
        layout = area(seed)
        held, share = layout.held, layout.level / 9
        assert held.model.letter == layout.area.letter
        margin = MARGIN[0] + (MARGIN[1] - MARGIN[0]) * share - 1e-9
        x, y, a, b, yaw = held.footprint
        assert inside((x, y, a, b, yaw), replace(layout.area, size=(PAD[0] - 2 * margin, PAD[1] - 2 * margin)))
        room = ROOM[0] + (ROOM[1] - ROOM[0]) * share - 1e-3
        for other in layout.parcels:
            assert not overlap((x, y, a + room, b + room, yaw), other.footprint)
            assert inside(other.footprint, layout.area)
        face = held.face
        turret, lift, reach = reach_for(face[0], face[1], face[2] + layout.grip[1])
        assert abs(turret) < TURN_LOW
        assert lift >= LIFT[0]
        assert REACH[0] < reach < REACH[1]
        arm = ((face[0] + COLUMN) / 2, face[1] / 2, reach / 2, CORRIDOR - 1e-3, turret)
        robot = (0.0, 0.0, SIZE[0] / 2, SIZE[1] / 2, 0.0)
        assert not any(overlap(strip, other.footprint) for strip in (arm, robot) for other in layout.parcels)
        assert not any(overlap(a.footprint, b.footprint) for a, b in combinations(layout.parcels, 2))
        for along, length in zip(layout.grip, held.model.size[1:], strict=True):
            assert abs(along) <= length / 2 - SEAL
        lowest = layout.arm[1] - layout.grip[1] - held.model.size[2] / 2
        assert lowest > max([0.4, *(other.model.size[2] for other in layout.parcels)])
        assert layout.arm[1] < LIFT[1]


def test_levels_make_areas_harder() -> None:
    easy, hard = ([area(seed) for seed in SEEDS if seed % 10 == level] for level in (0, 9))
    assert not any(layout.parcels for layout in easy)
    assert np.mean([len(layout.parcels) for layout in hard]) > 1.5
    assert max(abs(layout.arm[0]) for layout in easy) <= 0.2
    assert max(abs(layout.arm[0]) for layout in hard) > 2.5
    assert all(layout.grip[0] == 0.0 for layout in easy)
    assert max(abs(layout.grip[0]) for layout in hard) > 0.05


def test_overlap_agrees_with_the_separating_axes_of_corners() -> None:
    rng = np.random.default_rng(0)
    for _ in range(500):
        one, other = ((*rng.uniform(-1, 1, 2), *rng.uniform(0.1, 1, 2), rng.uniform(-4, 4)) for _ in range(2))
        shrunk = (other[0], other[1], other[2] - 5e-4, other[3] - 5e-4, other[4])
        if overlap(one, other) != overlap(one, shrunk):
            continue  # too close to call
        assert overlap_by_formula(one, other) == overlap(one, other)
