"""A teacher for TerrainWalk: the trot that sees where it steps, as a network can learn it from what it observes.

Each swinging foot goes for the point near where the trot would set it that is level around it, and to the height there
(foothold choice by a cost over a patch, as in Jenelten et al., "Perceptive Locomotion in Rough Terrain", RA-L 2020). A
standing foot keeps where it was set; the height of it fades, so that the trunk turns to lie along the ground.
"""

import numpy as np
from numpy.typing import NDArray

from robosim.agents.policies.policy import Observation, State
from robosim.agents.policies.trotter import Trotter
from robosim.robots.a1 import REACH
from robosim.robots.legs import DUTY

CONTROL_DT = 1 / 50  # s, between two calls
CLOCK, PATCHES = slice(52, 54), slice(-60, None)  # of robosim/TerrainWalk's observation with a scan and 15 actions
_OFFSETS = np.array((0.0, 0.5, 0.5, 0.0))
_X, _Y = np.linspace(-0.1, 0.1, 5), np.linspace(-0.05, 0.05, 3)
_POINTS = np.stack(np.meshgrid(_X, _Y, indexing="ij"), -1)


class Stepper:
    """Chooses actions as `Policy` says; the state it hands back are the feet's residuals, m.

    Args:
        fade: s, in which the height of a standing foot falls to 1/e.
        uneven: What a metre of difference in height around a point costs, against a metre off.
        lift: Action of the clearance.
    """

    SEES, ACTS = (144,), (15,)  # shapes of the observation and of the action that it is for

    def __init__(self, fade: float = 0.2, uneven: float = 1.0, lift: float = 0.3) -> None:
        """Keeps its settings; see the class."""
        self._fade, self._uneven, self._lift = fade, uneven, lift
        self._reflexes = Trotter()

    def predict(
        self,
        observation: Observation,
        state: State = None,
        episode_start: NDArray[np.bool_] | None = None,
        deterministic: bool = False,
    ) -> tuple[NDArray[np.float32], State]:
        """Chooses an action; see `Policy.predict`."""
        assert isinstance(observation, np.ndarray)
        seen = np.atleast_2d(observation)
        feet = np.zeros((len(seen), 4, 3)) if state is None else state[0].copy()
        if episode_start is not None:
            feet[np.asarray(episode_start, bool)] = 0.0
        actions = self._reflexes.predict(seen)[0]
        for row, residuals, action in zip(seen, feet, actions, strict=True):
            self._step(row, residuals)
            action[:12] += (residuals / REACH).ravel()
            action[13] = self._lift
        return actions.clip(-1, 1).reshape(*observation.shape[:-1], 15), (feet,)

    def _step(self, seen: NDArray[np.float32], feet: NDArray[np.float64]) -> None:
        sin, cos = seen[CLOCK]
        cycle = (np.arctan2(sin, cos) / (2 * np.pi) + _OFFSETS) % 1.0
        patches = seen[PATCHES].reshape(4, len(_X), len(_Y)).astype(np.float64)
        for leg in range(4):
            if cycle[leg] < DUTY:
                feet[leg, 2] *= 1 - CONTROL_DT / self._fade
                continue
            share = (cycle[leg] - DUTY) / (1 - DUTY)
            x, y, z = self._foothold(patches[leg])
            if share < 0.8:
                feet[leg, :2] = x, y
            # Up at once, down only when it is above the place.
            if z > feet[leg, 2] or share > 0.4:
                feet[leg, 2] = z

    def _foothold(self, patch: NDArray[np.float64]) -> tuple[float, float, float]:
        padded = np.pad(patch, 1, mode="edge")
        around = np.lib.stride_tricks.sliding_window_view(padded, (3, 3)).reshape(*patch.shape, 9)
        cost = np.hypot(*np.moveaxis(_POINTS, -1, 0)) + self._uneven * np.ptp(around, axis=-1)
        cost += 10.0 * (patch < -0.15)
        i, j = np.unravel_index(int(np.argmin(cost)), cost.shape)
        return float(_X[i]), float(_Y[j]), float(np.clip(patch[i, j], -REACH[2], REACH[2]))
