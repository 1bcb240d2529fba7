"""Baselines and how a policy is found: by name, by folder, and what happens where there is none."""

from pathlib import Path

import gymnasium as gym
import numpy as np
import pytest

from robosim.agents.policies import find
from robosim.agents.policies.blind import Blind
from robosim.agents.policies.find import PolicyError, agent_folder, load_policy
from robosim.agents.policies.network import NetworkConfig, build_policy
from robosim.agents.policies.policy import Array, Observation, RandomPolicy, State, ZeroPolicy, batch_size
from robosim.agents.storage.agent import AgentError, EnvCard, save_agent
from robosim.agents.storage.reading import AnyEnv
from robosim.errors import RobosimError

ACTIONS = gym.spaces.Box(-1.0, 1.0, (2,), np.float32)
OBSERVATIONS = gym.spaces.Box(-1.0, 1.0, (3,), np.float32)
ONE, BATCH = np.zeros(3, np.float32), np.zeros((5, 3), np.float32)
NETWORK = NetworkConfig(hidden=(4,))


@pytest.fixture
def env() -> AnyEnv:
    return gym.make("Pendulum-v1")


def save_some_agent(folder: Path, env: AnyEnv) -> None:
    policy = build_policy(env.observation_space, env.action_space, NETWORK)
    save_agent(
        folder,
        policy,
        name=folder.name,
        env=EnvCard(id="Pendulum-v1"),
        network=NETWORK,
        normaliser=None,
        seed=0,
        steps=0,
        wall_clock_s=0.0,
    )


def test_random_fills_the_box_and_a_seed_repeats_it() -> None:
    policy = RandomPolicy(ACTIONS, OBSERVATIONS)
    policy.set_random_seed(7)
    drawn = np.array([policy.predict(ONE, deterministic=True)[0] for _ in range(200)])
    assert all(action in ACTIONS for action in drawn)
    assert drawn.min() < -0.9
    assert drawn.max() > 0.9
    policy.set_random_seed(7)
    np.testing.assert_array_equal(policy.predict(BATCH)[0], drawn[:5])
    policy.set_random_seed(8)
    assert not np.array_equal(policy.predict(ONE)[0], drawn[0])


def test_random_leaves_the_space_of_the_env_alone() -> None:
    space = gym.spaces.Box(-1.0, 1.0, (2,), np.float32, seed=3)
    expected = gym.spaces.Box(-1.0, 1.0, (2,), np.float32, seed=3).sample()
    RandomPolicy(space).predict(ONE)
    np.testing.assert_array_equal(space.sample(), expected)


def test_zero_answers_zero_for_one_and_for_a_batch() -> None:
    policy = ZeroPolicy(ACTIONS, OBSERVATIONS)
    one, batch = policy.predict(ONE)[0], policy.predict(BATCH)[0]
    assert (one.shape, batch.shape) == ((2,), (5, 2))
    assert one.dtype == np.float32
    assert not one.any()
    assert not batch.any()
    one[:] = 1.0  # an answer is the caller's own
    assert not policy.predict(ONE)[0].any()


def test_zero_is_refused_where_it_is_no_action() -> None:
    with pytest.raises(ValueError, match="contains zero"):
        ZeroPolicy(gym.spaces.Box(0.5, 1.0, (2,), np.float32))


def test_batches_are_told_from_single_observations() -> None:
    space = gym.spaces.Dict({"a": OBSERVATIONS, "b": gym.spaces.Box(0.0, 1.0, (2, 2), np.float32)})
    assert batch_size({"a": ONE, "b": np.zeros((2, 2))}, space) is None
    assert batch_size({"a": BATCH, "b": np.zeros((5, 2, 2))}, space) == 5
    with pytest.raises(ValueError, match="disagree"):
        batch_size({"a": BATCH, "b": np.zeros((4, 2, 2))}, space)
    with pytest.raises(ValueError, match=r"keys \['a', 'b'\]"):
        batch_size({"a": ONE}, space)
    with pytest.raises(ValueError, match=r"shape \(3,\)"):
        batch_size(np.zeros(4), OBSERVATIONS)


def test_baselines_are_found_even_beside_a_folder_of_that_name(
    env: AnyEnv, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    save_some_agent(tmp_path / "zero", env)
    assert isinstance(load_policy("zero", env), ZeroPolicy)
    assert agent_folder("zero") is None
    assert agent_folder("./zero") == Path("zero")


def test_a_run_stands_for_its_best_agent_else_for_its_last(env: AnyEnv, tmp_path: Path) -> None:
    assert agent_folder(tmp_path) is None
    save_some_agent(tmp_path / "last", env)
    assert agent_folder(tmp_path) == tmp_path / "last"
    save_some_agent(tmp_path / "best", env)
    assert agent_folder(str(tmp_path)) == tmp_path / "best"


def test_a_shipped_name_comes_before_a_folder_of_that_name(
    env: AnyEnv, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(find, "PRETRAINED", tmp_path / "shipped")
    monkeypatch.chdir(tmp_path)
    save_some_agent(tmp_path / "shipped" / "walker", env)
    save_some_agent(tmp_path / "walker", env)
    assert find.shipped() == ["walker"]
    assert agent_folder("walker") == tmp_path / "shipped" / "walker"
    assert agent_folder("./walker") == Path("walker")


def test_an_unknown_name_is_answered_with_what_there_is(
    env: AnyEnv, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(find, "PRETRAINED", tmp_path / "shipped")
    save_some_agent(tmp_path / "shipped" / "walker", env)
    with pytest.raises(AgentError, match=r"wolker: .*random, zero, expert.*walker"):
        load_policy("wolker", env)
    with pytest.raises(AgentError, match="the folder holds no agent"):
        load_policy(tmp_path, env)


def test_an_env_without_an_expert_says_so(env: AnyEnv) -> None:
    with pytest.raises(PolicyError, match="Pendulum-v1"):
        load_policy("expert", env)


class Reader(ZeroPolicy):
    """Answers with what it reads."""

    def predict(
        self,
        observation: Observation,
        state: State = None,
        episode_start: Array | None = None,
        deterministic: bool = False,
    ) -> tuple[Array, State]:
        assert isinstance(observation, dict)
        return np.concatenate([observation["state"], observation["lidar"]]), state


def test_a_blind_agent_feels_but_does_not_see() -> None:
    space = gym.spaces.Dict({"state": OBSERVATIONS, "lidar": OBSERVATIONS})
    seen = {"state": np.full(3, 0.5, np.float32), "lidar": np.full(3, 0.7, np.float32)}
    action, _ = Blind(Reader(ACTIONS), space).predict(seen)
    np.testing.assert_array_equal(action, [0.5, 0.5, 0.5, 0.0, 0.0, 0.0])
    assert seen["lidar"].all()


def test_an_agent_that_sees_nothing_cannot_be_blinded(env: AnyEnv, tmp_path: Path) -> None:
    save_some_agent(tmp_path / "walker", env)
    with pytest.raises(RobosimError, match="nothing to blind"):
        load_policy(f"blind:{tmp_path / 'walker'}", env)
    with pytest.raises(AgentError, match="nobody: there is no such agent"):
        load_policy("blind:nobody", env)
