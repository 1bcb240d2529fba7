"""WarehouseNavigate: what is a success and what is not, what is paid, what is observed."""

import math
from collections.abc import Iterator
from itertools import pairwise
from typing import Any

import gymnasium as gym
import numpy as np
import pytest

from robosim.agents.policies.experts import make_expert
from robosim.envs.warehouse_navigate import AHEAD, PEOPLE, SECTORS, WarehouseNavigate, WarehouseNavigateEnv
from robosim.envs.warehouse_navigate_score import ARRIVED
from robosim.errors import RobosimError
from robosim.math import axis_angle, seen_from
from robosim.sensors.sectors import NEARNESS

UP = (0.0, 0.0, 1.0)
STAND, FULL = np.zeros(2, np.float32), np.array([1.0, 0.0], np.float32)


def made(**kwargs: Any) -> WarehouseNavigateEnv:  # noqa: ANN401 (the environment's own)
    env = gym.make("robosim/WarehouseNavigate-v2", **kwargs).unwrapped
    assert isinstance(env, WarehouseNavigateEnv)
    return env


def task_of(env: WarehouseNavigateEnv) -> WarehouseNavigate:
    assert isinstance(env.task, WarehouseNavigate)
    return env.task


@pytest.fixture(scope="module")
def shared() -> Iterator[WarehouseNavigateEnv]:
    env = made(level=0)
    yield env
    env.close()


@pytest.fixture(scope="module")
def busy() -> Iterator[WarehouseNavigateEnv]:
    env = made(level=9)
    yield env
    env.close()


def test_the_expert_arrives_and_is_told_so(shared: WarehouseNavigateEnv) -> None:
    expert = make_expert(gym.make("robosim/WarehouseNavigate-v2"))
    observation, _ = shared.reset(seed=1)
    paid, done = 0.0, False
    while not done:
        action, _ = expert.predict(observation)
        observation, reward, terminated, truncated, info = shared.step(action)
        terms = sum(value for name, value in info.items() if name.startswith("reward/"))
        assert reward == pytest.approx(terms)
        paid += info["reward/progress"]
        done = terminated or truncated
    assert terminated
    assert info["is_success"]
    assert info["ends"] == ["arrived"]
    metrics = info["episode_metrics"]
    layout = task_of(shared).world.layout
    way = task_of(shared).world.geodesic.distance(*layout.start[:2])
    assert paid == pytest.approx(2 * way, abs=2 * ARRIVED)
    assert 0.8 < metrics["spl"] <= 1.0
    assert 0.3 < metrics["sct"] < 1.0
    assert metrics["driven"] == pytest.approx(way, rel=0.2)
    assert math.isnan(metrics["gap"])  # nobody is about at level 0
    assert info["episode_rates"]["person_collisions_per_100m"] == (0.0, metrics["driven"])


@pytest.mark.parametrize("guidance", ["path", "goal"])
def test_who_turns_right_to_a_goal_ahead_feels_what_the_mirror_shows_of_who_turns_left(guidance: str) -> None:
    env = made(level=0, guidance=guidance, randomise=False)
    task, felt = task_of(env), []
    mirrors = env.mirrors
    assert mirrors is not None
    for action in (np.array([0.5, 0.7], np.float32), mirrors.action(np.array([0.5, 0.7], np.float32))):
        env.reset(seed=11)
        x, y, heading = task.pose
        task.head_for((x + 1.5 * math.cos(heading), y + 1.5 * math.sin(heading)))
        for _ in range(5):
            observation, *_ = env.step(action)
        felt.append(observation["state"])
    env.close()
    assert task.world.geodesic.distance(x, y) == pytest.approx(1.5, abs=0.05)  # straight on, so the path is a mirror
    assert isinstance(mirrors.observation, dict)
    np.testing.assert_allclose(mirrors.observation["state"](felt[0]), felt[1], atol=0.05)
    assert (np.abs(felt[0] - felt[1]) > 0.2).sum() == (6 if guidance == "path" else 3)  # what points or turns left


def test_where_cameras_see_there_is_no_mirror() -> None:
    env = made(level=0, observation="camera")
    assert env.mirrors is None
    env.close()


def test_who_stands_still_is_stuck(shared: WarehouseNavigateEnv) -> None:
    shared.reset(seed=2)
    for _ in range(200):
        *_, terminated, _, info = shared.step(STAND)
        if terminated:
            break
    assert terminated
    assert info["ends"] == ["stuck"]
    assert not info["is_success"]
    assert info["metric/time"] == pytest.approx(20.0)
    assert info["episode_metrics"]["spl"] == 0.0


def test_touching_a_person_is_a_failure_whoever_walked(busy: WarehouseNavigateEnv) -> None:
    busy.reset(seed=3)
    task = task_of(busy)
    assert len(task.traffic.people_positions) == PEOPLE[9]
    x, y = task.traffic.people_positions[0].tolist()
    task.robot.body.place((x + 0.3, y, 0.0))
    *_, terminated, truncated, info = busy.step(STAND)
    assert terminated
    assert not truncated
    assert "person" in info["ends"]
    assert not info["is_success"]
    assert info["reward/person"] == -20.0
    assert info["metric/gap"] <= 0.01


def test_touching_a_forklift_is_a_failure(busy: WarehouseNavigateEnv) -> None:
    for seed in range(20):  # some halls are too narrow for any
        busy.reset(seed=seed)
        task = task_of(busy)
        if len(task.traffic.forklift_positions):
            break
    x, y = task.traffic.forklift_positions[0].tolist()
    task.robot.body.place((x, y, 0.0))
    *_, terminated, _, info = busy.step(STAND)
    assert terminated
    assert "vehicle" in info["ends"]
    assert not info["is_success"]
    assert info["reward/vehicle"] == -20.0
    assert info["episode_metrics"]["vehicle_collisions"] == 1.0


def test_lying_on_its_side_is_the_end(shared: WarehouseNavigateEnv) -> None:
    shared.reset(seed=7)
    task = task_of(shared)
    x, y, _ = task.world.layout.start
    task.robot.body.place((x, y, 0.4), axis_angle((1.0, 0.0, 0.0), math.pi / 2))
    *_, terminated, _, info = shared.step(STAND)
    assert terminated
    assert "tipped" in info["ends"]
    assert info["reward/crash"] == -15.0


def test_running_into_a_rack_ends_it_and_leaning_on_it_costs(shared: WarehouseNavigateEnv) -> None:
    shared.reset(seed=4)
    task = task_of(shared)
    rack = task.world.layout.racks[0]
    nose = rack.footprint[3] + 1.2
    aside = rack.yaw + math.pi / 2
    for away in (1, -1):  # from the side where there is room
        x, y = rack.x + away * nose * math.cos(aside), rack.y + away * nose * math.sin(aside)
        if task.world.clearance[task.world.true_grid.index(x, y)] > 0.5:
            break
    task.robot.body.place((x, y, 0.0), axis_angle(UP, aside + (math.pi if away == 1 else 0.0)))
    touched = 0.0
    for _ in range(40):
        *_, terminated, _, info = shared.step(FULL)
        touched += info["reward/touch"]
        if terminated:
            break
    assert info["ends"] == ["crash"]
    assert info["reward/crash"] == -15.0
    assert touched < 0


def test_the_path_begins_at_the_robot_and_leads_round_what_stands_in_the_way(shared: WarehouseNavigateEnv) -> None:
    observation, _ = shared.reset(seed=5)
    assert isinstance(observation, dict)
    task = task_of(shared)
    assert task.planner is not None
    points = observation["state"][7:13].reshape(-1, 2)
    for point, far in zip(points, AHEAD, strict=True):
        assert np.hypot(*point) <= far + 0.3
    way = np.asarray(task.planner.path)
    np.testing.assert_allclose(way[-1], task.world.layout.goal, atol=1e-6)
    fine = np.concatenate([np.linspace(a, b, 20) for a, b in pairwise(way)])
    clear = [task.world.clearance[task.world.true_grid.index(x, y)] for x, y in fine.tolist()]
    assert min(clear) > 0.25


def test_the_goal_is_told_in_the_robots_frame(shared: WarehouseNavigateEnv) -> None:
    observation, _ = shared.reset(seed=6)
    assert isinstance(observation, dict)
    layout = task_of(shared).world.layout
    ahead, left = seen_from(layout.start, layout.goal)
    distance, sin, cos = observation["state"][4:7].tolist()
    assert (distance * cos, distance * sin) == pytest.approx((ahead, left), abs=0.02)


def test_a_person_on_the_way_is_not_on_the_map_and_a_rack_is(busy: WarehouseNavigateEnv) -> None:
    busy.reset(seed=3)
    task = task_of(busy)
    told, of_people = 0, 0
    for _ in range(40):
        observation, *_ = busy.step(STAND)
        assert isinstance(observation, dict)
        assert task.lidar is not None
        x, y, heading = task._moves[:3]
        for sector in np.flatnonzero(observation["unmapped"] > math.exp(-3.0 / NEARNESS)).tolist():
            away = -NEARNESS * math.log(observation["unmapped"][sector])
            bearing = heading + (sector + 0.5) / SECTORS * 2 * math.pi - math.pi
            point = x + away * math.cos(bearing), y + away * math.sin(bearing)
            told += 1
            of_people += np.hypot(*(task.traffic.people_positions - point).T).min() < 0.6
            assert not task.world.known_grid.blocked[task.world.known_grid.index(*point)]
    assert told > 0
    assert of_people > 0


@pytest.mark.parametrize(
    ("kwargs", "parts", "length"),
    [
        ({}, {"state", "lidar", "outlook", "unmapped"}, 14),
        ({"guidance": "goal"}, {"state", "lidar", "outlook"}, 7),
        ({"observation": "camera"}, {"state", "rgb", "depth8"}, 14),
        ({"observation": "full", "guidance": "goal"}, {"state", "lidar", "outlook", "rgb", "depth8"}, 7),
    ],
)
def test_what_is_observed(kwargs: dict[str, str], parts: set[str], length: int) -> None:
    env = made(level=5, **kwargs)
    observation, _ = env.reset(seed=0)
    assert isinstance(observation, dict)
    assert set(observation) == parts
    assert observation["state"].shape == (length,)
    for _ in range(5):
        observation, *_ = env.step(FULL)
        assert env.observation_space.contains(observation)
    env.close()


@pytest.mark.parametrize(
    ("kwargs", "message"),
    [
        ({"guidance": "map"}, "guidance='map' is not offered by WarehouseNavigate, which has 'path', 'goal'"),
        ({"guide": "path"}, "guide='path': WarehouseNavigate has no such option; it has guidance"),
        ({"observation": "state"}, "which has 'lidar', 'camera', 'full'"),
    ],
)
def test_unknown_arguments_are_refused_by_name(kwargs: dict[str, str], message: str) -> None:
    with pytest.raises(RobosimError, match=message):
        made(**kwargs)
