"""The controller that looks ahead: it goes on where it may, around or behind who moves, and ends its episodes."""

import math
from typing import NamedTuple

import gymnasium as gym
import numpy as np
import pytest
from numpy.typing import NDArray

from robosim.agents.policies.predictive import LEFT, PACE, TOLD, Predictive, look_around
from robosim.agents.policies.rollouts import LEGS, MOVES, SECTORS, STANDS, STRANGE, nothing_near
from robosim.envs import warehouse_navigate
from robosim.robots.courier import ACCELERATION, BACKWARD, BRAKING, FORWARD, SIZE, YAW_ACCELERATION, YAW_RATE
from robosim.sensors.sectors import NEARNESS

Seen = dict[str, NDArray[np.float32]]
AHEAD = ((0.6, 0.0), (1.5, 0.0), (3.0, 0.0))  # m, the points of a straight path
Point = tuple[float, float]
Motion = tuple[float, float]


def seen_among(
    *things: tuple[Point, Motion], speed: float = FORWARD, strange: bool = False, path: tuple[Point, ...] = AHEAD
) -> Seen:
    """What is at some places (m) and how that moves (m/s, both in the robot's frame), on the way along a path."""
    lidar, unmapped = np.zeros((4, SECTORS), np.float32), np.zeros(SECTORS, np.float32)
    for (x, y), (vx, vy) in things:
        sector = int((math.atan2(y, x) + math.pi) / (2 * math.pi) * SECTORS) % SECTORS
        distance = math.hypot(x, y)
        if lidar[0, sector] > math.exp(-distance / NEARNESS):
            continue  # the nearest is seen
        lidar[0, sector] = math.exp(-distance / NEARNESS)
        lidar[2, sector], lidar[3, sector] = -(vx * x + vy * y) / distance / 2, (vy * x - vx * y) / distance / 2
        unmapped[sector] = lidar[0, sector] if strange or (vx, vy) != (0.0, 0.0) else 0.0
    told = np.zeros(14, np.float32)
    told[0], told[2] = speed, speed / FORWARD
    bearing = math.atan2(path[-1][1], path[-1][0])
    told[4:7] = 8.0, math.sin(bearing), math.cos(bearing)
    told[7:13] = np.ravel(path)
    told[13] = 8.0
    return {"state": told, "lidar": lidar.ravel(), "unmapped": unmapped}


def acted(seen: Seen) -> list[float]:
    return [float(part) for part in Predictive().predict(seen)[0]]


def wall(x: float) -> list[tuple[Point, Motion]]:
    """Across the way, 6 m wide."""
    return [((x, y), (0.0, 0.0)) for y in np.linspace(-3.0, 3.0, 61).tolist()]


def test_a_free_path_is_followed_at_full_speed() -> None:
    assert acted(seen_among()) == [1.0, 0.0]
    assert acted(seen_among(((0.5, 1.2), (0.0, 0.0)), ((0.5, -1.2), (0.0, 0.0)))) == [1.0, 0.0]
    drive, turn = acted(seen_among(path=((0.5, 0.3), (1.1, 1.0), (1.5, 2.4)), speed=0.5))
    assert drive > 0.3
    assert turn > 0.2


def test_it_stands_at_its_goal_and_creeps_to_it() -> None:
    there, near = seen_among(speed=0.0), seen_among(speed=0.0)
    for seen, away in ((there, 0.15), (near, 0.5)):
        seen["state"][4], seen["state"][13] = away, away
        seen["state"][7:13] = [away, 0.0] * 3
    assert acted(there) == [0.0, 0.0]
    assert 0.1 < acted(near)[0] < 0.9


def steered(seen: Seen, *wish: float) -> list[float]:
    batch = {key: part[None] for key, part in seen.items()}
    return [float(part) for part in Predictive().steered(batch, np.array([wish], np.float32))[0]]


def test_it_goes_as_fast_as_wished_and_keeps_off_as_far() -> None:
    free = seen_among()
    assert steered(free, 0.0, 0.0) == steered(free, 1.0, 0.0) == acted(free) == [1.0, 0.0]
    assert steered(free, -1.0, 0.0)[0] == pytest.approx(PACE, abs=0.02)
    assert PACE < steered(free, -0.5, 0.0)[0] < 1.0
    beside = seen_among(((1.0, 0.5), (0.0, 0.0)), strange=True)
    bold, shy = steered(beside, 0.0, -1.0), steered(beside, 0.0, 1.0)
    assert bold == [1.0, 0.0]
    assert shy[0] < 1.0 or shy[1] < -0.1


class Drive(NamedTuple):
    """How 8 s on a straight path from the origin along x went."""

    x: NDArray[np.float64]
    y: NDArray[np.float64]
    gaps: NDArray[np.float64]


def driven(
    *things: tuple[Point, Motion], heading: float = 0.0, strange: bool = False, wish: Motion = (0.0, 0.0)
) -> Drive:
    """Drives without physics among things of which each keeps its speed (m, m/s, in the world)."""
    one, (x, y), speed, rate, action, way = Predictive(), (0.0, 0.0), 0.0, 0.0, np.zeros(2), []
    for step in range(80):
        cos, sin = math.cos(heading), math.sin(heading)

        def turned(dx: float, dy: float, cos: float = cos, sin: float = sin) -> Point:
            return cos * dx + sin * dy, cos * dy - sin * dx

        time = step / 10
        places = [turned(a + time * va - x, b + time * vb - y) for (a, b), (va, vb) in things]
        seen = seen_among(
            *((place, turned(*motion)) for place, (_, motion) in zip(places, things, strict=True)),
            strange=strange,
            path=tuple(turned(ahead, -y) for ahead, _ in AHEAD),
        )
        seen["state"][:4] = speed, rate, *action
        gaps = [math.hypot(max(abs(a) - SIZE[0] / 2, 0.0), max(abs(b) - SIZE[1] / 2, 0.0)) for a, b in places]
        way.append((x, y, min(gaps, default=9.0)))
        batch = {key: part[None] for key, part in seen.items()}
        action = one.steered(batch, np.array([wish], np.float32))[0].clip(-1.0, 1.0)
        wanted = float(action[0]) * (FORWARD if action[0] > 0 else BACKWARD), float(action[1]) * YAW_RATE
        most = 0.1 * (BRAKING if abs(wanted[0]) < abs(speed) else ACCELERATION)
        speed += min(max(wanted[0] - speed, -most), most)
        rate += min(max(wanted[1] - rate, -0.1 * YAW_ACCELERATION), 0.1 * YAW_ACCELERATION)
        heading += 0.1 * rate
        x, y = x + 0.1 * speed * math.cos(heading), y + 0.1 * speed * math.sin(heading)
    return Drive(*np.array(way).T)


@pytest.mark.parametrize("heading", [3.0, -3.0])
def test_a_path_that_begins_behind_is_turned_to(heading: float) -> None:
    went = driven(heading=heading)
    assert went.x[-1] > 4.0
    assert went.x.min() > -0.4
    assert abs(went.y[-1]) < 0.3


@pytest.mark.parametrize("wish", [(0.0, 0.0), (1.0, -1.0), (-1.0, -1.0), (0.0, 1.0)])
def test_it_stops_before_a_wall_whatever_is_wished(wish: Motion) -> None:
    went = driven(*wall(4.0), wish=wish)
    assert went.gaps.min() > 0.02
    assert went.x[-1] > 1.0
    assert abs(went.x[-1] - went.x[-10]) < 0.1


@pytest.mark.parametrize("start", [1.0, 1.8, 2.6])
def test_who_crosses_is_not_met_and_not_waited_for_longer_than_that(start: float) -> None:
    """One walks across the path 2.5 m ahead, sooner or later."""
    went, free = driven(((2.5, -start), (0.0, 0.9))), driven()
    assert went.gaps.min() > 0.1
    assert went.x[-1] > free.x[-1] - 3.0


@pytest.mark.parametrize("wish", [(0.0, -1.0), (-1.0, -1.0)])
def test_who_crosses_is_not_met_whatever_is_wished(wish: Motion) -> None:
    assert driven(((2.5, -2.6), (0.0, 0.9)), wish=wish).gaps.min() > 0.05


@pytest.mark.parametrize("side", [1.0, -1.0])
def test_around_who_comes_along_the_path_it_goes_to_the_free_side(side: float) -> None:
    racks = [((x, 1.0 * side), (0.0, 0.0)) for x in np.linspace(0.0, 8.0, 41).tolist()]
    went = driven(((5.0, 0.15 * side), (-0.6, 0.0)), *racks)
    assert went.gaps.min() > 0.1
    assert (went.y * side).min() < -0.2
    assert went.x[-1] > 5.0


def test_what_is_not_on_the_map_is_passed_farther_off_than_a_rack() -> None:
    beside = ((3.0, 0.34), (0.0, 0.0)), ((3.0, 0.5), (0.0, 0.0))
    mapped, strange = driven(*beside), driven(*beside, strange=True)
    assert strange.gaps.min() > mapped.gaps.min() + 0.02
    assert strange.x[-1] > 6.0


def test_a_batch_is_as_its_rows_and_nothing_is_kept() -> None:
    rows = [seen_among(*wall(0.7)), seen_among(), seen_among(((1.6, 1.2), (0.0, -0.9)))]
    one = Predictive()
    batch = one.predict({key: np.stack([row[key] for row in rows]) for key in rows[0]})[0]
    assert batch.tolist() == [acted(row) for row in rows]
    again = [one.predict(row)[0].tolist() for row in reversed(rows)]
    assert again == batch.tolist()[::-1]


def test_of_a_scan_it_knows_what_is_where_and_how_it_moves() -> None:
    """A rack to the left, a box left behind it, and who walks away to the front, to the right of the line of sight."""
    away = (2.0, 0.1), (0.6, -0.8)
    rack, box = seen_among(((0.1, 1.0), (0.0, 0.0))), seen_among(((-1.5, 0.2), (0.0, 0.0)), strange=True)
    seen = {key: np.maximum(rack[key], box[key]) for key in ("lidar", "unmapped")}
    walker, near = seen_among(away), nothing_near()
    seen = {key: np.where(seen[key] == 0, walker[key], seen[key]) for key in seen}
    assert look_around(seen["lidar"], seen["unmapped"], near) == 3
    assert near.points[:3] == pytest.approx(np.array([(2.0, 0.1), (0.1, 1.0), (-1.5, 0.2)]), abs=0.1)
    assert near.velocities[:3] == pytest.approx(np.array([(0.6, -0.8), (0.0, 0.0), (0.0, 0.0)]), abs=0.05)
    assert near.kinds[:3].tolist() == [MOVES, STANDS, STRANGE]
    assert near.margins[:3] == pytest.approx(np.array([0.2, 0.05, 0.15]), abs=0.01)


def test_it_holds_as_many_things_as_a_scan_has_sectors() -> None:
    around = [((math.cos(a), math.sin(a)), (0.1, 0.2)) for a in np.linspace(-math.pi, math.pi, 400).tolist()]
    seen, near = seen_among(*around, speed=0.0), nothing_near()
    assert look_around(seen["lidar"], seen["unmapped"], near) == SECTORS == len(near.points)
    assert np.hypot(*near.points.T) == pytest.approx(np.ones(SECTORS), abs=0.01)


def test_it_reads_what_the_task_tells() -> None:
    """Kernels do not look whether an array has what they read."""
    assert warehouse_navigate.SECTORS == SECTORS
    assert len(warehouse_navigate.AHEAD) + 1 == LEGS
    assert warehouse_navigate.AHEAD[-1] == TOLD
    env = gym.make("robosim/WarehouseNavigate-v2")
    assert isinstance(env.observation_space, gym.spaces.Dict)
    assert env.observation_space["state"].shape == (LEFT + 1,)
    env.close()


def test_how_fast_it_turns_already_counts() -> None:
    still, turning = (seen_among(*wall(0.9), speed=0.0) for _ in range(2))
    turning["state"][1] = YAW_RATE
    assert acted(turning) != acted(still)


@pytest.mark.parametrize("level", [0, 4, 9])
def test_it_arrives(level: int) -> None:
    env, one = gym.make("robosim/WarehouseNavigate-v2", level=level, split="train"), Predictive()
    arrived = 0
    for seed in range(4):
        seen, _ = env.reset(seed=seed)
        ended = False
        while not ended:
            seen, _, terminated, truncated, info = env.step(one.predict(seen)[0])
            ended = terminated or truncated
        arrived += info["is_success"]
    env.close()
    assert arrived >= 3
