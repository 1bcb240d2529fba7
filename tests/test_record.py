"""`robosim record`: what is read back from a dataset is what was played."""

from pathlib import Path
from typing import Any

import gymnasium as gym
import numpy as np
import pytest

from robosim.agents.evaluation.demonstrations import demonstrate, stacked
from robosim.agents.policies.experts import make_expert
from robosim.scripts.record import main

ENV = "robosim/WheelBalance-v3"
PLACE = "robosim/WarehousePlace-v0"


@pytest.fixture
def minari(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Any:  # noqa: ANN401 (an untyped package)
    monkeypatch.setenv("MINARI_DATASETS_PATH", str(tmp_path / "datasets"))
    return pytest.importorskip("minari")


def test_a_demonstration_is_a_whole_episode() -> None:
    env = gym.make(PLACE, level=0, split="train")
    kept = demonstrate(env, make_expert(env), 3)
    assert kept.success
    assert kept.level == 0
    assert len(kept.observations) == len(kept.actions) + 1 == len(kept.rewards) + 1
    assert kept.terminations == [False] * (len(kept.actions) - 1) + [True]
    assert not any(kept.truncations)
    env.reset(seed=3)
    for action, reward, seen in zip(kept.actions, kept.rewards, kept.observations[1:], strict=True):
        observation, paid, *_ = env.step(action)
        assert paid == reward
        assert not isinstance(seen, dict)
        assert np.array_equal(observation, seen)
    env.close()


@pytest.mark.medium
def test_what_is_read_back_was_played(minari: Any, capsys: pytest.CaptureFixture[str]) -> None:  # noqa: ANN401
    assert main(["expert", "--env", PLACE, "--episodes", "3", "--seed", "5", "--level", "0"]) == 0
    assert "3 episodes" in capsys.readouterr().out
    dataset = minari.load_dataset("robosim/WarehousePlace/expert-v0")
    assert dataset.total_episodes == 3
    env = gym.make(PLACE, level=0, split="train")
    for number, episode in enumerate(dataset.iterate_episodes()):
        played = demonstrate(env, make_expert(env), 5 + number)
        seen = stacked(played.observations)
        assert not isinstance(seen, dict)
        assert np.array_equal(episode.observations, seen)
        assert np.array_equal(episode.actions, np.stack(played.actions))
        assert episode.rewards.tolist() == played.rewards
        assert episode.terminations.tolist() == played.terminations
    told = list(dataset.storage.get_episode_metadata(range(3)))
    assert [one["seed"] for one in told] == [5, 6, 7]
    assert all(bool(one["success"]) and one["level"] == 0 for one in told)
    recovered = dataset.recover_environment()
    assert recovered.spec.id == PLACE
    recovered.close()
    env.close()


@pytest.mark.medium
def test_more_can_be_added_and_nothing_else_is_overwritten(
    minari: Any,  # noqa: ANN401
    capsys: pytest.CaptureFixture[str],
) -> None:
    same = ["random", "--env", PLACE, "--level", "0", "--dataset", "mine/few-v0"]
    assert main([*same, "--episodes", "1"]) == 0
    assert main([*same, "--episodes", "3"]) == 0
    dataset = minari.load_dataset("mine/few-v0")
    assert [one["seed"] for one in dataset.storage.get_episode_metadata(range(3))] == [0, 1, 2]
    before = [episode.rewards.tolist() for episode in dataset.iterate_episodes()]
    assert main([*same, "--episodes", "2"]) == 0
    assert main(["random", "--env", PLACE, "--level", "1", "--dataset", "mine/few-v0", "--episodes", "9"]) == 2
    assert "recorded otherwise (kwargs)" in capsys.readouterr().err
    assert [episode.rewards.tolist() for episode in minari.load_dataset("mine/few-v0").iterate_episodes()] == before


def test_failures_can_be_left_out(minari: Any) -> None:  # noqa: ANN401
    command = ["random", "--env", PLACE, "--level", "0", "--only-successes", "--dataset", "none-v0", "--episodes"]
    assert main([*command, "2"]) == 0
    assert main([*command, "3"]) == 0
    assert minari.load_dataset("none-v0").total_episodes == 0


@pytest.mark.medium
def test_an_expert_that_is_told_more_shows_what_cameras_see(minari: Any) -> None:  # noqa: ANN401
    command = ["expert", "--env", PLACE, "--observation", "camera", "--level", "0", "--episodes", "1"]
    assert main([*command, "--dataset", "seen-v0"]) == 0
    (episode,) = minari.load_dataset("seen-v0").iterate_episodes()
    assert episode.terminations[-1]
    env = gym.make(PLACE, level=0, observation="camera")
    observation, _ = env.reset(seed=0)
    assert isinstance(observation, dict)
    for key, part in observation.items():
        assert np.array_equal(episode.observations[key][0], part)
    assert set(episode.observations) == set(observation)
    env.close()


@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        (["expert", "--env", "robosim/Nothing-v0"], "Nothing"),
        (["expert", "--env", ENV, "--episodes", "0"], "--episodes"),
        (["expert", "--env", ENV, "--level", "12"], "0 to 9"),
        (["nobody", "--env", ENV, "--level", "1"], "nobody"),
        (["expert", "--env", ENV, "--dataset", "no version", "--episodes", "1"], "--dataset"),
    ],
)
def test_what_cannot_be_is_refused(
    minari: Any,  # noqa: ANN401
    arguments: list[str],
    named: str,
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert main(arguments) == 2
    assert named in capsys.readouterr().err


def test_without_minari_it_says_what_to_install(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("robosim.scripts.record.find_spec", lambda name: None)
    assert main(["expert", "--env", ENV]) == 2
    assert "robosim[record]" in capsys.readouterr().err
