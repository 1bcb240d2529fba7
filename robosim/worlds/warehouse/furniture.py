"""What the things of a warehouse look like, and what of them one bumps into.

What stands on the floor is one shape and what is above `GUARD` another, so that lidars leave the upper one out early.
"""

from functools import cache

import numpy as np

from robosim.math import Vec3
from robosim.shapes import Box, Triangles, Visual
from robosim.worlds.warehouse import paint
from robosim.worlds.warehouse.layout import BAY, CHAIN_WIDTH, DEPTH, DOUBLE_DEPTH, PALLET, PILLAR, POST, Area
from robosim.worlds.warehouse.sheet import AROUND, Sheet, Surface
from robosim.worlds.warehouse.signs import DOOR_SIGNS, RACK_SIGNS, signs

HEIGHT = 6.0  # m, of the hall
RACK_HEIGHT = 2.4  # m
GUARD = 0.45  # m, of a rack's posts above the floor
SHELVES, BEAM = (1.1, 2.15), 0.12  # m: middles of the beams, and how high a beam is
PANEL = 8.0  # m, length of a piece of wall
_ENDLESS = 90.0  # m: from its first panel on, a wall of any hall
_PAINT = 0.004  # m above the floor
_LINE, _LINE_AWAY = 0.08, 0.1  # m: how wide a line on the floor is, and how far from the rack
_SIGHT = 0.2  # m, height at which lidars look

Thing = tuple[list[Visual], list[Visual]]
"""What is seen, and what is felt."""


@cache
def sheet() -> Sheet:
    """Gives the pictures from which all is painted."""
    return Sheet(paint.goods(np.random.default_rng(3)) | signs())


def rack(bays: int, double: bool, rng: np.random.Generator) -> Thing:
    """Builds a run of bays, filled at random."""
    length, depth = bays * BAY + POST, DOUBLE_DEPTH if double else DEPTH
    low, high = Surface(sheet()), Surface(sheet())
    aside = (DOUBLE_DEPTH - DEPTH) / 2 if double else 0.0
    for side in (-aside, aside) if double else (0.0,):
        outside = ("-y",) if side < 0 else ("+y",) if side > 0 else ("-y", "+y")
        for number in range(bays + 1):
            _frame(low, high, number * BAY - length / 2 + POST / 2, side, at_end=number in (0, bays))
        for number in range(bays):
            _bay(low, high, (number + 0.5) * BAY - length / 2 + POST / 2, side, outside, rng)
    plate = f"rack {rng.integers(RACK_SIGNS)}"
    for way in (-1.0, 1.0):
        _upright(high, (way * (length / 2 + 0.01), 0.0, 1.75), (0.0, way), (0.62, 0.31), plate)
        low.floor((length, _LINE), (0.0, way * (depth / 2 + _LINE_AWAY)), "yellow", _PAINT)
    return [low.visual(), high.visual()], [_block((length, depth, RACK_HEIGHT))]


def _frame(low: Surface, high: Surface, x: float, y: float, *, at_end: bool) -> None:
    """Two posts, guarded where vehicles turn, and braces between them."""
    for post in (y - DEPTH / 2 + 0.05, y + DEPTH / 2 - 0.05):
        low.box((POST, 0.1, GUARD), (x, post, GUARD / 2), "hazard post" if at_end else "blue", AROUND)
        high.box((0.9 * POST, 0.08, RACK_HEIGHT - GUARD), (x, post, (RACK_HEIGHT + GUARD) / 2), "blue")
    if at_end:
        inner = DEPTH / 2 - 0.09
        for bottom in (0.5, 1.4):
            top = bottom + 0.8
            for one, other in ((y - inner, y + inner), (y + inner, y - inner)):
                corners = [(x, one, bottom), (x, other, top), (x, other, top + 0.06), (x, one, bottom + 0.06)]
                high.rectangle(corners, "steel")


def _bay(low: Surface, high: Surface, x: float, y: float, outside: tuple[str, ...], rng: np.random.Generator) -> None:
    """Two loads on the floor, and two shelves with two places each, some of them empty."""
    sides = (*(side for side in AROUND if side[1] == "x"), *outside)
    for slot in (-0.67, 0.67):  # close together: a lidar is to see what one would bump into
        load(low, (1.3, 1.06), (x + slot, y, 0.0), float(rng.uniform(0.5, 0.8)), rng, sides)
    for height in SHELVES:
        for front in (-1.0, 1.0):
            if f"{'+' if front > 0 else '-'}y" in outside:
                high.box((BAY - POST, 0.05, BEAM), (x, y + front * (DEPTH / 2 - 0.035), height), "orange",
                         ("-y", "+y", "+z", "-z"))  # fmt: skip
        z, a, b = height + BEAM / 2, (BAY - POST) / 2, DEPTH / 2 - 0.06
        high.rectangle([(x - a, y - b, z), (x + a, y - b, z), (x + a, y + b, z), (x - a, y + b, z)], "mesh")
        high.rectangle([(x - a, y + b, z), (x + a, y + b, z), (x + a, y - b, z), (x - a, y - b, z)], "mesh")
        for slot in (-0.67, 0.67):
            chance = rng.random()
            if chance < 0.6:
                load(high, (1.2, 1.0), (x + slot, y, z), float(rng.uniform(0.45, 0.75)), rng, sides)
            elif chance < 0.85:
                _cartons(high, (x + slot, y, z), rng)


def load(
    surface: Surface, size: tuple[float, float], at: Vec3, height: float, rng: np.random.Generator,
    sides: tuple[str, ...] = AROUND,
) -> None:  # fmt: skip
    """Adds a pallet with goods on it."""
    x, y, z = at
    length, width = size
    surface.box((length, width, 0.14), (x, y, z + 0.07), "pallet", sides)
    kind = _GOODS[rng.integers(len(_GOODS))]
    top = "film top" if kind.startswith("wrap") else "steel" if kind.startswith("totes") else "carton top"
    goods = (length - 0.06, width - 0.06, height)
    surface.box(goods, (x, y, z + 0.14 + height / 2), kind, (*sides, "+z"), "white" if kind == "sacks" else top)


_GOODS = (
    "stack 0", "stack 1", "stack 2", "stack 3", "wrap 0", "wrap 0", "wrap 1", "wrap 2", "totes 0", "totes 1", "sacks",
)  # fmt: skip


def _cartons(surface: Surface, at: Vec3, rng: np.random.Generator) -> None:
    """Two cartons side by side."""
    x, y, z = at
    for aside in (-0.3, 0.3):
        length, width, height = rng.uniform((0.35, 0.4, 0.25), (0.52, 0.8, 0.55)).tolist()
        picture = f"carton {rng.integers(4)}"
        surface.box((length, width, height), (x + aside, y, z + height / 2), picture, top="carton top")


def pallet(rng: np.random.Generator) -> Thing:
    """Builds a loaded pallet that stands on the floor."""
    height = float(rng.uniform(0.5, 1.0))
    seen = Surface(sheet())
    load(seen, PALLET, (0.0, 0.0, 0.0), height, rng)
    return [seen.visual()], [_block((*PALLET, height + 0.14))]


def carton(side: float, rng: np.random.Generator) -> Thing:
    """Builds a carton, or two on top of one another."""
    seen, height = Surface(sheet()), 0.0
    for number in range(int(rng.integers(1, 3))):
        size, tall = side - 0.08 * number, float(rng.uniform(0.35, 0.5))
        seen.box((size, size, tall), (0.0, 0.0, height + tall / 2), f"carton {rng.integers(4)}", top="carton top")
        height += tall
    return [seen.visual()], [_block((side, side, height))]


def pillar() -> Thing:
    """Builds a column with a guard around its foot."""
    low, high, guard = Surface(sheet()), Surface(sheet()), 1.0
    low.box((PILLAR, PILLAR, guard), (0.0, 0.0, guard / 2), "hazard")
    high.box((0.7 * PILLAR, 0.7 * PILLAR, HEIGHT - guard), (0.0, 0.0, (HEIGHT + guard) / 2), "concrete", AROUND)
    return [low.visual(), high.visual()], [_block((PILLAR, PILLAR, HEIGHT))]


def barrier(length: float) -> Thing:
    """Builds two posts with chains between them and a sign.

    The upper chain hangs where eyes look. The lower one is all that crosses a lidar's plane between the posts: links
    as thick as a thumb, a hand's breadth apart, which beams meet only from near by.
    """
    low, high = Surface(sheet()), Surface(sheet())
    for x in (-length / 2 + 0.03, length / 2 - 0.03):
        low.box((0.2, 0.2, 0.03), (x, 0.0, 0.015), "black")
        low.box((CHAIN_WIDTH, CHAIN_WIDTH, 0.5), (x, 0.0, 0.25), "red", AROUND)
        high.box((CHAIN_WIDTH, CHAIN_WIDTH, 0.5), (x, 0.0, 0.75), "white")
    links = round(length / 0.2)
    for number in range(1, links):
        x = (number / links - 0.5) * length
        low.box((0.025, 0.02, 0.1), (x, 0.0, _SIGHT), "red" if number % 2 else "white", (*AROUND, "+z"))
    for number in range(1, 2 * links):
        x = (number / (2 * links) - 0.5) * length
        sag = 0.88 - 0.2 * (1 - (2 * x / length) ** 2)
        high.box((0.07, 0.02, 0.035), (x, 0.0, sag), "red" if number % 2 else "white", (*AROUND, "+z"))
    for way in (-1.0, 1.0):
        _upright(high, (0.0, way * 0.02, 0.72), (-way, 0.0), (0.52, 0.39), "closed")
    return [low.visual(), high.visual()], [_block((length, CHAIN_WIDTH, 1.0))]


def area(area: Area) -> Thing:
    """Paints an area."""
    seen = Surface(sheet())
    seen.floor(area.size, (0.0, 0.0), f"area {area.letter}" if area.letter else "dock", _PAINT)
    return [seen.visual()], []


def door(number: int) -> Thing:
    """Builds a dock door in its frame with its number above; x points into the hall."""
    seen = Surface(sheet())
    _upright(seen, (0.03, 0.0, 1.5), (0.0, 1.0), (2.6, 3.0), "door")
    _upright(seen, (0.05, 0.0, 3.45), (0.0, 1.0), (0.6, 0.6), f"door {number % DOOR_SIGNS}")
    for y in (-1.4, 1.4):
        seen.box((0.08, 0.2, 3.1), (0.04, y, 1.55), "hazard jamb", ("+x",))
    seen.box((0.08, 3.0, 0.15), (0.04, 0.0, 3.1), "rubber", ("+x",))
    return [seen.visual()], []


def wall(*, solid: bool) -> Thing:
    """Builds `PANEL` metres of wall along x, seen from where y grows; if solid, one bumps into all of it and more."""
    a = PANEL / 2
    corners = np.array([(a, 0.0, 0.0), (-a, 0.0, 0.0), (-a, 0.0, HEIGHT), (a, 0.0, HEIGHT)])
    uvs = np.array([(0.0, 0.0), (a, 0.0), (a, 1.0), (0.0, 1.0)])
    seen = Visual(Triangles(corners, _SQUARE, uvs), texture=_wall())
    return [seen], [_block((_ENDLESS, 0.2, HEIGHT), y=-0.1)] if solid else []


def roof(size: float) -> Thing:
    """Builds the roof, which is seen only from below."""
    a, turns = size / 2, size / 8.0
    corners = np.array([(-a, a, HEIGHT), (a, a, HEIGHT), (a, -a, HEIGHT), (-a, -a, HEIGHT)])
    uvs = np.array([(0.0, turns), (turns, turns), (turns, 0.0), (0.0, 0.0)])
    return [Visual(Triangles(corners, _SQUARE, uvs), texture=_roof())], []


_SQUARE = np.array([[0, 1, 2], [0, 2, 3]], np.int32)
_wall, _roof = cache(paint.wall), cache(paint.ceiling)


def _upright(
    surface: Surface, middle: Vec3, right: tuple[float, float], size: tuple[float, float], picture: str
) -> None:
    """Adds a rectangle that stands upright; ``right`` is where its right is for whoever reads it."""
    x, y, z = middle
    a, b = right[0] * size[0] / 2, right[1] * size[0] / 2
    h = size[1] / 2
    surface.rectangle([(x - a, y - b, z - h), (x + a, y + b, z - h), (x + a, y + b, z + h), (x - a, y - b, z + h)],
                      picture)  # fmt: skip


def _block(size: Vec3, y: float = 0.0) -> Visual:
    """Gives a box that stands on the floor."""
    return Visual(Box(size), position=(0.0, y, size[2] / 2))
