"""Networks whose actions are added to a controller's: in training, saved, and where they do not fit."""

import copy
from pathlib import Path
from typing import Any

import gymnasium as gym
import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from stable_baselines3.common.vec_env import VecNormalize, unwrap_vec_wrapper

import robosim  # noqa: F401 (registers the envs)
from robosim.agents.policies.acting import Acting
from robosim.agents.policies.dwa import Dwa
from robosim.agents.policies.find import load_policy
from robosim.agents.policies.frames import Frames
from robosim.agents.policies.network import NetworkConfig, build_policy
from robosim.agents.policies.normalise import Normaliser
from robosim.agents.policies.picker import PickingExpert
from robosim.agents.policies.placer import Placer
from robosim.agents.policies.policy import Observation, Policy
from robosim.agents.policies.predictive import Predictive
from robosim.agents.policies.residual import Residual
from robosim.agents.policies.sight import EncoderConfig
from robosim.agents.policies.stepper import Stepper
from robosim.agents.policies.wide_stance import WideStance
from robosim.agents.storage.agent import load_agent, save_agent
from robosim.agents.storage.card import EnvCard
from robosim.agents.training.experiment import Experiment
from robosim.agents.training.experiment_file import parse_experiment
from robosim.agents.training.learner import LearnerError, make_envs, make_model
from robosim.agents.training.train import train
from robosim.agents.vector.vec_acting import VecActing
from robosim.agents.vector.vec_env import WorkerVecEnv
from robosim.errors import RobosimError

KWARGS = {"level": 3, "observation": "scan", "terrain": "stairs_up"}
WALK = {"id": "robosim/TerrainWalk-v0", "kwargs": KWARGS}
DRIVE = {"id": "robosim/WarehouseNavigate-v2", "kwargs": {"level": 3, "observation": "lidar"}}
SEEING = {"id": "robosim/WarehouseNavigate-v2", "kwargs": {"level": 3, "observation": "camera"}}
EYES = {"name": "nature", "width": 4, "features": 8}


def experiment(**changes: Any) -> Experiment:  # noqa: ANN401 (of the fields' types)
    told = {
        "name": "added",
        "env": WALK,
        "envs": 2,
        "workers": 1,
        "total_steps": 128,
        "network": {"hidden": [8], "residual": "stepper"},
        "ppo": {"n_steps": 32, "batch_size": 64, "mirror": True},
        "validation": {"episodes": 1, "level": 0},
    }
    return parse_experiment({**told, **changes}, "the test")


def acts(envs: VecNormalize) -> VecActing:
    """Gives what changes actions, among what is wrapped around the envs."""
    acting = unwrap_vec_wrapper(envs, VecActing)
    assert acting is not None
    return acting


def raw(envs: VecNormalize) -> Observation:
    """What the envs gave last, pictures as they give them."""
    return copy.deepcopy(acts(envs)._seen)


def singly(batch: Observation) -> list[Observation]:
    """Takes a batch of 2 apart."""
    if isinstance(batch, dict):
        return [{key: part[row] for key, part in batch.items()} for row in range(2)]
    return list(batch)


@pytest.fixture
def sent(monkeypatch: pytest.MonkeyPatch) -> list[NDArray[np.float32]]:
    """What reaches the envs."""
    actions: list[NDArray[np.float32]] = []
    step = WorkerVecEnv.step_async

    def step_async(self: WorkerVecEnv, batch: NDArray[np.float32]) -> None:
        actions.append(batch.copy())
        step(self, batch)

    monkeypatch.setattr(WorkerVecEnv, "step_async", step_async)
    return actions


@pytest.mark.parametrize(
    ("name", "env", "controller"),
    [
        ("stepper", WALK, Stepper()),
        ("wide-stance", {"id": "robosim/TerrainPush-v0", "kwargs": {"level": 3}}, WideStance()),
        ("picker", {"id": "robosim/WarehousePick-v0", "kwargs": {"level": 3}}, PickingExpert()),
        ("placer", {"id": "robosim/WarehousePlace-v0", "kwargs": {"level": 3}}, Placer(eager=True)),
        ("dwa", {"id": "robosim/WarehouseNavigate-v2", "kwargs": {"level": 3}}, Dwa()),
        ("dwa-depth", SEEING, Dwa()),
        ("predictive", {"id": "robosim/WarehouseNavigate-v2", "kwargs": {"level": 3}}, Predictive()),
        ("predictive-steered", {"id": "robosim/WarehouseNavigate-v2", "kwargs": {"level": 3}}, Predictive()),
    ],
)
def test_a_learner_that_adds_nothing_is_the_controller(
    sent: list[NDArray[np.float32]], name: str, env: dict[str, Any], controller: Policy
) -> None:
    network = {"residual": name, "encoder": EYES if env is SEEING else None}
    envs, seen = make_envs(experiment(env=env, network=network, ppo={"n_steps": 32, "batch_size": 64})), []
    try:
        envs.reset()
        for _ in range(30):
            seen.append(raw(envs))
            envs.step(np.zeros((2, *(envs.action_space.shape or ())), np.float32))
    finally:
        envs.close()
    assert np.abs(sent).max() > 0.2
    assert (np.array(sent) == [controller.predict(batch)[0] for batch in seen]).all()


@pytest.mark.parametrize(
    ("env", "network", "controller"),
    [
        (WALK, {"hidden": [8], "residual": "stepper"}, Stepper()),
        (DRIVE, {"hidden": [8], "residual": "dwa"}, Dwa()),
        (DRIVE, {"hidden": [8], "residual": "predictive"}, Predictive()),
        (SEEING, {"hidden": [8], "residual": "dwa-depth", "encoder": EYES}, Dwa()),
    ],
)
def test_what_is_saved_adds_as_it_did_in_training(
    tmp_path: Path, sent: list[NDArray[np.float32]], env: dict[str, Any], network: dict[str, Any], controller: Policy
) -> None:
    asked = experiment(env=env, network=network, ppo={"n_steps": 32, "batch_size": 64})
    made, envs = gym.make(env["id"], **env["kwargs"]), make_envs(asked)
    try:
        model = make_model(asked, envs, "cpu", 0)
        with torch.no_grad():
            # So that it adds more than a little, and some of it too much.
            model.policy.get_parameter("action_net.weight").mul_(400)
        seen, _ = [], envs.reset()
        for _ in range(40):
            seen.append(raw(envs))
            envs.step(model.predict(envs.normalize_obs(envs.get_original_obs()), deterministic=True)[0])
        envs.training = False
        normaliser = Normaliser.from_vec_normalize(envs)
        frames = Frames(made.observation_space)
        acted = [model.predict(envs.normalize_obs(frames(batch)[0]), deterministic=True)[0] for batch in seen]
        save_agent(
            tmp_path / "agent", model.policy, name="added", env=EnvCard(**env), network=asked.network,
            normaliser=normaliser, seed=0, steps=0, wall_clock_s=0.0, observation_space=made.observation_space,
        )  # fmt: skip
        sent.clear()
        envs.reset()
        for batch, action in zip(seen, acted, strict=True):
            acts(envs)._seen = batch
            envs.step_async(action)
            envs.step_wait()
    finally:
        envs.close()
    agent = load_agent(tmp_path / "agent", made)
    made.close()
    alone = np.array([[agent.predict(one, deterministic=True)[0] for one in singly(batch)] for batch in seen])
    together = np.array([agent.predict(batch, deterministic=True)[0] for batch in seen])
    assert np.abs(np.array(sent) - together).max() < 1e-5
    assert np.abs(alone - together).max() < 1e-5
    own = np.array([controller.predict(batch)[0] for batch in seen])
    assert np.abs(together - own).max() > 0.5
    assert np.abs(together).max() == 1.0


def test_a_run_that_adds_to_a_controller_trains_and_goes_on(tmp_path: Path) -> None:
    first = experiment(total_steps=64)
    assert train(first, tmp_path / "run").finished
    outcome = train(first.model_copy(update={"total_steps": 128}), tmp_path / "run", resume=True)
    assert (outcome.finished, outcome.steps) == (True, 128)
    agent = load_agent(tmp_path / "run" / "last")
    assert agent.card.network.residual == "stepper"
    noted = (tmp_path / "run" / "last" / "agent.yaml").read_text()
    assert "residual: stepper" in noted


def test_cards_of_networks_that_act_alone_say_nothing_of_it() -> None:
    assert "residual" not in NetworkConfig().model_dump()
    assert NetworkConfig(residual="stepper").model_dump()["residual"] == "stepper"


def test_what_the_critic_alone_is_told_moves_no_controller() -> None:
    env = gym.make("robosim/WarehouseNavigate-v2", level=3, observation="full")
    network = NetworkConfig(residual="dwa-depth", encoder=EncoderConfig(name="nature"))
    acting = Acting(network, *made_spaces(SEEING))
    told, _ = env.reset(seed=0)
    batch = {key: part[None] for key, part in told.items()}
    batch["depth8"] = np.full_like(batch["depth8"], 12)  # a wall, at half a metre
    batch["state"][0, 4:13] = 3.0, 0.0, 1.0, 0.6, 0.0, 1.5, 0.0, 3.0, 0.0  # the goal and the path are straight ahead
    batch["state"][0, 0] = 0.8
    observed = {key: part for key, part in batch.items() if key in ("state", "rgb", "depth8")}
    nothing = np.zeros((1, 2), np.float32)
    assert np.array_equal(acting(batch, nothing), acting(observed, nothing))
    assert acting(batch, nothing)[0, 0] < acting({**observed, "depth8": 0 * batch["depth8"]}, nothing)[0, 0]


def made_spaces(env: dict[str, Any]) -> tuple[gym.Space[Any], gym.Space[Any]]:
    """Of an env."""
    made = gym.make(env["id"], **env["kwargs"])
    return made.observation_space, made.action_space


def test_a_sum_is_held_to_what_can_be_done() -> None:
    env = gym.make(WALK["id"], **KWARGS)  # type: ignore[arg-type]
    observation, _ = env.reset(seed=0)
    added = np.full((1, 15), 3.0, np.float32)
    own = Stepper().predict(observation[None])[0]
    total = Residual("stepper", env.observation_space, env.action_space)(observation[None], added)
    assert total == pytest.approx(np.minimum(own + 1.0, 1.0))


@pytest.mark.parametrize(
    ("name", "env", "said"),
    [
        ("stepper", {"id": WALK["id"], "kwargs": {"level": 0}}, "observation of 224 numbers, got one of 57 numbers"),
        ("placer", {"id": "robosim/WarehousePick-v0"}, "network.residual = placer: it is for an observation of 53 num"),
        ("dwa", {"id": "robosim/WarehouseNavigate-v2", "kwargs": {"guidance": "goal"}},
         r"of state \(14\), lidar \(240\), got one of lidar \(240\), outlook \(58\), state \(7\)"),
        ("predictive", {"id": "robosim/WarehouseNavigate-v2", "kwargs": {"guidance": "goal"}},
         r"of state \(14\), lidar \(240\), unmapped \(60\), got one of lidar \(240\), outlook \(58\), state \(7\)"),
    ],
)  # fmt: skip
def test_envs_that_a_controller_is_not_for_are_told(name: str, env: dict[str, Any], said: str) -> None:
    with pytest.raises(LearnerError, match=said) as refused:
        make_envs(experiment(env=env, network={"residual": name}, ppo={"n_steps": 32, "batch_size": 64}))
    assert len(str(refused.value)) < 250
    made = gym.make(env["id"], **env.get("kwargs", {}))
    with pytest.raises(ValueError, match=said):
        build_policy(made.observation_space, made.action_space, NetworkConfig(residual=name))
    made.close()


def test_actions_that_a_controller_does_not_choose_are_told() -> None:
    env = gym.make(WALK["id"], **KWARGS)  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="stepper: it is for an action of 15 numbers, got one of 12 numbers"):
        Residual("stepper", env.observation_space, gym.spaces.Box(-1.0, 1.0, (12,), np.float32))
    env.close()


def test_a_controller_is_told_no_more_than_who_acts() -> None:
    seeing = {
        "id": "robosim/WarehouseNavigate-v2",
        "kwargs": {"observation": "camera"},
        "critic": {"observation": "full"},
    }
    network = {"residual": "dwa", "encoder": {"name": "nature", "features": 8}}
    with pytest.raises(LearnerError, match=r"dwa: it is for an observation of state \(14\), lidar \(240\), got one of"):
        make_envs(experiment(env=seeing, network=network, ppo={"n_steps": 32, "batch_size": 64}))


def test_to_a_controller_that_is_steered_nothing_is_added() -> None:
    env, asked = gym.make("robosim/WarehouseNavigate-v2", level=3), np.array([[-0.5, 3.0], [0.2, -0.1]], np.float32)
    rows = [env.reset(seed=seed)[0] for seed in range(2)]
    batch = {key: np.stack([row[key] for row in rows]) for key in rows[0]}
    done = Residual("predictive-steered", env.observation_space, env.action_space)(batch, asked)
    assert (done == Predictive().steered(batch, asked.clip(-1.0, 1.0))).all()
    env.close()
    said = r"ppo\.mirror = true: must be false with network\.residual = predictive-steered"
    with pytest.raises(RobosimError, match=said):
        experiment(env=DRIVE, network={"residual": "predictive-steered"}, ppo={"mirror": True})


def test_there_is_nothing_to_imitate_for_a_network_that_begins_as_a_controller() -> None:
    with pytest.raises(RobosimError, match="expert_steps = 100: must be 0 with"):
        experiment(expert_steps=100)
    with pytest.raises(RobosimError, match="there is no controller 'walker'; there are stepper, "):
        experiment(network={"residual": "walker"})


def test_a_controller_acts_without_the_network_that_adds_to_it() -> None:
    env = gym.make("robosim/WarehouseNavigate-v2", level=3, observation="camera")
    seen, _ = env.reset(seed=1)
    alone, both = (load_policy(f"{prefix}warehouse-navigate-camera", env) for prefix in ("controller:", ""))
    differ = 0
    for _ in range(5):
        action, _ = alone.predict(seen)
        np.testing.assert_array_equal(action, Dwa().predict(seen)[0])
        batch = {key: np.stack([part, part]) for key, part in seen.items()}
        np.testing.assert_array_equal(alone.predict(batch)[0], [action, action])
        differ += (action != both.predict(seen, deterministic=True)[0]).any()
        seen = env.step(action)[0]
    assert differ
    env.close()


@pytest.mark.parametrize(
    ("name", "told", "env_id", "observation"),
    [
        ("warehouse-navigate", "adds to no controller", "robosim/WarehouseNavigate-v2", "lidar"),
        ("warehouse-deliver", "is a team", "robosim/WarehouseDeliver-v0", "state"),
    ],
)
def test_without_a_controller_there_is_nothing_to_judge(name: str, told: str, env_id: str, observation: str) -> None:
    env = gym.make(env_id, observation=observation)
    with pytest.raises(RobosimError, match=rf"{name}: .*{told}"):
        load_policy(f"controller:{name}", env)
    env.close()
