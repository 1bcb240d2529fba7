"""People and forklifts: where they begin, how they move, whom they avoid, and that they do so again."""

import math
from collections.abc import Iterator

import numpy as np
import pytest
from numpy.typing import NDArray

from robosim.physics import Physics
from robosim.planning.grid import clearance, rasterise
from robosim.shapes import Kind
from robosim.worlds.traffic.courses import HALF_LENGTH, HALF_WIDTH
from robosim.worlds.traffic.routes import MOST_POINTS, lay_walk, network
from robosim.worlds.traffic.traffic import PERSON_RADIUS, Traffic
from robosim.worlds.warehouse.generate import generate
from robosim.worlds.warehouse.layout import Layout, Rack, Roads

DT = 0.1
NOBODY = (1e6, 1e6, 0.0, 0.0, 0.4)
PEOPLE, FORKLIFTS = 12, 3
Floats = NDArray[np.float64]


@pytest.fixture(scope="module")
def traffic() -> Iterator[Traffic]:
    with Physics(0.01) as physics:
        yield Traffic(physics, PEOPLE, FORKLIFTS)


def begin(
    traffic: Traffic, layout: Layout, seed: int, people: int = PEOPLE, forklifts: int = FORKLIFTS,
    keep_clear: tuple[tuple[float, float, float], ...] = (),
) -> None:  # fmt: skip
    grid = rasterise(layout.true_footprints(), layout.size)
    traffic.reset(
        np.random.default_rng(seed), layout, (grid, clearance(grid)), people, forklifts, keep_clear=keep_clear
    )


def warehouse(seed: int, level: int = 9) -> Layout:
    return generate(np.random.default_rng(seed), level)


def corridor(width: float, length: float = 24.0) -> Layout:
    """Two long racks with one aisle between them along x, and its two ends as the places to go to."""
    rack = (width + 1.1) / 2
    bays = int(length / 2.8)
    racks = tuple(Rack(0.0, side * rack, 0.0, bays) for side in (-1, 1))
    end = length / 2 - 1.0
    nodes = np.array([(-end, 0.0), (end, 0.0)])
    places = np.array([(-end, 0.0, 0.0), (end, 0.0, math.pi)])
    roads = Roads(nodes, np.array([[0, 1]]), np.array([width]))
    size = (length, width + 2.4)
    return Layout(size, 9, racks, (), (), (), (), (), (), (), roads, places, (0.0, 0.0, 0.0), (0.0, 0.0))


def gap_to_rectangles(points: Floats, footprints: Floats) -> Floats:
    """How far each point is from the nearest rectangle."""
    dx, dy = (points[:, None, k] - footprints[None, :, k] for k in range(2))
    cos, sin = np.cos(footprints[:, 4]), np.sin(footprints[:, 4])
    ahead, aside = np.abs(dx * cos + dy * sin), np.abs(dy * cos - dx * sin)
    gaps: Floats = np.hypot(np.maximum(ahead - footprints[:, 2], 0), np.maximum(aside - footprints[:, 3], 0))
    return np.asarray(gaps.min(1))


def trucks(traffic: Traffic) -> Floats:
    """The forklifts' footprints."""
    sizes = np.tile([HALF_LENGTH, HALF_WIDTH], (len(traffic.forklift_positions), 1))
    return np.column_stack([traffic.forklift_positions, sizes, traffic.forklift_headings])


def rim(footprint: Floats) -> Floats:
    x, y, a, b, yaw = footprint
    cos, sin = math.cos(yaw), math.sin(yaw)
    return np.array([(x + i * a * cos - j * b * sin, y + i * a * sin + j * b * cos)
                     for i in np.linspace(-1, 1, 9) for j in (-1, 0, 1)])  # fmt: skip


def closest_pair(points: Floats) -> float:
    apart = np.linalg.norm(points[:, None] - points[None], axis=-1) + 1e3 * np.eye(len(points))
    return float(apart.min())


@pytest.mark.parametrize("level", [3, 9])
def test_nobody_begins_on_anybody_or_anything(traffic: Traffic, level: int) -> None:
    met = 0
    for seed in range(15):
        layout = warehouse(seed, level)
        x, y, _ = layout.start
        begin(traffic, layout, seed, keep_clear=((x, y, 2.0),))
        people, standing = traffic.people_positions, layout.true_footprints()
        assert len(people) == PEOPLE
        met += len(traffic.forklift_positions)
        assert closest_pair(people) > 2 * PERSON_RADIUS
        assert gap_to_rectangles(people, standing).min() > PERSON_RADIUS
        assert np.hypot(*(people - (x, y)).T).min() > 2.0 + PERSON_RADIUS
        if len(trucks(traffic)):
            assert gap_to_rectangles(people, trucks(traffic)).min() > PERSON_RADIUS
            assert gap_to_rectangles(np.array([(x, y)]), trucks(traffic)).min() > 2.0
        for truck in trucks(traffic):
            assert gap_to_rectangles(rim(truck), standing).min() > 0.03
    assert met >= 20


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_a_minute_in_a_full_warehouse(traffic: Traffic, seed: int) -> None:
    layout = warehouse(seed)
    begin(traffic, layout, seed)
    standing, steps = layout.true_footprints(), 600
    walls = np.array(layout.size) / 2
    overlaps, waits, began = 0, np.zeros(PEOPLE), traffic.people_positions.copy()
    travelled, driven = np.zeros(PEOPLE), np.zeros(len(traffic.forklift_positions))
    for _ in range(steps):
        people, machines, turned = (
            traffic.people_positions.copy(), traffic.forklift_positions.copy(), traffic.forklift_headings.copy(),
        )  # fmt: skip
        traffic.advance(DT, NOBODY)
        moved = np.linalg.norm(traffic.people_positions - people, axis=1)
        travelled, waits = travelled + moved, np.where(moved > 0.01, 0.0, waits + DT)
        driven += np.linalg.norm(traffic.forklift_positions - machines, axis=1)
        turn = (traffic.forklift_headings - turned + np.pi) % (2 * np.pi) - np.pi
        assert moved.max() < 0.22
        assert np.abs(turn).max(initial=0.0) < 0.3
        assert gap_to_rectangles(traffic.people_positions, standing).min() > 0.8 * PERSON_RADIUS
        assert (walls - np.abs(traffic.people_positions)).min() > 0.8 * PERSON_RADIUS
        assert closest_pair(traffic.people_positions) > 1.6 * PERSON_RADIUS
        overlaps += closest_pair(traffic.people_positions) < 1.96 * PERSON_RADIUS
        assert waits.max() < 20.0
        for truck in trucks(traffic):
            assert gap_to_rectangles(traffic.people_positions, truck[None]).min() > 0.6 * PERSON_RADIUS
            assert gap_to_rectangles(rim(truck), standing).min() > 0.0
            assert (walls - np.abs(rim(truck))).min() > 0.0
    assert overlaps < 0.03 * steps
    assert np.median(travelled) > 25.0
    assert np.linalg.norm(traffic.people_positions - began, axis=1).max() > 10.0
    assert driven.sum() > 20.0


def test_the_same_seed_moves_everybody_alike_whatever_was_before(traffic: Traffic) -> None:
    layout = warehouse(5)

    def episode() -> list[bytes]:
        begin(traffic, layout, 5)
        told = []
        for step in range(200):
            traffic.advance(DT, (0.01 * step, 0.0, 0.1, 0.0, 0.4))
            told.append(traffic.people_positions.tobytes() + traffic.forklift_positions.tobytes())
        return told

    first = episode()
    begin(traffic, warehouse(6), 6, people=3)
    for _ in range(50):
        traffic.advance(DT, NOBODY)
    assert episode() == first
    begin(traffic, layout, 7)
    traffic.advance(DT, (0.0, 0.0, 0.1, 0.0, 0.4))
    assert traffic.people_positions.tobytes() != first[0][: 16 * PEOPLE]


def test_bodies_stand_where_they_are_told_to_and_the_others_far_away(traffic: Traffic) -> None:
    layout = warehouse(1)
    begin(traffic, layout, 1)
    begin(traffic, layout, 1, people=4, forklifts=1)
    traffic.advance(DT, NOBODY)
    people, machines = traffic.bodies[:PEOPLE], traffic.bodies[PEOPLE:]
    for body, position, heading in zip(people, traffic.people_positions, traffic.people_headings, strict=False):
        (x, y, z), (_, _, sine, cosine) = body.pose()
        assert (x, y, z) == pytest.approx((*position, 0.0), abs=1e-9)
        assert math.remainder(2 * math.atan2(sine, cosine) - heading, 2 * math.pi) == pytest.approx(0.0, abs=1e-6)
    (x, y, _), _ = machines[0].pose()
    assert (x, y) == pytest.approx(traffic.forklift_positions[0], abs=1e-9)
    idle = [body.pose()[0] for body in (*people[4:], *machines[1:])]
    assert all(z < -10.0 for _, _, z in idle)
    assert closest_pair(np.array(idle)) > 3.0


def test_what_is_what(traffic: Traffic) -> None:
    kinds = [traffic.kind_of(body.number) for body in traffic.bodies]
    assert kinds == [Kind.PERSON] * PEOPLE + [Kind.FORKLIFT] * FORKLIFTS
    assert traffic.kind_of(10_000) is None


def test_gaps(traffic: Traffic) -> None:
    begin(traffic, warehouse(1), 1)
    x, y = traffic.people_positions[0]
    assert traffic.gaps(x, y)[0] == 0.0
    (x, y), heading = traffic.forklift_positions[0], traffic.forklift_headings[0]
    reach = HALF_LENGTH + 0.5
    assert traffic.gaps(x + reach * math.cos(heading), y + reach * math.sin(heading))[1] == pytest.approx(0.5)
    begin(traffic, warehouse(1), 1, people=0, forklifts=0)
    assert traffic.gaps(0.0, 0.0) == (math.inf, math.inf)
    traffic.advance(DT, NOBODY)


@pytest.mark.parametrize("width", [1.4, 2.0, 3.0])
def test_people_keep_to_the_right_and_leave_a_robot_room(traffic: Traffic, width: float) -> None:
    checked = 0
    for seed in range(6):
        begin(traffic, corridor(width), seed, people=1, forklifts=0)
        for _ in range(150):
            traffic.advance(DT, NOBODY)
            (x, y), (vx, _) = traffic.people_positions[0], traffic.people_velocities[0]
            if abs(x) < 6.0 and abs(vx) > 0.8:
                right = -y * np.sign(vx)
                assert right > 0.1
                assert width / 2 + right - PERSON_RADIUS > 0.75  # m, beside the walker
                checked += 1
    assert checked > 100


def test_whoever_heeds_the_robot_evades_it_early_and_whoever_does_not_at_their_feet(traffic: Traffic) -> None:
    """In a wide aisle a robot stands right in the lane; neither walks into it."""
    noticed: dict[bool, list[float]] = {True: [], False: []}
    for seed in range(8):
        tracks = []
        for robot in (NOBODY, (0.0, -0.75, 0.0, 0.0, 0.4)):
            begin(traffic, corridor(3.0), seed, people=2, forklifts=0)
            heeds, track = traffic.heeds.tolist(), []
            assert sorted(heeds) == [False, True]
            for _ in range(300):
                traffic.advance(DT, robot)
                track.append(traffic.people_positions.copy())
            tracks.append(np.array(track))
        away = np.linalg.norm(tracks[1] - robot[:2], axis=2)
        assert away.min() - 0.4 - PERSON_RADIUS > 0
        apart = np.linalg.norm(tracks[1] - tracks[0], axis=2) > 0.02
        for person, heeding in enumerate(heeds):
            if apart[:, person].any():
                noticed[heeding].append(float(away[apart[:, person].argmax(), person]))
    assert np.median(noticed[True]) > 2.0
    assert np.median(noticed[False]) < 1.5


def test_nobody_walks_into_a_robot_that_stands_in_their_way(traffic: Traffic) -> None:
    """In an aisle where there is no way past it: whoever looks out for it stops, and so does whoever does not."""
    robot = (0.0, 0.0, 0.0, 0.0, 0.4)
    met = dict.fromkeys((True, False), 0)
    for seed in range(6):
        begin(traffic, corridor(1.5), seed, people=2, forklifts=0)
        for _ in range(300):
            traffic.advance(DT, robot)
            gaps = np.linalg.norm(traffic.people_positions, axis=1) - robot[4] - PERSON_RADIUS
            assert gaps.min() > 0.0
            for heeding in traffic.heeds[gaps < 0.3]:
                met[bool(heeding)] += 1
    assert min(met.values()) > 20


def test_a_forklift_stops_for_the_robot_and_then_goes_elsewhere(traffic: Traffic) -> None:
    met = 0
    for seed in range(4):
        begin(traffic, corridor(3.0, 36.0), seed, people=0, forklifts=1)
        stood, left = 0, False
        for _ in range(900):
            traffic.advance(DT, (0.0, 0.0, 0.0, 0.0, 0.4))
            truck = trucks(traffic)
            gap = gap_to_rectangles(np.zeros((1, 2)), truck)[0] - 0.4
            if len(truck) and abs(truck[0, 0]) < 4.0:
                still = np.linalg.norm(traffic.forklift_velocities[0]) < 0.01
                stood += bool(still)
                left |= stood > 10 and not still
            assert gap > 0.1
        met += left
    assert met >= 2


def test_ways_are_the_shortest() -> None:
    """On a ring with a spur, against lengths that one reads from the plan."""
    nodes = np.array([(0.0, 0.0), (10.0, 0.0), (10.0, 6.0), (0.0, 6.0), (16.0, 6.0)])
    edges = np.array([(0, 1), (1, 2), (2, 3), (3, 0), (2, 4)])
    roads = network(Roads(nodes, edges, np.full(5, 0.1)))  # so narrow that lanes are the middle
    path = np.zeros((MOST_POINTS + 2, 2))
    for start, goal, length in (((1, 0), (15, 6), 20.0), ((1, 6), (2, 0), 9.0), ((2, 0), (7, 0), 5.0)):
        count = lay_walk(roads, float(start[0]), float(start[1]), float(goal[0]), float(goal[1]), 0.5, path)
        assert np.linalg.norm(np.diff(path[:count], axis=0), axis=1).sum() == pytest.approx(length)


def test_lidars_and_bumpers_meet_people_where_they_stand() -> None:
    with Physics(0.01) as physics:
        traffic = Traffic(physics, 2, 1)
        begin(traffic, corridor(3.0), 1, people=1, forklifts=0)
        x, y = traffic.people_positions[0]
        hit = physics.ray((x + 1.0, y, 0.2), (x, y, 0.2))
        assert hit == pytest.approx((x + PERSON_RADIUS, y, 0.2), abs=0.01)
