"""A curriculum: at which level each training env begins its next episode."""

from contextlib import closing
from typing import Any

import gymnasium as gym
import numpy as np
import pytest
from gymnasium import spaces

from robosim.agents.policies.policy import Observation
from robosim.agents.training.experiment_file import parse_experiment
from robosim.agents.training.learner import start_envs
from robosim.agents.vector.curriculum import FIRST, Curriculum

STEPS = 20  # of an episode that lasts


class Staged(gym.Env[Observation, np.ndarray[Any, Any]]):
    """Ends when it is told to: an action above 0 is a success, one below a failure, 0 goes on."""

    metadata = {"render_modes": [], "render_fps": 10}  # noqa: RUF012 (Gymnasium's type)
    observation_space = spaces.Box(-1, 1, (1,))
    action_space = spaces.Box(-1, 1, (1,))
    time_limit = STEPS / 10

    def __init__(self) -> None:
        self.level: int | str = "mixed"
        self.begun: list[int | str] = []

    def reset(self, *, seed: int | None = None, options: dict[str, Any] | None = None) -> tuple[Any, dict[str, Any]]:
        super().reset(seed=seed)
        self.begun.append(self.level)
        return np.zeros(1, np.float32), {"level": self.level}

    def step(self, action: np.ndarray[Any, Any]) -> tuple[Any, float, bool, bool, dict[str, Any]]:
        return np.zeros(1, np.float32), 0.0, bool(action[0] != 0), False, {"is_success": bool(action[0] > 0)}


def episode(env: Curriculum, end: float, steps: int) -> int:
    """Plays one, and gives the level of the next."""
    for step in range(steps):
        env.step(np.array([end if step == steps - 1 else 0.0], np.float32))
    env.reset()
    return env.level


@pytest.fixture
def env() -> Curriculum:
    env = Curriculum(Staged())
    env.reset(seed=0)
    return env


def test_a_success_leads_up_and_an_early_failure_down(env: Curriculum) -> None:
    first = env.level
    assert episode(env, 1.0, 3) == first + 1
    assert episode(env, 1.0, STEPS) == first + 2
    assert episode(env, -1.0, STEPS // 2 - 1) == first + 1
    assert episode(env, -1.0, STEPS // 2) == first + 1  # it got far: once more
    assert episode(env, -1.0, STEPS) == first  # and not for ever
    assert episode(env, -1.0, STEPS) == first
    assert episode(env, 1.0, STEPS) == first + 1
    begun = [first, first + 1, first + 2, first + 1, first + 1, first, first, first + 1]
    assert env.unwrapped.begun == begun  # type: ignore[attr-defined]


def test_no_failure_leads_below_the_easiest(env: Curriculum) -> None:
    assert [episode(env, -1.0, 1) for _ in range(FIRST + 2)][-2:] == [0, 0]


def test_who_has_learnt_all_is_spread_over_all_levels(env: Curriculum) -> None:
    after = []
    for _ in range(600):
        solved = env.level == 9
        following = episode(env, 1.0, 1)
        if solved:
            after.append(following)
    assert len(after) > 60
    assert set(after) == set(range(10))


def test_the_first_level_is_an_easy_one_drawn_by_the_seed() -> None:
    first = []
    for seed in [*range(40), *range(40)]:
        env = Curriculum(Staged())
        env.reset(seed=seed)
        first.append(env.level)
    assert first[:40] == first[40:]
    assert set(first) == set(range(FIRST))


def test_training_envs_have_levels_of_their_own() -> None:
    told = {
        "name": "climbing",
        "env": {"id": "robosim/WheelBalance-v3", "curriculum": True},
        "envs": 4,
        "workers": 2,
        "ppo": {"n_steps": 8, "batch_size": 32},
    }
    with closing(start_envs(parse_experiment(told, "the test"))) as envs:
        envs.seed(0)
        envs.reset()
        before = [info["level"] for info in envs.reset_infos]
        assert before == envs.get_attr("level")
        assert len(set(before)) > 1
        dones = np.zeros(4, bool)
        down: list[bool] = []
        while not len(down) >= 4:
            _, _, dones, infos = envs.step(np.ones((4, 2), np.float32))  # all fall at once
            down += [not info["is_success"] for done, info in zip(dones, infos, strict=True) if done]
        assert all(down)
        assert max(envs.get_attr("level")) <= max(before)
        assert sum(envs.get_attr("level")) < sum(before)
