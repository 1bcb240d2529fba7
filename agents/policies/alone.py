"""A controller without the network that adds to it: what has that one learnt?"""

from __future__ import annotations

import numpy as np

from robosim.agents.policies.policy import Array, Observation, Policy, State, batch_size, batched
from robosim.agents.storage.agent import Agent
from robosim.errors import RobosimError


class Alone:
    """Acts as an agent does whose network adds nothing: its controller, and its guard where it has one.

    Args:
        agent: One whose network adds to a controller.
        name: What it is called in errors.

    Raises:
        RobosimError: There is no controller.
    """

    def __init__(self, agent: Policy, name: str) -> None:
        """Takes the controller; see the class."""
        if not isinstance(agent, Agent):
            raise RobosimError(f"{name}: is a team, which has no controller of its own; its agents may have one")
        if agent.acting is None or agent.card.network.residual is None:
            raise RobosimError(f"{name}: its network adds to no controller, so that nothing is left without it")
        self._acting = agent.acting
        self._space = agent.card.observation_space.build()
        self._nothing = np.zeros(agent.card.action_space.shape, np.float32)

    def predict(
        self,
        observation: Observation,
        state: State = None,
        episode_start: Array | None = None,
        deterministic: bool = False,
    ) -> tuple[Array, State]:
        """Chooses an action, see `Policy.predict`."""
        count = batch_size(observation, self._space)
        batch = batched(observation) if count is None else observation
        actions = self._acting(batch, np.tile(self._nothing, (count or 1, 1)))
        return (actions[0] if count is None else actions), None
