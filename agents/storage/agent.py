"""A trained agent: a folder of plain data that loads into a policy without running anything from it."""

from __future__ import annotations

import datetime
import hashlib
from pathlib import Path
from typing import TYPE_CHECKING, Any

import gymnasium as gym
import numpy as np
import safetensors.numpy
import torch
import yaml
from pydantic import JsonValue
from stable_baselines3.common.policies import ActorCriticPolicy

from robosim.agents.policies.frames import Frames, image_parts
from robosim.agents.policies.network import NetworkConfig, check_spaces
from robosim.agents.policies.normalise import BOX_KEY, Normaliser
from robosim.agents.policies.policy import Array, Observation, State, batch_size, batched
from robosim.agents.policies.sight import Sight
from robosim.agents.storage.card import (
    AgentCard,
    EnvCard,
    NormalisationCard,
    OriginCard,
    describe_space,
    seal,
    written,
)
from robosim.agents.storage.files import AgentError, AgentFiles, read_files, write_files
from robosim.agents.storage.provenance import machine, versions
from robosim.agents.storage.reading import (
    NORMALISE_PREFIX,
    POLICY_PREFIX,
    AnyEnv,
    card_of,
    normaliser_of,
    policy_of,
    refuse_non_finite,
    refuse_other_spaces,
    tensors_of,
    weights_of,
)
from robosim.perception.pixels import scaled

if TYPE_CHECKING:
    from robosim.agents.policies.acting import Acting

__all__ = [
    "Agent",
    "AgentCard",
    "AgentError",
    "EnvCard",
    "agent_from_files",
    "load_agent",
    "read_card",
    "save_agent",
    "set_scores",
]

_NO_CHECKSUM = "0" * 64


class Agent:
    """A trained network with the observation statistics it was trained with, behind SB3's `predict`.

    Runs on the CPU. Stochastic actions come from the agent's own random numbers, the same that SB3 draws from
    the same seed.

    Attributes:
        card: What is written of it.
        acting: What becomes of its network's actions; None where they are carried out as they are.
    """

    def __init__(self, card: AgentCard, policy: ActorCriticPolicy, normaliser: Normaliser | None) -> None:
        """Put an agent together; `load_agent` does it from a folder."""
        self.card = card
        self._space: gym.Space[Any] = card.observation_space.build()
        self._normaliser = normaliser
        space = policy.action_space
        assert isinstance(space, gym.spaces.Box)  # `check_spaces` saw to it
        self._low, self._high, self._action_shape = space.low, space.high, space.shape
        # The parts of the observation, in the order in which SB3's CombinedExtractor joins them.
        parts: dict[str, gym.Space[Any]] = {BOX_KEY: self._space}
        if isinstance(self._space, gym.spaces.Dict):
            parts = self._space.spaces
        self._sizes = {key: gym.spaces.flatdim(part) for key, part in parts.items()}
        self._images = image_parts(self._space)
        self._frames = Frames(self._space, card.network.frames)
        sight = policy.features_extractor.eval()
        self._sight = sight if isinstance(sight, Sight) else None
        self._box_shape = self._space.shape if isinstance(self._space, gym.spaces.Box) else None
        self._actor = torch.nn.Sequential(*policy.mlp_extractor.policy_net, policy.action_net).eval()
        self._std = policy.log_std.detach().exp()
        self._generator = torch.Generator()
        self.acting: Acting | None = None
        if card.network.acts_otherwise:
            from robosim.agents.policies.acting import Acting  # only here: it brings robots along

            self.acting = Acting(card.network, self._space, space)

    def set_random_seed(self, seed: int) -> None:
        """Start the random numbers of stochastic actions at `seed`."""
        self._generator.manual_seed(seed)

    def predict(
        self,
        observation: Observation,
        state: State = None,
        episode_start: Array | None = None,
        deterministic: bool = False,
    ) -> tuple[Array, State]:
        """Choose an action, see `robosim.agents.policies.policy.Policy.predict`.

        The state is None, or the pictures that are still seen where the network sees several.

        Raises:
            ValueError: The observation does not have the shape the agent was trained with.
        """
        single = self._is_single(observation)
        batch = seen = batched(observation) if single else observation
        if self._images:
            seen, state = self._frames({key: batch[key] for key in self._sizes}, state, episode_start)
        if self._normaliser is not None:
            seen = self._normaliser(seen)
        with torch.inference_mode():
            actions = self._actor(self._features(seen))
            if not deterministic:
                actions = actions + self._noise(actions) * self._std
        wanted: Array = actions.numpy().reshape(-1, *self._action_shape)
        if self.acting is not None:
            wanted = self.acting(batch, wanted)
        clipped: Array = np.minimum(np.maximum(wanted, self._low), self._high)
        return (clipped[0] if single else clipped), state

    def _noise(self, like: torch.Tensor) -> torch.Tensor:
        # The very call of torch's Normal.sample, for the same numbers as SB3, but from the agent's generator.
        return torch.normal(torch.zeros_like(like), torch.ones_like(like), generator=self._generator)

    def _is_single(self, observation: Observation) -> bool:
        if isinstance(observation, np.ndarray) and observation.shape == self._box_shape:
            return True  # the usual case, without the cost of the general one
        return batch_size(observation, self._space) is None

    def _features(self, observation: Observation) -> torch.Tensor:
        """The network's input, float32 of shape (batch, features)."""
        if not isinstance(observation, dict):
            return _rows(observation, self._sizes[BOX_KEY])
        if self._sight is None:
            return torch.cat([_rows(observation[key], size) for key, size in self._sizes.items()], dim=1)
        parts = {
            key: scaled(torch.from_numpy(part)) if key in self._images else _rows(part, self._sizes[key])
            for key, part in observation.items()
        }
        return self._sight.look(parts)


def save_agent(
    folder: str | Path,
    policy: ActorCriticPolicy,
    *,
    name: str,
    env: EnvCard,
    network: NetworkConfig,
    normaliser: Normaliser | None,
    seed: int,
    steps: int,
    wall_clock_s: float,
    scores: dict[str, JsonValue] | None = None,
    observation_space: gym.Space[Any] | None = None,
    start_from: OriginCard | None = None,
) -> AgentCard:
    """Write an agent's folder, whole or not at all, in place of the agent that may be there.

    Args:
        folder: Where; its parents are made.
        policy: The trained network, as `build_policy` or PPO with `policy_kwargs` makes it, on any device.
        name: What the agent is called in tables.
        env: The env it was trained on.
        network: What `policy` was built from.
        normaliser: The observation statistics it was trained with; None where it saw raw observations.
        seed: The seed of its training.
        steps: The env steps of its training.
        wall_clock_s: The duration of its training in seconds.
        scores: What is known about how good it is; see also `set_scores`.
        observation_space: Of the env it is to act in; None: the policy's own, which it is where there are no pictures.
            What else the policy was trained with is its critic's alone.
        start_from: Whom its training began with; None: a new network.

    Returns:
        The card as written. The kind of machine, the versions and the date are those of now.

    Raises:
        AgentError: `folder` holds something other than an agent, or a weight is not finite.
        ValueError: The spaces of `policy` are of a kind that agents do not know.
    """
    space = policy.observation_space if observation_space is None else observation_space
    check_spaces(space, policy.action_space, network)
    critic_only = _critic_only(space, policy.observation_space)
    if normaliser is not None and critic_only is not None:
        normaliser = normaliser.without(critic_only.spaces)
    tensors = {POLICY_PREFIX + key: value.cpu().numpy() for key, value in weights_of(policy).items()}
    if normaliser is not None:
        tensors |= {f"{NORMALISE_PREFIX}{key}/mean": value for key, value in normaliser.mean.items()}
        tensors |= {f"{NORMALISE_PREFIX}{key}/var": value for key, value in normaliser.var.items()}
    refuse_non_finite(Path(folder), tensors)
    weights = safetensors.numpy.save({key: np.ascontiguousarray(value) for key, value in tensors.items()})
    card = AgentCard.model_validate(
        {
            "format": 1,
            "name": name,
            "env": env,
            "observation_space": describe_space(space),
            "action_space": describe_space(policy.action_space),
            "critic_space": None if critic_only is None else describe_space(critic_only),
            "network": network,
            "normalisation": _normalisation_card(normaliser),
            "seed": seed,
            "steps": steps,
            "start_from": start_from,
            "wall_clock_s": round(wall_clock_s, 1),
            "machine": machine(),
            "versions": versions(),
            "scores": scores or {},
            "created": datetime.datetime.now(datetime.timezone.utc).date(),
            "sha256": hashlib.sha256(weights).hexdigest(),
            "checksum": _NO_CHECKSUM,
        }
    )
    card = seal(card)
    write_files(Path(folder), _card_text(card), weights)
    return card


def set_scores(folder: str | Path, scores: dict[str, JsonValue]) -> AgentCard:
    """Write new scores into an agent's card and leave all else as it is.

    Raises:
        AgentError: There is no sound agent at `folder`.
    """
    files = read_files(Path(folder))
    card = card_of(files)
    card = seal(AgentCard.model_validate({**dict(card), "scores": scores}))
    write_files(Path(folder), _card_text(card), files.weights)
    return card


def read_card(folder: str | Path) -> AgentCard:
    """Read an agent's card, without building its network.

    Raises:
        AgentError: There is no sound agent at `folder`; the weights' checksum is looked at as well.
    """
    return card_of(read_files(Path(folder)))


def load_agent(folder: str | Path, env: AnyEnv | None = None) -> Agent:
    """Load an agent. Nothing in the folder is run.

    Args:
        folder: The folder that `save_agent` wrote.
        env: The env it is going to act in; where given, its spaces must be the agent's.

    Raises:
        AgentError: The folder is damaged, edited, too large or not an agent, or the spaces differ.
    """
    return agent_from_files(read_files(Path(folder)), env)


def agent_from_files(files: AgentFiles, env: AnyEnv | None = None) -> Agent:
    """The same as `load_agent` for an agent that was already read, here or in another process."""
    card = card_of(files)
    if env is not None:
        refuse_other_spaces(files.source, card, env)
    tensors = tensors_of(files)
    policy = policy_of(files.source, card, tensors)
    return Agent(card, policy, normaliser_of(files.source, card, tensors))


def _rows(value: Array, size: int) -> torch.Tensor:
    # A copy: the observation may be read-only, which torch.from_numpy warns about.
    return torch.from_numpy(np.array(value, np.float32).reshape(-1, size))


def _critic_only(space: gym.Space[Any], trained: gym.Space[Any]) -> gym.spaces.Dict | None:
    """The parts that a network was trained with beyond those of the env it is to act in."""
    if not isinstance(space, gym.spaces.Dict) or not isinstance(trained, gym.spaces.Dict):
        return None
    parts = {key: part for key, part in trained.spaces.items() if key not in space.spaces}
    return gym.spaces.Dict(parts) if parts else None


def _normalisation_card(normaliser: Normaliser | None) -> NormalisationCard | None:
    if normaliser is None:
        return None
    return NormalisationCard(clip=normaliser.clip, epsilon=normaliser.epsilon)


def _card_text(card: AgentCard) -> bytes:
    return yaml.safe_dump(written(card), sort_keys=False, allow_unicode=True, width=110).encode()
