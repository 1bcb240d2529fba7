"""Docking as teams of agents do it: swiftly, and looking out for people all the while.

A robot that turns in place reaches a spot by driving straight on, turning, and driving straight on again, if these two
bits together lead there; so one that comes along a rack need not turn to the spot and back. How far to a side of it the
robot stands is left as it is where the arm makes up for that. It turns and drives as fast as it can still stop, and the
arm does not wait for the wheels, nor they for it.
"""

import math
from typing import NamedTuple

import numpy as np

from robosim.agents.policies.caution import WALKS, Slews, cautious
from robosim.agents.policies.docking import (
    CLOSER,
    Seen,
    Spot,
    back_off,
    bearing_of,
    free_ahead,
    free_behind,
    share,
    spot,
)
from robosim.agents.policies.dwa import AHEAD, CARROT, RATE, SPEED
from robosim.agents.policies.nearby import ROWS, met, nearest_of
from robosim.math import clip
from robosim.robots.courier import YAW_RATE

_LAG = 0.12  # s, from what is seen to what the wheels make of it
_SLOWING, _TWISTING = 0.9, 1.8  # m/s² and rad/s² that it reckons with to come to rest
_SETTLE, _SWING = 6.0, 5.0  # 1/s, how fast the last of a way and of a turn are gone
_FASTEST = 0.5  # m/s
_STEEP = 0.5  # sine of the angle between two headings, from which on a straight bit in each leads anywhere near
_SECOND = 0.3  # m, the most that is left for the second bit
_NARROW = 0.35  # rad, off which it only turns
_TURNED = 0.2  # rad, the same of the heading in which it has to stand
_SWEEP = 1.5  # rad, the last of a turn, on which what it carries is brought ahead
_GENTLY = 1.2  # rad/s, how fast it turns then
_PASSING = 1.1  # m, from the robot's middle: nobody may walk there then
_RESTING, _SLOW = 0.03, 0.10  # m/s; it stands, and it may turn


class _Fit(NamedTuple):
    """How well it has to stand.

    Attributes:
        along: m, too near or too far.
        beside: m, to a side.
        off: rad.
    """

    along: float
    beside: float
    off: float


# As well as where tasks of the arm alone begin (`robosim.worlds.store`): between close neighbours a package is to be
# pulled out straight, and it may be put down anywhere near.
_FETCHING, _BRINGING = _Fit(0.02, 0.03, 0.03), _Fit(0.04, 0.12, 0.08)


class Swift:
    """See the module, and `robosim.agents.policies.docking.Docking`.

    Args:
        slews: Of the robot.
    """

    # An arm turned so far reaches out hardly farther than the chassis, and is ahead sooner than one over the deck.
    stowed, over, hurries, patience = 1.9, math.pi - 0.7, True, 5.0

    def __init__(self, slews: Slews) -> None:
        """Keeps off as a robot of these slews must."""
        self._slews = slews

    def comes(self, seen: Seen) -> bool:
        """See `Docking`: what is left lies straight ahead or behind in the heading in which it has to stand."""
        along, beside = _in_its_heading(spot(seen))
        slow = abs(float(seen["state"][SPEED])) < _SLOW
        return slow and abs(beside) < _fit(seen).beside and abs(along) < _SECOND

    def strays(self, seen: Seen) -> bool:
        """See `Docking`."""
        return abs(_in_its_heading(spot(seen))[1]) > 2 * _fit(seen).beside

    def stands(self, seen: Seen) -> bool:
        """See `Docking`; whether beside the spot, is not asked any more."""
        place, fit = spot(seen), _fit(seen)
        along, _ = _in_its_heading(place)
        return abs(float(seen["state"][SPEED])) < _RESTING and abs(place.off) < fit.off and abs(along) < fit.along

    def approach(self, seen: Seen) -> list[float]:
        """See `Docking`: by a straight bit in either heading, or straight to the spot."""
        place = spot(seen)
        if _is_straight(place):
            return self._careful(_drive(seen, place.ahead - place.left / math.tan(place.off)), 0.0, seen)
        bearing = bearing_of(place)
        drive = _drive(seen, math.copysign(place.away, place.ahead)) * max(1 - abs(bearing) / _NARROW, 0.0)
        return self._careful(drive, _turn(seen, bearing), seen)

    def align(self, seen: Seen) -> list[float]:
        """See `Docking`: drives what is left when it has nearly turned."""
        place = spot(seen)
        drives = abs(place.off) < _TURNED and abs(_in_its_heading(place)[0]) > _fit(seen).along / 2
        turn = _turn(seen, place.off)
        if seen["job"][0] < 0.5 and self.brings(seen, has_come=True):
            turn = clip(turn, -_GENTLY / YAW_RATE, _GENTLY / YAW_RATE)
        return self._careful(_drive(seen, place.ahead) if drives else 0.0, turn, seen)

    def brings(self, seen: Seen, *, has_come: bool) -> bool:
        """See `Docking`; sooner it would reach out to a side while the robot turns, or to somebody who passes."""
        place = spot(seen)
        turns_little = has_come or _is_straight(place) or abs(bearing_of(place)) < _NARROW
        return abs(place.off) < _SWEEP and turns_little and not _somebody_passes(seen)

    def leave(self, seen: Seen, *, backing: bool, swung: bool) -> list[float]:
        """See `Docking`: turns to its path when it has backed off and nothing sticks out ahead any more."""
        if backing or not swung:
            return back_off(seen) if backing else [0.0, 0.0]
        x, y = seen["state"][AHEAD].reshape(-1, 2)[CARROT].tolist()
        return self._careful(0.0, _turn(seen, math.atan2(y, x)), seen)

    def _careful(self, drive: float, turn: float, seen: Seen) -> list[float]:
        action: list[float] = cautious(np.array((drive, turn), np.float32), seen, self._slews).tolist()
        return action


def _somebody_passes(seen: Seen) -> bool:
    """Says whether somebody walks where what it carries may reach."""
    if "lidar" not in seen:
        return False
    _, _, closing, leftward = 2.0 * seen["lidar"].reshape(ROWS, -1)  # the last two in halves of m/s
    walking = met(np.where(np.hypot(closing, leftward) > WALKS, nearest_of(seen["lidar"]), 0))
    return bool((np.hypot(walking[:, 0], walking[:, 1]) < _PASSING).any())


def _fit(seen: Seen) -> _Fit:
    return _FETCHING if seen["job"][0] > 0.5 else _BRINGING


def _is_straight(place: Spot) -> bool:
    """Says whether a straight bit in its own heading and a short one in that in which it has to stand lead there."""
    sine = math.sin(place.off)
    return abs(sine) > _STEEP and abs(place.left / sine) < _SECOND


def _in_its_heading(place: Spot) -> tuple[float, float]:
    """Gives where a spot is in the heading in which the robot has to stand there: ahead and to the left, m."""
    sine, cosine = math.sin(place.off), math.cos(place.off)
    return cosine * place.ahead + sine * place.left, cosine * place.left - sine * place.ahead


def _drive(seen: Seen, way: float) -> float:
    """Gives the share of the speed with which it drives so far, m, and comes to rest there or before what is nearer."""
    left = way - float(seen["state"][SPEED]) * _LAG
    free = max((free_behind(seen) if left < 0 else free_ahead(seen)) - CLOSER, 0.0)
    speed = min(_FASTEST, _SETTLE * abs(left), math.sqrt(2 * _SLOWING * min(abs(left), free)))
    return share(math.copysign(speed, left))


def _turn(seen: Seen, off: float) -> float:
    """Gives the share of the yaw rate with which it turns by so much, rad, and comes to rest."""
    left = off - float(seen["state"][RATE]) * _LAG
    rate = min(math.sqrt(2 * _TWISTING * abs(left)), _SWING * abs(left))
    return clip(math.copysign(rate, left) / YAW_RATE, -1.0, 1.0)
