"""Draws an area with packages in it, a robot beside it and what it holds, from (rng, level) alone."""

import math

import numpy as np

from robosim.math import Vec3
from robosim.robots.courier import DECK, SIZE
from robosim.robots.mast import COLUMN, REACH
from robosim.robots.suction import SEAL
from robosim.task import at_level
from robosim.worlds.store import goods
from robosim.worlds.store.footprints import extent, inside, overlap
from robosim.worlds.store.layout import AreaLayout, Parcel
from robosim.worlds.store.packages import POOL, Model
from robosim.worlds.warehouse.clutter import PAD
from robosim.worlds.warehouse.layout import Area, Footprint

# At level 0 and at level 9; between them linear
OTHERS = ((0.0, 1.0), (2.0, 4.0))  # packages that lie there already; its whole part is taken
BEARING = (0.08, 0.20)  # rad, how far aside the free place may be, seen from the mast
SKEW = (0.05, 0.6)  # rad, how far the area's sides may be turned against the robot's
MARGIN = (0.12, 0.03)  # m from the free place to the area's edge, at least
ROOM = (0.15, 0.05)  # m from the free place to what lies there, at least
TURN = (
    0.2,
    math.pi,
)  # rad, how far from ahead the turret may be at first; more than half a right angle is over the deck
OFF_CENTRE = (0.0, 0.6)  # share of the way from the front's middle to where a cup still seals
AWAY = (0.32, 0.74)  # m, from the mast's axis to the front of what stands in the free place
DRAWN_IN = (REACH[0], REACH[0] + 0.1)  # m, of the arm at first
HIGHER = 0.4  # m, at most, that it is carried above what is needed
CORRIDOR = 0.11  # m, half the width that is free between the mast and the free place: cup and arm come down there
LOW = 0.085  # m, where a cup holds at least, above the package's lower side
_ABOVE = 0.14  # m, of what is carried above all that it may pass: it nods
_NEAR = (0.35, 1.7)  # m ahead of the mast's axis, where packages lie that may be in the way
_APART = 0.03  # m, between packages
_HAIR = 0.0005  # m, above the floor
_TRIES = 30


def draw_area(rng: np.random.Generator, level: int) -> AreaLayout:
    """Draws an area before a robot; there is a free place in it, within the arm's reach.

    Args:
        rng: The episode's stream for worlds.
        level: 0 to 9: what lies in the area already, how close to its edge the free place is, how the robot stands to
            it, how it holds the package, what that weighs.
    """
    numbers = goods.shuffled(level, rng)
    held = _draw_held(numbers.pop(0), level, rng)
    area = _draw_pad(held, level, rng)
    parcels = _draw_others(held, area, numbers, level, rng)
    grip = _draw_grip(held.model, level, rng)
    turn = at_level(TURN, level)
    needed = max(DECK, *(parcel.model.size[2] for parcel in parcels), 0.0) + _ABOVE
    lift = needed + held.model.size[2] / 2 + grip[1] + float(rng.uniform(0, HIGHER))
    arm: Vec3 = float(rng.uniform(-turn, turn)), lift, float(rng.uniform(*DRAWN_IN))
    return AreaLayout(level, area, parcels, held, arm, grip)


def _draw_held(number: int, level: int, rng: np.random.Generator) -> Parcel:
    """Draws the package where it can be put down."""
    model, most = POOL[number], at_level(BEARING, level)
    bearing, away = float(rng.uniform(-most, most)), float(rng.uniform(*AWAY)) + model.size[0] / 2
    return Parcel(
        number,
        COLUMN + away * math.cos(bearing),
        away * math.sin(bearing),
        model.size[2] / 2 + _HAIR,
        math.remainder(bearing + math.pi, 2 * math.pi),
        goods.draw_mass(model, level, rng),
        goods.draw_friction(rng),
    )


def _draw_pad(held: Parcel, level: int, rng: np.random.Generator) -> Area:
    """Draws the area around a place for the package, which is in its nearer half."""
    most, margin = at_level(SKEW, level), at_level(MARGIN, level)
    skew = float(rng.uniform(-most, most))
    half_x, half_y = extent(held.footprint, skew)
    room_x, room_y = PAD[0] / 2 - half_x - margin, PAD[1] / 2 - half_y - margin
    along, across = float(rng.uniform(-room_x, 0.0)), float(rng.uniform(-room_y, room_y))
    x = held.x - math.cos(skew) * along + math.sin(skew) * across
    y = held.y - math.sin(skew) * along - math.cos(skew) * across
    # Turned by quarters it is the same but for its letter, which is read from any side.
    yaw = math.remainder(skew + math.pi / 2 * int(rng.integers(4)), 2 * math.pi)
    return Area(x, y, yaw, PAD, "drop-off", held.model.letter)


def _draw_others(
    held: Parcel, area: Area, numbers: list[int], level: int, rng: np.random.Generator
) -> tuple[Parcel, ...]:
    room = at_level(ROOM, level)
    depth, width, _ = held.model.size
    spot = held.x, held.y, depth / 2 + room, width / 2 + room, held.yaw
    taken = [spot, _corridor(held), (0.0, 0.0, SIZE[0] / 2 + _APART, SIZE[1] / 2 + _APART, 0.0)]
    others = list[Parcel]()
    for number in numbers[: int(goods.between(OTHERS, level, rng))]:
        for _ in range(_TRIES):
            parcel = _draw_other(number, level, rng)
            print_ = parcel.footprint
            if inside(print_, area) and not any(overlap(print_, other) for other in taken):
                others.append(parcel)
                x, y, a, b, yaw = print_
                taken.append((x, y, a + _APART, b + _APART, yaw))
                break
    return tuple(others)


def _draw_other(number: int, level: int, rng: np.random.Generator) -> Parcel:
    model = POOL[number]
    away, bearing = float(rng.uniform(*_NEAR)), float(rng.uniform(-0.6, 0.6))
    x, y = COLUMN + away * math.cos(bearing), away * math.sin(bearing)
    yaw, z = float(rng.uniform(-math.pi, math.pi)), model.size[2] / 2 + _HAIR
    return Parcel(number, x, y, z, yaw, goods.draw_mass(model, level, rng), goods.draw_friction(rng))


def _corridor(held: Parcel) -> Footprint:
    """Gives the strip between the mast and the package, into which the arm comes down."""
    x, y, _ = held.face
    away = math.hypot(x - COLUMN, y)
    return (x + COLUMN) / 2, y / 2, away / 2, CORRIDOR, held.yaw


def _draw_grip(model: Model, level: int, rng: np.random.Generator) -> tuple[float, float]:
    most = at_level(OFF_CENTRE, level)
    left, up = (most * max(length / 2 - SEAL - 0.012, 0.0) for length in model.size[1:])
    aside, height = float(rng.uniform(-left, left)), float(rng.uniform(-up, up))
    return aside, max(height, LOW - model.size[2] / 2)
