"""WarehouseDeliver: the whole job from end to end, what ends it, and what is told of it."""

import math
from collections.abc import Iterator
from typing import Any

import gymnasium as gym
import numpy as np
import pytest
from deliveries import carry_on, made, task_of

from robosim.agents.policies.carrier import Phase
from robosim.envs.warehouse_deliver import TIME_PER_ORDER, WarehouseDeliverEnv
from robosim.errors import RobosimError
from robosim.math import IDENTITY
from robosim.planning.grid import Grid, clearance
from robosim.seeding import Streams
from robosim.worlds.store.delivered import placement
from robosim.worlds.store.depot_orders import BACK, Floor, draw_depot
from robosim.worlds.store.footprints import overlap
from robosim.worlds.store.layout import DEPTH
from robosim.worlds.warehouse.generate import RADIUS


@pytest.fixture(scope="module")
def shared() -> Iterator[WarehouseDeliverEnv]:
    env = made(level=0)
    yield env
    env.close()


def test_the_rival_brings_what_was_ordered(shared: WarehouseDeliverEnv) -> None:
    observation, _ = shared.reset(seed=1)
    _, info, phases = carry_on(shared, observation)
    assert info["ends"] == ["fulfilled"]
    assert info["is_success"]
    assert [phase.name for phase, fetching in phases if fetching] == ["GO", "NEAR", "ALIGN", "WORK"]
    assert [phase.name for phase, fetching in phases if not fetching][-1] == "WORK"
    task, metrics = task_of(shared), info["episode_metrics"]
    parcel = task.world.depot.parcels[task.job.parcel]
    lies = placement(task.world.packages.bodies[parcel.number].pose(), parcel.model.size, task.job.area)
    assert lies.outside < 0
    assert task.job.area.letter == parcel.model.letter
    assert (metrics["delivered"], metrics["right_package"], metrics["wrong_package"]) == (1.0, 1.0, 0.0)
    assert metrics["placement_error"] < 0.8 * math.sqrt(2)
    assert info["episode_rates"]["packages_per_hour"] == (3600.0, metrics["time"])


def test_an_episode_in_which_the_arm_moves_about_comes_back_bit_for_bit() -> None:
    env = made(level="mixed", split="test")
    assert isinstance(env.action_space, gym.spaces.Box)
    size = env.action_space.shape

    def play() -> list[tuple[Any, ...]]:
        actions, (observation, _), seen = np.random.default_rng(7), env.reset(seed=7), []
        for _ in range(40):
            assert isinstance(observation, dict)
            seen.append(tuple(part.tobytes() for part in observation.values()))
            action = actions.uniform(-1, 1, size).astype(np.float32)
            observation, _, terminated, truncated, _ = env.step(action)
            if terminated or truncated:
                break
        return seen

    first = play()
    env.reset(seed=20)
    env.step(np.zeros(size, np.float32))
    assert play() == first
    env.close()


@pytest.mark.medium
def test_orders_follow_one_another_and_have_time_for_each() -> None:
    env = made(level=0, orders=3)
    observation, _ = env.reset(seed=4)
    _, info, _ = carry_on(env, observation)
    assert info["ends"] == ["fulfilled"]
    assert info["episode_metrics"]["delivered"] == 3.0
    task = task_of(env)
    assert task.time_limit == 3 * TIME_PER_ORDER
    for number, area in task._brought:
        parcel = task.world.depot.parcels[number]
        pose = task.world.packages.bodies[parcel.number].pose()
        assert placement(pose, parcel.model.size, area).outside < 0
        assert parcel.model.letter == area.letter
    env.close()


@pytest.mark.parametrize("orders", [0, 6, "many"])
def test_more_orders_than_there_are_is_refused(orders: object) -> None:
    with pytest.raises(RobosimError, match=rf"orders={orders!r} .*'1', '2', '3', '4', '5'"):
        made(orders=orders)


def test_what_is_told_changes_when_the_package_is_out(shared: WarehouseDeliverEnv) -> None:
    observation, _ = shared.reset(seed=2)
    assert isinstance(observation, dict)
    assert observation["job"][0] == 1.0
    assert observation["pick"].any()
    assert not observation["place"].any()
    observation, _, _ = carry_on(shared, observation, until=Phase.STOW)
    assert isinstance(observation, dict)
    assert observation["job"][0] == 0.0
    assert not observation["pick"].any()
    assert observation["place"][7] == 1.0  # held
    assert task_of(shared).job.area.letter == task_of(shared).place.layout.held.model.letter


def test_who_lets_it_fall_by_the_way_has_failed(shared: WarehouseDeliverEnv) -> None:
    observation, _ = shared.reset(seed=2)
    carry_on(shared, observation, until=Phase.STOW)
    for _ in range(40):
        _, _, terminated, _, info = shared.step(np.zeros(6, np.float32))  # no air is drawn
        if terminated:
            break
    assert terminated
    assert set(info["ends"]) <= {"dropped", "misplaced"}
    assert info["episode_metrics"]["drops"] == 1.0


def test_to_hold_another_letter_is_wrong(shared: WarehouseDeliverEnv) -> None:
    shared.reset(seed=3)
    task = task_of(shared)
    depot = task.world.depot
    other = next(parcel for parcel in depot.parcels if parcel.model.letter != task.job.area.letter)
    body = task.world.packages.bodies[other.number]
    (x, y, z), turn = task.robot.suction.pose()  # the cup looks back over the deck
    rows = task.robot.body.rows()
    away = other.model.size[0] / 2 + 0.002
    body.place((x - rows[0][0] * away, y - rows[1][0] * away, z), turn)
    task.robot.suction.grasp(body)
    hold = np.array([0, 0, 0, 0, 0, 1], np.float32)
    _, reward, terminated, _, info = shared.step(hold)
    assert terminated
    assert "wrong" in info["ends"]
    assert reward < 0
    assert info["episode_metrics"]["wrong_package"] == 1.0


def test_what_it_carries_must_not_touch_a_person() -> None:
    env = made(level=4)
    observation, _ = env.reset(seed=8)
    carry_on(env, observation, until=Phase.STOW)
    task = task_of(env)
    package = task.robot.suction.held
    assert package is not None
    (x, y, _), _ = package.pose()
    walker = task.drive.traffic.bodies[0]
    walker.place((x, y, 0.0), IDENTITY)
    env.physics.step(1)
    assert task.state().knocked
    env.close()


def test_a_blocked_spot_is_joined_to_nothing() -> None:
    blocked = np.ones((4, 4), np.bool_)
    grid, free = Grid((0.0, 0.0), 1.0, blocked), np.ones((4, 4), np.float32)
    regions = np.zeros((4, 4), np.int32)
    regions[1, 1] = regions[1, 2] = 1
    whole = np.ones((4, 4), np.int32)
    here, beside, blocked_one = (1.5, 1.5, 0.0), (1.5, 2.5, 0.0), (2.5, 2.5, 0.0)
    for pair in ((whole, regions), (regions, whole)):
        floor = Floor(grid, grid, free, pair)
        assert floor.joins([here, beside])
        assert not floor.joins([here, blocked_one])


def test_depots_can_be_worked_in() -> None:
    for seed in range(30):
        level = seed % 10
        depot = draw_depot(Streams("train", seed).world, level, 1 + seed % 3).depot
        again = draw_depot(Streams("train", seed).world, level, 1 + seed % 3).depot
        assert depot.jobs == again.jobs
        assert depot.parcels == again.parcels
        hall, rack = depot.hall, depot.shelving.footprint
        standing = [tuple(row) for row in hall.true_footprints().tolist() if tuple(row) != rack]
        assert not any(overlap(rack, other) for other in standing)
        walls = min(hall.size[0] / 2 - abs(depot.shelving.x), hall.size[1] / 2 - abs(depot.shelving.y))
        assert walls == pytest.approx(DEPTH / 2 + 0.12, abs=0.01)
        for job in depot.jobs:
            parcel = depot.parcels[job.parcel]
            assert parcel.model.letter == job.area.letter
            assert math.dist(job.fetch[:2], parcel.face[:2]) == pytest.approx(0.995, abs=0.04)
            assert math.dist(job.bring[:2], (job.area.x, job.area.y)) == pytest.approx(1.1)
        assert len({job.parcel for job in depot.jobs}) == len(depot.jobs)


def test_where_it_has_to_stand_there_is_room_and_a_way() -> None:
    for seed in range(20):
        found = draw_depot(Streams("val", seed).world, seed % 10, 1)
        free, hall = clearance(found.drawn.true), found.depot.hall
        known = clearance(found.drawn.known)
        (job,) = found.depot.jobs
        assert math.isfinite(found.drawn.geodesic.distance(*hall.start[:2]))
        for x, y, heading in (job.fetch, job.bring):
            for back in (0.0, BACK):
                cell = found.drawn.true.index(x - back * math.cos(heading), y - back * math.sin(heading))
                assert free[cell] >= RADIUS
            assert math.isfinite(found.drawn.geodesic.distance(x, y))
            assert known[found.drawn.known.index(x, y)] >= RADIUS
