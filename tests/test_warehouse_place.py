"""robosim/WarehousePlace: what it begins with, its ends, its reward, what is observed, and its rival."""

import math
from collections.abc import Iterator

import numpy as np
import pytest
from numpy.typing import NDArray

from robosim.agents.policies.placer import Placer
from robosim.envs.warehouse_place import WarehousePlace, WarehousePlaceEnv
from robosim.envs.warehouse_place_score import DONE, GIVEN_UP, REWARD, SETTLED, State, remaining
from robosim.math import Vec3, axis_angle
from robosim.robots.mast import tool_position
from robosim.task import Observation
from robosim.worlds.store.delivered import Placement
from robosim.worlds.store.footprints import inside

INSIDE = Placement(outside=-0.1, tilt=0.0, twist=0.0, height=0.0)
IDEAL = State(
    lies=INSIDE,
    held=False,
    put_down=0.1,
    delivered=SETTLED,
    free=0.5,
    progress=0.1,
    landed=True,
    pushed=0.0,
    displaced=0,
    error=0.0,
    power=0.0,
    time=5.0,
)
WORSE = {
    "progress": IDEAL._replace(progress=0.0),
    "landed": IDEAL._replace(landed=False),
    "placed": IDEAL._replace(delivered=SETTLED - 0.1),
    "dropped": IDEAL._replace(put_down=0.6),
    "misplaced": IDEAL._replace(free=GIVEN_UP, delivered=0.0),
    "others": IDEAL._replace(pushed=0.1),
    "power": IDEAL._replace(power=50.0),
}
HOLD = np.array([0.0, 0.0, 0.0, 1.0], np.float32)
LET_GO = np.array([0.0, 0.0, 0.0, -1.0], np.float32)


@pytest.fixture(scope="module")
def env() -> Iterator[WarehousePlaceEnv]:
    env = WarehousePlaceEnv(level=9, split="val")
    yield env
    env.close()


def task_of(env: WarehousePlaceEnv) -> WarehousePlace:
    assert isinstance(env.task, WarehousePlace)
    return env.task


def vector(observation: Observation) -> NDArray[np.float32]:
    assert isinstance(observation, np.ndarray)
    return observation


@pytest.mark.parametrize("term", WORSE)
def test_each_term_falls_where_it_shall(term: str) -> None:
    ideal, worse = (REWARD[term].weight * float(REWARD[term].function(state)) for state in (IDEAL, WORSE[term]))
    assert worse < ideal
    assert set(REWARD) == {*WORSE, "time"}


def test_ends() -> None:
    assert DONE["placed"].function(IDEAL)
    assert not DONE["placed"].function(WORSE["placed"])
    assert DONE["dropped"].function(WORSE["dropped"])
    assert not DONE["dropped"].function(IDEAL._replace(put_down=math.nan))
    assert DONE["misplaced"].function(WORSE["misplaced"])
    assert not DONE["misplaced"].function(IDEAL._replace(free=5.0, delivered=0.1))


def test_remaining_falls_on_the_way_in_and_down() -> None:
    ways = [(1.0, 0.5), (0.2, 0.5), (-0.1, 0.5), (-0.1, 0.1), (-0.1, 0.0)]
    left = [remaining(Placement(outside, 0.0, 0.0, height)) for outside, height in ways]
    assert left == sorted(left, reverse=True)
    assert left[-1] == 0.0


def test_it_begins_with_the_package_in_the_cup_off_the_floor_and_away_from_the_robot(env: WarehousePlaceEnv) -> None:
    for seed in range(20):
        env.reset(seed=seed)
        task = task_of(env)
        held = task.world.layout.held
        assert task.robot.suction.held is task.package
        state = task.state()
        assert state.held
        assert state.lies.height > 0.4
        assert not state.displaced
        lip = task.robot.suction.pose()[0]
        assert lip == pytest.approx(tool_position(*task.world.layout.arm), abs=0.01)
        left, up = task.world.layout.grip
        face = math.dist(lip, task.package.pose()[0])
        assert face == pytest.approx(math.hypot(held.model.size[0] / 2, left, up), abs=0.005)
        env.step(HOLD)
        assert task.robot.suction.held is task.package
        assert task.robot.suction.strain < 1


def test_letting_go_at_height_is_a_drop(env: WarehousePlaceEnv) -> None:
    env.reset(seed=1)
    for _ in range(20):
        *_, terminated, _, info = env.step(LET_GO)
        if terminated:
            break
    assert info["ends"] == ["dropped"]
    assert not info["is_success"]
    assert info["episode_metrics"]["drops"] == 1


def put(env: WarehousePlaceEnv, x: float, y: float, above: float = 0.0005) -> None:
    """Teleports the package, upright, as the layout has it turned, and lets go of it."""
    task = task_of(env)
    task.robot.suction.switch(False)
    held = task.world.layout.held
    turn = axis_angle((0.0, 0.0, 1.0), held.yaw)
    task.package.place((x, y, held.model.size[2] / 2 + above), turn)


def test_set_down_in_the_free_place_it_is_a_success_and_pays(env: WarehousePlaceEnv) -> None:
    env.reset(seed=2)
    held = task_of(env).world.layout.held
    put(env, held.x, held.y)
    paid = []
    for _ in range(10):
        _, reward, terminated, _, info = env.step(LET_GO)
        paid.append(reward)
        if terminated:
            break
    assert info["ends"] == ["placed"]
    assert info["is_success"]
    assert sum(paid) > 12
    assert info["episode_metrics"]["placement_error"] < 0.01


def test_beside_the_area_it_is_misplaced(env: WarehousePlaceEnv) -> None:
    env.reset(seed=3)
    area = task_of(env).world.layout.area
    put(env, area.x + 1.5, area.y)
    for _ in range(40):
        *_, terminated, _, info = env.step(LET_GO)
        if terminated:
            break
    assert info["ends"] == ["misplaced"]


def test_pushing_another_costs_and_counts(env: WarehousePlaceEnv) -> None:
    seed = next(seed for seed in range(50) if env.reset(seed=seed) and task_of(env).world.layout.parcels)
    env.reset(seed=seed)
    parcel = task_of(env).world.layout.parcels[0]
    body = task_of(env).world.packages.bodies[parcel.number]
    body.place((parcel.x + 0.1, parcel.y, parcel.z), axis_angle((0.0, 0.0, 1.0), parcel.yaw))
    *_, info = env.step(HOLD)
    assert info["reward/others"] == pytest.approx(-10 * 0.1, abs=0.05)
    assert info["metric/others_displaced"] == 1
    *_, info = env.step(HOLD)
    assert info["reward/others"] == pytest.approx(0.0, abs=0.05)


def in_world(tool: Vec3, turn: float, seen: NDArray[np.float32]) -> tuple[float, float]:
    ahead, left = seen.tolist()
    cos, sin = math.cos(turn), math.sin(turn)
    return tool[0] + cos * ahead - sin * left, tool[1] + sin * ahead + cos * left


def test_what_is_observed_is_where_it_is() -> None:
    env = WarehousePlaceEnv(level=9, split="val", randomise=False)
    for seed in range(5):
        env.reset(seed=seed)
        seen = vector(env.step(HOLD)[0])
        task = task_of(env)
        layout, arm = task.world.layout, float(seen[0])
        tool = tool_position(float(seen[0]), float(seen[1]), float(seen[2]))
        place = task.package.pose()[0]
        assert (*in_world(tool, arm, seen[15:17]), tool[2] + seen[17]) == pytest.approx(place, abs=2e-3)
        assert seen[21:24] == pytest.approx(layout.held.model.size)
        assert in_world(tool, arm, seen[25:27]) == pytest.approx((layout.area.x, layout.area.y), abs=2e-3)
        angle = math.atan2(seen[27], seen[28]) / 4 + arm
        assert math.remainder(angle - layout.area.yaw, math.pi / 2) == pytest.approx(0.0, abs=1e-3)
        rows = seen[29:].reshape(3, 8)
        present = rows[rows[:, 7] > 0]
        assert len(present) == len(layout.parcels)
        for row in present:
            at = in_world(tool, arm, row[:2])
            away = [math.dist(at, parcel.position[:2]) for parcel in layout.parcels]
            other = layout.parcels[int(np.argmin(away))]
            assert at == pytest.approx(other.position[:2], abs=4e-3)
            facing = math.atan2(row[3], row[4]) + arm + math.pi
            assert math.remainder(facing - other.yaw, 2 * math.pi) == pytest.approx(0.0, abs=0.02)
    env.close()


@pytest.mark.medium
def test_the_rival_places_nearly_all() -> None:
    env, expert, placed = WarehousePlaceEnv(split="val"), Placer(), []
    for seed in range(1000, 1040):
        observation, _ = env.reset(seed=seed)
        state, done = None, False
        while not done:
            action, state = expert.predict(observation, state)
            observation, _, terminated, truncated, info = env.step(action)
            done = terminated or truncated
        placed.append(info["is_success"])
        if info["is_success"]:
            task = task_of(env)
            depth, width, _ = task.world.layout.held.model.size
            (x, y, _), _ = task.package.pose()
            assert inside((x, y, min(depth, width) / 2, min(depth, width) / 2, 0.0), task.world.layout.area)
    assert sum(placed) >= 38
    env.close()


def test_the_rival_answers_batches_as_it_answers_one(env: WarehousePlaceEnv) -> None:
    expert = Placer()
    first, second = (vector(env.reset(seed=seed)[0]) for seed in (4, 5))
    both, state = expert.predict(np.stack([first, second]))
    assert np.array_equal(both[1], expert.predict(second)[0])
    again, _ = expert.predict(np.stack([second, second]), state, np.array([True, False]))
    assert np.array_equal(again[0], expert.predict(second)[0])
