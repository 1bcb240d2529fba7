"""An agent that cannot see: what is it worth without its lidar and cameras?"""

from __future__ import annotations

import gymnasium as gym
import numpy as np

from robosim.agents.policies.policy import Array, Observation, Policy, State
from robosim.errors import RobosimError

PREFIX = "blind:"
FELT = "state"
"""The part of an observation that is no sense of what is around."""


class Blind:
    """Another policy whose senses of what is around read nothing: zeros, which lidars give for nothing met."""

    def __init__(self, policy: Policy, observation_space: gym.Space[Observation]) -> None:
        """Wrap a policy.

        Args:
            policy: What acts.
            observation_space: A Dict with a part `FELT`, which stays, and others, which go.

        Raises:
            RobosimError: There is nothing to take away.
        """
        parts = set(observation_space.spaces) if isinstance(observation_space, gym.spaces.Dict) else set()
        if FELT not in parts or parts == {FELT}:
            raise RobosimError(f"nothing to blind: the observation is no dict of {FELT!r} and what is seen")
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
        felt = {key: part if key == FELT else np.zeros_like(part) for key, part in observation.items()}
        return self._policy.predict(felt, state, episode_start, deterministic)
