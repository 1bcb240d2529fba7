"""Playing episodes: the same numbers for any number of workers, and no hang when one dies."""

from collections.abc import Iterator
from pathlib import Path

import gymnasium as gym
import pytest
import torch
from toy import KWARGS, NETWORK, OTHER, TOY, save_toy_agent

from robosim.agents.evaluation.evaluator import Episode, EvaluationError, Evaluator, check_agent
from robosim.agents.policies.network import build_policy
from robosim.agents.storage.agent import EnvCard, save_agent
from robosim.agents.storage.files import AgentError


@pytest.fixture(scope="module")
def agent(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return save_toy_agent(tmp_path_factory.mktemp("toy") / "agent")


@pytest.fixture(scope="module")
def two_workers() -> Iterator[Evaluator]:
    with Evaluator(2) as evaluator:
        yield evaluator


@pytest.mark.parametrize("name", ["agent", "random", "zero"])
def test_any_number_of_workers_gives_the_same_bits(name: str, agent: Path, two_workers: Evaluator) -> None:
    who = agent if name == "agent" else name
    seen: list[int] = []
    apart = two_workers.run(who, TOY, KWARGS, 30, 100, on_episode=lambda episode: seen.append(episode.seed))
    with Evaluator(1) as evaluator:
        here = evaluator.run(who, TOY, KWARGS, 30, 100)
        part = evaluator.run(who, TOY, KWARGS, 5, 110)
    assert repr(apart) == repr(here)  # repr tells every float, and NaN from NaN
    assert repr(part) == repr(here[10:15])  # whatever was played before
    assert [episode.seed for episode in apart] == list(range(100, 130))
    assert sorted(seen) == list(range(100, 130))
    assert len({episode.ret for episode in here}) == 30


def test_an_agent_is_read_anew_at_every_run(two_workers: Evaluator, tmp_path: Path) -> None:
    folder = save_toy_agent(tmp_path / "agent")
    before = two_workers.run(folder, TOY, KWARGS, 4)
    assert repr(two_workers.run(folder, TOY, KWARGS, 4)) == repr(before)
    env = gym.make(TOY)
    policy = build_policy(env.observation_space, env.action_space, NETWORK)
    torch.nn.init.ones_(policy.get_parameter("action_net.weight"))
    save_agent(
        folder,
        policy,
        name="other",
        env=EnvCard(id=TOY),
        network=NETWORK,
        normaliser=None,
        seed=0,
        steps=0,
        wall_clock_s=0.0,
    )
    assert repr(two_workers.run(folder, TOY, KWARGS, 4)) != repr(before)


def test_an_error_of_the_env_is_told_with_its_seed_and_traceback(two_workers: Evaluator) -> None:
    for evaluator in (two_workers, Evaluator(1)):
        with pytest.raises(EvaluationError, match=r"(?s)Toy-v0 .*seed 7:.*Traceback.*fell through the floor"):
            evaluator.run("zero", TOY, {**KWARGS, "fail_at": 7}, 20)
        assert len(evaluator.run("zero", TOY, KWARGS, 3)) == 3  # and it goes on working


@pytest.mark.timeout(60)
def test_a_worker_that_dies_ends_the_run_and_not_the_evaluator(two_workers: Evaluator) -> None:
    with pytest.raises(EvaluationError, match=r"died \(killed by signal 9.*\) at episode seed 5"):
        two_workers.run("zero", TOY, {**KWARGS, "die_at": 5}, 20)
    assert len(two_workers.run("zero", TOY, KWARGS, 3)) == 3


def test_an_interrupted_run_leaves_nothing_behind_for_the_next(two_workers: Evaluator) -> None:
    def interrupt(_: Episode) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        two_workers.run("zero", TOY, KWARGS, 20, 500, on_episode=interrupt)
    assert [episode.seed for episode in two_workers.run("zero", TOY, KWARGS, 6)] == list(range(6))


def test_an_episode_that_a_wrapper_cuts_short_is_no_failure_of_the_agent() -> None:
    kwargs = {"level": 0, "split": "test", "max_episode_steps": 5}
    with pytest.raises(EvaluationError, match=r"episode of seed 3 was cut short after 5 steps.*max_episode_steps"):
        Evaluator(1).run("zero", "robosim/WheelBalance-v3", kwargs, 1, seed=3)


def test_what_does_not_fit_is_named(agent: Path, tmp_path: Path) -> None:
    with pytest.raises(AgentError, match=r"observation_space\.shape: the agent has \(3,\), the env has \(4,\)"):
        check_agent(agent, OTHER, KWARGS)
    with pytest.raises(EvaluationError, match=r"Toy-v0 cannot be made with .*'colour'"):
        check_agent(agent, TOY, {"colour": "red"})
    with pytest.raises(EvaluationError, match=r"unknown env 'Tyo-v0'.*robosim/WheelBalance-v3"):
        check_agent(agent, "Tyo-v0", {})
    with pytest.raises(AgentError, match="the folder holds no agent"):
        check_agent(tmp_path, TOY, KWARGS)
    with pytest.raises(EvaluationError, match=r"no info\['is_success'\]"):
        Evaluator(1).run("zero", "Pendulum-v1", {}, 1)
    with pytest.raises(EvaluationError, match="workers must be at least 1, got 0"):
        Evaluator(0)
