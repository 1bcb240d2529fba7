"""Looks elsewhere: an arm that picks by its cameras and has come to a stand is taken to another height of the rack.

A network that remembers nothing stays where it cannot tell what it sees, or sees nothing that was asked for: labels of
other boards are a few pixels on its pictures. From another height it begins anew. Until it stands it acts by itself,
but touches softly (`soft_touch.py`).
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from robosim.agents.policies.policy import Observation, Policy, State
from robosim.agents.policies.soft_touch import soften
from robosim.robots.mast import REACH

# In "state", what the arm feels
TURRET, LIFT, OUT, HELD, PRESS = 0, 1, 2, 7, 9

HEIGHTS = np.array([0.25, 0.6, 1.0, 1.35, 1.7])  # m, of the lift: from one of them every board is seen from near by
STILL = 0.08  # m; within that of a place it stands there
ARM = 0.5  # m, by which a rad of the turret counts
PATIENCE = 7  # steps, for which it may stand
LONGEST = 50  # steps on its way, after which something blocks it
TOUCHING = 0.002  # m, from which on the cup is pressed against something, and it does not stand but works
NEAR = (0.05, 0.04, 0.05)  # rad, m, m: of turret, lift and arm from where it looks anew
DRAWN_IN = 0.12  # m beyond the shortest, from which on the arm is clear of the rack
GAINS = (2.0, 4.0, 6.0)  # 1/rad, 1/m, 1/m: of their rates


class _Memory(NamedTuple):
    """What it remembers: columns of `Searcher`'s state, as numbers.

    Attributes:
        turret: rad, where it was when it came to stand, or last moved on.
        lift: m, the same.
        out: m, the same.
        stood: Steps since then; on its way, since it set out.
        goal: Which of `HEIGHTS` it is on its way to; -1 for none.
        looked: From which of them it has looked, as the bits of a number.
    """

    turret: float
    lift: float
    out: float
    stood: float
    goal: float
    looked: float


NOTHING = _Memory(np.inf, np.inf, np.inf, 0.0, -1.0, 0.0)


class Searcher:
    """Acts as another policy does, until that one stands; see the module.

    Args:
        pick: Acts on what robosim/WarehousePick shows to cameras, and remembers nothing.
    """

    def __init__(self, pick: Policy) -> None:
        """Takes whom it leads; see the class."""
        self._pick = pick

    def predict(
        self,
        observation: Observation,
        state: State = None,
        episode_start: NDArray[np.bool_] | None = None,
        deterministic: bool = False,
    ) -> tuple[NDArray[np.float32], State]:
        """Chooses an action; see `Policy.predict`."""
        assert isinstance(observation, dict)
        actions = self._pick.predict(observation, None, episode_start, deterministic)[0]
        felt = np.atleast_2d(observation["state"]).astype(np.float64)
        rows = actions.reshape(len(felt), -1).copy()
        kept = np.tile(NOTHING, (len(felt), 1)) if state is None else state[0].copy()
        if episode_start is not None:
            kept[np.reshape(episode_start, -1)] = NOTHING
        depth8 = observation["depth8_wrist"].reshape(len(felt), *observation["depth8_wrist"].shape[-3:])
        for number, feels in enumerate(felt):
            memory = _next(feels, _Memory(*kept[number].tolist()))
            if memory.goal >= 0:
                rows[number] = _go(feels, int(memory.goal))
            else:
                rows[number] = soften(rows[number], feels, depth8[number])
            kept[number] = memory
        return rows.reshape(actions.shape), (kept,)


def _next(felt: NDArray[np.float64], memory: _Memory) -> _Memory:
    """Says where it stands, and whether it is on its way elsewhere."""
    if felt[HELD] > 0.5:
        return NOTHING
    if memory.goal >= 0:
        if (np.abs(_off(felt, int(memory.goal))) < NEAR).all():
            return _stands(felt, memory)._replace(goal=-1.0)
        blocked = memory.stood >= LONGEST
        return _elsewhere(float(felt[LIFT]), memory) if blocked else memory._replace(stood=memory.stood + 1)
    moved = ARM * abs(felt[TURRET] - memory.turret), abs(felt[LIFT] - memory.lift), abs(felt[OUT] - memory.out)
    if max(moved) > STILL or felt[PRESS] > TOUCHING:
        return _stands(felt, memory)
    if memory.stood < PATIENCE:
        return memory._replace(stood=memory.stood + 1)
    return _elsewhere(float(felt[LIFT]), memory)


def _stands(felt: NDArray[np.float64], memory: _Memory) -> _Memory:
    turret, lift, out = felt[[TURRET, LIFT, OUT]].tolist()
    return memory._replace(turret=turret, lift=lift, out=out, stood=0.0)


def _elsewhere(lift: float, memory: _Memory) -> _Memory:
    """Chooses the height that is farthest from all from which it has looked; from all of them, it begins anew."""
    here = int(np.abs(HEIGHTS - lift).argmin())
    looked = int(memory.looked) | 1 << here
    if looked == (1 << len(HEIGHTS)) - 1:
        looked = 1 << here
    seen = np.array([looked >> number & 1 for number in range(len(HEIGHTS))], bool)
    goal = int(np.abs(HEIGHTS[:, None] - HEIGHTS[seen]).min(axis=1).argmax())
    return memory._replace(stood=0.0, goal=float(goal), looked=float(looked | 1 << goal))


def _off(felt: NDArray[np.float64], goal: int) -> NDArray[np.float64]:
    """Gives by how much turret, lift and arm are off from where it looks, ahead and with the arm drawn in."""
    return np.array([-felt[TURRET], HEIGHTS[goal] - felt[LIFT], REACH[0] - felt[OUT]])


def _go(felt: NDArray[np.float64], goal: int) -> NDArray[np.float64]:
    """Gives the action that draws the arm in, from between boards, and then takes it there."""
    turret, lift, out = np.clip(_off(felt, goal) * GAINS, -1.0, 1.0).tolist()
    inside = felt[OUT] > REACH[0] + DRAWN_IN
    return np.array([0.0 if inside else turret, 0.0 if inside else lift, out, -1.0])
