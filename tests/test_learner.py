"""The parts a run is put together from: envs that cannot be learnt, the schedule, the device, the better agent."""

import math
from contextlib import closing
from dataclasses import replace
from functools import partial
from pathlib import Path

import gymnasium as gym
import numpy as np
import pytest
import torch
from gymnasium.envs.registration import EnvSpec
from toy_env import ENV_ID
from toy_run import PPO, toy

from robosim.agents.evaluation.evaluator import Episode
from robosim.agents.training import learner
from robosim.agents.training.checkpoint import Ended
from robosim.agents.training.device import DeviceError, choose_device
from robosim.agents.training.learner import LearnerError, learning_rate, make_envs
from robosim.agents.training.run_log import success_rows
from robosim.agents.training.train import train
from robosim.agents.training.validation import Validation, summarise
from robosim.agents.vector.vec_env import WorkerVecEnv


@pytest.mark.parametrize(
    ("env", "said"),
    [
        ({"id": "toy/Reac-v0"}, r"env\.id = 'toy/Reac-v0': .*Did you mean"),
        ({"id": "CartPole-v1", "splits": False}, r"env\.id = 'CartPole-v1': action space must be a Box"),
        ({"id": ENV_ID, "kwargs": {"wind": 1}}, r"toy/Reach-v0.*wind"),
    ],
)
def test_an_env_that_cannot_be_learnt_is_told(tmp_path: Path, env: dict[str, object], said: str) -> None:
    with pytest.raises(LearnerError, match=said):
        train(toy(env=env), tmp_path / "run")
    with pytest.raises(LearnerError):  # and the folder can still be used
        train(toy(env=env), tmp_path / "run")


@pytest.mark.medium
def test_an_env_that_is_registered_here_alone_is_known_to_a_worker_that_imports_anew(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The worker never imports this file, so the id is unknown there; the spec comes with its kwargs."""
    monkeypatch.setitem(
        gym.registry, "toy/Elsewhere-v0", EnvSpec("toy/Elsewhere-v0", "toy_env:Reach", kwargs={"level": 3})
    )
    monkeypatch.setattr(learner, "WorkerVecEnv", partial(WorkerVecEnv, start_method="spawn"))
    with closing(make_envs(toy(env={"id": "toy/Elsewhere-v0"}))) as envs:
        envs.reset()
        seen = envs.get_original_obs()
    assert isinstance(seen, np.ndarray)
    assert np.abs(seen[:, 0]) == pytest.approx(0.8)  # level 3


@pytest.mark.medium
def test_only_the_parts_that_were_named_are_scaled() -> None:
    env = {"id": "robosim/WarehouseNavigate-v2", "kwargs": {"level": 0}}
    with closing(make_envs(toy(env=env, normalise={"keys": ["state"]}))) as envs:
        scaled = envs.reset()
        seen = envs.get_original_obs()
    assert isinstance(scaled, dict)
    assert isinstance(seen, dict)
    np.testing.assert_array_equal(scaled["lidar"], seen["lidar"])
    assert not np.allclose(scaled["state"], seen["state"])


def test_a_part_that_is_not_there_is_told() -> None:
    with pytest.raises(LearnerError, match=r"normalise\.keys = \['stat'\]: stat is no part; it has none"):
        make_envs(toy(normalise={"keys": ["stat"]}))


def test_the_learning_rate_falls_in_a_line_and_never_below_one_percent() -> None:
    linear = learning_rate(toy(ppo={**PPO, "learning_rate": 0.1}).ppo)
    assert [linear(share) for share in (1.0, 0.5, 0.0, -0.1)] == pytest.approx([0.1, 0.05, 0.001, 0.001])
    constant = learning_rate(toy(ppo={**PPO, "learning_rate": 0.1, "schedule": "constant"}).ppo)
    assert [constant(share) for share in (1.0, 0.0)] == [0.1, 0.1]


def test_success_counts_before_return() -> None:
    episodes = [Episode(0, 1, True, 5, -9.0, {"m": 1.0}), Episode(1, 2, False, 5, -1.0, {"m": math.nan})]
    judged = summarise(episodes, steps=7)
    assert judged == Validation(7, 0.5, -5.0, {"m": 1.0}, {1: 1.0, 2: 0.0})
    assert judged.row()["validation/success_level_2"] == 0.0
    assert not any("kind" in name for name in judged.row())
    kinds = summarise([replace(one, kind=kind) for one, kind in zip(episodes, ("gaps", "flat"), strict=True)], steps=7)
    assert kinds.row()["validation/success_kind_gaps"] == 1.0
    better_return = Validation(8, 0.5, -4.0, {}, {})
    more_success = Validation(9, 0.6, -99.0, {}, {})
    assert judged.beats(None)
    assert better_return.beats(judged)
    assert more_success.beats(better_return)
    assert not judged.beats(judged)


def test_the_curve_tells_success_by_level_and_by_kind() -> None:
    told = [Ended(True, 1.0, "gaps"), Ended(False, 1.0, "flat"), Ended(True, 2.0, "flat")]
    assert success_rows(told) == {
        "rollout/success_level_1": 0.5,
        "rollout/success_level_2": 1.0,
        "rollout/success_kind_flat": 0.5,
        "rollout/success_kind_gaps": 1.0,
    }
    assert success_rows([Ended(True, 1.0, None)] * 3) == {}


def test_the_device_is_chosen_with_a_reason(monkeypatch: pytest.MonkeyPatch) -> None:
    state, image = gym.spaces.Box(-1, 1, (9,)), gym.spaces.Box(0, 255, (64, 64, 3), np.uint8)
    both = gym.spaces.Dict({"state": state, "camera": image})
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    assert choose_device("auto", state, 1000).device == "cpu"
    assert "no CUDA device" in choose_device("auto", both, 1000).reason
    with pytest.raises(DeviceError, match=r"--device cuda: PyTorch .* use --device auto or cpu"):
        choose_device("cuda", state, 1000)
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "get_device_name", lambda _: "Some GPU")
    assert choose_device("auto", state, 1000).device == "cpu"
    assert choose_device("auto", both, 1000).device == "cuda"
    assert "Some GPU" in choose_device("auto", both, 1000).reason
    assert choose_device("cuda", state, 1000).device == "cuda"
    assert choose_device("cpu", both, 1000).device == "cpu"
