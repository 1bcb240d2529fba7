"""Planning with a lidar: what stands there is found, who walks there is not, and a closed aisle is gone around."""

import math

import numpy as np
import pytest
from floors import AZIMUTHS, FAR, Floats, scan, values_along
from numpy.typing import NDArray

from robosim.errors import RobosimError
from robosim.planning.grid import Grid, clearance, rasterise
from robosim.planning.planner import Planner
from robosim.planning.seen import Seen

SIZE = (16.0, 10.0)
RADIUS = 0.4  # m
RACKS = [(0.0, y, 4.0, 0.5, 0.0) for y in (-3.0, 0.0, 3.0)]  # aisles 2 m wide between them
WALLS = [(0.0, 5.1, 8.2, 0.1, 0.0), (0.0, -5.1, 8.2, 0.1, 0.0), (8.1, 0.0, 0.1, 5.2, 0.0), (-8.1, 0.0, 0.1, 5.2, 0.0)]
MAP = np.array(RACKS + WALLS)
CHAIN = (1.0, 1.5, 0.02, 1.0, 0.0)  # across the upper aisle
START, GOAL = (-6.0, 1.5), (6.0, 1.5)


def known() -> Grid:
    return rasterise(RACKS, SIZE)


def fresh() -> Seen:
    seen, grid = Seen(), known()
    seen.reset(grid, clearance(grid))
    return seen


def look(seen: Seen, footprints: Floats, x: float, y: float, heading: float = 0.3, noise: float = 0.0) -> None:
    ranges = scan(footprints, x, y, heading)
    ranges += np.random.default_rng(int(1e6 * ranges.sum())).normal(0.0, noise + 1e-9, len(ranges)) * (ranges < FAR)
    seen.add(x, y, heading, AZIMUTHS, ranges, FAR)


def person(x: float, y: float) -> Floats:
    return np.array([*MAP, (x, y, 0.25, 0.25, 0.4)])


def expected(seen: Seen) -> NDArray[np.float32]:
    """The clearance with what was seen, measured anew."""
    grid = known()
    return clearance(Grid(grid.origin, grid.cell, grid.blocked | seen.blocked))


def check_clearance(seen: Seen) -> None:
    near = expected(seen) < 0.8
    np.testing.assert_allclose(seen.clearance[near], expected(seen)[near], rtol=1e-5)
    assert (seen.clearance[~near] >= 0.8 - 1e-5).all()


def test_rays_tell_at_once_what_is_not_on_the_map() -> None:
    seen = fresh()
    assert not seen.unmapped.any()
    x, y, who = -4.0, 1.5, (-2.0, 1.6)
    look(seen, person(*who), x, y, 0.0, noise=0.02)
    met = np.flatnonzero(seen.unmapped)
    bearing = math.atan2(who[1] - y, who[0] - x)
    assert len(met) >= 5
    assert np.abs(AZIMUTHS[met] - bearing).max() < math.atan2(0.36, 2.0 - 0.36)
    look(seen, MAP, x, y, 0.0, noise=0.02)
    assert not seen.unmapped.any()
    look(seen, person(*who), x, y)
    seen.reset(known(), clearance(known()))
    assert not seen.unmapped.any()


def test_a_box_that_is_not_on_the_map_is_seen_where_it_stands() -> None:
    seen, box = fresh(), (-1.0, 1.6, 0.4, 0.3, 0.5)
    for k in range(12):
        look(seen, np.array([*MAP, box]), -4.0 + 0.1 * k, 1.5, 0.02 * k)
    found = np.argwhere(seen.blocked)
    true = rasterise([(*box[:2], box[2] + 0.1, box[3] + 0.1, box[4])], SIZE).blocked
    assert len(found) >= 5
    assert true[seen.blocked].all()
    check_clearance(seen)


@pytest.mark.parametrize("noise", [0.0, 0.03])
def test_what_is_on_the_map_is_not_seen_again(noise: float) -> None:
    seen = fresh()
    for k in range(60):
        look(seen, MAP, -5.0 + 0.1 * k, 1.5 + 0.2 * math.sin(k), 0.1 * k, noise)
    assert not seen.blocked.any()
    np.testing.assert_array_equal(seen.clearance, clearance(known()))


@pytest.mark.parametrize("walk", [(0.0, 1.0), (1.0, 0.0), (-1.2, 0.3)])
def test_who_walks_does_not_become_an_obstacle(walk: tuple[float, float]) -> None:
    seen = fresh()
    for k in range(50):
        look(seen, person(-5.5 + 0.1 * k * walk[0], -1.0 + 0.1 * k * walk[1]), -6.5, 1.5)
        assert not seen.blocked.any()


def test_who_stood_there_and_left_is_forgotten() -> None:
    seen = fresh()
    for _ in range(20):
        look(seen, person(-4.8, 1.5), -6.5, 1.5)
    assert seen.blocked.sum() >= 3
    for k in range(40):
        look(seen, person(-4.8 - 0.01 * k, 1.5 + 0.1 * k), -6.5, 1.5)
    assert not seen.blocked.any()
    np.testing.assert_array_equal(seen.clearance, clearance(known()))


def test_clearance_stays_right_while_things_come_and_go() -> None:
    rng, seen = np.random.default_rng(0), fresh()
    most = 0
    for _ in range(12):
        things = np.column_stack([rng.uniform(-7, 7, 4), rng.uniform(-4.5, 4.5, 4), np.full((4, 3), 0.25)])
        for _ in range(15):
            look(seen, np.array([*MAP, *things]), -5.0, 1.5)
        most = max(most, int(seen.blocked.sum()))
        check_clearance(seen)
    assert most > 10


def test_a_new_map_starts_empty() -> None:
    seen = fresh()
    for _ in range(20):
        look(seen, person(-4.8, 1.5), -6.5, 1.5)
    for size in (SIZE, (6.0, 5.0)):
        grid = rasterise([], size)
        seen.reset(grid, clearance(grid))
        assert not seen.blocked.any()
        np.testing.assert_array_equal(seen.clearance, clearance(grid))


def drive(planner: Planner, footprints: Floats, steps: int = 600) -> Floats:
    """Follows the path with a point that goes 0.1 m a step to what lies 0.4 m ahead; gives where it was, (n, 2)."""
    (x, y), places = START, [START]
    for _ in range(steps):
        to_x, to_y = planner.ahead(x, y, 0.4) if len(planner.path) else (x, y)
        heading = math.atan2(to_y - y, to_x - x)
        planner.update(x, y, heading, AZIMUTHS, scan(footprints, x, y, heading), FAR)
        if math.dist((x, y), GOAL) < 0.2:
            break
        to_x, to_y = planner.ahead(x, y, 0.4)
        share = min(0.1 / max(math.dist((x, y), (to_x, to_y)), 1e-6), 1.0)
        x, y = x + share * (to_x - x), y + share * (to_y - y)
        places.append((x, y))
    return np.array(places)


def test_an_open_aisle_is_driven_by_one_plan() -> None:
    planner = Planner(RADIUS)
    planner.reset(known(), GOAL)
    places = drive(planner, MAP)
    assert math.dist(places[-1], GOAL) < 0.3
    assert planner.plans == 1
    assert abs(places[:, 1] - 1.5).max() < 0.2


def test_a_closed_aisle_is_found_and_gone_around() -> None:
    planner = Planner(RADIUS)
    planner.reset(known(), GOAL)
    things = np.array([*MAP, CHAIN])
    places = drive(planner, things)
    assert math.dist(places[-1], GOAL) < 0.3
    assert 2 <= planner.plans <= 6
    assert places[:, 0].max() > 5
    truth = rasterise([*RACKS, CHAIN], SIZE)
    assert values_along(clearance(truth), truth, places).min() > 0.25
    assert (abs(places[:, 1] - 1.5) > 2).any()


@pytest.mark.parametrize("gap", [0.4, 0.5, 0.6])
@pytest.mark.parametrize("aside", [-0.3, 0.0, 0.3])
def test_a_robot_that_stands_off_a_gap_too_narrow_is_led_elsewhere(gap: float, aside: float) -> None:
    planner, things = Planner(RADIUS), np.array([*MAP, (0.0, 1.5, 0.4, 1.0 - gap, 0.0)])
    planner.reset(known(), GOAL)
    for x in (*np.arange(-6.0, -1.6, 0.1).tolist(), *[-1.6] * 30):
        planner.update(x, 1.5 + aside, 0.0, AZIMUTHS, scan(things, x, 1.5 + aside, 0.0), FAR)
    assert (abs(planner.path[:, 1] - 1.5) > 2).any()


def test_a_goal_that_is_shut_off_keeps_the_old_path_and_few_plans() -> None:
    planner, wall = Planner(RADIUS), (3.0, 0.0, 0.05, 4.95, 0.0)
    racks = rasterise([], SIZE)
    planner.reset(racks, GOAL)
    things = np.array([*WALLS, wall])
    for _ in range(200):
        planner.update(*START, 0.0, AZIMUTHS, scan(things, *START, 0.0), FAR)
    for k in range(200):
        planner.update(2.0, -4.5 + 0.045 * k, 0.0, AZIMUTHS, scan(things, 2.0, -4.5 + 0.045 * k, 0.0), FAR)
    assert len(planner.path) >= 2
    assert tuple(planner.path[-1]) == GOAL
    assert planner.plans < 60


def test_a_gap_that_is_narrow_is_taken_where_there_is_no_other_way() -> None:
    halves = [(0.0, 2.85, 0.2, 2.15, 0.0), (0.0, -2.85, 0.2, 2.15, 0.0)]  # 1.4 m apart
    for gap, tight in ((1.4, False), (0.6, True)):
        rack = (0.0, -0.7 + (1.4 - gap) / 2, 0.2, (1.4 - gap) / 2 + 1e-9, 0.0)
        grid = rasterise([*halves, rack], SIZE)
        planner = Planner(RADIUS)
        planner.reset(grid, (6.05, 0.05))
        planner.follow(-5.95, 0.05)
        least = values_along(clearance(grid), grid, planner.path).min()
        assert least >= 0.3
        assert (least < RADIUS) == tight


def test_whoever_strays_gets_another_path() -> None:
    planner = Planner(RADIUS, period=3)
    planner.reset(known(), GOAL)
    planner.follow(*START)
    for _ in range(5):
        planner.follow(-6.0, 2.3)
    assert planner.plans == 1
    for _ in range(10):
        planner.follow(-6.0, -1.5)
    assert planner.plans == 2
    assert tuple(planner.path[0]) == (-6.0, -1.5)


def test_places_along_the_path() -> None:
    planner = Planner(RADIUS)
    planner.reset(rasterise([], SIZE), (3.0, 0.0))
    assert planner.ahead(0.0, 4.0, 1.0) == (3.0, 0.0)
    assert planner.remaining(0.0, 4.0) == 5.0
    planner.follow(-3.0, 0.0)
    np.testing.assert_allclose(planner.path, [(-3.0, 0.0), (3.0, 0.0)])
    assert planner.ahead(-1.0, 0.5, 1.5) == pytest.approx((0.5, 0.0))
    assert planner.ahead(-1.0, 0.5, 40.0) == pytest.approx((3.0, 0.0))
    assert planner.ahead(-5.0, 0.0, 0.0) == pytest.approx((-3.0, 0.0))
    assert planner.remaining(-1.0, 0.5) == pytest.approx(4.5)


def test_a_radius_is_positive() -> None:
    with pytest.raises(RobosimError, match="radius="):
        Planner(0.0)
