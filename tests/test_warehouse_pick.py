"""WarehousePick: what is observed, what each reward and end is for, and that the scripted rival picks."""

import math
from collections.abc import Iterator
from typing import Any

import gymnasium as gym
import numpy as np
import pytest
from numpy.typing import NDArray

from robosim.agents.policies.experts import make_expert
from robosim.agents.policies.picker import to_goal
from robosim.body import Body
from robosim.envs.warehouse_pick import OUTSIDE, WarehousePick
from robosim.envs.warehouse_pick_score import CONTROL_DT, DISTURBED, REWARD, STEADY
from robosim.math import axis_angle, rotation_rows
from robosim.robots.mast import CLEAR, TURN_LOW
from robosim.worlds.warehouse.clutter import LETTERS

ID = "robosim/WarehousePick-v0"
AIR = np.array((0.0, 0.0, 0.0, 1.0), np.float32)
NONE = np.array((0.0, 0.0, 0.0, -1.0), np.float32)
LIFT, HELD, FRONT, SIZE, RAISED, LEFT = 1, 7, slice(15, 18), slice(21, 24), 25, 26


@pytest.fixture(scope="module")
def env() -> Iterator[gym.Env[Any, Any]]:
    made = gym.make(ID, level=0)
    yield made
    made.close()


def task_of(env: gym.Env[Any, Any]) -> WarehousePick:
    task = env.unwrapped.task  # type: ignore[attr-defined]
    assert isinstance(task, WarehousePick)
    return task


def bodies(env: gym.Env[Any, Any]) -> tuple[Body, list[Body]]:
    """The ordered package, and the others in use."""
    layout, made = task_of(env).world.layout, task_of(env).world.packages.bodies
    return made[layout.ordered.number], [made[p.number] for p in layout.parcels if p is not layout.ordered]


def letter(env: gym.Env[Any, Any], body: Body) -> str:
    world = task_of(env).world
    return next(p.model.letter for p in world.layout.parcels if world.packages.bodies[p.number] is body)


def size(env: gym.Env[Any, Any], body: Body) -> tuple[float, float, float]:
    world = task_of(env).world
    return next(p.model.size for p in world.layout.parcels if world.packages.bodies[p.number] is body)


def hold(env: gym.Env[Any, Any], body: Body) -> None:
    """Puts a package to the cup, its front to the lip, as if it had been taken."""
    (x, y, z), turn = task_of(env).robot.suction.pose()
    rows = rotation_rows(turn)
    away = size(env, body)[0] / 2 + 0.001
    yaw = math.atan2(rows[1][0], rows[0][0]) + math.pi
    body.place((x + away * rows[0][0], y + away * rows[1][0], z), axis_angle((0.0, 0.0, 1.0), yaw))
    task_of(env).robot.suction.grasp(body)


def test_the_front_is_told_in_the_tool_s_frame(env: gym.Env[Any, Any]) -> None:
    rng = np.random.default_rng(0)
    for seed in range(4):
        observation, _ = env.reset(seed=seed)
        for _ in range(8):
            observation = env.step(np.append(rng.uniform(-1, 1, 3), -1.0).astype(np.float32))[0]
        ordered, _ = bodies(env)
        depth = size(env, ordered)[0]
        (x, y, z), turn = ordered.pose()
        rows = rotation_rows(turn)
        front = np.array((x, y, z)) + depth / 2 * np.array([row[0] for row in rows])
        lip, tool = task_of(env).robot.suction.pose()
        here = np.array(rotation_rows(tool)).T @ (front - lip)
        assert observation[FRONT] == pytest.approx(here, abs=4e-3)
        assert observation[SIZE] == pytest.approx(size(env, ordered))


def test_at_level_9_it_is_known_to_millimetres(env: gym.Env[Any, Any]) -> None:
    made = gym.make(ID, level=9)
    errors = []
    for seed in range(12):
        observation, _ = made.reset(seed=seed)
        exact = gym.make(ID, level=9, randomise=False)
        errors.append(observation[FRONT] - exact.reset(seed=seed)[0][FRONT])
        exact.close()
    made.close()
    assert 0.001 < np.std(errors) < 0.012


def test_held_outside_and_steady_is_a_success(env: gym.Env[Any, Any]) -> None:
    env.reset(seed=1)
    ordered, _ = bodies(env)
    hold(env, ordered)
    steps, terminated = 0, False
    while not terminated and steps < 40:
        observation, reward, terminated, _, info = env.step(AIR)
        steps += 1
    assert info["ends"] == ["picked"]
    assert info["is_success"]
    assert info["reward/picked"] == REWARD["picked"].weight
    assert float(reward) > 0
    assert steps * CONTROL_DT >= STEADY[1] - 1e-6
    assert observation[HELD] == 1.0
    assert observation[LEFT] == 0.0
    assert info["episode_metrics"]["right_package"] == 1.0


def test_a_held_package_inside_the_rack_is_none(env: gym.Env[Any, Any]) -> None:
    env.reset(seed=1)
    ordered, _ = bodies(env)
    place, turn = ordered.pose()
    hold(env, ordered)
    task_of(env).robot.suction.switch(False)
    ordered.place((OUTSIDE - 0.05 + size(env, ordered)[0] / 2, *place[1:]), turn)
    state = task_of(env).state()
    assert not state.held
    assert state.out < 1.0


def test_a_package_of_another_letter_is_wrong(env: gym.Env[Any, Any]) -> None:
    for seed in range(20):
        env.reset(seed=seed)
        ordered, others = bodies(env)
        different = [body for body in others if letter(env, body) != letter(env, ordered)]
        if different:
            break
    hold(env, different[0])
    _, _, terminated, _, info = env.step(AIR)
    assert terminated
    assert "wrong" in info["ends"]
    assert info["reward/wrong"] == REWARD["wrong"].weight
    assert not info["is_success"]


def test_another_package_of_the_same_letter_is_right(env: gym.Env[Any, Any]) -> None:
    for seed in range(100):
        env.reset(seed=seed)
        ordered, others = bodies(env)
        same = [body for body in others if letter(env, body) == letter(env, ordered)]
        if same:
            break
    hold(env, same[0])
    state = task_of(env).state()
    assert state.held
    assert not state.wrong
    assert state.moved < DISTURBED[0]


@pytest.mark.parametrize(("push", "lean", "ended"), [(0.03, 0.0, False), (0.06, 0.0, True), (0.0, 0.4, True)])
def test_to_disturb_another_package_ends_it(env: gym.Env[Any, Any], push: float, lean: float, ended: bool) -> None:
    env.reset(seed=2)
    _, others = bodies(env)
    (x, y, z), turn = others[-1].pose()
    raised = abs(math.sin(lean)) * 0.2
    others[-1].place((x - push, y, z + raised), axis_angle((0.0, 1.0, 0.0), lean) if lean else turn)
    state = task_of(env).state()
    _, _, terminated, _, info = env.step(NONE)
    assert ("disturbed" in info.get("ends", [])) == ended
    assert terminated == ended
    assert state.nudged == pytest.approx(state.moved)


def test_a_package_on_the_floor_ends_it(env: gym.Env[Any, Any]) -> None:
    env.reset(seed=3)
    ordered, _ = bodies(env)
    (x, y, z), turn = ordered.pose()
    ordered.place((x + 0.6, y, max(z - 0.15, size(env, ordered)[2] / 2)), turn)
    info: dict[str, Any] = {}
    for _ in range(10):
        _, _, terminated, _, info = env.step(NONE)
        if terminated:
            break
    assert info["ends"] == ["fell"]
    assert info["reward/fell"] == REWARD["fell"].weight


def test_a_drop_is_counted_and_costs(env: gym.Env[Any, Any]) -> None:
    env.reset(seed=1)
    ordered, _ = bodies(env)
    hold(env, ordered)
    env.step(AIR)
    _, _, _, _, info = env.step(NONE)
    assert info["reward/drop"] == REWARD["drop"].weight


def test_approach_pays_once(env: gym.Env[Any, Any]) -> None:
    observation, _ = env.reset(seed=4)
    start, paid = float(np.linalg.norm(observation[FRONT])), 0.0
    for step in range(60):
        way = 1.0 if step // 6 % 2 == 0 else -1.0
        _, _, terminated, _, info = env.step(np.array((0.0, 0.0, 0.5 * way, -1.0), np.float32))
        paid += info["reward/approach"]
        if terminated:
            break
    assert 0 < paid <= REWARD["approach"].weight * start


def test_time_up_is_no_success(env: gym.Env[Any, Any]) -> None:
    env.reset(seed=5)
    truncated, terminated, steps = False, False, 0
    while not truncated and not terminated:
        _, _, terminated, truncated, info = env.step(NONE)
        steps += 1
    assert truncated
    assert steps == 250
    assert not info["is_success"]
    assert info["episode_metrics"]["others_displaced"] < 0.002  # left alone, nothing moves


def play(made: gym.Env[Any, Any], seed: int) -> tuple[dict[str, Any], list[NDArray[np.float32]]]:
    expert, seen = make_expert(made), []
    observation, _ = made.reset(seed=seed)
    while True:
        action, _ = expert.predict(observation)
        observation, _, terminated, truncated, info = made.step(action)
        seen.append(observation)
        if terminated or truncated:
            return info, seen


@pytest.mark.medium
@pytest.mark.parametrize("level", [0, 5, 9])
def test_the_rival_picks_at_every_level(level: int) -> None:
    made = gym.make(ID, level=level, split="val")
    wins = []
    for seed in range(1000, 1008):
        info, seen = play(made, seed)
        wins.append(info["is_success"])
        assert info["episode_metrics"]["wrong_package"] == 0.0
        if wins[-1]:
            assert max(float(row[RAISED]) for row in seen) > 0.008  # lifted before it was pulled
    made.close()
    assert sum(wins) >= 7


def test_the_rival_acts_alike_on_one_and_on_many(env: gym.Env[Any, Any]) -> None:
    expert = make_expert(env)
    rows = np.stack([env.reset(seed=seed)[0] for seed in range(5)])
    many, _ = expert.predict(rows)
    assert np.array_equal(many, np.stack([expert.predict(row)[0] for row in rows]))
    assert many.dtype == np.float32


def test_it_comes_to_a_stop_at_its_goal() -> None:
    assert to_goal(1.0, 0.3) == 0.3
    assert to_goal(-1.0, 0.3) == -0.3
    assert to_goal(0.0, 0.3) == 0.0
    assert to_goal(0.02, 0.3) == pytest.approx(0.1)


def test_the_arm_may_begin_at_any_height() -> None:
    made = gym.make(ID, level=5, begins="anywhere")
    turrets, lifts = np.array([made.reset(seed=seed)[0][:2] for seed in range(60)]).T
    made.close()
    assert lifts.min() < 0.3
    assert lifts.max() > 1.6
    assert np.abs(turrets).max() > 0.3
    assert np.abs(turrets[lifts < CLEAR]).max() <= TURN_LOW + 1e-6


def test_the_arm_may_begin_near_the_ordered_package_every_other_time() -> None:
    made = gym.make(ID, level=9, begins="nearby")
    task = made.unwrapped.task  # type: ignore[attr-defined]
    off = [abs(made.reset(seed=seed)[0][1] - np.clip(task.world.layout.ordered.z, 0.15, 1.75)) for seed in range(300)]
    made.close()
    near = np.mean(np.array(off) <= 0.16)
    assert 0.5 < near < 0.7  # of the other half some are, by chance


def test_an_episode_may_be_over_sooner() -> None:
    made = gym.make(ID, level=0, seconds=6)
    made.reset(seed=0)
    ends = [made.step(NONE)[2:4] for _ in range(60)]
    made.close()
    assert ends == [(False, False)] * 59 + [(False, True)]


def test_cameras_see_the_rack_and_the_order_is_told() -> None:
    made = gym.make(ID, level=3, observation="camera")
    for seed in range(3):
        observation, _ = made.reset(seed=seed)
        ordered, _ = bodies(made)
        assert LETTERS[int(observation["order"].argmax())] == letter(made, ordered)
        assert observation["order"].sum() == 1.0
        for name in ("wrist", "mast"):
            assert observation[f"rgb_{name}"].shape == (64, 64, 3)
            assert observation[f"rgb_{name}"].std() > 10
            assert (observation[f"depth8_{name}"] > 0).mean() > 0.3
    made.close()
