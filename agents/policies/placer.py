"""The rival for WarehousePlace: chooses a free place in the area by a grid, carries the package over it, lets it down.

It keeps the place that it has chosen, in the mast's frame, where turret and reach are polar coordinates: the inverse
kinematics of `robosim.robots.mast`. All else of a step follows from where arm and package are, and how fast.
"""

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from robosim.agents.policies.policy import Observation, State
from robosim.math import clip
from robosim.robots.courier import DECK
from robosim.robots.mast import COLUMN, RATES, REACH, SLEWS, TURN_LOW

# Where things are in robosim/WarehousePlace's observation; its docstring has them all.
TURRET, REACHED, SPEEDS, HELD, LOAD = 0, 2, slice(3, 6), 7, 10
LIFT_SPEED, LIFT_TOLD = 4, 12
SAG, PACKAGE, TURNED, SIZE, LOWEST = 8, slice(15, 18), slice(18, 20), slice(21, 24), 24
AREA, AREA_TURN, OTHERS = slice(25, 27), slice(27, 29), slice(29, 53)
_ROW = 8  # numbers of one of the others
HALF_AREA = 0.8  # m

# The places that it tries, as the arm reaches them: bearings (rad) and reaches (m)
BEARINGS = np.linspace(-0.22, 0.22, 9)
REACHES = np.linspace(REACH[0] + 0.03, REACH[1] - 0.02, 13)
ENOUGH = 0.10  # m of room around the package; more is no better
FITS = 0.05  # m of room with which an eager one is content
BETTER = 0.04  # m of room by which another place must be better than the one chosen before
ARM = 0.10  # m, half of what cup and arm need beside them
ROBOT = 0.28 - COLUMN + 0.04  # m ahead of the mast, where the chassis ends
NEARER = 0.03  # m of room that a radian or a metre less of way is worth
OVER = 0.05  # m of room below what is carried
ALIGNED = (0.03, 0.02)  # rad and m, near enough to let it down
SLOWLY, QUICKLY, BRAKING = 0.10, 0.40, 2.5  # m/s and 1/s: how fast it comes down, near the floor and at most
STANDS = -0.004  # rad; it stands once the cup is pressed past it and nods up, which is surer than any look at it
STALLED = 0.01  # m/s; told to go down, the lift is slower only if it cannot
_BACK = -0.6  # share of the arm's rate at which the cup is drawn away
_BRAKES = 0.5  # share of a joint's slew that braking reckons with
_SETTLE = 0.3  # s, over which the last bit of a way is gone
_LAG = 0.1  # s from a command to what comes of it
EMPTY = 95.0  # N that the lift bears by itself, with some margin; less says that it has not been felt yet
_HEAVY = (20.0, 110.0)  # N of load: from where on it is moved more gently, and where most gently
_GENTLY = 0.35  # share of the slews with which what is heaviest is set in motion
_DT = 0.1  # s


class _Joints(NamedTuple):
    turret: float
    reach: float


AHEAD = _Joints(0.0, 0.5)  # rad and m, where it puts down what it does not see


class Placer:
    """Chooses actions as `Policy` says. Its state is the place chosen: bearing (rad) and reach (m), shape (n, 2).

    Where it is told no poses, because cameras see instead, it goes by feel and puts the package down straight ahead.

    Args:
        eager: Choose nothing: let it down as soon as there is room below. What it does follows from what it sees alone,
            so that a network without memory can learn it.
    """

    def __init__(self, *, eager: bool = False) -> None:
        """Makes either kind; see the class."""
        self._eager = eager

    def predict(
        self,
        observation: Observation,
        state: State = None,
        episode_start: NDArray[np.bool_] | None = None,
        deterministic: bool = False,
    ) -> tuple[NDArray[np.float32], State]:
        """Chooses an action; see `Policy.predict`."""
        told = observation["state"] if isinstance(observation, dict) else observation
        rows = np.atleast_2d(told).astype(np.float64)
        chosen = np.full((len(rows), 2), np.nan) if state is None else state[0].copy()
        if episode_start is not None:
            chosen[np.reshape(episode_start, -1)] = np.nan
        actions = np.zeros((len(rows), 4), np.float32)
        for number, seen in enumerate(rows):
            if seen[HELD] and isinstance(observation, dict):
                actions[number] = feel(seen)
            elif seen[HELD] and self._eager:
                here = _Joints(float(seen[TURRET]), float(seen[REACHED]))
                actions[number] = act(seen, here if fits(seen) else choose(seen))
            elif seen[HELD]:
                before = None if np.isnan(chosen[number, 0]) else _Joints(*chosen[number].tolist())
                chosen[number] = goal = choose(seen, before)
                actions[number] = act(seen, goal)
            else:
                actions[number] = 0.0, 0.0, _BACK, -1.0
        return actions.reshape(*told.shape[:-1], 4), (chosen,)


def act(seen: NDArray[np.float64], goal: _Joints) -> tuple[float, float, float, float]:
    """Gives the action that brings what is held to a place, and lets it down and go there."""
    low = float(seen[LOWEST])
    if low < OVER / 2 and stands(seen):
        return 0.0, 0.0, 0.0, -1.0
    off = goal.turret - float(seen[TURRET]), goal.reach - float(seen[REACHED])
    down = low < OVER / 2  # no more steering: it may touch already
    turret, reach = (0.0 if down else towards(seen, way, joint) for way, joint in zip(off, (0, 2), strict=True))
    if down or all(abs(way) <= near for way, near in zip(off, ALIGNED, strict=True)):
        speed = min(SLOWLY + BRAKING * max(low - 0.02, 0.0), QUICKLY)
        return turret, ramped(seen, -speed, 1) if not down else -speed / RATES[1], reach, 1.0
    return turret, _carry(seen), reach, 1.0


def feel(seen: NDArray[np.float64]) -> tuple[float, float, float, float]:
    """Gives the action that puts down what is held, wherever that is, by joints and cup alone."""
    off = AHEAD.turret - float(seen[TURRET]), AHEAD.reach - float(seen[REACHED])
    turret, reach = (towards(seen, way, joint) for way, joint in zip(off, (0, 2), strict=True))
    if any(abs(way) > near for way, near in zip(off, ALIGNED, strict=True)):
        return turret, 0.0, reach, 1.0
    if stands(seen):
        return 0.0, 0.0, 0.0, -1.0
    return 0.0, ramped(seen, -SLOWLY, 1), 0.0, 1.0


def stands(seen: NDArray[np.float64]) -> bool:
    """Says whether what is held stands: the cup nods up, or the lift gets no lower."""
    stuck = seen[LIFT_TOLD] < -0.1 and seen[LIFT_SPEED] > -STALLED
    return bool(seen[SAG] < STANDS or stuck)


def _carry(seen: NDArray[np.float64]) -> float:
    """Gives the lift's rate that keeps the package above what it may pass."""
    tallest = float(max(seen[OTHERS].reshape(-1, _ROW)[:, 7]))
    over_deck = abs(seen[TURRET]) > TURN_LOW
    needed = max(tallest, DECK if over_deck else 0.05) + OVER
    return towards(seen, needed - float(seen[LOWEST]), 1)


def towards(seen: NDArray[np.float64], way: float, joint: int) -> float:
    """Gives the share of a joint's rate at which it still stops in time, gently where the load is heavy.

    Args:
        seen: The observation.
        way: rad or m that is left.
        joint: 0 turret, 1 lift, 2 arm.
    """
    way -= float(seen[SPEEDS][joint]) * _LAG
    speed = min(math.sqrt(2 * _BRAKES * gentleness(seen) * SLEWS[joint] * abs(way)), abs(way) / _SETTLE)
    return ramped(seen, math.copysign(speed, way), joint)


def ramped(seen: NDArray[np.float64], speed: float, joint: int) -> float:
    """Gives the share of a joint's rate that leads to a speed without a jerk."""
    stride = gentleness(seen) * SLEWS[joint] * _DT
    now = float(seen[SPEEDS][joint])
    return clip(clip(speed, now - stride, now + stride) / RATES[joint], -1.0, 1.0)


def gentleness(seen: NDArray[np.float64]) -> float:
    """Gives the share of the slews that a load bears; one that is not felt yet may be heavy."""
    load = float(seen[LOAD]) - EMPTY
    share = 1.0 if load < -_HEAVY[0] else (load - _HEAVY[0]) / (_HEAVY[1] - _HEAVY[0])
    return 1 - (1 - _GENTLY) * clip(share, 0.0, 1.0)


def choose(seen: NDArray[np.float64], before: _Joints | None = None) -> _Joints:
    """Gives where turret and arm go so that the package is above the freest place of the area that is near.

    Args:
        seen: The observation.
        before: The place that was chosen before; another must be better by `BETTER`.
    """
    bearing, out = (part.ravel() for part in np.meshgrid(BEARINGS, REACHES, indexing="ij"))
    room = rooms(seen, bearing, out)
    worth = np.minimum(room, ENOUGH) - NEARER * (np.abs(bearing - seen[TURRET]) + np.abs(out - seen[REACHED]))
    best = int(np.argmax(worth))
    if before is not None:
        same = int(np.argmin(np.abs(bearing - before.turret) + np.abs(out - before.reach)))
        best = same if room[same] > 0 and worth[best] < worth[same] + BETTER else best
    return _Joints(float(bearing[best]), float(out[best]))


def fits(seen: NDArray[np.float64]) -> bool:
    """Says whether the package may be let down where it is."""
    turret = float(seen[TURRET])
    if abs(turret) > BEARINGS[-1]:
        return False
    here = rooms(seen, np.array([turret]), np.array([float(seen[REACHED])]))
    return bool(here[0] > FITS)


def rooms(seen: NDArray[np.float64], bearing: NDArray[np.float64], out: NDArray[np.float64]) -> NDArray[np.float64]:
    """Gives how much room is around the package in the area for turrets (rad) and reaches (m), m; shapes (n,)."""
    turret, reach = seen[TURRET], seen[REACHED]
    x, y, _ = seen[PACKAGE]
    turned = math.atan2(*seen[TURNED])
    # The package goes with the cup. All in the mast's frame: its axis is the origin, x ahead.
    cos, sin = np.cos(bearing), np.sin(bearing)
    middles = np.stack([cos * (out + x) - sin * y, sin * (out + x) + cos * y], -1)
    half = seen[SIZE][:2] / 2
    corners = _corners(middles, bearing + turned, half)
    area = _to_mast(seen[AREA], turret, reach)
    room = _room_inside(corners, area, turret + math.atan2(*seen[AREA_TURN]) / 4)
    room = np.minimum(room, corners[..., 0].min(-1) - ROBOT)
    tips = np.stack([cos * out, sin * out], -1)
    for other in seen[OTHERS].reshape(-1, _ROW):
        if other[7] > 0:
            place = _to_mast(other[:2], turret, reach)
            yaw = turret + math.atan2(other[3], other[4])
            room = np.minimum(room, _gaps(middles, bearing + turned, half, place, yaw, other[5:7] / 2))
            arms = tips / 2, bearing, np.stack([out / 2, np.full_like(out, ARM)], -1)
            beside = _gaps(*arms, place, yaw, other[5:7] / 2)
            room = np.where(beside > 0, room, np.minimum(room, beside - 0.05))
    return np.asarray(room)


def _to_mast(point: NDArray[np.float64], turret: float, reach: float) -> NDArray[np.float64]:
    """Takes a point of the tool frame to the mast's."""
    cos, sin = math.cos(turret), math.sin(turret)
    x, y = reach + point[0], point[1]
    return np.array((cos * x - sin * y, sin * x + cos * y))


def _corners(middles: NDArray[np.float64], yaw: NDArray[np.float64], half: NDArray[np.float64]) -> NDArray[np.float64]:
    """Gives the corners of rectangles, shape (n, 4, 2); ``half`` has shape (2,) or (n, 2)."""
    signs = np.array([(1, 1), (-1, 1), (-1, -1), (1, -1)])
    local = signs * np.broadcast_to(half, middles.shape)[:, None]
    cos, sin = np.cos(yaw)[:, None], np.sin(yaw)[:, None]
    turned = np.stack([cos * local[..., 0] - sin * local[..., 1], sin * local[..., 0] + cos * local[..., 1]], -1)
    return np.asarray(middles[:, None] + turned)


def _room_inside(corners: NDArray[np.float64], area: NDArray[np.float64], yaw: float) -> NDArray[np.float64]:
    """Gives how far rectangles are inside the area, m; negative where a corner is outside."""
    cos, sin = math.cos(yaw), math.sin(yaw)
    away = corners - area
    along, across = cos * away[..., 0] + sin * away[..., 1], cos * away[..., 1] - sin * away[..., 0]
    farthest = np.maximum(np.abs(along), np.abs(across)).max(-1)
    return np.asarray(HALF_AREA - farthest)


def _gaps(
    middles: NDArray[np.float64],
    yaws: NDArray[np.float64],
    halves: NDArray[np.float64],
    place: NDArray[np.float64],
    yaw: float,
    half: NDArray[np.float64],
) -> NDArray[np.float64]:
    """Gives how far rectangles are apart from one, m, along the side that parts them best; negative: they overlap."""
    halves = np.broadcast_to(halves, middles.shape)
    away, turn = middles - place, yaws - yaw
    cos, sin = np.abs(np.cos(turn)), np.abs(np.sin(turn))
    gaps = []
    for axis_of, own, other in ((np.full_like(yaws, yaw), half, halves), (yaws, halves, half)):
        c, s = np.cos(axis_of), np.sin(axis_of)
        along = np.abs(c * away[:, 0] + s * away[:, 1]) - own[..., 0] - cos * other[..., 0] - sin * other[..., 1]
        across = np.abs(c * away[:, 1] - s * away[:, 0]) - own[..., 1] - sin * other[..., 0] - cos * other[..., 1]
        gaps += [along, across]
    return np.asarray(np.max(gaps, axis=0))
