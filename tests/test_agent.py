"""A saved agent acts as SB3 acted, knows where it comes from, and replaces nothing but an agent."""

import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import gymnasium as gym
import numpy as np
import pytest
import torch
from stable_baselines3 import PPO
from stable_baselines3.common.vec_env import DummyVecEnv, VecNormalize

from robosim.agents.policies.network import NetworkConfig, build_policy, policy_kwargs, policy_name
from robosim.agents.policies.normalise import Normaliser
from robosim.agents.policies.policy import Array, Observation
from robosim.agents.storage.agent import AgentError, EnvCard, load_agent, read_card, save_agent, set_scores
from robosim.agents.storage.card import AgentCard
from robosim.agents.storage.files import CARD_NAME

NETWORK = NetworkConfig(hidden=(16, 8), activation="elu")


class TwoParts(gym.Env[dict[str, Array], Array]):
    """Observations in two parts, so that their order matters."""

    def __init__(self) -> None:
        parts: dict[str, gym.Space[Any]] = {
            "wide": gym.spaces.Box(-9.0, 9.0, (2, 3)),
            "near": gym.spaces.Box(-1.0, 1.0, (2,)),
        }
        self.observation_space = gym.spaces.Dict(parts)
        self.action_space = gym.spaces.Box(-0.1, 0.3, (2,))

    def reset(self, *, seed: int | None = None, options: dict[str, Any] | None = None) -> Any:  # noqa: ANN401
        return self.observation_space.sample(), {}

    def step(self, action: Array) -> Any:  # noqa: ANN401
        return self.observation_space.sample(), 0.0, False, False, {}


def train(make: Callable[[], gym.Env[Any, Any]], **normalise: Any) -> tuple[PPO, VecNormalize]:  # noqa: ANN401
    envs = VecNormalize(DummyVecEnv([make]), **normalise)
    envs.seed(0)
    envs.observation_space.seed(0)
    kwargs: Any = policy_kwargs(NETWORK)
    name = policy_name(envs.observation_space)
    ppo = PPO(name, envs, n_steps=64, batch_size=32, n_epochs=2, policy_kwargs=kwargs, seed=0, device="cpu")
    return ppo.learn(128), envs


def save(folder: Path, ppo: PPO, envs: VecNormalize, env_id: str = "Pendulum-v1") -> AgentCard:
    return save_agent(
        folder,
        ppo.policy,
        name="tested",
        env=EnvCard(id=env_id, kwargs={"g": 9.0}),
        network=NETWORK,
        normaliser=Normaliser.from_vec_normalize(envs),
        seed=3,
        steps=128,
        wall_clock_s=1.25,
        scores={"validation": {"success": 0.5}},
    )


@pytest.fixture(scope="module")
def trained() -> tuple[PPO, VecNormalize]:
    return train(lambda: gym.make("Pendulum-v1"), clip_obs=1.5)


@pytest.fixture(scope="module")
def saved(trained: tuple[PPO, VecNormalize], tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("saved") / "agent"
    save(folder, *trained)
    return folder


@pytest.fixture
def copy(saved: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(saved, tmp_path / "agent"))


@pytest.mark.parametrize("deterministic", [True, False])
@pytest.mark.parametrize("make", [lambda: gym.make("Pendulum-v1"), TwoParts], ids=["box", "dict"])
@pytest.mark.parametrize("norm_obs", [True, False])
def test_predicts_bit_for_bit_what_sb3_predicts(
    make: Callable[[], gym.Env[Any, Any]], norm_obs: bool, deterministic: bool, tmp_path: Path
) -> None:
    ppo, envs = train(make, clip_obs=1.5, norm_obs=norm_obs)
    env = make()
    with torch.no_grad():  # weights that make actions differ and some of them clip
        ppo.policy.get_parameter("action_net.weight").mul_(300.0)
    save(tmp_path / "agent", ppo, envs)
    agent = load_agent(tmp_path / "agent", env)
    ppo.set_random_seed(11)
    agent.set_random_seed(11)
    env.observation_space.seed(5)
    actions = []
    for _ in range(50):
        observation: Observation = env.observation_space.sample()
        expected, _ = ppo.predict(envs.normalize_obs(observation), deterministic=deterministic)
        action, state = agent.predict(observation, deterministic=deterministic)
        np.testing.assert_array_equal(action, expected, strict=True)
        assert state is None
        actions.append(action)
    assert np.std(actions) > 0.01


def test_a_batch_is_answered_like_its_observations(saved: Path) -> None:
    agent = load_agent(saved)
    batch = np.random.default_rng(0).normal(size=(7, 3)).astype(np.float32)
    batch.setflags(write=False)  # as a vector env's shared memory may be
    actions, _ = agent.predict(batch, deterministic=True)
    singles = [agent.predict(one, deterministic=True)[0] for one in batch]
    np.testing.assert_allclose(actions, np.stack(singles), atol=1e-6)
    with pytest.raises(ValueError, match=r"shape \(3,\)"):
        agent.predict(np.zeros(4, np.float32))


def test_stochastic_actions_repeat_with_the_seed_and_spare_the_global_generator(saved: Path) -> None:
    torch.manual_seed(0)
    expected = torch.rand(3)
    torch.manual_seed(0)
    agent, other = load_agent(saved), load_agent(saved)
    observation = np.zeros(3, np.float32)
    agent.set_random_seed(4)
    other.set_random_seed(4)
    drawn = [agent.predict(observation)[0] for _ in range(5)]
    assert len(np.unique(drawn)) == 5
    np.testing.assert_array_equal([other.predict(observation)[0] for _ in range(5)], drawn)
    assert torch.equal(torch.rand(3), expected)


def test_the_card_tells_where_the_agent_comes_from(saved: Path) -> None:
    card = read_card(saved)
    assert (card.name, card.seed, card.steps, card.wall_clock_s) == ("tested", 3, 128, 1.2)
    assert card.env == EnvCard(id="Pendulum-v1", kwargs={"g": 9.0})
    assert card.network == NETWORK
    assert card.normalisation is not None
    assert card.normalisation.clip == 1.5
    assert card.versions["torch"] == torch.__version__
    assert os.uname().nodename not in (saved / CARD_NAME).read_text()


def test_scores_are_written_later_and_change_nothing_else(copy: Path) -> None:
    before = read_card(copy)
    set_scores(copy, {"test": {"success": 0.25}})
    after = read_card(copy)
    assert after.scores == {"test": {"success": 0.25}}
    assert after.model_dump(exclude={"scores", "checksum"}) == before.model_dump(exclude={"scores", "checksum"})
    load_agent(copy)


def test_spaces_that_differ_are_named_field_by_field(saved: Path) -> None:
    class Other(gym.Env[Array, Array]):
        observation_space = gym.spaces.Box(-1.0, 1.0, (4,), np.float32)
        action_space = gym.spaces.Box(-1.0, 2.0, (1,), np.float32)

    with pytest.raises(AgentError) as caught:
        load_agent(saved, Other())
    message = str(caught.value)
    assert "observation_space.shape: the agent has (3,), the env has (4,)" in message
    assert "action_space.low: the agent has -2.0, the env has -1.0" in message
    assert "action_space.high" not in message
    with pytest.raises(AgentError, match="observation_space: the agent has a box"):
        load_agent(saved, TwoParts())


def test_spaces_without_a_network_are_refused() -> None:
    image = gym.spaces.Box(0, 255, (64, 64, 3), np.uint8)
    box = gym.spaces.Box(-1.0, 1.0, (2,))
    with pytest.raises(ValueError, match="observation space must be a Box of floats"):
        build_policy(image, box, NETWORK)
    with pytest.raises(ValueError, match="action space must be a Box of floats"):
        build_policy(box, gym.spaces.Discrete(3), NETWORK)


def test_nothing_but_an_agent_is_ever_replaced(copy: Path, trained: tuple[PPO, VecNormalize], tmp_path: Path) -> None:
    (copy / "notes.txt").write_text("mine")
    with pytest.raises(AgentError, match=r"holds notes\.txt"):
        save(copy, *trained)
    assert (copy / "notes.txt").read_text() == "mine"
    with pytest.raises(AgentError, match="is a file"):
        save(copy / "notes.txt", *trained)
    (tmp_path / "link").symlink_to(tmp_path / "target")
    (tmp_path / "target").mkdir()
    save(tmp_path / "link", *trained)
    assert (tmp_path / "link").is_symlink()
    load_agent(tmp_path / "target")


def test_weights_that_are_not_finite_are_not_saved(trained: tuple[PPO, VecNormalize], tmp_path: Path) -> None:
    ppo, envs = trained
    before = ppo.policy.log_std.detach().clone()
    with torch.no_grad():
        ppo.policy.log_std.fill_(torch.inf)
    try:
        with pytest.raises(AgentError, match="not finite"):
            save(tmp_path / "agent", ppo, envs)
    finally:
        with torch.no_grad():
            ppo.policy.log_std.copy_(before)
    assert not (tmp_path / "agent").exists()
