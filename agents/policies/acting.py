"""What becomes of a network's actions before they are carried out: a controller adds to them, a guard may object."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import gymnasium as gym

from robosim.agents.policies.guard import Guard
from robosim.agents.policies.policy import Array, Observation
from robosim.agents.policies.residual import Residual

if TYPE_CHECKING:
    from robosim.agents.policies.network import NetworkConfig


class Acting:
    """What a network's configuration says of it; it keeps nothing from step to step.

    Args:
        network: Of which `residual` and `guard` are read.
        observation_space: Of the env in which it acts; of who acts, where a critic is told more.
        action_space: Of that env.

    Raises:
        ValueError: What is asked for is for other spaces.
    """

    def __init__(self, network: NetworkConfig, observation_space: gym.Space[Any], action_space: gym.Space[Any]) -> None:
        """Makes what is asked for; see the class."""
        self._steps: list[Residual | Guard] = []
        # What the critic alone is told is none of its business.
        self._told = list(observation_space.spaces) if isinstance(observation_space, gym.spaces.Dict) else None
        if network.residual is not None:
            self._steps.append(Residual(network.residual, observation_space, action_space))
        if network.guard is not None:
            self._steps.append(Guard(network.guard, observation_space, action_space))

    def __call__(self, observation: Observation, actions: Array) -> Array:
        """Gives the actions that are carried out.

        Args:
            observation: A batch, as the env gives it; there may be more in it.
            actions: The network's, (batch, size).
        """
        if self._told is not None and isinstance(observation, dict):
            observation = {key: observation[key] for key in self._told}
        for step in self._steps:
            actions = step(observation, actions)
        return actions
