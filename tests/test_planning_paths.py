"""Shortest distances and paths: against formulas, and against the visibility graph of all cells."""

import math

import numpy as np
import pytest
from floors import length, some_boxes, values_along
from numpy.typing import ArrayLike, NDArray
from scipy.sparse.csgraph import dijkstra

from robosim.compiled import compiled
from robosim.errors import RobosimError
from robosim.planning.astar import Care, new_work, shortest_path
from robosim.planning.geodesic import Geodesic
from robosim.planning.grid import Grid, clearance, rasterise
from robosim.planning.sight import visible

RADIUS = 0.4  # m
RACK = (0.0, 0.0, 3.0, 0.5, 0.0)
SIZE = (10.0, 8.0)
SHUT = [(0.0, 0.0, 0.1, 4.0, 0.0)]  # a wall from side to side


def floor(boxes: ArrayLike, size: tuple[float, float] = SIZE) -> tuple[Grid, NDArray[np.float32]]:
    grid = rasterise(boxes, size)
    return grid, clearance(grid)


def around_the_rack(y: float) -> float:
    """The taut string from (0, -y) to (0, y): twice a tangent to the circle around a corner, an arc and half a side."""
    _, _, a, b, _ = RACK
    away = math.hypot(a, y - b)
    turn = math.atan2(y - b, -a) - math.acos(RADIUS / away)
    return 2 * (math.sqrt(away**2 - RADIUS**2) + RADIUS * turn + b)


@compiled
def see_one_another(
    seen: NDArray[np.float64], cells: NDArray[np.int64], room: NDArray[np.float32], radius: float
) -> None:
    for n in range(len(cells)):
        for m in range(n):
            if visible(room, radius, cells[n, 0], cells[n, 1], cells[m, 0], cells[m, 1]):
                seen[n, m] = math.hypot(cells[n, 0] - cells[m, 0], cells[n, 1] - cells[m, 1])


def exact_distances(grid: Grid, room: NDArray[np.float32], radius: float, goal: int) -> NDArray[np.float64]:
    """Distances (n,) from each free cell to one of them, over straight lines between the middles of free cells."""
    cells = np.argwhere(room >= radius)
    seen = np.zeros((len(cells), len(cells)))
    see_one_another(seen, cells, room, radius)
    distances: NDArray[np.float64] = dijkstra(seen, directed=False, indices=goal) * grid.cell
    return distances


@pytest.mark.parametrize("y", [1.0, 1.5, 3.5])
def test_around_a_rack_as_by_formula(y: float) -> None:
    grid, room = floor([RACK])
    geodesic = Geodesic(grid, room, RADIUS, (0.0, y))
    assert geodesic.distance(0.0, -y) == pytest.approx(around_the_rack(y), rel=0.015)
    assert length(geodesic.path(0.0, -y)) == pytest.approx(geodesic.distance(0.0, -y), rel=1e-5)


def test_an_empty_floor_is_crossed_straight() -> None:
    grid, room = floor([])
    geodesic = Geodesic(grid, room, RADIUS, (3.03, -2.04))
    for x, y in np.random.default_rng(0).uniform(-1, 1, (50, 2)) * (4.4, 3.4):
        assert geodesic.distance(x, y) == pytest.approx(math.dist((x, y), (3.03, -2.04)), abs=1e-5)
        np.testing.assert_allclose(geodesic.path(x, y), [(x, y), (3.03, -2.04)])


def test_distances_are_those_of_the_visibility_graph() -> None:
    rng = np.random.default_rng(3)
    ratios = []
    for _ in range(4):
        grid, room = floor(some_boxes(rng, (6.0, 5.0), 10), (6.0, 5.0))
        cells = np.argwhere(room >= 0.3)
        goal = int(rng.integers(len(cells)))
        expected = exact_distances(grid, room, 0.3, goal)
        geodesic = Geodesic(grid, room, 0.3, grid.centre(*cells[goal]))
        found = np.array([geodesic.distance(*grid.centre(i, j)) for i, j in cells])
        assert (np.isinf(found) == np.isinf(expected)).all()
        far = np.isfinite(expected) & (expected > 1.0)
        ratios.append(found[far] / expected[far])
    ratio = np.concatenate(ratios)
    assert len(ratio) > 2000
    assert ratio.min() > 1 - 1e-5
    assert ratio.mean() < 1.001
    assert ratio.max() < 1.02


def test_ways_are_free_and_as_long_as_they_are_said_to_be() -> None:
    rng = np.random.default_rng(4)
    grid, room = floor(some_boxes(rng, SIZE, 12))
    middles = [grid.centre(i, j) for i, j in np.argwhere(room >= RADIUS)]
    geodesic = Geodesic(grid, room, RADIUS, middles[700])
    found = 0
    for x, y in (middles[k] for k in rng.integers(len(middles), size=100)):
        path, distance = geodesic.path(x, y), geodesic.distance(x, y)
        if math.isinf(distance):
            assert path.shape == (0, 2)
            continue
        found += 1
        assert length(path) == pytest.approx(distance, rel=1e-5, abs=1e-6)
        assert distance >= math.dist((x, y), middles[700]) - 1e-6
        assert values_along(room, grid, path).min() >= RADIUS
        rest = [geodesic.distance(*point) for point in path]
        assert (np.diff(rest) < 0).all()
        back = Geodesic(grid, room, RADIUS, (x, y)).distance(*middles[700])
        assert back == pytest.approx(distance, rel=0.01, abs=0.02)
    assert found > 50


def test_distances_change_no_faster_than_one_moves() -> None:
    rng = np.random.default_rng(7)
    grid, room = floor(some_boxes(rng, SIZE, 12))
    cells = np.argwhere(room >= RADIUS)
    geodesic = Geodesic(grid, room, RADIUS, grid.centre(*cells[700]))
    changes = []
    for i, j in cells[rng.integers(len(cells), size=100)]:
        (x, y), turn = grid.centre(i, j), rng.uniform(-math.pi, math.pi)
        walk = [(x + 0.01 * k * math.cos(turn), y + 0.01 * k * math.sin(turn)) for k in range(30)]
        walk = walk[: next((k for k, at in enumerate(walk) if room[grid.index(*at)] < RADIUS), None)]
        changes += np.abs(np.diff([geodesic.distance(*at) for at in walk])).tolist()
    steps = np.array(changes)[np.isfinite(changes)]
    assert len(steps) > 1000
    assert np.quantile(steps, 0.99) < 0.0101
    assert steps.max() < 0.15  # where two ways are as long, and the grid tells one of them a cell longer


def test_what_cannot_be_reached_is_infinitely_far() -> None:
    grid, room = floor(SHUT)
    geodesic = Geodesic(grid, room, RADIUS, (-3.0, 0.0))
    assert geodesic.distance(3.0, 0.0) == math.inf
    assert geodesic.path(3.0, 0.0).shape == (0, 2)
    assert shortest_path(grid, room, Care(RADIUS), (3.0, 0.0), (-3.0, 0.0)) is None


def test_a_point_beside_a_rack_is_taken_to_be_at_the_nearest_free_cell() -> None:
    grid, room = floor([RACK])
    geodesic = Geodesic(grid, room, RADIUS, (0.0, 3.0))
    assert geodesic.distance(0.0, 0.6) == pytest.approx(2.4, abs=0.05)
    assert shortest_path(grid, room, Care(RADIUS), (0.0, 0.6), (0.0, 3.0)) is not None
    assert Geodesic(grid, room, RADIUS, (0.0, 0.6)).distance(0.0, 3.0) == pytest.approx(2.4, abs=0.05)


def test_a_goal_many_cells_from_the_nearest_free_one() -> None:
    grid = rasterise([RACK], (8.0, 3.0), 0.02)
    geodesic = Geodesic(grid, clearance(grid), RADIUS, (0.0, 0.0))
    assert 3.5 < geodesic.distance(-3.5, 0.0) < 4.5


def test_a_goal_without_room_is_refused() -> None:
    grid, room = floor([(0.0, 0.0, 3.0, 2.0, 0.0)])
    with pytest.raises(RobosimError, match="goal="):
        Geodesic(grid, room, RADIUS, (0.0, 0.0))
    assert shortest_path(grid, room, Care(RADIUS), (-4.0, 0.0), (0.0, 0.0)) is None


def test_a_path_without_preferences_is_a_shortest_one() -> None:
    rng = np.random.default_rng(5)
    work = new_work((102, 82))
    ratios = []
    for _ in range(10):
        grid, room = floor(some_boxes(rng, SIZE, 10))
        middles = [grid.centre(i, j) for i, j in np.argwhere(room >= RADIUS)]
        goal = middles[rng.integers(len(middles))]
        geodesic = Geodesic(grid, room, RADIUS, goal)
        for start in (middles[k] for k in rng.integers(len(middles), size=10)):
            path = shortest_path(grid, room, Care(RADIUS, price=0.0), start, goal, work)
            if path is None:
                assert math.isinf(geodesic.distance(*start))
                continue
            assert tuple(path[0]) == start
            assert tuple(path[-1]) == goal
            assert values_along(room, grid, path).min() >= RADIUS
            ratios.append(length(path) / max(geodesic.distance(*start), 0.1))
    assert len(ratios) > 50
    assert min(ratios) > 0.99
    assert np.mean(ratios) < 1.01
    assert max(ratios) < 1.15  # A* goes round a box on the side that is shorter along the grid


def test_a_path_keeps_off_the_racks_where_there_is_room() -> None:
    aisle = [(0.0, 1.5, 4.0, 0.5, 0.0), (0.0, -1.5, 4.0, 0.5, 0.0)]  # 2 m wide
    grid, room = floor(aisle)
    start, goal = (-3.8, -0.55), (3.8, -0.55)
    path = shortest_path(grid, room, Care(RADIUS), start, goal)
    assert path is not None
    assert np.median(values_along(room, grid, path)) >= 0.65
    straight = shortest_path(grid, room, Care(RADIUS, price=0.0), start, goal)
    assert straight is not None
    assert len(straight) == 2
    assert length(path) < 1.05 * length(straight)


def test_who_stands_at_the_goal_goes_straight_there() -> None:
    grid, room = floor([])
    work = new_work(room.shape)
    work.route[:] = 7  # of an earlier search
    path = shortest_path(grid, room, Care(RADIUS), (1.01, 1.01), (1.03, 1.02), work)
    assert path is not None
    assert path.tolist() == [[1.01, 1.01], [1.03, 1.02]]


def test_a_search_leaves_nothing_behind_for_the_next() -> None:
    rng = np.random.default_rng(6)
    grid, room = floor(some_boxes(rng, SIZE, 12))
    middles = [grid.centre(i, j) for i, j in np.argwhere(room >= RADIUS)]
    work = new_work(room.shape)
    for _ in range(20):
        start, goal = (middles[k] for k in rng.integers(len(middles), size=2))
        fresh = shortest_path(grid, room, Care(RADIUS), start, goal)
        again = shortest_path(grid, room, Care(RADIUS), start, goal, work)
        assert (fresh is None) == (again is None)
        if fresh is not None and again is not None:
            np.testing.assert_array_equal(fresh, again)
