"""A controller for TerrainWalk: the trot that sees where it steps, from what a network observes.

Each swinging foot goes for the point near where the reflexes would send it that is level around it, and to the height
there (foothold choice by a cost over a patch, as in Jenelten et al., "Perceptive Locomotion in Rough Terrain", RA-L
2020). The trunk turns to lie along the ground, by itself, and leans against it.
"""

import math

import numpy as np
from numpy.typing import NDArray

from robosim.agents.policies.policy import Observation, State
from robosim.agents.policies.trotter import GRAVITY_XY, Trotter
from robosim.compiled import compiled
from robosim.robots.gait import FOOT_X, FOOT_Y, HEIGHT, REACH
from robosim.robots.legs import DUTY

CLOCK = 52  # of robosim/TerrainWalk's observation with a scan and 15 actions: sine and cosine
PATCH = ROWS, COLUMNS = len(FOOT_X), len(FOOT_Y)
PATCHES = slice(-4 * ROWS * COLUMNS, None)
_SOON = 0.08  # of a cycle before it is lifted, from which a foot is told where it will go
_DEEP, _DEEP_COST = -0.15, 10.0  # m; what lies lower is a foothold only where all do


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
        step_out(np.array(seen, np.float32), self._uneven, feet)  # a copy: Numba compiles anew for what is read-only
        actions[:, 13:] = self._lift, self._height
        return actions.clip(-1, 1).reshape(*observation.shape[:-1], 15), None


@compiled
def step_out(seen: NDArray[np.float32], uneven: float, feet: NDArray[np.float32]) -> None:
    """Sends each foot that swings, or soon will, to the foothold that costs least.

    Args:
        seen: (rows, 224), what is observed.
        uneven: As `Stepper` has it.
        feet: (rows, 4, 3), where the reflexes send the feet, in `REACH`; changed to within ±1 where they step out.
    """
    for row in range(len(seen)):
        cycle = math.atan2(seen[row, CLOCK], seen[row, CLOCK + 1]) / (2 * math.pi)
        for leg in range(4):
            if (cycle + (0.0 if leg in (0, 3) else 0.5)) % 1.0 > DUTY - _SOON:
                first = len(seen[row]) - (4 - leg) * ROWS * COLUMNS
                patch = seen[row, first : first + ROWS * COLUMNS].reshape(ROWS, COLUMNS)
                _choose(patch, uneven, feet[row, leg])


@compiled
def _choose(patch: NDArray[np.float32], uneven: float, foot: NDArray[np.float32]) -> None:
    wanted_x, wanted_y = foot[0] * REACH[0], foot[1] * REACH[1]
    least = math.inf
    for i in range(ROWS):
        for j in range(COLUMNS):
            low, high = math.inf, -math.inf
            for k in range(max(i - 1, 0), min(i + 2, ROWS)):
                for n in range(max(j - 1, 0), min(j + 2, COLUMNS)):
                    low, high = min(low, patch[k, n]), max(high, patch[k, n])
            cost = math.hypot(FOOT_X[i] - wanted_x, FOOT_Y[j] - wanted_y) + uneven * (high - low)
            if patch[i, j] < _DEEP:
                cost += _DEEP_COST
            if cost < least:
                least, foot[0], foot[1] = cost, FOOT_X[i] / REACH[0], FOOT_Y[j] / REACH[1]
                foot[2] = min(max(patch[i, j] / REACH[2], -1.0), 1.0)
