"""A1's trot with its feet set wide and its trunk low: what holds against pushes from any side.

A trunk tips over its feet where they brake it by more than g times their distance over its height: wide and low, feet
slide before it does. An action that is always the same, among the best of some thirty such on 30 validation episodes of
TerrainPush, where it stands as wide and low as the action allows: a network can add to it inwards and upwards alone.
"""

import numpy as np
from numpy.typing import NDArray

from robosim.agents.policies.policy import Observation, State

# Of each foot: forwards, leftwards, upwards, as shares of `gait.REACH`; front right, front left, rear right, rear left.
_FEET = ((0.5, -1.0, 0.0), (0.5, 1.0, 0.0), (-0.5, -1.0, 0.0), (-0.5, 1.0, 0.0))
_FREQUENCY, _CLEARANCE, _HEIGHT = 0.0, -1.0, -1.0  # as shares of their ranges: feet are lifted by 3 cm
ACTION = np.array([*np.ravel(_FEET), _FREQUENCY, _CLEARANCE, _HEIGHT], np.float32)


class WideStance:
    """Chooses actions as `Policy` says, for one observation of TerrainBalance or a batch, with ``action="gait"``."""

    def predict(
        self,
        observation: Observation,
        state: State = None,
        episode_start: NDArray[np.bool_] | None = None,
        deterministic: bool = False,
    ) -> tuple[NDArray[np.float32], State]:
        """Chooses an action; see `Policy.predict`. It keeps nothing."""
        assert isinstance(observation, np.ndarray)
        return np.broadcast_to(ACTION, (*observation.shape[:-1], len(ACTION))).copy(), None
