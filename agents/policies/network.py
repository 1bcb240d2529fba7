"""The networks PPO trains, described as data, and the SB3 policy built from the description.

Training and loading build the network here and nowhere else, so that saved weights always fit.
"""

from __future__ import annotations

import itertools
from typing import Annotated, Literal, TypedDict

import gymnasium as gym
import numpy as np
import torch
from pydantic import BaseModel, ConfigDict, Field
from stable_baselines3.common.policies import ActorCriticPolicy, MultiInputActorCriticPolicy
from torch import nn

# Far beyond what a robot's controller needs; a foreign agent.yaml must not be able to ask for all memory.
MAX_WIDTH = 2048
MAX_LAYERS = 6

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


class PolicyKwargs(TypedDict):
    """What `stable_baselines3.PPO` takes as `policy_kwargs`."""

    net_arch: dict[str, list[int]]
    activation_fn: type[nn.Module]
    log_std_init: float
    ortho_init: bool


def policy_name(observation_space: gym.Space[object]) -> str:
    """SB3's name of the policy class for these observations: the first argument of `PPO`."""
    return "MultiInputPolicy" if isinstance(observation_space, gym.spaces.Dict) else "MlpPolicy"


def policy_kwargs(network: NetworkConfig) -> PolicyKwargs:
    """Translate the description for `stable_baselines3.PPO(policy_name(space), env, policy_kwargs=...)`."""
    layers = list(network.hidden)
    return PolicyKwargs(
        net_arch={"pi": layers, "vf": list(layers)},
        activation_fn=_ACTIVATIONS[network.activation],
        log_std_init=network.log_std_init,
        ortho_init=True,
    )


def build_policy(
    observation_space: gym.Space[object], action_space: gym.Space[object], network: NetworkConfig
) -> ActorCriticPolicy:
    """Build the very network PPO would build, on the CPU, with weights that are still to be filled in.

    The caller's torch random numbers are left as they were.

    Raises:
        ValueError: The spaces are not of a kind these networks know, see `check_spaces`.
    """
    check_spaces(observation_space, action_space)
    kwargs = policy_kwargs(network)
    kwargs["ortho_init"] = False  # the slow part of construction, and overwritten by the saved weights
    with torch.random.fork_rng(devices=[]):
        if isinstance(observation_space, gym.spaces.Dict):
            return MultiInputActorCriticPolicy(observation_space, action_space, _no_learning, **kwargs)
        return ActorCriticPolicy(observation_space, action_space, _no_learning, **kwargs)


def check_spaces(observation_space: gym.Space[object], action_space: gym.Space[object]) -> None:
    """Refuse spaces for which there is no network.

    Raises:
        ValueError: Naming the space: observations must be a float Box or a Dict of them, actions a float Box.
    """
    parts = {"observation": observation_space}
    if isinstance(observation_space, gym.spaces.Dict):
        parts = {f"observation[{key!r}]": part for key, part in observation_space.spaces.items()}
    for name, space in {**parts, "action": action_space}.items():
        if not isinstance(space, gym.spaces.Box) or not np.issubdtype(space.dtype, np.floating):
            raise ValueError(f"{name} space must be a Box of floats, got {space}")


def _no_learning(progress_remaining: float) -> float:
    """The learning rate of a network that is not going to be trained, as SB3 wants to be told."""
    return 0.0


def count_parameters(
    observation_space: gym.Space[object], action_space: gym.Space[object], network: NetworkConfig
) -> int:
    """How many numbers `build_policy` will allocate, without allocating them."""
    observations, actions = gym.spaces.flatdim(observation_space), gym.spaces.flatdim(action_space)

    def dense(*widths: int) -> int:
        return sum((n_in + 1) * n_out for n_in, n_out in itertools.pairwise(widths))

    actor = dense(observations, *network.hidden, actions)
    critic = dense(observations, *network.hidden, 1)
    return actor + critic + actions  # the last is log_std, one per action
