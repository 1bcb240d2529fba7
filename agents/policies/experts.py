"""Which scripted controller is the rival in which environment, and which a network first learns from."""

from collections.abc import Callable
from typing import Any

import gymnasium as gym

from robosim.agents.policies.carrier import Carrier
from robosim.agents.policies.dwa import Dwa
from robosim.agents.policies.lqr import BalanceLqr
from robosim.agents.policies.picker import PickingExpert
from robosim.agents.policies.placer import Placer
from robosim.agents.policies.policy import Policy
from robosim.agents.policies.stepper import Stepper
from robosim.agents.policies.trotter import Trotter
from robosim.agents.policies.wayfinder import Wayfinder
from robosim.errors import RobosimError

# The environment's id without its version: a new version of a task keeps its rival.
EXPERTS: dict[str, Callable[[], Policy]] = {
    "robosim/WheelBalance": BalanceLqr,
    "robosim/WarehouseNavigate": Dwa,
    "robosim/WarehouseDeliver": Carrier,
    "robosim/WarehousePick": PickingExpert,
    "robosim/WarehousePlace": Placer,
    "robosim/TerrainWalk": Trotter,
    "robosim/TerrainBalance": Trotter,
    "robosim/TerrainPush": Trotter,
    "robosim/TerrainNavigate": Wayfinder,
}


def make_expert(env: gym.Env[Any, Any]) -> Policy:
    """Makes the scripted rival for an environment.

    Args:
        env: Made by ``gymnasium.make``, so that it knows its id.

    Raises:
        RobosimError: There is none for it.
    """
    env_id = env.spec.id if env.spec else type(env.unwrapped).__name__
    name = env_id.rsplit("-v", 1)[0]
    if name not in EXPERTS:
        raise RobosimError(f"there is no expert for {env_id!r}; there is one for {', '.join(sorted(EXPERTS))}")
    return EXPERTS[name]()


def make_teacher(env: gym.Env[Any, Any]) -> Policy:
    """Makes the scripted controller that a network imitates first: the rival, or one that sees more than it may.

    Args:
        env: Made by ``gymnasium.make``, so that it knows its id.

    Raises:
        RobosimError: There is none for it.
    """
    seen, acted = env.observation_space.shape, env.action_space.shape
    if env.spec and env.spec.id.startswith("robosim/TerrainWalk-") and (seen, acted) == (Stepper.SEES, Stepper.ACTS):
        return Stepper()
    if env.spec and env.spec.id.startswith("robosim/TerrainNavigate-") and acted == (Stepper.ACTS[0] + 2,):
        return Wayfinder(Stepper())
    if env.spec and env.spec.id.startswith("robosim/WarehousePlace-"):
        return Placer(eager=True)
    return make_expert(env)
