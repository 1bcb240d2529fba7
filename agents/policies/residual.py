"""Controllers to whose actions a network adds its own: residual policy learning.

What is known how to do, as to choose a foothold, need not be learnt; PPO begins as good as the controller and mends it
(T. Silver et al. (2018), "Residual policy learning", arXiv:1812.06298; T. Johannink et al. (2019), ICRA). A controller
that chooses among ways may rather be told how to choose: then the network's actions are its wishes.
"""

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any, NamedTuple

import gymnasium as gym

from robosim.agents.policies.dwa import Dwa
from robosim.agents.policies.needs import Lengths, check_needs
from robosim.agents.policies.picker import PickingExpert
from robosim.agents.policies.placer import Placer
from robosim.agents.policies.policy import Array, Observation, Policy
from robosim.agents.policies.predictive import Predictive
from robosim.agents.policies.stepper import Stepper
from robosim.agents.policies.wide_stance import WideStance


class _Controller(NamedTuple):
    """How one is made, and what it needs."""

    make: Callable[[], Policy]
    sees: Lengths
    acts: Lengths
    steered: bool = False  # whether a network's actions are wishes, and not added to its own


_SCAN: Lengths = {"state": 14, "lidar": 240, "unmapped": 60}

CONTROLLERS: Mapping[str, _Controller] = {
    # The trot that sees where it steps: TerrainWalk with observation="scan" and action="gait".
    "stepper": _Controller(Stepper, *Stepper.SEES, *Stepper.ACTS),
    # TerrainBalance and TerrainPush with action="gait".
    "wide-stance": _Controller(WideStance, 57, 15),
    "picker": _Controller(PickingExpert, 65, 4),
    "placer": _Controller(partial(Placer, eager=True), 53, 4),
    # WarehouseNavigate's rival with a path, by a lidar, or by the depth of cameras.
    "dwa": _Controller(Dwa, {"state": 14, "lidar": 240}, 2),
    "dwa-depth": _Controller(Dwa, {"state": 14, "depth8": None}, 2),
    # WarehouseNavigate with a lidar and a path: what moves is foreseen.
    "predictive": _Controller(Predictive, _SCAN, 2),
    "predictive-steered": _Controller(Predictive, _SCAN, 2, steered=True),
}


class Residual:
    """A controller, and the sum of its actions and a network's, or what it does as a network wishes; it keeps nothing.

    Args:
        name: Of the controller, as `NetworkConfig.residual` has it.
        observation_space: Of the env in which it acts.
        action_space: Likewise, a Box.

    Raises:
        ValueError: The controller is for other spaces.
    """

    def __init__(self, name: str, observation_space: gym.Space[Any], action_space: gym.Space[Any]) -> None:
        """Makes the controller; see the class."""
        make, sees, acts, self._steered = CONTROLLERS[name]
        check_needs(f"network.residual = {name}", observation_space, action_space, sees, acts)
        assert isinstance(action_space, gym.spaces.Box)
        self._low, self._high = action_space.low, action_space.high
        self._controller = make()

    def __call__(self, observation: Observation, added: Array) -> Array:
        """Gives the actions that are carried out.

        Args:
            observation: A batch, as the env gives it.
            added: The network's actions, (batch, size); like their sum they are held to the action space.
        """
        held = added.clip(self._low, self._high)
        if self._steered:
            assert isinstance(self._controller, Predictive)
            return self._controller.steered(observation, held)
        total: Array = (self._controller.predict(observation)[0] + held).clip(self._low, self._high)
        return total
