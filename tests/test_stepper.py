"""The teacher that sees where it steps: its footholds, and that networks are given it."""

from typing import Any

import gymnasium as gym
import numpy as np
import pytest
from numpy.typing import NDArray

from robosim.agents.policies.experts import make_teacher
from robosim.agents.policies.lqr import BalanceLqr
from robosim.agents.policies.stepper import PATCH, PATCHES, Stepper
from robosim.agents.policies.trotter import Trotter
from robosim.robots.gait import REACH

ENV = "robosim/TerrainWalk-v0"
SWINGS = 1  # the front left leg, in the middle of its swing at phase 0.3


def seen(patch: NDArray[np.float64], phase: float = 0.3) -> NDArray[np.float32]:
    observation = np.zeros(Stepper.SEES, np.float32)
    observation[2] = -1.0
    observation[52:54] = np.sin(2 * np.pi * phase), np.cos(2 * np.pi * phase)
    patches = np.zeros((4, *PATCH))
    patches[SWINGS] = patch
    observation[PATCHES] = patches.ravel()
    return observation


def foot(action: NDArray[np.float32]) -> NDArray[np.float64]:
    return np.asarray(action[3 * SWINGS : 3 * SWINGS + 3] * np.array(REACH), np.float64)


def test_on_level_ground_it_trots() -> None:
    action, _ = Stepper().predict(seen(np.zeros(PATCH)))
    assert np.abs(action[:12]).max() < 1e-6


def test_it_steps_up_where_the_ground_is_higher() -> None:
    action, _ = Stepper().predict(seen(np.full(PATCH, 0.06)))
    assert foot(action) == pytest.approx((0.0, 0.0, 0.06), abs=1e-6)


def test_it_steps_over_a_gap() -> None:
    patch = np.zeros(PATCH)
    patch[1:-1] = -0.3  # all but the nearest and the farthest row
    x, _, z = foot(Stepper().predict(seen(patch))[0])
    assert abs(x) == pytest.approx(REACH[0])  # as far as a foot can be set aside
    assert z == pytest.approx(0.0, abs=1e-6)


def test_a_standing_foot_is_left_alone_and_one_about_to_be_lifted_is_told() -> None:
    for phase, told in ((0.7, False), (0.05, True)):  # it stands in both, and is lifted at 0.1
        x, y, z = foot(Stepper().predict(seen(np.full(PATCH, 0.06), phase))[0])
        assert (x, y) == pytest.approx((0.0, 0.0), abs=1e-6)
        assert z == pytest.approx(0.06 if told else 0.0, abs=1e-6)


def test_on_a_slope_it_sets_its_feet_back_under_its_weight() -> None:
    climbing = seen(np.zeros(PATCH), phase=0.7)
    climbing[:3] = -0.3, 0.0, -0.95  # its head is up
    x, _, _ = foot(Stepper().predict(climbing)[0])
    assert -0.05 < x < -0.01


def test_it_acts_alike_alone_and_in_a_batch() -> None:
    one, other = seen(np.full(PATCH, 0.06)), seen(np.zeros(PATCH), phase=0.7)
    batch, _ = Stepper().predict(np.stack([one, other]))
    assert (batch == np.stack([Stepper().predict(alone)[0] for alone in (one, other)])).all()


def test_it_teaches_where_the_ground_is_seen_and_the_rival_elsewhere() -> None:
    for kwargs, teacher in (
        ({"observation": "scan"}, Stepper),
        ({"observation": "state"}, Trotter),
        ({"observation": "scan", "action": "joint"}, Trotter),
    ):
        env = gym.make(ENV, **kwargs)  # type: ignore[arg-type]
        assert type(make_teacher(env)) is teacher
        env.close()
    env = gym.make("robosim/WheelBalance-v3")
    assert type(make_teacher(env)) is BalanceLqr
    env.close()


@pytest.mark.medium
def test_it_crosses_gaps_that_the_rival_does_not() -> None:
    env, crossed = gym.make(ENV, observation="scan", terrain="gaps", level=3, split="val"), {}
    for teacher in (Stepper(), Trotter()):
        wins = 0
        for seed in range(4):
            observation, _ = env.reset(seed=seed)
            state, done = None, False
            info: dict[str, Any] = {}
            while not done:
                action, state = teacher.predict(observation[None], state)
                observation, _, terminated, truncated, info = env.step(action[0])
                done = terminated or truncated
            wins += info["episode_metrics"]["covered"] / info["episode_metrics"]["commanded"] > 0.6
        crossed[type(teacher).__name__] = wins
    assert crossed["Stepper"] > crossed["Trotter"]
    env.close()
