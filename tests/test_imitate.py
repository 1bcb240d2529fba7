"""The warm start: returns by hand, and a network that does what the expert does before PPO begins."""

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import gymnasium as gym
import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from robosim.agents.policies.dwa import Dwa
from robosim.agents.policies.find import load_policy
from robosim.agents.policies.lqr import BalanceLqr
from robosim.agents.policies.picker import PickingExpert
from robosim.agents.policies.policy import Observation, State
from robosim.agents.policies.searcher import PATIENCE
from robosim.agents.policies.sight import Sight
from robosim.agents.storage.agent import read_card
from robosim.agents.training.auxiliary import Auxiliary
from robosim.agents.training.experiment import Experiment
from robosim.agents.training.experiment_file import parse_experiment
from robosim.agents.training.imitate import _teaching, imitate
from robosim.agents.training.learner import make_envs, make_model, start_envs
from robosim.agents.training.recording import NOISE, WHOLE, Recording, Teacher, discounted, numbers_beyond, record
from robosim.agents.training.run_folder import RunFolder
from robosim.agents.training.status import Status
from robosim.agents.training.train import train
from robosim.errors import RobosimError


def test_returns_are_discounted_and_stop_at_an_end() -> None:
    rewards = np.array([[1.0, 1.0], [2.0, 2.0], [4.0, 4.0]])
    dones = np.array([[False, False], [False, True], [False, False]])
    assert discounted(rewards, dones, 0.5).tolist() == [[3.0, 2.0], [4.0, 2.0], [4.0, 4.0]]


def experiment(env_id: str, *, scaled: bool = False) -> Experiment:
    kwargs = {"level": 2} if env_id.startswith("robosim/") else {}
    return parse_experiment(
        {
            "name": "warm",
            "env": {"id": env_id, "kwargs": kwargs, "splits": bool(kwargs)},
            "envs": 4,
            "workers": 1,
            "expert_steps": 6000,
            "ppo": {"n_steps": 64, "batch_size": 64},
            "normalise": {"reward": scaled},
        },
        "the test",
    )


def test_imitation_tells_how_far_it_is_and_can_be_stopped_and_begun_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = experiment("robosim/WheelBalance-v3").model_copy(update={"expert_steps": 600, "total_steps": 256})
    shares: list[float] = []

    def note(status: Status) -> None:
        if status.imitating is not None:
            assert status.steps == 0
            shares.append(status.imitating)

    outcome = train(asked, tmp_path / "run", on_status=note, stop=lambda: bool(shares) and shares[-1] > 0.5)
    assert (outcome.finished, outcome.steps) == (False, 0)
    assert not RunFolder(tmp_path / "run").cloned.exists()
    assert 0.5 < shares[-1] < 0.9
    shares.clear()
    # One hundred seconds pass, by the clock that train() reads, whenever imitation says how far it is.
    clock = SimpleNamespace(monotonic=lambda: 100.0 * len(shares))
    monkeypatch.setattr("robosim.agents.training.train.time", clock)
    assert train(asked, tmp_path / "run", resume=True, on_status=note).finished
    seconds = read_card(tmp_path / "run" / "last").wall_clock_s
    assert 0 <= seconds - 100.0 * len(shares) < 60  # imitation is time, too
    assert shares == sorted(shares)
    assert shares[-1] == 1.0
    assert RunFolder(tmp_path / "run").cloned.is_dir()


@pytest.mark.medium
def test_the_network_does_what_the_expert_does() -> None:
    asked = experiment("robosim/WheelBalance-v3")
    envs = make_envs(asked)
    model = make_model(asked, envs, "cpu", 0)
    imitate(model, envs, asked)
    env, expert = gym.make("robosim/WheelBalance-v3", level=2, split="val"), BalanceLqr()
    observation, state, wanted, done = env.reset(seed=3)[0], None, [], []
    for _ in range(300):
        action, state = expert.predict(observation, state)
        wanted.append(action)
        done.append(model.predict(envs.normalize_obs(observation), deterministic=True)[0])
        observation, *_ = env.step(action)
    error = np.mean(np.subtract(wanted, done) ** 2, axis=0) / np.var(wanted, axis=0)
    assert (error < 0.3).all()
    envs.close()
    env.close()


@pytest.mark.medium
def test_an_expert_of_dicts_is_imitated_and_the_critic_knows_its_returns() -> None:
    asked = experiment("robosim/WarehouseNavigate-v2", scaled=True)
    envs = make_envs(asked)
    model = make_model(asked, envs, "cpu", 0)
    imitate(model, envs, asked)
    env, expert = gym.make("robosim/WarehouseNavigate-v2", level=2, split="val"), Dwa()
    wanted, done, values = [], [], []
    for seed in range(6):
        observation, over = env.reset(seed=seed)[0], False
        while not over:
            action, _ = expert.predict(observation)
            wanted.append(action)
            normal = envs.normalize_obs(observation)
            done.append(model.predict(normal, deterministic=True)[0])
            values.append(model.policy.predict_values(model.policy.obs_to_tensor(normal)[0]).item())
            observation, _, terminated, truncated, _ = env.step(action)
            over = terminated or truncated
    error = np.mean(np.subtract(wanted, done) ** 2, axis=0) / np.var(wanted, axis=0)
    assert (error < 0.6).all()
    assert 0.2 < np.mean(values) < 10.0  # returns of some 20 over their standard deviation
    envs.close()
    env.close()


def test_an_env_without_an_expert_is_told() -> None:
    asked = experiment("Pendulum-v1")
    envs = make_envs(asked)
    with pytest.raises(RobosimError, match=r"no expert for 'Pendulum-v1'.*robosim/WheelBalance"):
        imitate(make_model(asked, envs, "cpu", 0), envs, asked)
    envs.close()


@pytest.mark.medium
def test_a_network_imitates_a_teacher_that_is_told_more() -> None:
    asked = experiment("robosim/TerrainNavigate-v0")
    asked = asked.model_copy(update={"expert_steps": 4000})
    envs = make_envs(asked)
    model = make_model(asked, envs, "cpu", 0)
    before = {name: part.clone() for name, part in model.policy.state_dict().items()}
    imitate(model, envs, asked)
    assert isinstance(envs.obs_rms, dict)
    assert set(envs.obs_rms) == {"state", "scan", "outlook"}
    assert all(rms.count > 4000 for rms in envs.obs_rms.values())
    assert any((part != before[name]).any() for name, part in model.policy.state_dict().items())
    action, _ = model.predict(envs.normalize_obs(envs.reset()), deterministic=True)
    assert action.shape == (4, 17)
    envs.close()


@pytest.mark.medium
def test_a_network_sees_as_in_imitation_where_the_teacher_had_envs_of_its_own() -> None:
    asked = experiment("robosim/WarehousePick-v0")
    envs = make_envs(asked)
    model = make_model(asked, envs, "cpu", 0)
    imitate(model, envs, asked)
    env, expert = gym.make("robosim/WarehousePick-v0", level=2, split="val"), PickingExpert()
    wanted, done = [], []
    for seed in range(3):
        observation, over = env.reset(seed=seed)[0], False
        while not over:
            action, _ = expert.predict(observation)
            wanted.append(action)
            done.append(model.predict(envs.normalize_obs(observation), deterministic=True)[0])
            observation, _, terminated, truncated, _ = env.step(action)
            over = terminated or truncated
    error = np.mean(np.subtract(wanted, done) ** 2, axis=0) / np.var(wanted, axis=0)
    assert (error < 0.3).all()
    envs.close()
    env.close()


def test_in_a_later_round_the_network_acts_and_the_expert_says_what_it_would_do() -> None:
    asked = experiment("robosim/WarehousePick-v0")
    envs, expert = make_envs(asked), PickingExpert()
    backwards = np.array([[0.0, 0.0, -1.0, -1.0]] * asked.envs, np.float32)
    rng = np.random.default_rng(0)
    recording = Recording.room(envs, 10 * asked.envs)
    record(envs, Teacher(expert), recording, rng, 0.0, lambda seen: backwards)
    seen = recording.observations[WHOLE].reshape(10, asked.envs, -1)
    assert np.abs(seen[1:, :, 11:15] - backwards).max() < 6 * NOISE  # what was done last
    assert (recording.actions == expert.predict(recording.observations[WHOLE])[0]).all()
    assert (recording.actions[:, 2] > 0).all()
    envs.close()


NAVIGATE = "robosim/WarehouseNavigate-v2"


def camera(**changes: object) -> Experiment:
    """Learns to drive by what a small encoder sees, from a teacher that has a lidar."""
    return parse_experiment(
        {
            "name": "seer",
            "env": {"id": NAVIGATE, "kwargs": {"level": 2, "observation": "camera"}},
            "envs": 2,
            "workers": 1,
            "expert_steps": 32,
            "expert_rounds": 2,
            "expert_epochs": 3,
            "network": {"hidden": [8], "frames": 2, "encoder": {"name": "nature", "width": 2, "features": 8}},
            "ppo": {"n_steps": 64, "batch_size": 64, "gamma": 0.5},
            **changes,
        },
        "the test",
    )


@pytest.mark.parametrize("teacher", ["expert", "warehouse-navigate"])
def test_a_network_that_sees_imitates_a_teacher_with_a_lidar(teacher: str) -> None:
    asked = camera(teacher=teacher)
    envs = make_envs(asked)
    model = make_model(asked, envs, "cpu", 0)
    before = {name: part.clone() for name, part in model.policy.named_parameters()}
    imitate(model, envs, asked)
    assert isinstance(envs.obs_rms, dict)
    assert set(envs.obs_rms) == {"state"}
    still = {name for name, part in model.policy.named_parameters() if (part == before[name]).all()}
    assert still == {"log_std"}
    envs.close()


def test_a_team_is_imitated_with_what_it_remembers() -> None:
    """By cameras an arm that stands is taken elsewhere after a while: only who remembers knows how long it stood."""
    asked = parse_experiment(
        {
            "name": "picks",
            "env": {"id": "robosim/WarehousePick-v0", "kwargs": {"level": 9, "observation": "camera"}},
            "envs": 2,
            "workers": 1,
            "teacher": "warehouse-pick-camera",
            "network": {"hidden": [8], "encoder": {"name": "nature", "width": 2, "features": 8}},
            "ppo": {"n_steps": 64, "batch_size": 64, "gamma": 0.5},
        },
        "the test",
    )
    env = gym.make(asked.env.id, observation="camera")
    network = load_policy("warehouse-pick-camera/eyes", env)
    envs = make_envs(asked)
    kept = Recording.room(envs, 60 * asked.envs)
    still = np.zeros((asked.envs, 4), np.float32)
    with _teaching(asked) as team:
        record(envs, team, kept, np.random.default_rng(0), 0.5, lambda seen: still)
    seen = {key: np.moveaxis(part, 1, -1) if part.ndim == 4 else part for key, part in kept.observations.items()}
    alone = network.predict(seen, deterministic=True)[0]
    differs = (np.abs(kept.actions - alone) > 1e-4).any(axis=1).reshape(60, asked.envs)
    assert not differs[:PATIENCE].any()
    assert differs[PATIENCE + 2 :].any()
    env.close()
    envs.close()


@pytest.mark.parametrize(
    ("teacher", "env"),
    [
        ("warehouse-navigate", {"id": NAVIGATE, "kwargs": {"level": 2, "observation": "camera"}}),
        # It sees what the critic alone does, so it needs no envs of its own.
        ("expert", {"id": NAVIGATE, "kwargs": {"observation": "camera"}, "critic": {"observation": "full"}}),
    ],
)
def test_what_the_teacher_is_told_is_asked_of_the_encoders_and_of_nothing_that_stays(
    teacher: str, env: dict[str, object]
) -> None:
    encoders = []
    for weight in (0.0, 1.0):
        asked = camera(teacher=teacher, expert_auxiliary=weight, env=env)
        envs = make_envs(asked)
        model = make_model(asked, envs, "cpu", 0)
        parts = list(model.policy.state_dict())
        imitate(model, envs, asked)
        assert list(model.policy.state_dict()) == parts
        sight = model.policy.features_extractor
        assert isinstance(sight, Sight)
        assert not sight._forward_hooks
        encoders.append([part.detach().clone() for part in sight.encoders.parameters()])
        envs.close()
    assert all((with_it != without).any() for without, with_it in zip(*encoders, strict=True))


def test_encoders_learn_to_tell_what_only_pictures_show() -> None:
    asked = camera()
    envs = make_envs(asked)
    model = make_model(asked, envs, "cpu", 0)
    space = envs.observation_space
    assert isinstance(space, gym.spaces.Dict)
    space.seed(0)
    seen = {key: torch.as_tensor(np.array([space[key].sample() for _ in range(64)])).float() for key in space.spaces}
    bright = torch.rand(64, 1, generator=torch.Generator().manual_seed(0))
    seen["rgb"] *= bright[:, :, None, None]
    auxiliary = Auxiliary(model.policy, 2, 0.5)
    auxiliary.wants(np.hstack([bright.numpy() * 1000, np.full((64, 1), 7.0)]).astype(np.float32))
    learnt = [*model.policy.features_extractor.parameters(), *auxiliary.layers.parameters()]
    optimizer = torch.optim.Adam(learnt, lr=3e-3)
    losses = []
    for _ in range(60):
        model.policy.extract_features(seen)
        loss = auxiliary.loss(torch.arange(64))
        losses.append(loss.item())
        optimizer.zero_grad()
        torch.autograd.backward(loss)
        optimizer.step()
    assert 0.15 < losses[0] < 0.6  # half of the mean of 1, its variance, and of 0, as nothing varies
    assert losses[-1] < 0.1 * losses[0]
    auxiliary.close()
    envs.close()


def test_who_is_told_nothing_more_has_nothing_to_tell() -> None:
    asked = camera(
        teacher="expert",
        expert_auxiliary=1.0,
        env={"id": "robosim/WarehouseNavigate-v2", "kwargs": {"observation": "full"}},
    )
    envs = make_envs(asked)
    with pytest.raises(RobosimError, match="teacher expert observes nothing that the network does not"):
        imitate(make_model(asked, envs, "cpu", 0), envs, asked)
    envs.close()
    with pytest.raises(
        RobosimError, match=r"expert_auxiliary = 1.0: only a network with network.encoder that imitates"
    ):
        parse_experiment({"name": "felt", "env": {"id": "robosim/WarehousePick-v0"}, "expert_auxiliary": 1.0}, "it")


class Noting(Dwa):
    """The rival, who also notes what it is told."""

    def __init__(self, told: list[Observation]) -> None:
        super().__init__()
        self.told = told

    def predict(self, observation: Observation, *rest: Any, **named: Any) -> tuple[NDArray[np.float32], State]:  # noqa: ANN401
        self.told.append(observation)
        return super().predict(observation, *rest, **named)


def test_a_recording_keeps_pictures_as_bytes_and_the_teacher_sees_the_same_moments_otherwise() -> None:
    asked = camera(env={"id": "robosim/WarehouseNavigate-v2", "kwargs": {"level": 2, "observation": "full"}})
    lidar = asked.env.model_copy(update={"kwargs": {"level": 2, "observation": "lidar"}})
    envs, its_envs = make_envs(asked), start_envs(asked.model_copy(update={"env": lidar}))
    kept = Recording.room(envs, 20, 2)
    told: list[Observation] = []
    record(envs, Teacher(Noting(told), its_envs), kept, np.random.default_rng(0), 0.5, None)
    assert kept.observations["rgb"].dtype == np.uint8
    assert kept.observations["rgb"].shape[:2] == (20, 3)
    assert kept.ages.tolist() == [step for step in range(10) for _ in range(2)]
    seen = kept.seen("rgb", np.array([1, 7]))
    np.testing.assert_array_equal(seen[0, :3], seen[0, 3:])  # an episode's first
    np.testing.assert_array_equal(seen[1], kept.observations["rgb"][[5, 7]].reshape(6, 48, 128))
    first = told[0]
    assert isinstance(first, dict)
    assert "rgb" not in first
    np.testing.assert_array_equal(kept.observations["state"][:2, 4], first["state"][:, 4])  # how far the goal is
    assert isinstance(envs.observation_space, gym.spaces.Dict)
    assert not numbers_beyond(envs.observation_space.spaces, its_envs.observation_space)  # here both have a lidar
    envs.close()
    its_envs.close()


def test_a_recording_keeps_what_only_the_teacher_is_told() -> None:
    asked = camera()
    lidar = asked.env.model_copy(update={"kwargs": {"level": 2, "observation": "lidar"}})
    envs, its_envs = make_envs(asked), start_envs(asked.model_copy(update={"env": lidar}))
    assert isinstance(envs.observation_space, gym.spaces.Dict)
    more = numbers_beyond(envs.observation_space.spaces, its_envs.observation_space)
    assert list(more) == ["lidar", "outlook", "unmapped"]
    kept = Recording.room(envs, 20, 2, sum(more.values()))
    told: list[Observation] = []
    record(envs, Teacher(Noting(told), its_envs, tuple(more)), kept, np.random.default_rng(0), 0.5, None)
    known = told[9]
    assert isinstance(known, dict)
    alone = [known[key] for key in more]
    np.testing.assert_array_equal(kept.told[18:], np.hstack(alone))
    envs.close()
    its_envs.close()


def test_a_teacher_of_other_episodes_is_found_out() -> None:
    asked = camera()
    easier = asked.env.model_copy(update={"kwargs": {"level": 0}})
    envs, its_envs = make_envs(asked), start_envs(asked.model_copy(update={"env": easier}))
    with pytest.raises(RobosimError, match="play other episodes"):
        record(envs, Teacher(Dwa(), its_envs), Recording.room(envs, 20, 2), np.random.default_rng(0), 0.5, None)
    envs.close()
    its_envs.close()
