"""Agents that see: frames begin with an episode, encoders are data, a saved agent acts as the trained network did."""

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import gymnasium as gym
import numpy as np
import pytest
import torch
from stable_baselines3.common.vec_env import DummyVecEnv, VecNormalize
from toy_run import PPO, toy

from robosim.agents.perception.network_file import save_network
from robosim.agents.policies.blind import Blind
from robosim.agents.policies.frames import Frames
from robosim.agents.policies.network import NetworkConfig, build_policy, count_parameters
from robosim.agents.policies.normalise import Normaliser
from robosim.agents.policies.policy import Array, Observation, State, ZeroPolicy
from robosim.agents.policies.sight import EncoderConfig, Sight, cameras, shifted
from robosim.agents.storage.agent import EnvCard, load_agent, save_agent
from robosim.agents.storage.card import AgentCard
from robosim.agents.storage.reading import weights_of
from robosim.agents.training.checkpoint import load_checkpoint
from robosim.agents.training.experiment_file import ExperimentError
from robosim.agents.training.learner import LearnerError, critic_only, make_envs, make_model, normalised
from robosim.agents.training.train import train
from robosim.agents.vector.vec_frames import VecFrames
from robosim.perception.encoders import Encoder, EncoderSpec
from robosim.perception.scene import SceneNetwork, SceneSpec

PICTURE = gym.spaces.Box(0, 255, (36, 40, 3), np.uint8)
DEPTH = gym.spaces.Box(0, 255, (36, 40, 1), np.uint8)
FELT = gym.spaces.Box(-9.0, 9.0, (2,), np.float32)
SPACE = gym.spaces.Dict({"state": FELT, "rgb": PICTURE, "depth8": DEPTH})
ACTIONS = gym.spaces.Box(-1.0, 1.0, (2,), np.float32)
NETWORK = NetworkConfig(hidden=(8,), frames=3, encoder=EncoderConfig(name="nature", width=4, features=6, shift=2))


class Counting(gym.Env[dict[str, Array], Array]):
    """Every picture is as bright as its step's number in the episode, and a hundred more in every second episode."""

    def __init__(self, length: int = 4) -> None:
        self.observation_space, self.action_space = SPACE, ACTIONS
        self._length, self._episode, self._step = length, 0, 0

    def reset(self, *, seed: int | None = None, options: dict[str, Any] | None = None) -> Any:  # noqa: ANN401
        self._episode, self._step = self._episode + 1, 0
        return self._seen(), {}

    def step(self, action: Array) -> Any:  # noqa: ANN401
        self._step += 1
        return self._seen(), float(action[0]), False, self._step == self._length, {}

    def _seen(self) -> dict[str, Array]:
        bright = self._step + 100 * (self._episode % 2)
        rgb, depth8 = np.full(PICTURE.shape, bright, np.uint8), np.full(DEPTH.shape, bright + 50, np.uint8)
        rgb[0, 0] = 7, 8, 9  # which corner and which channel is which
        return {"state": np.array([self._step, 1.0], np.float32), "rgb": rgb, "depth8": depth8}


def brightness(seen: Any) -> list[int]:  # noqa: ANN401
    """Of the first env's stacked pictures, the oldest first."""
    return [int(part[-1, -1]) for part in seen["rgb"][0, ::3]]


def test_pictures_are_stacked_channel_first_and_begin_with_their_episode() -> None:
    envs = VecFrames(DummyVecEnv([Counting]), 3)
    seen: Any = envs.reset()
    assert envs.observation_space["rgb"].shape == (9, 36, 40)  # type: ignore[index]
    assert seen["rgb"].shape == (1, 9, 36, 40)
    assert seen["rgb"][0, :, 0, 0].tolist() == [7, 8, 9] * 3
    assert brightness(seen) == [100, 100, 100]
    told = []
    for _ in range(6):
        seen, _, dones, infos = envs.step(np.zeros((1, 2), np.float32))
        told.append(brightness(seen))
        if dones[0]:
            last = infos[0]["terminal_observation"]
    assert told == [[100, 100, 101], [100, 101, 102], [101, 102, 103], [0, 0, 0], [0, 0, 1], [0, 1, 2]]
    assert brightness({"rgb": last["rgb"][None]}) == [102, 103, 104]
    assert seen["state"].tolist() == [[2.0, 1.0]]


def test_frames_of_a_batch_begin_each_for_itself() -> None:
    frames = Frames(gym.spaces.Dict({"rgb": PICTURE}), 2)
    first, second = ({"rgb": np.full((2, *PICTURE.shape), value, np.uint8)} for value in (1, 2))
    _, state = frames(first)
    seen, _ = frames(second, state, np.array([True, False]))
    assert isinstance(seen, dict)
    assert seen["rgb"][:, ::3, 0, 0].tolist() == [[2, 2], [1, 2]]
    assert (first["rgb"] == 1).all()


def test_pictures_of_one_camera_are_stacked_and_each_camera_has_its_encoder() -> None:
    parts: dict[str, gym.Space[Any]] = {"rgb_wrist": PICTURE, "depth8_wrist": DEPTH, "rgb_mast": PICTURE, "state": FELT}
    assert cameras(gym.spaces.Dict(parts)) == [["rgb_mast"], ["rgb_wrist", "depth8_wrist"]]
    small = gym.spaces.Box(0, 255, (8, 8, 1), np.uint8)
    with pytest.raises(ValueError, match=r"camera 'wrist'.*differ in height and width"):
        cameras(gym.spaces.Dict({"rgb_wrist": PICTURE, "depth8_wrist": small}))


def test_shifting_moves_whole_pictures_and_repeats_their_edges() -> None:
    torch.manual_seed(0)
    images = torch.arange(20.0).repeat(64, 2, 20, 1)  # brighter to the right
    moved = shifted(images, 3)
    assert moved.shape == images.shape
    offsets = moved[:, :, 10, 10] - 10
    assert set(offsets[:, 0].tolist()) == {-3.0, -2.0, -1.0, 0.0, 1.0, 2.0, 3.0}
    assert (offsets[:, 0] == offsets[:, 1]).all()
    assert moved.min() == 0
    assert moved.max() == 19


def test_what_is_told_decides_what_an_encoder_makes_of_pictures() -> None:
    filmed = NETWORK.model_copy(update={"encoder": EncoderConfig(name="nature", width=4, features=6, film=("state",))})
    told = NetworkConfig.model_validate(filmed.model_dump(mode="json"))
    assert told == filmed
    assert "film" not in NETWORK.model_dump(mode="json")["encoder"]  # cards from before there was any stay as they are
    torch.manual_seed(0)
    sight = build_policy(SPACE, ACTIONS, told).features_extractor
    assert isinstance(sight, Sight)
    pictures = {"rgb": torch.rand(2, 9, 36, 40), "depth8": torch.rand(2, 3, 36, 40)}
    pictures = {key: picture[:1].repeat(2, 1, 1, 1) for key, picture in pictures.items()}
    seen = {"state": torch.tensor([[1.0, 0.0], [0.0, 1.0]]), **pictures}
    assert torch.equal(*sight(seen)[:, 2:])  # at first it changes nothing
    encoder = sight.encoders[0]
    assert isinstance(encoder, Encoder)
    for film in encoder.films:
        torch.nn.init.normal_(film.dense.weight)  # type: ignore[arg-type, union-attr]
    assert not torch.allclose(*sight(seen)[:, 2:])
    assert count_parameters(SPACE, ACTIONS, told) == sum(
        p.numel() for p in build_policy(SPACE, ACTIONS, told).parameters()
    )
    with pytest.raises(ValueError, match=r"film names order: it must be what the agent feels, state"):
        build_policy(
            SPACE, ACTIONS, NETWORK.model_copy(update={"encoder": EncoderConfig(name="nature", film=("order",))})
        )


def test_pictures_are_shifted_while_it_imitates_and_at_no_other_time() -> None:
    sight = build_policy(SPACE, ACTIONS, NETWORK).train().features_extractor
    assert isinstance(sight, Sight)
    torch.manual_seed(0)
    seen = {"state": torch.zeros(1, 2), "rgb": torch.rand(1, 9, 36, 40), "depth8": torch.rand(1, 3, 36, 40)}
    plain = sight(seen)
    assert torch.equal(sight(seen), plain)
    with sight.imitating():
        assert not torch.equal(sight(seen), plain)
    assert torch.equal(sight(seen), plain)


def test_it_looks_in_fewer_bits_while_it_imitates_and_at_no_other_time() -> None:
    still = NETWORK.model_copy(update={"encoder": NETWORK.encoder and NETWORK.encoder.model_copy(update={"shift": 0})})
    sight = build_policy(SPACE, ACTIONS, still).train().features_extractor
    assert isinstance(sight, Sight)
    torch.manual_seed(0)
    seen = {"state": torch.zeros(1, 2), "rgb": torch.rand(1, 9, 36, 40), "depth8": torch.rand(1, 3, 36, 40)}
    plain = sight(seen)
    with sight.imitating(torch.bfloat16):
        coarse = sight(seen)
    assert coarse.dtype == torch.float32
    assert not torch.equal(coarse, plain)
    assert torch.allclose(coarse, plain, atol=0.05)
    assert torch.equal(sight(seen), plain)


def test_a_network_is_counted_before_it_is_built() -> None:
    policy = build_policy(SPACE, ACTIONS, NETWORK)
    assert count_parameters(SPACE, ACTIONS, NETWORK) == sum(part.numel() for part in weights_of(policy).values())


@pytest.fixture
def envs() -> Iterator[VecNormalize]:
    experiment = toy(network=NETWORK.model_dump(), ppo=PPO | {"n_steps": 16, "batch_size": 16}, envs=2)
    with closing(normalised(DummyVecEnv([Counting, lambda: Counting(7)]), experiment)) as envs:
        yield envs


def saved(folder: Path, policy: Any, envs: VecNormalize) -> AgentCard:  # noqa: ANN401
    return save_agent(
        folder,
        policy,
        name="seer",
        env=EnvCard(id="Counting-v0"),
        network=NETWORK,
        normaliser=Normaliser.from_vec_normalize(envs),
        seed=0,
        steps=0,
        wall_clock_s=0.0,
        observation_space=SPACE,
    )


def test_a_saved_agent_acts_bit_for_bit_as_the_network_that_was_trained(envs: VecNormalize, tmp_path: Path) -> None:
    experiment = toy(network=NETWORK.model_dump(), ppo=PPO | {"n_steps": 16, "batch_size": 16}, envs=2)
    model = make_model(experiment, envs, "cpu", 0)
    model.learn(64)
    with torch.no_grad():
        model.policy.get_parameter("action_net.weight").mul_(300.0)  # so that actions differ
    card = saved(tmp_path / "seer", model.policy, envs)
    assert card.network.encoder == NETWORK.encoder
    agent = load_agent(tmp_path / "seer", Counting())
    assert set(envs.obs_rms) == {"state"}  # pictures are scaled alone
    envs.training = False
    raw: Any = envs.unwrapped.reset()
    frames, kept, state, starts = Frames(SPACE, 3), None, None, np.ones(2, bool)
    acted = []
    for _ in range(12):
        seen, kept = frames(raw, kept, starts)
        wanted, _ = model.predict(envs.normalize_obs(seen), deterministic=True)
        action, state = agent.predict(raw, state, starts, deterministic=True)
        np.testing.assert_array_equal(action, wanted)
        raw, _, starts, _ = envs.unwrapped.step(wanted)
        acted.append(action)
    assert np.std(acted) > 0.01


def test_an_agent_answers_one_observation_as_it_answers_many(envs: VecNormalize, tmp_path: Path) -> None:
    saved(tmp_path / "seer", build_policy(SPACE, ACTIONS, NETWORK), envs)
    agent, env = load_agent(tmp_path / "seer"), Counting()
    one, _ = env.reset()
    action, state = agent.predict(one, deterministic=True)
    many, _ = agent.predict({key: np.stack([part, part]) for key, part in one.items()}, deterministic=True)
    assert action.shape == (2,)
    np.testing.assert_allclose(many, np.stack([action, action]), atol=1e-6)
    two, *_ = env.step(action)
    later, _ = agent.predict(two, state, np.zeros(1, bool), deterministic=True)
    anew, _ = agent.predict(two, state, np.ones(1, bool), deterministic=True)
    np.testing.assert_array_equal(anew, agent.predict(two, deterministic=True)[0])
    assert (later != anew).any()


def test_a_blind_agent_sees_dark_pictures_and_everything_else_as_it_is() -> None:
    given: list[Observation] = []

    class Noting(ZeroPolicy):
        def predict(
            self,
            observation: Observation,
            state: State = None,
            episode_start: Array | None = None,
            deterministic: bool = False,
        ) -> tuple[Array, State]:
            given.append(observation)
            return np.zeros(2, np.float32), state

    space = gym.spaces.Dict({**SPACE.spaces, "order": FELT})
    seen = {"order": np.ones(2, np.float32), **Counting().reset()[0]}
    Blind(Noting(ACTIONS), space).predict(seen)
    (blank,) = given
    assert isinstance(blank, dict)
    for key in ("state", "order"):
        np.testing.assert_array_equal(blank[key], seen[key])
    assert not blank["rgb"].any()
    assert not blank["depth8"].any()
    assert seen["rgb"].any()


@pytest.mark.parametrize(
    ("network", "camera", "said"),
    [
        ({}, True, r"the observation has pictures \(depth8, rgb\): network\.encoder must be given"),
        ({"encoder": {"name": "nature"}}, False, r"network\.encoder = nature: the observation has no pictures"),
    ],
)
def test_an_encoder_is_for_pictures(network: dict[str, Any], camera: bool, said: str) -> None:
    kwargs = {"observation": "camera" if camera else "state"}
    env = {"id": "robosim/WheelBalance-v3", "kwargs": kwargs}
    with pytest.raises(LearnerError, match=said):
        make_envs(toy(env=env, network=network))


def told_more(**changes: Any) -> Any:  # noqa: ANN401
    """Sees; its critic is told what a lidar would have shown."""
    kwargs = {"level": 1, "observation": "camera"}
    return toy(
        env={"id": "robosim/WarehouseNavigate-v2", "kwargs": kwargs, "critic": {"observation": "full"}, **changes},
        network={"hidden": [8], "encoder": {"name": "nature", "width": 2, "features": 6}},
        ppo=PPO | {"n_steps": 8, "batch_size": 8, "gamma": 0.5},
        envs=2,
        total_steps=32,
        expert_steps=16,
        expert_epochs=1,
        validation={"episodes": 1, "level": 0},
    )


@pytest.mark.medium
def test_the_actor_never_sees_what_only_the_critic_is_told(tmp_path: Path) -> None:
    experiment = told_more()
    train(experiment, tmp_path / "run")
    agent = load_agent(tmp_path / "run" / "last")
    assert agent.card.env.kwargs == experiment.env.kwargs
    assert set(agent.card.observation_space.spaces) == {"state", "rgb", "depth8"}  # type: ignore[union-attr]
    assert agent.card.critic_space is not None
    assert set(agent.card.critic_space.spaces) == {"lidar", "outlook", "unmapped"}
    with closing(make_envs(experiment)) as envs:
        model = make_model(experiment, envs, "cpu", 1)
        load_checkpoint(tmp_path / "run" / "checkpoint.safetensors", model, envs)
        raw: Any = envs.unwrapped.reset()
        seen: Any = envs.normalize_obs(Frames(envs.unwrapped.observation_space)(raw)[0])
    other = {key: part if key in ("state", "rgb", "depth8") else part + 1 for key, part in seen.items()}
    acted, changed = (model.predict(one, deterministic=True)[0] for one in (seen, other))
    np.testing.assert_array_equal(acted, changed)
    own = {key: raw[key] for key in ("state", "rgb", "depth8")}
    np.testing.assert_array_equal(agent.predict(own, deterministic=True)[0], acted)
    values = [model.policy.predict_values(model.policy.obs_to_tensor(one)[0]) for one in (seen, other)]
    assert (values[0] != values[1]).all()


@pytest.mark.medium
def test_a_critic_must_be_told_more() -> None:
    experiment = told_more(critic={"observation": "lidar"})
    with (
        closing(
            make_envs(toy(env=experiment.env.model_dump() | {"kwargs": {"observation": "lidar"}, "critic": {}}))
        ) as envs,
        pytest.raises(LearnerError, match=r"env\.critic = .* must observe all that the actor does"),
    ):
        critic_only(experiment, envs.unwrapped.observation_space)
    with pytest.raises(ExperimentError, match=r"env\.critic = .*network\.encoder"):
        toy(env=experiment.env.model_dump())


@pytest.mark.medium
def test_a_picture_for_the_critic_alone_is_refused() -> None:
    env = {"kwargs": {"observation": "lidar"}, "critic": {"observation": "full"}}
    with closing(gym.make("robosim/WarehouseNavigate-v2", observation="full")) as full:
        space = full.observation_space
    with pytest.raises(LearnerError, match=r"env\.critic = .*'full'.*must be no picture; depth8.*, rgb.* would be"):
        critic_only(told_more(**env), space)
    told = told_more()
    encoder = EncoderConfig(name="nature", film=("lidar",))
    asks = told.model_copy(update={"network": told.network.model_copy(update={"encoder": encoder})})
    with pytest.raises(LearnerError, match=r"film names lidar, which the critic alone is told"):
        critic_only(asks, space)


def test_an_encoder_begins_with_a_perception_networks_convolutions(tmp_path: Path) -> None:
    described = {"name": "nature", "width": 4, "features": 6}
    torch.manual_seed(1)
    trained = SceneNetwork(SceneSpec(encoder=EncoderSpec(**described), height=64, width=64))
    path = tmp_path / "network.safetensors"
    told = {"name": "scene", "seed": 0, "updates": 1, "pictures": 1, "wall_clock_s": 0.0}
    save_network(path, trained, **told, scores={})  # type: ignore[arg-type]
    network = {"encoder": {**described, "weights": str(path), "frozen": True}}
    small = PPO | {"n_steps": 16, "batch_size": 16}
    with closing(normalised(DummyVecEnv([Counting, Counting]), toy(network=network, ppo=small, envs=2))) as envs:
        model = make_model(toy(network=network, ppo=small, envs=2), envs, "cpu", 0)
        sight = model.policy.features_extractor
        assert isinstance(sight, Sight)
        (eye,) = sight.encoders
        assert isinstance(eye, Encoder)
        dense = {key: part.clone() for key, part in eye.dense.state_dict().items()}
        model.learn(64)
    assert all(
        torch.equal(part, eye.stages.state_dict()[key]) for key, part in trained.encoder.stages.state_dict().items()
    )
    assert all((part != dense[key]).any() for key, part in eye.dense.state_dict().items())
    with pytest.raises(ExperimentError, match="frozen: weights must say whose"):
        toy(network={"encoder": {"name": "nature", "frozen": True}})
