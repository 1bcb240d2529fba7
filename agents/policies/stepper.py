"""A teacher for TerrainWalk: the trot that sees where it steps, as a network can learn it from what it observes.

Each swinging foot goes for the point near where the reflexes would send it that is level around it, and to the height
there (foothold choice by a cost over a patch, as in Jenelten et al., "Perceptive Locomotion in Rough Terrain", RA-L
2020). The trunk turns to lie along the ground, by itself, and leans against it.
"""

import numpy as np
from numpy.typing import NDArray

from robosim.agents.policies.policy import Observation, State
from robosim.agents.policies.trotter import GRAVITY_XY, Trotter
from robosim.robots.gait import HEIGHT, REACH
from robosim.robots.legs import DUTY

CLOCK = slice(52, 54)  # of robosim/TerrainWalk's observation with a scan and 15 actions
_X, _Y = np.linspace(-REACH[0], REACH[0], 7), np.linspace(-REACH[1], REACH[1], 5)
PATCH = len(_X), len(_Y)
PATCHES = slice(-4 * len(_X) * len(_Y), None)
_POINTS = np.stack(np.meshgrid(_X, _Y, indexing="ij"), -1)
_OFFSETS = np.array((0.0, 0.5, 0.5, 0.0))
_SOON = 0.08  # of a cycle before it is lifted, from which a foot is told where it will go
_DEEP = -0.15  # m; what lies lower is no foothold


class Stepper:
    """Chooses actions as `Policy` says; it keeps nothing.

    Args:
        uneven: What a metre of difference in height around a point costs, against a metre off.
        lift: Action of the clearance.
        height: Action of the height.
        place: As `Trotter` has it.
        lean: How much of a trunk's slope the feet are set back for, so that they stay under its weight.
    """

    SEES, ACTS = (224,), (15,)  # shapes of the observation and of the action that it is for

    def __init__(
        self, uneven: float = 1.0, lift: float = 0.5, height: float = -0.3, place: float = 0.1, lean: float = 0.3
    ) -> None:
        """Keeps its settings; see the class."""
        self._uneven, self._lift, self._height, self._lean = uneven, lift, height, lean
        self._reflexes = Trotter(place=place)

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
        actions = self._reflexes.predict(seen)[0]
        feet = actions[:, :12].reshape(-1, 4, 3)
        feet[..., :2] += self._lean * HEIGHT * seen[:, None, GRAVITY_XY] / REACH[:2]
        for row, sent in zip(seen, feet, strict=True):
            self._step(row, sent)
        actions[:, 13:] = self._lift, self._height
        return actions.clip(-1, 1).reshape(*observation.shape[:-1], 15), None

    def _step(self, seen: NDArray[np.float32], feet: NDArray[np.float32]) -> None:
        sin, cos = seen[CLOCK]
        cycle = (np.arctan2(sin, cos) / (2 * np.pi) + _OFFSETS) % 1.0
        patches = seen[PATCHES].reshape(4, *PATCH).astype(np.float64)
        for leg in np.flatnonzero(cycle > DUTY - _SOON):
            feet[leg] = np.array(self._foothold(patches[leg], feet[leg, :2] * REACH[:2])) / REACH

    def _foothold(self, patch: NDArray[np.float64], wanted: NDArray[np.float64]) -> tuple[float, float, float]:
        padded = np.pad(patch, 1, mode="edge")
        around = np.lib.stride_tricks.sliding_window_view(padded, (3, 3)).reshape(*patch.shape, 9)
        cost = np.linalg.norm(_POINTS - wanted, axis=-1) + self._uneven * np.ptp(around, axis=-1)
        cost += 10.0 * (patch < _DEEP)
        i, j = np.unravel_index(int(np.argmin(cost)), cost.shape)
        return float(_X[i]), float(_Y[j]), float(np.clip(patch[i, j], -REACH[2], REACH[2]))
