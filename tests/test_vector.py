"""WorkerVecEnv when all goes well: SB3's interface, and the numbers of DummyVecEnv from several processes."""

import os
from collections.abc import Callable
from contextlib import closing
from functools import partial
from typing import Any

import gymnasium as gym
import numpy as np
import pytest
import torch
from stable_baselines3 import PPO
from stable_baselines3.common.monitor import Monitor
from stable_baselines3.common.vec_env import DummyVecEnv, VecEnv, VecNormalize
from walk import Walk, discrete, multi_binary, multi_discrete, parts

from robosim.agents.vector.vec_env import WorkerVecEnv

ORDINARY = np.zeros((4, 2), np.float32)


def same(one: object, other: object) -> bool:
    """Whether two nested values are equal bit for bit, dtypes included."""
    if isinstance(one, np.ndarray | np.generic):
        return (
            isinstance(other, np.ndarray | np.generic)
            and (one.shape, one.dtype) == (other.shape, other.dtype)
            and one.tobytes() == other.tobytes()
        )
    if isinstance(one, dict):
        return isinstance(other, dict) and one.keys() == other.keys() and all(same(one[k], other[k]) for k in one)
    return one == other


def careful(make: Callable[..., gym.Env[Any, Any]]) -> Callable[[], gym.Env[Any, Any]]:
    """The same env with new arrays every time, which is what DummyVecEnv needs."""
    return partial(make, reuse=False)


def rollout(envs: VecEnv, steps: int) -> list[object]:
    """Everything a learner sees of a seeded run with seeded actions."""
    envs.action_space.seed(0)
    envs.seed(7)
    seen: list[object] = [envs.reset(), dict(enumerate(envs.reset_infos))]
    for _ in range(steps):
        actions = np.stack([envs.action_space.sample() for _ in range(envs.num_envs)])
        observation, rewards, dones, infos = envs.step(actions)
        seen += [observation, rewards, dones, dict(enumerate(infos)), dict(enumerate(envs.reset_infos))]
    return seen


def assert_same_rollouts(ours: WorkerVecEnv, reference: VecEnv, steps: int) -> None:
    with closing(ours), closing(reference):
        for number, (mine, theirs) in enumerate(zip(rollout(ours, steps), rollout(reference, steps), strict=True)):
            assert same(mine, theirs), f"item {number}: {mine} is not {theirs}"


@pytest.mark.parametrize("workers", [1, 2, 3, 5])
def test_same_numbers_as_dummy_for_any_number_of_workers(workers: int) -> None:
    assert_same_rollouts(WorkerVecEnv([Walk] * 5, workers, infos="all"), DummyVecEnv([careful(Walk)] * 5), 60)


@pytest.mark.parametrize("make", [parts, discrete, multi_discrete, multi_binary])
def test_same_numbers_as_dummy_for_other_spaces(make: Callable[..., gym.Env[Any, Any]]) -> None:
    assert_same_rollouts(WorkerVecEnv([make] * 3, 2, infos="all"), DummyVecEnv([careful(make)] * 3), 40)


@pytest.mark.medium
@pytest.mark.parametrize("start_method", ["spawn", "forkserver"])
def test_same_numbers_from_other_start_methods(start_method: str) -> None:
    ours = WorkerVecEnv([parts] * 3, 2, start_method, infos="all")
    assert_same_rollouts(ours, DummyVecEnv([careful(parts)] * 3), 20)


@pytest.mark.medium
@pytest.mark.parametrize("workers", [1, 3])
def test_same_numbers_of_a_robot_as_in_one_process(workers: int) -> None:
    make = partial(gym.make, gym.spec("robosim/WheelBalance-v3"))
    assert_same_rollouts(WorkerVecEnv([make] * 4, workers, infos="all"), DummyVecEnv([make] * 4), 120)


@pytest.mark.medium
def test_ppo_learns_the_same_weights_as_on_dummy() -> None:
    def learn(envs: VecEnv) -> dict[str, torch.Tensor]:
        with closing(envs):
            model = PPO("MlpPolicy", VecNormalize(envs), n_steps=32, batch_size=64, n_epochs=2, seed=3, device="cpu")
            model.learn(256)
        return model.policy.state_dict()

    make = partial(gym.make, "Pendulum-v1", max_episode_steps=20)
    ours, reference = learn(WorkerVecEnv([make] * 4, 2)), learn(DummyVecEnv([make] * 4))
    assert all(torch.equal(ours[name], reference[name]) for name in reference)


def test_infos_travel_only_where_an_episode_ends() -> None:
    with closing(WorkerVecEnv([Walk] * 4, 2)) as envs, closing(DummyVecEnv([careful(Walk)] * 4)) as reference:
        ended = 0
        for envs_ in (envs, reference):
            envs_.seed(7)
            envs_.reset()
        for _ in range(30):
            infos, (_, _, dones, expected) = envs.step(ORDINARY)[3], reference.step(ORDINARY)
            ended += int(dones.sum())
            assert all(same(infos[i], expected[i] if dones[i] else {}) for i in range(4))
            assert envs.reset_infos == reference.reset_infos
        assert ended > 8


def test_returned_arrays_never_change_later() -> None:
    with closing(WorkerVecEnv([parts] * 3, 2)) as envs:
        first = envs.reset()
        observation, rewards, dones, _ = envs.step(ORDINARY[:3])
        assert isinstance(first, dict)
        assert isinstance(observation, dict)
        before = [array.copy() for array in (*first.values(), *observation.values(), rewards, dones)]
        for _ in range(10):
            envs.step(ORDINARY[:3] + 1)
        after = [*first.values(), *observation.values(), rewards, dones]
        assert all(same(old, new) for old, new in zip(before, after, strict=True))


def test_env_i_is_seeded_with_seed_plus_i_once() -> None:
    with closing(WorkerVecEnv([Walk] * 5, 2)) as envs:
        assert envs.seed(100) == [100, 101, 102, 103, 104]
        envs.reset()
        assert [info["seed"] for info in envs.reset_infos] == [100, 101, 102, 103, 104]
        envs.reset()
        assert not {info["seed"] for info in envs.reset_infos} & set(range(100, 105))


def test_options_reach_the_next_reset_only() -> None:
    with closing(WorkerVecEnv([Walk] * 3, 2)) as envs:
        envs.set_options([{"offset": 1e6 * i} for i in range(3)])
        observation = envs.reset()
        assert isinstance(observation, np.ndarray)
        np.testing.assert_allclose(observation[:, 0], [0.0, 1e6, 2e6], atol=10)
        assert np.abs(np.asarray(envs.reset())).max() < 10


def test_reaching_into_single_envs() -> None:
    with closing(WorkerVecEnv([partial(Walk, color=i) for i in range(5)], 2)) as envs:
        assert envs.get_attr("color") == [0, 1, 2, 3, 4]
        assert envs.get_attr("color", [4, 0, 3]) == [4, 0, 3]
        assert envs.env_method("add", 10, twice=True, indices=[-1, 1]) == [24, 21]
        envs.set_attr("color", 9, indices=2)
        assert envs.get_attr("color") == [0, 1, 9, 3, 4]
        assert envs.has_attr("color")
        assert not envs.has_attr("colour")
        with pytest.raises(AttributeError, match="colour"):
            envs.get_attr("colour")
        with pytest.raises(IndexError):
            envs.get_attr("color", 5)


def test_an_error_of_an_env_method_is_raised_here_and_the_workers_go_on() -> None:
    with closing(WorkerVecEnv([partial(Walk, color=i) for i in range(4)], 2)) as envs:
        with pytest.raises(LookupError, match="color 0") as caught:
            envs.env_method("fail")
        assert "walk.py" in str(caught.value.__cause__)
        envs.reset()
        assert envs.step(ORDINARY)[1].shape == (4,)


def test_wrappers_are_known_and_monitor_reports_episodes() -> None:
    with closing(WorkerVecEnv([lambda: Monitor(Walk()), lambda: Monitor(Walk())], 2)) as envs:
        assert envs.env_is_wrapped(Monitor) == [True, True]
        assert envs.env_is_wrapped(gym.Wrapper) == [True, True]
        assert envs.env_is_wrapped(gym.wrappers.ClipAction) == [False, False]
        envs.seed(0)
        envs.reset()
        infos = [info for _ in range(10) for info in envs.step(ORDINARY[:2])[3] if info]
        assert infos
        assert all({"r", "l", "t"} <= info["episode"].keys() for info in infos)


def test_pictures_of_all_envs() -> None:
    with closing(WorkerVecEnv([partial(Walk, "rgb_array", i) for i in range(4)], 2)) as envs:
        assert [int(image.max()) for image in envs.get_images() if image is not None] == [0, 1, 2, 3]
        tiled = envs.render()
        assert tiled is not None
        assert tiled.shape == (8, 12, 3)
    with closing(WorkerVecEnv([Walk], 1)) as envs:
        assert envs.get_images() == [None]


@pytest.mark.medium
def test_workers_are_few_small_and_capped() -> None:
    walks = [partial(Walk, color=i) for i in range(5)]
    with closing(WorkerVecEnv(walks, 2, "spawn")) as envs:
        processes = envs.env_method("process")
        assert len(set(processes)) == 2
        assert os.getpid() not in processes
        assert not any(envs.env_method("loaded", "torch") + envs.env_method("loaded", "stable_baselines3"))
        assert envs.env_method("variable", "OPENBLAS_NUM_THREADS") == ["1"] * 5
    with closing(WorkerVecEnv(walks, workers=64)) as envs:
        assert len(set(envs.env_method("process"))) == 5
