"""An agent that cannot see: what is it worth without its lidar and cameras?"""

from __future__ import annotations

import gymnasium as gym
import numpy as np

from robosim.agents.policies.policy import Array, Observation, Policy, State
from robosim.errors import RobosimError

FELT = {"state", "order", "arm", "job"}
"""The parts of an observation that are no sense of what is around."""


class Blind:
    """Another policy whose senses of what is around read nothing.

    That is zeros, which lidars and depth cameras give for nothing met, and cameras in the dark.
    """

    def __init__(self, policy: Policy, observation_space: gym.Space[Observation]) -> None:
        """Wrap a policy.

        Args:
            policy: What acts.
            observation_space: A Dict with parts of `FELT`, which stay, and others, which go.

        Raises:
            RobosimError: There is nothing to take away.
        """
        parts = set(observation_space.spaces) if isinstance(observation_space, gym.spaces.Dict) else set()
        if not parts & FELT or parts <= FELT:
            raise RobosimError("nothing to blind: the observation is no dict of 'state' and what is seen")
        self._policy = policy

    def predict(
        self,
        observation: Observation,
        state: State = None,
        episode_start: Array | None = None,
        deterministic: bool = False,
    ) -> tuple[Array, State]:
        """Act on what is left, see `Policy.predict`."""
        assert isinstance(observation, dict)
        felt = {key: part if key in FELT else np.zeros_like(part) for key, part in observation.items()}
        return self._policy.predict(felt, state, episode_start, deterministic)
