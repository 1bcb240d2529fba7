"""Networks with a guard: what it turns down in training and in the saved agent, and where it does not fit."""

from pathlib import Path
from typing import Any

import gymnasium as gym
import numpy as np
import pytest
import torch
from numpy.typing import NDArray

import robosim  # noqa: F401 (registers the envs)
from robosim.agents.policies.guard import Guard
from robosim.agents.policies.network import NetworkConfig, build_policy
from robosim.agents.policies.policy import Observation, State
from robosim.agents.storage.agent import load_agent, save_agent
from robosim.agents.storage.card import EnvCard
from robosim.agents.training.experiment import Experiment
from robosim.agents.training.experiment_file import parse_experiment
from robosim.agents.training.learner import LearnerError, make_envs, make_model, start_envs
from robosim.agents.training.recording import Recording, Teacher, record
from robosim.agents.vector.vec_env import WorkerVecEnv
from robosim.errors import RobosimError

ID = "robosim/WarehouseNavigate-v2"
AHEAD = np.array([1.0, 0.0], np.float32)


def experiment(**changes: object) -> Experiment:
    told = {
        "name": "guarded",
        "env": {"id": ID, "kwargs": {"level": 3}},
        "envs": 2,
        "workers": 1,
        "network": {"hidden": [8], "guard": "caution"},
        "ppo": {"n_steps": 32, "batch_size": 64},
    }
    return parse_experiment({**told, **changes}, "the test")


@pytest.mark.parametrize(("guarded", "ends"), [(True, []), (False, ["crash"])])
def test_who_is_guarded_stops_before_what_stands_in_the_way(guarded: bool, ends: list[str]) -> None:
    env = gym.make(ID, level=0, guidance="goal")  # it needs no path
    guard = Guard("caution", env.observation_space, env.action_space)
    seen, _ = env.reset(seed=3)
    speeds, info = [], dict[str, Any]()
    for _ in range(120):
        batch = {key: part[None] for key, part in seen.items()}
        seen, _, terminated, _, info = env.step(guard(batch, AHEAD[None])[0] if guarded else AHEAD)
        speeds.append(float(seen["state"][0]))
        if terminated:
            break
    assert max(speeds) > 0.8
    assert info.get("ends", []) == ends
    env.close()


def test_training_carries_out_what_the_guard_lets_through_and_so_does_the_saved_agent(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    sent: list[NDArray[np.float32]] = []
    step = WorkerVecEnv.step_async

    def step_async(self: WorkerVecEnv, batch: NDArray[np.float32]) -> None:
        sent.append(batch.copy())
        step(self, batch)

    monkeypatch.setattr(WorkerVecEnv, "step_async", step_async)
    asked = experiment(normalise={"observation": False})
    envs, seen = make_envs(asked), list[Observation]()
    try:
        model = make_model(asked, envs, "cpu", 0)
        with torch.no_grad():
            model.policy.get_parameter("action_net.bias").copy_(torch.tensor([3.0, 0.0]))  # full speed ahead
        envs.reset()
        for _ in range(60):
            seen.append(envs.get_original_obs())
            envs.step(model.predict(seen[-1], deterministic=True)[0])
        save_agent(
            tmp_path / "agent", model.policy, name="guarded", env=EnvCard(id=ID, kwargs={"level": 3}),
            network=asked.network, normaliser=None, seed=0, steps=0, wall_clock_s=0.0,
        )  # fmt: skip
    finally:
        envs.close()
    agent = load_agent(tmp_path / "agent")
    assert agent.card.network.guard == "caution"
    together = np.array([agent.predict(batch, deterministic=True)[0] for batch in seen])
    assert np.abs(np.array(sent) - together).max() < 1e-5
    alone = [[agent.predict(one, deterministic=True)[0] for one in singly(batch)] for batch in seen]
    assert np.abs(np.array(alone) - together).max() < 1e-5
    asked_for = np.array([model.predict(batch, deterministic=True)[0] for batch in seen])
    turned_down = (np.abs(together - asked_for) > 0.1).any(-1)
    assert 0.05 < turned_down.mean() < 1.0


def test_a_teachers_own_envs_carry_out_what_the_guard_lets_through() -> None:
    asked = experiment()
    told_more = asked.env.model_copy(update={"kwargs": {"level": 3, "guidance": "goal"}})
    envs, its_envs = make_envs(asked), start_envs(asked.model_copy(update={"env": told_more}))
    kept = Recording.room(envs, 120)
    try:
        record(envs, Teacher(Headlong(), its_envs), kept, np.random.default_rng(0), 0.5, None)
    finally:
        envs.close()
        its_envs.close()
    assert (kept.actions == AHEAD).all()
    assert kept.observations["state"][:, 0].max() > 0.8


class Headlong:
    """Goes straight on at full speed, whatever stands there."""

    def predict(self, observation: Observation, *_: Any, **__: Any) -> tuple[NDArray[np.float32], State]:  # noqa: ANN401
        return np.tile(AHEAD, (2, 1)), None


def singly(batch: Observation) -> list[dict[str, NDArray[np.float32]]]:
    """Takes a batch of 2 apart."""
    assert isinstance(batch, dict)
    return [{key: part[row] for key, part in batch.items()} for row in range(2)]


def test_envs_that_a_guard_is_not_for_are_told() -> None:
    said = r"network.guard = caution: it is for an observation of state, lidar \(240\), got one of 38 numbers"
    with pytest.raises(LearnerError, match=said):
        make_envs(experiment(env={"id": "robosim/WheelBalance-v3"}))
    env = gym.make("robosim/WheelBalance-v3")
    with pytest.raises(ValueError, match=said):
        build_policy(env.observation_space, env.action_space, NetworkConfig(guard="caution"))
    env.close()
    with pytest.raises(RobosimError, match="there is no guard 'courage'; there are caution"):
        experiment(network={"guard": "courage"})


def test_cards_of_networks_without_a_guard_say_nothing_of_it() -> None:
    assert "guard" not in NetworkConfig().model_dump()
    assert NetworkConfig(guard="caution").model_dump()["guard"] == "caution"
