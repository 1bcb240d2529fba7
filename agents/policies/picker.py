"""The scripted rival in robosim/WarehousePick: lines up with the ordered front, touches it, lifts it, pulls it out.

A state machine whose state can be read off the observation: what is held, how far it was raised, and how far it is out.
The inverse kinematics of mast and arm are written out in polar coordinates about the mast: where the front is in the
tool's frame says by how much turret, lift and arm have to move.
"""

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from robosim.agents.policies.policy import Observation, State
from robosim.robots.mast import RATES
from robosim.robots.suction import SEAL

# Where robosim/WarehousePick's observation has what is read here.
TURRET, LIFT, REACH, HELD, PRESS, LOAD = 0, 1, 2, 7, 9, 10
FRONT, SIZE, ROOM, RAISED, LEFT, RACK = slice(15, 18), slice(21, 24), 24, 25, 26, slice(28, 30)

STANDOFF = 0.06  # m before the front, where it lines up
ALIGNED = 0.012  # m aside and in height, from which it goes on
TOUCHING = 0.10  # m/s at which the cup meets the front
HIGHER = 0.008  # m above the middle, where it grips: the cup must clear the board
RAISE, OVERHEAD = 0.028, 0.014  # m it lifts a package before it pulls, and leaves to the board above
RAISED_ENOUGH = 0.012  # m from which it begins to pull
PULL = (0.30, 0.15)  # m/s, a light and a heavy package
HEAVY = (110.0, 190.0)  # N on the lift, its own weight of 70 N included, between which it slows down
PRESSED = 0.02  # m of the bellows from which it backs off, if nothing seals
GAIN, BRAKE = 5.0, 1.0  # 1/s and m/s² (rad/s²): how it comes to a stop at a goal
_PULLED = 0.01  # m beyond the rack's front where it stops


class Wanted(NamedTuple):
    """What the joints shall do: rad/s, m/s, m/s, and whether air is drawn."""

    turret: float
    lift: float
    arm: float
    suction: bool


class PickingExpert:
    """The state machine; without poses, from cameras alone, it feels its way ahead and holds what it meets."""

    def predict(
        self,
        observation: Observation,
        state: State = None,
        episode_start: NDArray[np.bool_] | None = None,
        deterministic: bool = False,
    ) -> tuple[NDArray[np.float32], State]:
        """Chooses an action; see `robosim.agents.policies.policy.Policy.predict`."""
        vector = observation["state"] if isinstance(observation, dict) else observation
        choose = _grope if isinstance(observation, dict) else _pick
        rows = [_action(choose(row.tolist())) for row in np.atleast_2d(vector)]
        return np.array(rows, np.float32).reshape(*vector.shape[:-1], 4), state


def _pick(seen: list[float]) -> Wanted:
    return _pull(seen) if seen[HELD] > 0.5 else _approach(seen)


def _approach(seen: list[float]) -> Wanted:
    """Brings the cup to the front: first beside and below or above it, at a distance, then straight on."""
    x, y, z = seen[FRONT]
    height = seen[SIZE][2]
    z += min(HIGHER, max(height / 2 - SEAL - 0.004, 0.0))
    reach = seen[REACH]
    # Inverse kinematics: the front in polar coordinates about the mast, which is `reach` behind the tool.
    turn, away = math.atan2(y, x + reach), math.hypot(x + reach, y)
    gap, off = away - reach, max(abs(turn) * away, abs(z))
    if seen[PRESS] > PRESSED:
        return Wanted(0.0, 0.0, -TOUCHING, True)
    ahead = gap if off < ALIGNED else gap - STANDOFF - min(off, 0.1)
    arm = to_goal(ahead, RATES[2])
    if off < ALIGNED:
        arm = max(arm, TOUCHING) if gap > -0.03 else -TOUCHING
    return Wanted(to_goal(turn, RATES[0]), to_goal(z, RATES[1]), arm, gap < STANDOFF + 0.05)


def _pull(seen: list[float]) -> Wanted:
    """Lifts what it holds off the board, pulls it out straight, and holds it still before the rack."""
    goal = min(RAISE, max(seen[ROOM] - OVERHEAD, RAISED_ENOUGH + 0.004))
    lift = to_goal(goal - seen[RAISED], 0.12)
    share = min(max((seen[LOAD] - HEAVY[0]) / (HEAVY[1] - HEAVY[0]), 0.0), 1.0)
    fastest = (1 - share) * PULL[0] + share * PULL[1]
    ready = min(max((seen[RAISED] - RAISED_ENOUGH / 2) / (RAISED_ENOUGH / 2), 0.0), 1.0)
    out = seen[LEFT] + _PULLED
    if seen[LEFT] <= 0.0:
        return Wanted(0.0, 0.0, 0.0, True)
    arm = -ready * to_goal(out, fastest)
    # The package's middle goes straight away from the rack, whichever way the arm points.
    sine, cosine = seen[RACK]
    aside = math.atan2(sine, cosine)
    turret = arm * math.sin(aside) / (seen[REACH] + seen[SIZE][0] / 2)
    return Wanted(turret, lift, arm, True)


def _grope(seen: list[float]) -> Wanted:
    """Goes straight ahead, drawing air, until something is held; backs off and tries a little higher if not."""
    if seen[HELD] > 0.5:
        return Wanted(0.0, 0.03, -0.1, True)
    if seen[PRESS] > PRESSED:
        return Wanted(0.0, 0.1, -TOUCHING, True)
    return Wanted(to_goal(-seen[TURRET], 0.2), 0.0, 0.15, True)


def to_goal(way: float, fastest: float) -> float:
    """Gives the speed at which to go on towards what is ``way`` off, so as to stop there."""
    return math.copysign(min(fastest, GAIN * abs(way), math.sqrt(2 * BRAKE * abs(way))), way)


def _action(wanted: Wanted) -> list[float]:
    rates = zip(wanted[:3], RATES, strict=True)
    return [*(min(max(rate / most, -1.0), 1.0) for rate, most in rates), 1.0 if wanted.suction else -1.0]
