"""The rival in TerrainWalk and TerrainBalance: the open-loop trot, with a posture reflex and a reflex against pushes.

The trot follows the command by itself (`robosim.robots.legs.trot`). Posture: legs on the side that hangs stretch.
Pushes: feet go the way the trunk is too fast, as Raibert's foot placement has it (Legged Robots That Balance, 1986).
"""

import numpy as np
from numpy.typing import NDArray

from robosim.agents.policies.policy import Observation, State
from robosim.robots.a1 import OFFSET
from robosim.robots.gait import CLEARANCE, FREQUENCY, HEIGHT, REACH
from robosim.robots.legs import HIP_X, HIP_Y, SIDE, trot

CONTROL_DT = 1 / 50  # s, between two calls
# Where the observations of both have what it reads, with 15 actions; with 12 all behind them moves up by 3.
GRAVITY_XY, VELOCITY, ACTIONS = slice(0, 2), slice(30, 33), 33
LEVEL = 0.1  # of a slope under the trunk that the legs make up for
PLACE = 0.05  # s; metres a foot is set aside for each m/s too much
_LEGS = np.array([(x, y * (HIP_Y + SIDE)) for x in (HIP_X, -HIP_X) for y in (-1, 1)])


class Trotter:
    """Chooses actions as `Policy` says, for one observation or a batch, in either of `A1`'s modes.

    Args:
        level: Share of a slope that the legs make up for.
        place: Metres a foot is set aside for each m/s too much.
    """

    def __init__(self, level: float = LEVEL, place: float = PLACE) -> None:
        """Keeps its gains; see the class."""
        self._level, self._place = level, place

    def predict(
        self,
        observation: Observation,
        state: State = None,
        episode_start: NDArray[np.bool_] | None = None,
        deterministic: bool = False,
    ) -> tuple[NDArray[np.float32], State]:
        """Chooses an action; see `Policy.predict`. It keeps nothing."""
        felt = observation["state"] if isinstance(observation, dict) else observation
        return self._act(np.atleast_2d(felt)).reshape(*felt.shape[:-1], -1), None

    def _act(self, seen: NDArray[np.float32]) -> NDArray[np.float32]:
        size = 12 if seen.shape[1] in JOINT_SIZES else 15
        contacts = ACTIONS + size
        clock = seen[:, contacts + 4 : contacts + 6]
        commands = seen[:, contacts + 6 : contacts + 9].astype(np.float64)
        feet = np.empty((len(seen), 4, 3))
        feet[..., :2] = self._place * (seen[:, VELOCITY][:, :2] - commands[:, :2])[:, None]
        feet[..., 2] = seen[:, GRAVITY_XY] @ (-self._level * _LEGS).T
        actions: NDArray[np.float64] = np.zeros((len(seen), size))
        if size == 15:
            actions[:, :12] = (feet / REACH).reshape(-1, 12)
            return actions.clip(-1, 1).astype(np.float32)
        stand, joints = np.zeros(12), np.zeros(12)
        trot(0.0, FREQUENCY, 0.0, HEIGHT, np.zeros(3), np.zeros(12), stand)
        for action, (sin, cos), command, residuals in zip(actions, clock, commands, feet, strict=True):
            phase = (np.arctan2(sin, cos) / (2 * np.pi) + FREQUENCY * CONTROL_DT) % 1.0
            trot(float(phase), FREQUENCY, CLEARANCE, HEIGHT, command, residuals.ravel(), joints)
            action[:] = (joints - stand) / OFFSET
        return actions.clip(-1, 1).astype(np.float32)


_BASE = 42  # proprioception and command without the actions
_SCAN = 167
JOINT_SIZES = (_BASE + 12, _BASE + 12 + _SCAN)
