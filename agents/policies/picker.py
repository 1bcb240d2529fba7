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
FARTHER = 0.10  # m by which it keeps off farther, at most, the farther aside it is
ALIGNED = (0.006, 0.021)  # m aside and in height: from there on it keeps `STANDOFF`, and as much less as it is nearer
INTO = 0.02  # m beyond the front to which the cup heads: it meets it at a tenth of a metre a second
HIGHER = 0.008  # m above the middle, where it grips: the cup must clear the board
RAISE, OVERHEAD = 0.028, 0.014  # m it lifts a package before it pulls, and leaves to the board above
RAISED_ENOUGH = (0.004, 0.016)  # m from which it begins to pull, and from which it pulls with full speed
PULL = (0.30, 0.15)  # m/s, a light and a heavy package
HEAVY = (110.0, 190.0)  # N on the lift, its own weight of 70 N included, between which it slows down
PRESSED, YIELD = 0.008, 8.0  # m of the bellows from which it yields, and m/s a metre by which
DRAW = 0.11  # m before the front, where it begins to draw air
GAIN, BRAKE = 5.0, 1.0  # 1/s and m/s² (rad/s²): how it comes to a stop at a goal
_BEYOND = 0.006  # m past the rack's front where it would stop


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
    gap, off = away - reach, math.hypot(turn * away, z)
    apart = share(off, ALIGNED)
    # Boards stand out beyond fronts: from farther aside it keeps a larger distance.
    arm = to_goal(gap - apart * (STANDOFF + min(off, FARTHER)) + (1 - apart) * INTO, RATES[2])
    arm -= YIELD * max(seen[PRESS] - PRESSED, 0.0)
    return Wanted(to_goal(turn, RATES[0]), to_goal(z, RATES[1]), arm, gap < DRAW)


def _pull(seen: list[float]) -> Wanted:
    """Lifts what it holds off the board, pulls it out straight, and holds it still before the rack."""
    goal = min(RAISE, max(seen[ROOM] - OVERHEAD, RAISED_ENOUGH[1]))
    lift = to_goal(goal - seen[RAISED], 0.12)
    heavy = share(seen[LOAD], HEAVY)
    fastest = (1 - heavy) * PULL[0] + heavy * PULL[1]
    if seen[LEFT] <= 0.0:
        return Wanted(0.0, 0.0, 0.0, True)
    arm = -share(seen[RAISED], RAISED_ENOUGH) * to_goal(seen[LEFT] + _BEYOND, fastest)
    # The package's middle goes straight away from the rack, whichever way the arm points.
    sine, cosine = seen[RACK]
    aside = math.atan2(sine, cosine)
    turret = arm * math.sin(aside) / (seen[REACH] + seen[SIZE][0] / 2)
    return Wanted(turret, lift, arm, True)


def _grope(seen: list[float]) -> Wanted:
    """Goes straight ahead, drawing air, until something is held; backs off and tries a little higher if not."""
    if seen[HELD] > 0.5:
        return Wanted(0.0, 0.03, -0.1, True)
    if seen[PRESS] > 2 * PRESSED:
        return Wanted(0.0, 0.1, -0.1, True)
    return Wanted(to_goal(-seen[TURRET], 0.2), 0.0, 0.15, True)


def to_goal(way: float, fastest: float) -> float:
    """Gives the speed at which to go on towards what is ``way`` off, so as to stop there."""
    return math.copysign(min(fastest, GAIN * abs(way), math.sqrt(2 * BRAKE * abs(way))), way)


def share(value: float, low_high: tuple[float, float]) -> float:
    """Gives 0 up to the lower of two values and 1 from the higher on, in a line between."""
    low, high = low_high
    return min(max((value - low) / (high - low), 0.0), 1.0)


def _action(wanted: Wanted) -> list[float]:
    rates = zip(wanted[:3], RATES, strict=True)
    return [*(min(max(rate / most, -1.0), 1.0) for rate, most in rates), 1.0 if wanted.suction else -1.0]
