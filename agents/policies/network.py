"""The networks PPO trains, described as data, and the SB3 policy built from the description.

Training and loading build the network here and nowhere else, so that saved weights always fit.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from typing import Annotated, Any, Literal, TypedDict

import gymnasium as gym
import numpy as np
import torch
from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    SerializerFunctionWrapHandler,
    ValidationInfo,
    field_validator,
    model_serializer,
)
from stable_baselines3.common.policies import ActorCriticPolicy, MultiInputActorCriticPolicy
from torch import nn

from robosim.agents.policies.frames import Frames, image_parts, is_image
from robosim.agents.policies.sight import EncoderConfig, SeeingPolicy, Sight, cameras

# Far beyond what a robot's controller needs; a foreign agent.yaml must not be able to ask for all memory.
MAX_WIDTH = 2048
MAX_LAYERS = 6
MAX_FRAMES = 16

_ACTIVATIONS: dict[str, type[nn.Module]] = {"tanh": nn.Tanh, "relu": nn.ReLU, "elu": nn.ELU}


class NetworkConfig(BaseModel):
    """The shape of the actor and of the critic, two separate networks of the same shape."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)

    hidden: tuple[Annotated[int, Field(ge=1, le=MAX_WIDTH)], ...] = Field((64, 64), max_length=MAX_LAYERS)
    """Units of each hidden layer, from the observation on."""
    activation: Literal["tanh", "relu", "elu"] = "tanh"
    """What follows each hidden layer."""
    log_std_init: float = Field(-0.7, ge=-10.0, le=2.0)
    """Natural logarithm of the exploration noise's standard deviation at the start. SB3's own 0 puts a third
    of the samples outside of an action box of [-1, 1]; -0.7 one in twenty."""
    encoder: EncoderConfig | None = None
    """What pictures go through before the hidden layers; needed where an env gives pictures, and nowhere else."""
    frames: int = Field(1, ge=1, le=MAX_FRAMES)
    """Pictures of so many control steps, the last ones, are seen at once."""
    residual: str | None = None
    """A scripted controller to whose actions the network's are added, so that it begins as good as that one: stepper,
    wide-stance, picker, placer, dwa, dwa-depth or predictive (`robosim.agents.policies.residual`); or
    predictive-steered, which takes the network's actions as wishes. None: the network acts alone."""
    guard: str | None = None
    """Who has the last word on what is done, in training, too: caution (`robosim.agents.policies.guard`)."""

    @field_validator("residual", "guard")
    @classmethod
    def _is_known(cls, name: str | None, info: ValidationInfo) -> str | None:
        if name is not None:
            from robosim.agents.policies.guard import GUARDS  # only here: they bring robots along
            from robosim.agents.policies.residual import CONTROLLERS

            what, known = ("guard", GUARDS) if info.field_name == "guard" else ("controller", CONTROLLERS)
            if name not in known:
                raise ValueError(f"there is no {what} {name!r}; there are {', '.join(known)}")
        return name

    @property
    def acts_otherwise(self) -> bool:
        """Whether its actions are changed before they are carried out; see `robosim.agents.policies.acting`."""
        return self.residual is not None or self.guard is not None

    @property
    def wishes(self) -> bool:
        """Whether its actions tell a controller how to choose, and are not actions of the env."""
        from robosim.agents.policies.residual import CONTROLLERS  # only here: it brings robots along

        return self.residual is not None and CONTROLLERS[self.residual].steered

    @model_serializer(mode="wrap")
    def _without_unused(self, whole: SerializerFunctionWrapHandler) -> dict[str, Any]:
        # Checksums of cards and experiments from before there were these stay as they are.
        written: dict[str, Any] = whole(self)
        if self.encoder is None:
            del written["encoder"], written["frames"]
        if self.residual is None:
            del written["residual"]
        if self.guard is None:
            del written["guard"]
        return written


class _Always(TypedDict):
    net_arch: dict[str, list[int]]
    activation_fn: type[nn.Module]
    log_std_init: float
    ortho_init: bool


class PolicyKwargs(_Always, total=False):
    """What `stable_baselines3.PPO` takes as `policy_kwargs`; the last two where there are pictures."""

    features_extractor_class: type[Sight]
    features_extractor_kwargs: dict[str, Any]


def policy_name(observation_space: gym.Space[Any], network: NetworkConfig | None = None) -> str | type[SeeingPolicy]:
    """SB3's name of the policy class for these observations, or the class: the first argument of `PPO`."""
    if network is not None and network.encoder is not None:
        return SeeingPolicy
    return "MultiInputPolicy" if isinstance(observation_space, gym.spaces.Dict) else "MlpPolicy"


def policy_kwargs(
    network: NetworkConfig, observation_space: gym.Space[Any] | None = None, critic_only: Sequence[str] = ()
) -> PolicyKwargs:
    """Translate the description for `stable_baselines3.PPO(policy_name(space), env, policy_kwargs=...)`.

    Args:
        network: The description.
        observation_space: The env's, where there are pictures in it.
        critic_only: Its parts that the actor does not observe.
    """
    layers = list(network.hidden)
    kwargs = PolicyKwargs(
        net_arch={"pi": layers, "vf": list(layers)},
        activation_fn=_ACTIVATIONS[network.activation],
        log_std_init=network.log_std_init,
        ortho_init=True,
    )
    if network.encoder is not None and isinstance(observation_space, gym.spaces.Dict):
        kwargs["features_extractor_class"] = Sight
        kwargs["features_extractor_kwargs"] = {
            "eyes": cameras(observation_space),
            "encoder": network.encoder,
            "critic_only": tuple(critic_only),
        }
    return kwargs


def build_policy(
    observation_space: gym.Space[Any],
    action_space: gym.Space[object],
    network: NetworkConfig,
    critic_only: Sequence[str] = (),
) -> ActorCriticPolicy:
    """Build the very network PPO would build, on the CPU, with weights that are still to be filled in.

    The caller's torch random numbers are left as they were.

    Args:
        observation_space: The env's.
        action_space: The env's.
        network: The description.
        critic_only: The parts of the observation that the actor does not observe.

    Raises:
        ValueError: The spaces are not of a kind this network knows, see `check_spaces`.
    """
    check_spaces(observation_space, action_space, network)
    kwargs = policy_kwargs(network, observation_space, critic_only)
    kwargs["ortho_init"] = False  # the slow part of construction, and overwritten by the saved weights
    seen = Frames(observation_space, network.frames).space
    with torch.random.fork_rng(devices=[]):
        if network.encoder is not None and isinstance(seen, gym.spaces.Dict):
            return SeeingPolicy(seen, action_space, _no_learning, **kwargs)
        if isinstance(seen, gym.spaces.Dict):
            return MultiInputActorCriticPolicy(seen, action_space, _no_learning, **kwargs)
        return ActorCriticPolicy(seen, action_space, _no_learning, **kwargs)


def check_spaces(
    observation_space: gym.Space[Any], action_space: gym.Space[object], network: NetworkConfig | None = None
) -> None:
    """Refuse spaces for which there is no network.

    Args:
        observation_space: The env's: a Box of floats, or a Dict of them and of pictures.
        action_space: The env's: a Box of floats.
        network: Where given, it has an encoder just where there are pictures.

    Raises:
        ValueError: Naming the space, or a setting of the network that does not go with it.
    """
    parts = {"observation": observation_space}
    if isinstance(observation_space, gym.spaces.Dict):
        parts = {f"observation[{key!r}]": part for key, part in observation_space.spaces.items() if not is_image(part)}
    for name, space in {**parts, "action": action_space}.items():
        if not isinstance(space, gym.spaces.Box) or not np.issubdtype(space.dtype, np.floating):
            raise ValueError(f"{name} space must be a Box of floats, got {space}")
    pictures = image_parts(observation_space)
    if network is not None and pictures and network.encoder is None:
        raise ValueError(
            f"the observation has pictures ({', '.join(pictures)}): network.encoder must be given for them"
        )
    if network is not None and network.encoder is not None and not pictures:
        raise ValueError(f"network.encoder = {network.encoder.name}: the observation has no pictures for it")
    if network is not None and network.encoder is not None and isinstance(observation_space, gym.spaces.Dict):
        felt = [key for key in observation_space.spaces if key not in pictures]
        if unknown := [key for key in network.encoder.film if key not in felt]:
            raise ValueError(
                f"network.encoder.film names {', '.join(unknown)}: it must be what the agent feels, "
                f"{', '.join(felt) or 'of which there is nothing'}"
            )
    if network is not None and network.acts_otherwise:
        from robosim.agents.policies.acting import Acting  # only here: it brings robots along

        Acting(network, observation_space, action_space)


def _no_learning(progress_remaining: float) -> float:
    """The learning rate of a network that is not going to be trained, as SB3 wants to be told."""
    return 0.0


def count_parameters(
    observation_space: gym.Space[Any],
    action_space: gym.Space[object],
    network: NetworkConfig,
    critic_only: Sequence[str] = (),
) -> int:
    """How many numbers `build_policy` will allocate, without allocating them.

    Raises:
        ValueError: There is no network for the spaces.
    """
    check_spaces(observation_space, action_space, network)
    acting = judging = gym.spaces.flatdim(observation_space)
    actions, encoders = gym.spaces.flatdim(action_space), 0
    seen = Frames(observation_space, network.frames).space
    if network.encoder is not None and isinstance(seen, gym.spaces.Dict):
        with torch.device("meta"):
            sight = Sight(seen, cameras(observation_space), network.encoder, critic_only)
        acting, judging = sight.acting, sight.features_dim
        encoders = sum(weights.numel() for weights in sight.parameters())

    def dense(*widths: int) -> int:
        return sum((n_in + 1) * n_out for n_in, n_out in itertools.pairwise(widths))

    actor = dense(acting, *network.hidden, actions)
    critic = dense(judging, *network.hidden, 1)
    return encoders + actor + critic + actions  # the last is log_std, one per action
