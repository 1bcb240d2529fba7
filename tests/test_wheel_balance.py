"""WheelBalance and its rival: reward and ends by teleport, disturbances, and the regulator against the physics."""

import math
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import gymnasium as gym
import numpy as np
import pytest
from rollouts import play

from robosim.agents.policies.lqr import COMMAND, BalanceLqr, Weights, balance_dynamics, lqr_gain, turn_dynamics
from robosim.envs import wheel_balance as wb
from robosim.envs.sim_env import SimEnv
from robosim.errors import RobosimError
from robosim.math import axis_angle, rotation_rows, to_body, to_world
from robosim.physics import Physics
from robosim.robots.wheel_courier import WHEEL_RADIUS, Load, WheelCourier
from robosim.worlds.floor import Floor

# Not the expert's own, which may be tuned.
GOLDEN_WEIGHTS = Weights(0.5, 0.2, 0.2, 5.0, 0.1, 0.5, 0.25, 0.1)
GOLDEN_RETURN, GOLDEN_SPEED_ERROR = 14.055486, 0.150074
IDEAL = wb.State(0.5, 0.2, 0.0, 0.5, 0.2, (0.0, 0.0), (0.0, 0.0))


@pytest.fixture
def env() -> Iterator[SimEnv]:
    env = wb.WheelBalanceEnv(level=0, randomise=False, split="val")
    yield env
    env.close()


def pay(state: wb.State) -> float:
    """What a second in this state pays, and what it costs if that is a fall."""
    return sum(term.weight * term.function(state) for term in wb.REWARD.values())


def test_every_reward_and_every_end_can_happen() -> None:
    env = gym.make("robosim/WheelBalance-v3", level=9)
    rollouts = [play(env, seed, 1000, wild=wild) for seed in range(3) for wild in (False, True)]
    infos = [info for rollout in rollouts for info in rollout.infos[1:]]
    assert {name for name in wb.REWARD if any(info[f"reward/{name}"] != 0.0 for info in infos)} == set(wb.REWARD)
    assert {end for rollout in rollouts for end in rollout.infos[-1]["ends"]} == {"fell", "time"}
    env.close()


def test_the_reward_is_highest_where_it_should_be() -> None:
    assert pay(IDEAL) == pytest.approx(4.0)
    for worse in (
        replace(IDEAL, speed=0.7),
        replace(IDEAL, speed=0.3),
        replace(IDEAL, yaw_rate=0.4),
        replace(IDEAL, torques=(0.5, -0.5), previous=(0.5, -0.5)),
        replace(IDEAL, previous=(0.3, 0.0)),
        replace(IDEAL, tilt=0.7),
    ):
        assert pay(worse) < pay(IDEAL)


def test_half_pay_where_the_docstrings_say() -> None:
    assert wb.speed_kept(replace(IDEAL, speed=0.65)) == pytest.approx(0.5)
    assert wb.yaw_rate_kept(replace(IDEAL, yaw_rate=0.45)) == pytest.approx(0.5)


def teleport(env: SimEnv, pitch: float) -> None:
    task = env.task
    assert isinstance(task, wb.WheelBalance)
    task.robot.body.place((0.0, 0.0, WHEEL_RADIUS), axis_angle((0.0, 1.0, 0.0), pitch))


@pytest.mark.parametrize(("pitch", "falls"), [(0.5, False), (-0.5, False), (0.75, True), (-0.75, True)])
def test_a_teleported_robot_has_fallen_or_not(env: SimEnv, pitch: float, falls: bool) -> None:
    env.reset(seed=0)
    teleport(env, pitch)
    _, reward, terminated, truncated, info = env.step(np.zeros(2, np.float32))
    assert (terminated, truncated) == (falls, False)
    assert (info["reward/fall"] == wb.REWARD["fall"].weight) == falls
    assert (reward < -4) == falls
    assert not info["is_success"]


def finish(env: SimEnv, seed: int) -> tuple[bool, bool, dict[str, Any]]:
    expert = BalanceLqr()
    observation, _ = env.reset(seed=seed)
    state, terminated, truncated = None, False, False
    while not (terminated or truncated):
        action, state = expert.predict(observation, state)
        observation, _, terminated, truncated, info = env.step(action)
    return terminated, truncated, info


def test_lasting_and_following_is_success_and_a_truncation(env: SimEnv) -> None:
    terminated, truncated, info = finish(env, 0)
    assert (terminated, truncated, info["is_success"]) == (False, True, True)
    assert info["episode_metrics"]["speed_error"] < wb.SPEED_TOLERANCE


def test_success_is_judged_by_the_metrics(env: SimEnv) -> None:
    good = {"speed_error": 0.15, "yaw_rate_error": 0.25}
    assert env.task.succeeded(good)
    assert not env.task.succeeded(good | {"speed_error": 0.151})
    assert not env.task.succeeded(good | {"yaw_rate_error": 0.251})


def test_commands_change_and_never_jump(env: SimEnv) -> None:
    env.reset(seed=4)
    task, expert = env.task, BalanceLqr()
    assert isinstance(task, wb.WheelBalance)
    observation, state, commands = env.reset(seed=4)[0], None, []
    for _ in range(900):
        action, state = expert.predict(observation, state)
        observation, _, terminated, _, _ = env.step(action)
        assert not terminated
        assert isinstance(observation, np.ndarray)
        commands.append(observation[COMMAND])
    steps = np.abs(np.diff(commands, axis=0))
    assert steps[:, 0].max() == pytest.approx(wb.SPEED_SLEW * wb.CONTROL_DT, rel=1e-3)
    assert steps[:, 1].max() <= wb.YAW_SLEW * wb.CONTROL_DT * 1.001
    assert np.ptp(commands, axis=0).min() > 0.1
    assert np.abs(commands).max() <= max(wb.SPEED[0], wb.YAW_RATE[0])


def impulses(level: int, seed: int, monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The sum of force and time of each push of an episode, N·s."""
    env = wb.WheelBalanceEnv(level=level, randomise=False)
    env.reset(seed=seed)
    body = env.task.robot.body
    given: list[float] = []
    now = [0.0]
    monkeypatch.setattr(body, "push", lambda force, point: now.append(math.hypot(*force) * wb.PHYSICS_DT))
    for _ in range(900):
        count = len(now)
        body.place((0.0, 0.0, 50.0))
        env.step(np.zeros(2, np.float32))
        if len(now) == count and math.fsum(now) > 0:
            given.append(math.fsum(now))
            now.clear()
    env.close()
    return given


def test_pushes_give_the_impulse_that_is_said_and_grow_with_the_level(monkeypatch: pytest.MonkeyPatch) -> None:
    assert impulses(0, 1, monkeypatch) == []
    for level in (3, 9):
        most, given = wb.PUSH[1] * level / 9, impulses(level, 1, monkeypatch)
        assert 3 <= len(given) <= 7
        assert all(0.3 * most <= one <= most for one in given)


def test_the_floor_says_how_well_tyres_grip() -> None:
    """Wheels locked, the courier slides on a slope steeper than the friction and not on one less steep."""
    for slope, slides in ((0.8, False), (1.25, True)):
        with Physics(wb.PHYSICS_DT) as physics:
            floor, robot = Floor(physics, steepest=0.0, slickest=1.0), WheelCourier(physics)
            turn = axis_angle((1.0, 0.0, 0.0), slope * math.atan(0.3))  # sideways, where wheels do not roll
            floor.body.place((0.0, 0.0, 0.0), turn)
            floor.body.set_friction(0.3)
            start = to_world(rotation_rows(turn), (0.0, 0.0, WHEEL_RADIUS))
            robot.configure(Load(), latency=0.0)
            robot.reset((start, turn), np.random.default_rng(0), 0.0)
            physics.step(60)  # before it topples
            moved = to_body(rotation_rows(turn), np.subtract(robot.body.pose()[0], start).tolist())
            assert (abs(moved[1]) > 0.01) == slides


def test_the_linearised_dynamics_are_those_of_the_physics(env: SimEnv) -> None:
    """Accelerations right after a small lean or torque, against A and B."""
    a, b = balance_dynamics()
    torque = 0.05
    for pitch, share in ((0.05, 0.0), (0.0, torque)):
        env.reset(seed=0)
        teleport(env, pitch)
        body = env.task.robot.body
        env.step(np.array([share, 0.0], np.float32))
        _, velocity, spin = body.motion()
        expected = (a @ [0.0, 0.0, pitch, 0.0] + b[:, 0] * share) * wb.CONTROL_DT
        assert velocity[0] == pytest.approx(expected[1], rel=0.12)
        assert spin[1] == pytest.approx(expected[3], rel=0.12)


def test_the_turning_dynamics_are_those_of_the_physics(env: SimEnv) -> None:
    _, b = turn_dynamics()
    env.reset(seed=0)
    teleport(env, 0.0)
    share = 0.05
    env.step(np.array([0.0, share], np.float32))
    _, _, spin = env.task.robot.body.motion()
    assert spin[2] == pytest.approx(b[1, 0] * share * wb.CONTROL_DT, rel=0.12)


def test_the_regulator_solves_a_textbook_case() -> None:
    """Double integrator, unit weights: K = (1, sqrt 3)."""
    k = lqr_gain(np.array([[0.0, 1.0], [0.0, 0.0]]), np.array([[0.0], [1.0]]), (1.0, 1.0), 1.0)
    assert k == pytest.approx([1.0, math.sqrt(3.0)])


def test_the_closed_loop_is_stable() -> None:
    expert = BalanceLqr()
    for (a, b), k in ((balance_dynamics(), expert._drive), (turn_dynamics(), expert._turn)):
        assert np.linalg.eigvals(a - b @ k[None]).real.max() < -0.1
    assert np.linalg.eigvals(balance_dynamics()[0]).real.max() > 1  # by itself it falls


def test_the_expert_treats_a_batch_like_each_of_its_rows() -> None:
    expert, rng = BalanceLqr(), np.random.default_rng(0)
    space = gym.make("robosim/WheelBalance-v3").observation_space
    batch = rng.normal(0, 0.1, (3, *space.shape)).astype(np.float32)  # type: ignore[misc]
    once, state = expert.predict(batch)
    twice, _ = expert.predict(batch, state, episode_start=np.array([False, True, False]))
    for row in range(3):
        single, memory = expert.predict(batch[row])
        np.testing.assert_array_equal(once[row], single)
        again, _ = expert.predict(batch[row], None if row == 1 else memory)
        np.testing.assert_array_equal(twice[row], again)


@pytest.mark.medium
def test_the_expert_keeps_its_floor() -> None:
    env = wb.WheelBalanceEnv(level=3, split="val")
    assert np.mean([finish(env, seed)[2]["is_success"] for seed in range(20)]) >= 0.9
    env.close()


@pytest.mark.medium
def test_the_rival_does_not_make_the_task_easy() -> None:
    """Level 9 is hard: the best regulator that was found loses at least three episodes in ten."""
    env = wb.WheelBalanceEnv(level=9, split="val")
    assert np.mean([finish(env, seed)[2]["is_success"] for seed in range(30)]) <= 0.7
    env.close()


def test_a_diverged_policy_is_told() -> None:
    env = wb.WheelBalanceEnv()
    env.reset(seed=0)
    with pytest.raises(RobosimError, match="finite"):
        env.step(np.array([np.nan, 0.0], np.float32))
    env.close()


def test_a_golden_rollout() -> None:
    """A change of dynamics shows here first: then the environment needs a new version."""
    env = wb.WheelBalanceEnv(level=5, split="val")
    observation, _ = env.reset(seed=42)
    expert, state, total = BalanceLqr(GOLDEN_WEIGHTS), None, 0.0
    for _ in range(250):
        action, state = expert.predict(observation, state)
        observation, reward, _, _, info = env.step(action)
        total += reward
    assert total == pytest.approx(GOLDEN_RETURN, abs=1e-3)
    assert info["metric/speed_error"] == pytest.approx(GOLDEN_SPEED_ERROR, abs=1e-4)
    env.close()
