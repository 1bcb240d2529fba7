"""Docking, the last bit of a way: to stand where the arm's work is done. What every manner has, and the rival's."""

import math
from collections.abc import Mapping
from typing import NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from robosim.agents.policies.dwa import SPEED, ahead_free
from robosim.agents.policies.nearby import points_seen
from robosim.math import clip
from robosim.robots.courier import BACKWARD, FORWARD, YAW_RATE

Seen = Mapping[str, NDArray[np.float32]]
"""An observation of robosim/WarehouseDeliver."""

CLOSER = 0.10  # m, to whatever is in the way: nearer than that it waits
CREEP = 0.30  # m/s, at most, on the last bit
_SLOWEST = 0.04  # m/s
_AT, _OFF = 0.02, 0.09  # m; it has come there within the one, and no longer is beyond the other
_SQUARE = 0.03  # rad, off the heading in which it has to stand
_TRIM = 0.02  # m, too near or too far
_RESTING = 0.02  # m/s


class Spot(NamedTuple):
    """Where the robot has to stand.

    Attributes:
        ahead: m, in its own heading.
        left: m, the same.
        off: rad, the heading in which it has to stand, against its own.
    """

    ahead: float
    left: float
    off: float

    @property
    def away(self) -> float:
        """How far it is, m."""
        return math.hypot(self.ahead, self.left)


class Docking(Protocol):
    """A manner of docking. Commands are shares of speed and yaw rate, as `robosim.robots.courier.Courier` has them."""

    stowed: float
    """rad, the turret's, in which an empty arm is carried."""
    over: float
    """rad, the same: from there on what it carries is far enough over the deck for driving on."""
    hurries: bool
    """Whether an empty arm moves as fast as it may."""
    patience: float
    """s for which an arm that is drawn in may hold a package that is still in its rack; then it backs off."""

    def comes(self, seen: Seen) -> bool:
        """Says whether it has come there, and is to stand as it has to."""

    def strays(self, seen: Seen) -> bool:
        """Says whether it is there no longer, having come there before."""

    def stands(self, seen: Seen) -> bool:
        """Says whether it stands as it has to."""

    def approach(self, seen: Seen) -> list[float]:
        """Gives the command that brings it there."""

    def align(self, seen: Seen) -> list[float]:
        """Gives the command that turns it as it has to stand."""

    def brings(self, seen: Seen, *, has_come: bool) -> bool:
        """Says whether what it carries is to be brought ahead by now."""

    def leave(self, seen: Seen, *, backing: bool, swung: bool) -> list[float]:
        """Gives the command while an arm is brought over the deck.

        Args:
            seen: What the robot sees.
            backing: Whether it has not backed off far enough yet.
            swung: Whether the arm holds nothing, or has swung so far that nothing is ahead any more.
        """


class Patient:
    """The rival's: goes straight to the spot, turns as it has to stand, and then trims the distance; see `Docking`."""

    stowed, over, hurries, patience = math.pi, math.pi - 0.06, False, math.inf

    def comes(self, seen: Seen) -> bool:
        """See `Docking`."""
        return spot(seen).away < _AT

    def strays(self, seen: Seen) -> bool:
        """See `Docking`."""
        return spot(seen).away > _OFF

    def stands(self, seen: Seen) -> bool:
        """See `Docking`; whether beside the spot, is not asked any more."""
        ahead, _, off = spot(seen)
        return abs(off) < _SQUARE and abs(ahead) < _TRIM and abs(float(seen["state"][SPEED])) < _RESTING

    def approach(self, seen: Seen) -> list[float]:
        """See `Docking`: ahead or astern, whichever is less of a turn."""
        place = spot(seen)
        astern = place.ahead < 0
        bearing = bearing_of(place)
        speed = min(CREEP, _SLOWEST + 0.8 * place.away) * max(1 - abs(bearing) / 0.35, 0.0)
        free = free_behind(seen) if astern else free_ahead(seen)
        speed = speed if free > CLOSER else 0.0
        return [share(-speed if astern else speed), _turn(bearing)]

    def align(self, seen: Seen) -> list[float]:
        """See `Docking`."""
        ahead, _, off = spot(seen)
        speed = clip(0.8 * ahead, -0.1, 0.1) if abs(off) < 2 * _SQUARE and abs(ahead) > _TRIM / 2 else 0.0
        return [share(speed), _turn(off)]

    def brings(self, seen: Seen, *, has_come: bool) -> bool:
        """See `Docking`."""
        return has_come

    def leave(self, seen: Seen, *, backing: bool, swung: bool) -> list[float]:
        """See `Docking`."""
        return back_off(seen) if backing else [0.0, 0.0]


def spot(seen: Seen) -> Spot:
    """Reads where the robot has to stand next."""
    _, ahead, left, sine, cosine = seen["job"].tolist()
    return Spot(ahead, left, math.atan2(sine, cosine))


def bearing_of(place: Spot) -> float:
    """Gives the turn after which a spot lies straight ahead, or straight behind if it lies behind now, rad."""
    return math.atan2(-place.left, -place.ahead) if place.ahead < 0 else math.atan2(place.left, place.ahead)


def back_off(seen: Seen) -> list[float]:
    """Gives the command to go straight back where that is free."""
    return [share(-CREEP) if free_behind(seen) > CLOSER else 0.0, 0.0]


def free_ahead(seen: Seen) -> float:
    """Gives how far it may go straight on before it meets something, m."""
    return ahead_free(points_seen(seen))


def free_behind(seen: Seen) -> float:
    """Gives how far it may go straight back before it meets something, m."""
    return ahead_free(-points_seen(seen))


def share(speed: float) -> float:
    """Gives a speed (m/s) as a share of the fastest, forward or back; at most all of it."""
    return clip(speed / (FORWARD if speed > 0 else BACKWARD), -1.0, 1.0)


def _turn(off: float) -> float:
    return clip(1.8 * off / YAW_RATE, -0.6, 0.6)
