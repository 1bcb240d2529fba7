"""What every registered environment keeps, whatever its task."""

import pickle
import subprocess
import sys
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import gymnasium as gym
import numpy as np
import pytest
from gymnasium.utils.env_checker import check_env
from rollouts import CASES, RICHEST, Case, parts, play, task_of
from stable_baselines3.common.env_checker import check_env as check_env_for_sb3

from robosim.envs.wheel_balance import WheelBalanceEnv
from robosim.errors import RobosimError

HERE = Path(__file__).resolve().parent
LONG = {"robosim/WarehouseDeliver-v0": 1500}  # control steps until all of it has come up
ORDER = "order"  # the part of an observation that says which of several things is asked for


@pytest.fixture(params=CASES, ids=str)
def case(request: pytest.FixtureRequest) -> Case:
    assert isinstance(request.param, Case)
    return request.param


@pytest.fixture
def env(case: Case) -> Iterator[gym.Env[Any, Any]]:
    env = gym.make(case.env_id, **case.kwargs, level=9)
    yield env
    env.close()


def test_checkers_have_nothing_to_say(case: Case) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for check in (check_env, check_env_for_sb3):
            env = gym.make(case.env_id, **case.kwargs)
            check(env.unwrapped, skip_render_check=True)
            env.close()


def test_same_seed_same_bits_after_other_episodes_and_beside_another_env(case: Case, env: gym.Env[Any, Any]) -> None:
    first = play(env, 7).digest()
    other = gym.make(case.env_id, **case.kwargs, level="mixed")
    for seed in range(20, 30):
        play(env, seed, steps=40)
        play(other, seed, steps=10)
    assert play(env, 7).digest() == first
    assert play(env, 8).digest() != first
    other.close()


@pytest.mark.medium
@pytest.mark.parametrize(("level", "randomise"), [(0, True), (9, True), (9, False), ("mixed", True)])
@pytest.mark.parametrize("richest", RICHEST, ids=str)
def test_same_bits_after_fifty_episodes_and_in_another_process(
    richest: Case, level: int | str, randomise: bool
) -> None:
    kwargs = {**richest.kwargs, "level": level, "randomise": randomise}
    env = gym.make(richest.env_id, **kwargs)
    limit = round(task_of(richest.env_id).TIME_LIMIT / task_of(richest.env_id).CONTROL_DT)
    # Of long episodes most are cut off in their midst.
    steps = [1000 if limit < 500 or episode % 10 < 2 else 60 for episode in range(50)]
    lengths = [len(play(env, 100 + n, most, wild=n % 2 == 0).rewards) for n, most in enumerate(steps)]
    assert max(lengths) > min(150, limit // 2)
    here = play(env, 11, 1000).digest()
    env.close()
    code = (
        "import gymnasium as gym, robosim\nfrom rollouts import play\n"
        f"print(play(gym.make({richest.env_id!r}, **{kwargs!r}), 11, 1000).digest())"
    )
    run = subprocess.run([sys.executable, "-c", code], cwd=HERE, capture_output=True, text=True, check=True)
    assert here in run.stdout.split()


def test_an_episode_drawn_without_a_seed_can_be_played_again(env: gym.Env[Any, Any]) -> None:
    env.reset(seed=3)
    drawn = play(env, None)
    assert play(env, drawn.infos[0]["seed"]).digest() == drawn.digest()
    assert play(env, None).infos[0]["seed"] != drawn.infos[0]["seed"]


def test_observations_are_in_their_space_finite_and_own_their_memory(env: gym.Env[Any, Any]) -> None:
    rollout = play(env, 5)
    for before, after in zip(rollout.observations, rollout.observations[1:], strict=False):
        assert env.observation_space.contains(after)
        for a, b in zip(parts(before), parts(after), strict=True):
            assert np.isfinite(b).all()
            assert not np.shares_memory(a, b)


def test_no_element_of_an_observation_is_constant(case: Case, env: gym.Env[Any, Any]) -> None:
    over = parts_over(env, range(3), steps=LONG.get(case.env_id, 200))
    for key, seen in over.items():
        if key in ("job", "arm") and "arm" in over:
            continue  # by feel alone the rival takes no package out; by poses it does, and these are looked at there
        if key == "place":
            continue  # rows of what lies in the area already: it is empty at first; WarehousePlace's has them all
        # What is asked for is the same throughout an episode: one of several, so that a few episodes do not show all.
        rows = parts_over(env, range(40), steps=0)[key] if key == ORDER else seen
        if rows[0].ndim == 1:
            assert (np.ptp(np.stack(rows), axis=0) > 0).all()


def parts_over(env: gym.Env[Any, Any], seeds: range, steps: int = 200) -> dict[str, list[np.ndarray[Any, Any]]]:
    """What each part of an observation was, over some episodes; the key of a whole one is empty."""
    over: dict[str, list[np.ndarray[Any, Any]]] = {}
    for seed in seeds:
        for observation in play(env, seed, steps).observations:
            named = observation if isinstance(observation, dict) else {"": observation}
            for key, part in named.items():
                over.setdefault(key, []).append(part)
    return over


def test_reward_is_the_sum_of_its_terms_and_metrics_are_told(case: Case, env: gym.Env[Any, Any]) -> None:
    task = task_of(case.env_id)
    rollout = play(env, 5)
    for reward, info in zip(rollout.rewards, rollout.infos[1:], strict=True):
        assert reward == pytest.approx(sum(info[f"reward/{name}"] for name in task.REWARD))
        assert all(isinstance(info[f"metric/{name}"], float) for name in task.METRICS)
        assert isinstance(info["is_success"], bool)


def test_nothing_ends_an_episode_but_what_the_task_names(case: Case, env: gym.Env[Any, Any]) -> None:
    known = {*task_of(case.env_id).DONE, "time"}
    for seed in range(3):
        for wild in (False, True):
            rollout = play(env, seed, 3000, wild=wild)
            assert set(rollout.infos[-1]["ends"]) <= known
            assert rollout.truncated == (rollout.infos[-1]["ends"] == ["time"])


def test_an_episode_ends_with_its_metrics(case: Case, env: gym.Env[Any, Any]) -> None:
    rollout = play(env, 2, 3000)
    assert rollout.terminated != rollout.truncated
    assert set(rollout.infos[-1]["episode_metrics"]) == set(task_of(case.env_id).METRICS)
    assert not any("episode_metrics" in info for info in rollout.infos[:-1])
    spec = gym.spec(case.env_id)
    assert spec.max_episode_steps == round(task_of(case.env_id).TIME_LIMIT / task_of(case.env_id).CONTROL_DT)


def test_splits_share_no_episode(case: Case) -> None:
    first: dict[bytes, str] = {}
    for split in ("train", "val", "test"):
        env = gym.make(case.env_id, **case.kwargs, split=split, level=9)
        for seed in range(10):
            observation, _ = env.reset(seed=seed)
            assert first.setdefault(b"".join(part.tobytes() for part in parts(observation)), split) == split
        env.close()
    assert len(first) == 30


def test_levels_are_what_was_asked_for(case: Case) -> None:
    env = gym.make(case.env_id, level=4)
    assert {env.reset(seed=seed)[1]["level"] for seed in range(5)} == {4}
    env.close()
    env = gym.make(case.env_id, level="mixed")
    assert {env.reset(seed=seed)[1]["level"] for seed in range(100)} == set(range(10))
    env.close()


def test_without_randomisation_episodes_still_differ(case: Case) -> None:
    env = gym.make(case.env_id, **case.kwargs, randomise=False, level=9)
    assert play(env, 1).digest() != play(env, 2).digest()
    env.close()


def test_pickling_gives_the_same_environment(env: gym.Env[Any, Any]) -> None:
    copy = pickle.loads(pickle.dumps(env))
    assert play(copy, 4, wild=True).digest() == play(env, 4, wild=True).digest()
    copy.close()


def test_closing_twice_is_fine(case: Case) -> None:
    env = gym.make(case.env_id)
    env.reset(seed=0)
    env.close()
    env.close()


def test_picture_without_a_display(case: Case, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("DISPLAY", raising=False)
    env = gym.make(case.env_id, **case.kwargs, render_mode="rgb_array")
    env.reset(seed=0)
    picture: Any = env.render()
    assert picture.shape == (480, 640, 3)
    assert picture.dtype == np.uint8
    assert picture.std() > 5
    env.close()


@pytest.mark.parametrize("display", [None, ":77"])
def test_a_window_without_a_display_names_the_way_out(
    case: Case, display: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    if display is None:
        monkeypatch.delenv("DISPLAY", raising=False)
    else:
        monkeypatch.setenv("DISPLAY", display)
    with pytest.raises(RobosimError, match=r"display.*rgb_array|DISPLAY=':77'.*rgb_array"):
        gym.make(case.env_id, render_mode="human")


@pytest.mark.parametrize(
    ("argument", "allowed"),
    [
        ({"level": 10}, "0 to 9"),
        ({"level": "hard"}, "'mixed'"),
        ({"level": True}, "0 to 9"),
        ({"split": "dev"}, "'train', 'val', 'test'"),
        ({"observation": "smell"}, "'state'"),
        ({"render_mode": "ascii"}, "'rgb_array'"),
    ],
    ids=str,
)
def test_a_wrong_argument_is_named_with_what_is_allowed(argument: dict[str, Any], allowed: str) -> None:
    (name, value) = next(iter(argument.items()))
    with pytest.raises(RobosimError, match=name) as error:
        WheelBalanceEnv(**argument)
    assert repr(value) in str(error.value)
    assert allowed in str(error.value)
