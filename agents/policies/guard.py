"""Guards: they have the last word on a network's actions, in training and ever after.

What must never be done can be ruled out instead of learnt, and a network learns with it what it may leave to it (M.
Alshiekh et al. (2018), "Safe reinforcement learning via shielding", AAAI).
"""

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any, NamedTuple

import gymnasium as gym
import numpy as np

from robosim.agents.policies.caution import Slews, cautious
from robosim.agents.policies.needs import Lengths, check_needs
from robosim.agents.policies.policy import Array, Observation
from robosim.robots.courier import BRAKING, YAW_ACCELERATION


class _Guard(NamedTuple):
    """From one action and what is observed to the action that is carried out, and what it needs."""

    turn_down: Callable[[Array, Mapping[str, Array]], Array]
    sees: Lengths
    acts: Lengths


GUARDS: Mapping[str, _Guard] = {
    # WarehouseNavigate with a lidar: what the robot could not stop after in time is turned down.
    "caution": _Guard(
        partial(cautious, slews=Slews(BRAKING, YAW_ACCELERATION), retreats=True), {"state": None, "lidar": 240}, 2
    ),
}


class Guard:
    """Looks at each action before it is carried out; it keeps nothing from step to step.

    Args:
        name: As `NetworkConfig.guard` has it.
        observation_space: Of the env in which the network acts.
        action_space: Likewise, a Box.

    Raises:
        ValueError: The guard is for other spaces.
    """

    def __init__(self, name: str, observation_space: gym.Space[Any], action_space: gym.Space[Any]) -> None:
        """Keeps who guards; see the class."""
        turn_down, sees, acts = GUARDS[name]
        check_needs(f"network.guard = {name}", observation_space, action_space, sees, acts)
        assert isinstance(action_space, gym.spaces.Box)
        self._low, self._high, self._turn_down = action_space.low, action_space.high, turn_down

    def __call__(self, observation: Observation, actions: Array) -> Array:
        """Gives the actions that are carried out.

        Args:
            observation: A batch, as the env gives it.
            actions: Those that are asked for, (batch, size).
        """
        assert isinstance(observation, dict)
        rows = [{key: part[row] for key, part in observation.items()} for row in range(len(actions))]
        held = np.minimum(np.maximum(actions, self._low), self._high)
        return np.stack([self._turn_down(action, seen) for action, seen in zip(held, rows, strict=True)])
