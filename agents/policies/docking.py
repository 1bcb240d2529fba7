"""The last bit of a way: to stand exactly where the arm's work is done, in the heading in which it is."""

import math
from collections.abc import Mapping
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from robosim.agents.policies.dwa import ahead_free, met, nearest_of
from robosim.math import clip
from robosim.robots.courier import BACKWARD, FORWARD, YAW_RATE

Seen = Mapping[str, NDArray[np.float32]]

CLOSER = 0.10  # m, to whatever is in the way: nearer than that it waits
SPEED, RATE = 0, 1  # in "state"
_LAG = 0.15  # s, from what is seen to what the wheels make of it
_SLOWEST = 0.04  # m/s
_RESTING = 0.02  # m/s
_NARROW = 0.35  # rad, off which it only turns


class Pace(NamedTuple):
    """How it docks.

    Attributes:
        creep: m/s, at most.
        slowing: m/s² with which it comes to rest; None: by and by, with the distance.
        twist: rad/s², the same of turns.
        at: m; it stands there within that.
        square: rad, the same.
        trim: m, too near or too far, the same once it stands square.
        astern: rad, of the turret: from there on what it carries is over the deck, and it drives on.
        early: Whether an empty arm moves as fast as it may, and is made ready on the last of the way.
    """

    creep: float
    slowing: float | None
    twist: float | None
    at: float
    square: float
    trim: float
    astern: float
    early: bool


PATIENT = Pace(0.30, None, None, at=0.02, square=0.03, trim=0.02, astern=math.pi - 0.06, early=False)
BRISK = Pace(0.45, 0.6, 1.2, at=0.03, square=0.04, trim=0.025, astern=math.pi - 0.25, early=True)


def approach(seen: Seen, pace: Pace) -> list[float]:
    """Goes straight to where it has to stand, ahead or astern, whichever is less of a turn."""
    _, ahead, left, _, _ = seen["job"].tolist()
    astern = ahead < 0
    bearing = math.atan2(-left, -ahead) if astern else math.atan2(left, ahead)
    speed = _speed(math.hypot(ahead, left), abs(float(seen["state"][SPEED])), pace)
    speed *= max(1 - abs(bearing) / _NARROW, 0.0)
    free = free_behind(seen) if astern else free_ahead(seen)
    speed = speed if free > CLOSER else 0.0
    return [share(-speed if astern else speed), _turn(bearing, seen, pace)]


def align(seen: Seen, pace: Pace) -> list[float]:
    """Turns as it has to stand, and then trims the distance."""
    _, ahead, _, sine, cosine = seen["job"].tolist()
    off = math.atan2(sine, cosine)
    speed = clip(0.8 * ahead, -0.1, 0.1) if abs(off) < 2 * pace.square and abs(ahead) > pace.trim / 2 else 0.0
    return [share(speed), _turn(off, seen, pace)]


def stands(seen: Seen, pace: Pace) -> bool:
    """Says whether it stands as it has to, not too near nor too far; whether beside it, is not asked any more."""
    _, ahead, _, sine, cosine = seen["job"].tolist()
    square = abs(math.atan2(sine, cosine)) < pace.square
    return square and abs(ahead) < pace.trim and abs(float(seen["state"][SPEED])) < _RESTING


def free_ahead(seen: Seen) -> float:
    """Gives how far it may go straight on before it meets something, m."""
    return ahead_free(met(nearest_of(seen["lidar"]))) if "lidar" in seen else math.inf


def free_behind(seen: Seen) -> float:
    """Gives how far it may go straight back before it meets something, m."""
    return ahead_free(-met(nearest_of(seen["lidar"]))) if "lidar" in seen else math.inf


def share(speed: float) -> float:
    """Gives a speed (m/s) as a share of the fastest, forward or back; at most all of it."""
    return clip(speed / (FORWARD if speed > 0 else BACKWARD), -1.0, 1.0)


def _speed(away: float, speed: float, pace: Pace) -> float:
    """Gives how fast it goes so far from there, m/s."""
    if pace.slowing is None:
        return min(pace.creep, _SLOWEST + 0.8 * away)
    left = max(away - speed * _LAG, 0.0)
    return min(pace.creep, _SLOWEST + math.sqrt(2 * pace.slowing * left))


def _turn(off: float, seen: Seen, pace: Pace) -> float:
    """Gives the share of the yaw rate with which it turns by so much, rad."""
    if pace.twist is None:
        return clip(1.8 * off / YAW_RATE, -0.6, 0.6)
    left = off - float(seen["state"][RATE]) * _LAG
    return clip(math.copysign(min(math.sqrt(2 * pace.twist * abs(left)), 4.5 * abs(left)), left) / YAW_RATE, -1.0, 1.0)
