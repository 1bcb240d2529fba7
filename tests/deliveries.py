"""A WarehouseDeliver to play with, and one who plays it: for tests of the task and of teams that share it."""

from typing import Any

import gymnasium as gym

from robosim.agents.policies.carrier import Carrier, Phase
from robosim.envs.warehouse_deliver import WarehouseDeliver, WarehouseDeliverEnv
from robosim.task import Observation

ID = "robosim/WarehouseDeliver-v0"


def made(**kwargs: Any) -> WarehouseDeliverEnv:  # noqa: ANN401 (the environment's own)
    env = gym.make(ID, **kwargs).unwrapped
    assert isinstance(env, WarehouseDeliverEnv)
    return env


def task_of(env: WarehouseDeliverEnv) -> WarehouseDeliver:
    assert isinstance(env.task, WarehouseDeliver)
    return env.task


def carry_on(
    env: WarehouseDeliverEnv, observation: Observation, until: Phase | None = None, carrier: Carrier | None = None
) -> tuple[Observation, dict[str, Any], list[tuple[Phase, bool]]]:
    """Lets one act, the rival if none is given, until the end, or until it begins something; gives its phases, too."""
    carrier = carrier or Carrier()
    state, phases, info = None, list[tuple[Phase, bool]](), dict[str, Any]()
    for _ in range(3000):
        action, state = carrier.predict(observation, state)
        assert state is not None
        assert isinstance(observation, dict)
        now = Phase(int(state[0][0, 0])), bool(observation["job"][0] > 0.5)
        if not phases or phases[-1] != now:
            phases.append(now)
        if until is not None and now[0] == until:
            break
        observation, _, terminated, truncated, info = env.step(action)
        if terminated or truncated:
            break
    return observation, info, phases
