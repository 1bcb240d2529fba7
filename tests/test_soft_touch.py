"""How fast an arm that picks by cameras comes to what is before its cup."""

from typing import Any

import gymnasium as gym
import numpy as np
import pytest
from numpy.typing import NDArray

import robosim
from robosim.agents.policies.policy import Observation, State
from robosim.agents.policies.searcher import Searcher
from robosim.agents.policies.soft_touch import HELD, LIP, RATE_OUT, TOUCH, soften
from robosim.envs.arm_sight import DEPTHS
from robosim.robots.mast import RATES

assert robosim.__version__  # registers the envs

AHEAD = np.array([0.3, -0.2, 1.0, 1.0], np.float32)


def picture(away: float) -> NDArray[np.uint8]:
    """What the wrist sees where something is so far before the cup's lip, m."""
    seen = np.full((64, 64, 1), 255, np.uint8)
    seen[32:47, 26:38] = round((away + LIP) * 255 / DEPTHS[1])
    return seen


def test_far_from_everything_it_leaves_an_action_as_it_is() -> None:
    assert soften(AHEAD, np.zeros(15), picture(0.5)) is AHEAD


@pytest.mark.parametrize("seen", [picture(0.0), np.zeros((64, 64, 1), np.uint8)], ids=["touching", "nothing measured"])
def test_right_before_something_the_arm_alone_is_held_back(seen: NDArray[np.uint8]) -> None:
    softer = soften(AHEAD, np.zeros(15), seen)
    assert softer[2] * RATES[2] == pytest.approx(TOUCH, abs=0.02)
    assert softer[[0, 1, 3]].tolist() == AHEAD[[0, 1, 3]].tolist()


def test_the_nearer_and_the_faster_the_more_it_is_held_back() -> None:
    fast = np.zeros(15)
    fast[RATE_OUT] = 0.5
    rates = [soften(AHEAD, felt, picture(away))[2] for felt, away in ((np.zeros(15), 0.1), (fast, 0.1), (fast, 0.06))]
    assert 1.0 > rates[0] > rates[1] > rates[2] > 0.0


def test_who_holds_something_and_who_draws_back_is_left_alone() -> None:
    holds = np.zeros(15)
    holds[HELD] = 1.0
    back = np.array([0.0, 0.0, -1.0, 1.0], np.float32)
    assert soften(AHEAD, holds, picture(0.0)) is AHEAD
    assert soften(back, np.zeros(15), picture(0.0)) is back


class Ram:
    """Goes straight ahead as fast as it can, drawing air."""

    def predict(self, observation: Observation, *_: Any, **__: Any) -> tuple[NDArray[np.float32], State]:  # noqa: ANN401
        assert isinstance(observation, dict)
        return np.tile(np.array([0, 0, 1, 1], np.float32), (*observation["state"].shape[:-1], 1)), None


def test_what_is_met_at_full_speed_stays_where_it_stands() -> None:
    pushed = {led: _pushed(Searcher(Ram()) if led else Ram()) for led in (True, False)}
    assert pushed[True] < 0.03 < 0.05 < pushed[False]


def _pushed(policy: Ram | Searcher) -> float:
    """Meets the ordered package's front with the arm's full speed; gives how far it was pushed until 0.3 s later, m."""
    env = gym.make("robosim/WarehousePick-v0", level=0, observation="camera", split="val")
    observation, _ = env.reset(seed=5)
    task = env.unwrapped.task  # type: ignore[attr-defined]
    ordered, robot = task._ordered, task.robot
    stood, state, held = ordered.inertial_pose()[0], None, 0
    for _ in range(60):
        lift = float(np.clip(4 * (ordered.pose()[0][2] - observation["state"][1]), -1, 1))
        ready = abs(lift) < 0.05 and abs(observation["state"][0]) < 0.02
        action, state = policy.predict(observation, state)
        if robot.suction.held:
            action = np.array([0, 0, 0, 1], np.float32)
        elif not ready:
            action = np.array([np.clip(-3 * observation["state"][0], -1, 1), lift, 0, -1], np.float32)
        observation, *_ = env.step(action)
        held += robot.suction.held is not None
        if held >= 3:
            break
    moved = float(np.linalg.norm(np.subtract(ordered.inertial_pose()[0], stood)))
    env.close()
    assert held >= 3
    return moved
