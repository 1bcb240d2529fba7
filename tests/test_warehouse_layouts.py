"""Warehouses as data: solvable, nothing overlaps, nothing is spawned on anything, and maps go stale from level 4 on."""

import math
import time
from functools import cache
from itertools import combinations

import numpy as np
import pytest
from numpy.typing import NDArray
from rectangles import corners, gap, overlap, to_walls
from scipy import ndimage

from robosim.errors import RobosimError
from robosim.planning.grid import Grid
from robosim.robots.courier import SIZE
from robosim.seeding import Streams
from robosim.worlds.warehouse.generate import RADIUS, Drawn, draw, generate, trip_lengths
from robosim.worlds.warehouse.layout import BAY, Footprint, Layout

Floats = NDArray[np.float64]
FAST, MANY = 40, 1000


@cache
def world(seed: int) -> Drawn:
    return draw(Streams("test", seed).world, seed % 10)


def regions(grid: Grid) -> NDArray[np.int32]:
    """Numbers of the parts of the floor between which a disc cannot pass; 0 where it has no room."""
    room = ndimage.distance_transform_edt(~grid.blocked) * grid.cell >= RADIUS
    return np.asarray(ndimage.label(room)[0], np.int32)


def check_trip(drawn: Drawn) -> None:
    layout = drawn.layout
    x, y, heading = layout.start
    shortest, longest = trip_lengths(layout.level)
    assert shortest <= drawn.geodesic.distance(x, y) <= longest
    for grid in (drawn.true, drawn.known):
        parts = regions(grid)
        assert parts[grid.index(x, y)] == parts[grid.index(*layout.goal)] != 0
    footprints = layout.true_footprints()
    for a, b in ((x, y), layout.goal):
        assert gap(footprints, a, b) >= RADIUS
        assert to_walls(layout, a, b) >= RADIUS
    robot = (x, y, SIZE[0] / 2, SIZE[1] / 2, heading)
    assert not any(overlap(robot, (*other,)) for other in footprints.tolist())


def check_nothing_overlaps(layout: Layout) -> None:
    footprints: list[Footprint] = [(*row,) for row in layout.true_footprints().tolist()]
    reach = [math.hypot(a, b) for _, _, a, b, _ in footprints]
    for (i, one), (j, other) in combinations(enumerate(footprints), 2):
        if math.dist(one[:2], other[:2]) < reach[i] + reach[j]:
            assert not overlap(one, other), (one, other)
    inside = np.abs(np.concatenate([corners(footprint) for footprint in footprints]))
    assert (inside <= np.array(layout.size) / 2 + 1e-9).all()


def check_roads(layout: Layout) -> None:
    roads, footprints = layout.roads, layout.true_footprints()
    groups = {node: node for node in range(len(roads.nodes))}
    for (first, second), width in zip(roads.edges.tolist(), roads.widths.tolist(), strict=True):
        old, new = groups[first], groups[second]
        groups = {node: new if group == old else group for node, group in groups.items()}
        assert width >= 0.6
        for share in np.linspace(0.0, 1.0, 12).tolist():
            x, y = (1 - share) * roads.nodes[first] + share * roads.nodes[second]
            # Clearance counts from cell to cell, up to 0.7 of which may be wrong on either side.
            assert min(gap(footprints, x, y), to_walls(layout, x, y)) >= width / 2 - 0.15
    assert len(set(groups.values())) == 1
    for x, y, _ in layout.places.tolist():
        assert gap(footprints, x, y) >= 0.25
        assert to_walls(layout, x, y) >= 0.25


def check_maps(drawn: Drawn) -> None:
    layout = drawn.layout
    known, true = layout.known_footprints().tolist(), layout.true_footprints().tolist()
    if layout.level < 4:
        assert known == true
        assert not layout.barriers
        assert not layout.gone
    else:
        assert not all(load.known for load in (*layout.pallets, *layout.boxes))
        assert not any([*barrier.footprint] in known for barrier in layout.barriers)
    parts = regions(drawn.true)
    start = parts[drawn.true.index(*layout.start[:2])]
    for one, other in zip(layout.barriers[::2], layout.barriers[1::2], strict=True):
        middle = parts[drawn.true.index((one.x + other.x) / 2, (one.y + other.y) / 2)]
        assert middle != start  # there is no way round the chain


@pytest.mark.parametrize("seed", range(FAST))
def test_a_test_world_is_sound(seed: int) -> None:
    drawn = world(seed)
    check_trip(drawn)
    check_nothing_overlaps(drawn.layout)
    check_roads(drawn.layout)
    check_maps(drawn)


@pytest.mark.slow
def test_a_thousand_test_worlds_are_sound_and_soon_drawn() -> None:
    seconds = []
    for seed in range(MANY):
        start = time.process_time()
        drawn = draw(Streams("test", seed).world, seed % 10)
        seconds.append(time.process_time() - start)
        check_trip(drawn)
        check_nothing_overlaps(drawn.layout)
        check_roads(drawn.layout)
        check_maps(drawn)
    assert np.median(seconds) <= 0.020


def test_levels_grow_from_small_and_known_to_large_and_stale() -> None:
    easy = [generate(np.random.default_rng(seed), 0) for seed in range(12)]
    hard = [generate(np.random.default_rng(seed), 9) for seed in range(12)]
    assert {layout.size for layout in easy} == {(10.0, 8.0)}
    assert all(28 <= layout.size[0] <= 40 and 20 <= layout.size[1] <= 30 for layout in hard)
    assert min(layout.roads.widths.min() for layout in easy) > 1.1
    narrow = [np.sort(layout.roads.widths) for layout in hard]
    assert min(widths[0] for widths in narrow) < 1.5
    assert all(widths[-1] > 2.3 for widths in narrow)
    assert sum(bool(layout.barriers) for layout in hard) > 6
    assert any(layout.gone for layout in hard)
    assert np.mean([len(layout.racks) for layout in hard]) > 5 * np.mean([len(layout.racks) for layout in easy])


def test_the_same_seed_gives_the_same_warehouse_and_another_one_another() -> None:
    one, same, other = (generate(np.random.default_rng(seed), 6) for seed in (5, 5, 6))
    for name in ("size", "racks", "pillars", "pallets", "boxes", "gone", "barriers", "areas", "doors", "start", "goal"):
        assert getattr(one, name) == getattr(same, name)
    assert one.places.tobytes() == same.places.tobytes()
    assert one.roads.widths.tobytes() == same.roads.widths.tobytes()
    assert one.racks != other.racks


def test_warehouses_differ_in_kind() -> None:
    layouts = [world(seed).layout for seed in range(FAST)]
    turns = {round(rack.yaw / (math.pi / 2)) % 4 for layout in layouts for rack in layout.racks}
    assert len(turns) == 4
    assert {rack.double for layout in layouts for rack in layout.racks} == {True, False}
    letters = {area.letter for layout in layouts for area in layout.areas}
    assert letters == {"", *"ABCDEFP"}
    assert all(len(layout.doors) >= 1 and len(layout.areas) >= 3 for layout in layouts)
    lengths = {round(2 * rack.footprint[2], 6) for layout in layouts for rack in layout.racks}
    assert lengths == {round(bays * BAY + 0.1, 6) for bays in (1, 2)}


@pytest.mark.parametrize("level", [-1, 10])
def test_there_are_ten_levels(level: int) -> None:
    with pytest.raises(RobosimError, match="0 to 9"):
        generate(np.random.default_rng(0), level)
