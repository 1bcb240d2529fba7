"""What stands about between walls and racks: pillars, pallets, cartons, closed aisles; and what is painted there."""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from robosim.worlds.warehouse.halls import Hall, Span
from robosim.worlds.warehouse.layout import (
    CARTON,
    CHAINS,
    PALLET,
    PILLAR,
    Area,
    Barrier,
    Door,
    Floats,
    Footprint,
    Load,
    Pillar,
)
from robosim.worlds.warehouse.network import Edge, Network, as_array, connected

STALE_FROM = 4  # the level from which on the map is stale
LETTERS = "ABCDEF"
MOST_PALLETS, MOST_BOXES, MOST_PILLARS, MOST_DOORS, MOST_PICK_UPS = 13, 10, 10, 4, 2
MOST_CHAINS = 4  # of each length
PAD, DOCK_PAD = (1.6, 1.6), (1.6, 2.4)  # m
_SLOT = 2.7  # m, from one area at a wall to the next
_CLEAR_ROAD = 0.6  # m, that a disc's middle on a road is away from what stands beside it
_PASSABLE = 2.8  # m, width of an aisle in which one gets past a pallet that stands along it
_SLACK = 0.06  # m, between things
_STAND_BACK = 0.55  # m, of a person's middle from the rack in front
_MOST_STOPS = 30
_PILLARED = 2.4  # m, width of a strip in which pillars stand

Bounds = tuple[float, float, float, float]
"""Least and greatest u, least and greatest v."""


@dataclass
class Clutter:
    """What `add_clutter` draws, in the hall's own frame; `robosim.worlds.warehouse.layout.Layout` has the meanings.

    Attributes:
        edges: Shape (m, 2), of the network, those that are open.
        solid: Bounds of all that stands on the floor.
        free: Bounds that stay free of it.
    """

    pillars: tuple[Pillar, ...] = ()
    pallets: tuple[Load, ...] = ()
    boxes: tuple[Load, ...] = ()
    gone: tuple[Load, ...] = ()
    barriers: tuple[Barrier, ...] = ()
    areas: tuple[Area, ...] = ()
    doors: tuple[Door, ...] = ()
    edges: NDArray[np.int64] = field(default_factory=lambda: np.zeros((0, 2), np.int64))
    places: Floats = field(default_factory=lambda: np.zeros((0, 3)))
    solid: list[Bounds] = field(default_factory=list)
    free: list[Bounds] = field(default_factory=list)


def add_clutter(rng: np.random.Generator, level: int, hall: Hall, network: Network) -> Clutter:
    """Draws all that is not a rack."""
    clutter = Clutter(solid=[bounds(rack.footprint) for rack in hall.racks])
    _paint_areas(rng, clutter, hall, network)
    _stand_pillars(rng, clutter, hall)
    closed = _close_aisles(rng, level, clutter, hall, network)
    _leave_loads(rng, level, clutter, hall, network)
    still = [edge for edge in network.aisles if edge not in closed]
    clutter.edges = as_array([*still, *network.strips])
    _find_places(rng, clutter, hall, still, network)
    return clutter


def bounds(footprint: Footprint, more: float = 0.0) -> Bounds:
    """Gives a box along u and v around a footprint, ``more`` metres larger all around."""
    u, v, a, b, yaw = footprint
    cos, sin = abs(math.cos(yaw)), abs(math.sin(yaw))
    wide, high = a * cos + b * sin + more, a * sin + b * cos + more
    return u - wide, u + wide, v - high, v + high


def overlaps(one: Bounds, others: Iterable[Bounds]) -> bool:
    """Says whether a box has a point in common with any of others."""
    a, b, c, d = one
    return any(a < other[1] and other[0] < b and c < other[3] and other[2] < d for other in others)


def _paint_areas(rng: np.random.Generator, clutter: Clutter, hall: Hall, network: Network) -> None:
    """Lays the dock and the areas out along the two walls at the rows' ends."""
    length, width = hall.size
    count = int(width // _SLOT)
    slots = ((np.arange(count) - (count - 1) / 2) * width / count).tolist()
    doors = sorted(rng.permutation(count)[: max(min(count // 3, MOST_DOORS), 1)].tolist())
    letters = list(rng.permutation(list(LETTERS)))
    areas = list[Area]()
    for number in doors:
        clutter.doors += (Door(-length / 2, slots[number], 0.0),)
        areas.append(Area(-length / 2 + DOCK_PAD[0] / 2 + 0.1, slots[number], 0.0, DOCK_PAD, "dock", ""))
    rest = [(-length / 2, slot, 0.0) for number, slot in enumerate(slots) if number not in doors]
    rest += [(length / 2, slot, math.pi) for slot in slots]
    wanted = ["P", *letters, "P"][: max(3, min(len(rest) // 2, 1 + len(LETTERS) + 1))]
    for letter, place in zip(wanted, rng.permutation(len(rest)).tolist(), strict=False):
        wall, slot, yaw = rest[place]
        inwards = math.cos(yaw) * (PAD[0] / 2 + 0.1)
        areas.append(Area(wall + inwards, slot, yaw, PAD, "pick-up" if letter == "P" else "drop-off", str(letter)))
    clutter.areas = tuple(areas)
    first, last = network.nodes[0], network.nodes[-1]
    for area in areas:
        clutter.free.append(bounds((area.x, area.y, area.size[0] / 2, area.size[1] / 2, area.yaw)))
        road = first[0] if area.x < 0 else last[0]
        beside = min(max(area.y, first[1]), last[1])
        clutter.free.append(_segment((area.x, area.y), (float(road), float(beside)), 0.5))


def _segment(here: Sequence[float], there: Sequence[float], more: float) -> Bounds:
    low, high = np.minimum(here, there) - more, np.maximum(here, there) + more
    return float(low[0]), float(high[0]), float(low[1]), float(high[1])


def _stand_pillars(rng: np.random.Generator, clutter: Clutter, hall: Hall) -> None:
    """Stands pillars before rows' ends, some metres from one another."""
    pillars = list[Pillar]()
    ends = (hall.blocks[0][0] - PILLAR / 2 - _SLACK, hall.blocks[-1][1] + PILLAR / 2 + _SLACK)
    for u, (low, high) in zip(ends, (hall.strips[0], hall.strips[-1]), strict=True):
        last = -math.inf if high - low > _PILLARED else math.inf
        for v in sorted({rack.y for rack in hall.racks}):
            pillar = Pillar(u, v)
            if v - last < 4.0 or rng.random() < 0.3 or len(pillars) == MOST_PILLARS:
                continue
            if not overlaps(bounds(pillar.footprint), clutter.free):
                pillars.append(pillar)
                last = v
    clutter.pillars = tuple(pillars)
    clutter.solid += [bounds(pillar.footprint, _SLACK) for pillar in pillars]


def _close_aisles(
    rng: np.random.Generator, level: int, clutter: Clutter, hall: Hall, network: Network
) -> frozenset[Edge]:
    """Closes aisles by chains or by pallets in the way, and lets the map show pallets that are not there.

    Whatever is closed, everything else stays connected, in the world and on the map.

    Returns:
        The edges of the network that are closed.
    """
    if level < STALE_FROM:
        return frozenset()
    chained, stood, shown = (1 + int(rng.integers(most + 1)) for most in ((level - 3) // 3, (level - 3) // 2, 2))
    closed, unknown = set[Edge](), set[Edge]()
    for number in rng.permutation(len(network.aisles)).tolist():
        edge = network.aisles[number]
        block, aisle = divmod(number, len(hall.aisles))
        if chained and _chain(clutter, hall, block, aisle, _removable(network, closed, edge)):
            closed.add(edge)
            chained -= 1
        elif stood or shown:
            low, high = hall.aisles[aisle]
            here = closed if stood else unknown
            blocks = high - low < _PASSABLE
            if blocks and not _removable(network, here, edge):
                continue
            load = _in_the_way(rng, hall.blocks[block], (low, high), known=not stood)
            if stood:
                clutter.pallets += (load,)
                stood -= 1
            else:
                clutter.gone += (load,)
                shown -= 1
            clutter.solid.append(bounds(load.footprint, _SLACK))
            if blocks:
                here.add(edge)
    return frozenset(closed)


def _removable(network: Network, removed: set[Edge], edge: Edge) -> bool:
    left = [other for other in (*network.aisles, *network.strips) if other not in removed and other != edge]
    return connected(len(network.nodes), left)


def _chain(clutter: Clutter, hall: Hall, block: int, aisle: int, removable: bool) -> bool:
    """Closes both mouths of an aisle if that can be done, and says whether."""
    (start, end), (low, high) = hall.blocks[block], hall.aisles[aisle]
    fitting = [chain for chain in CHAINS if 0.0 <= high - low - chain <= 0.62][-1:]
    hung = sum(barrier.length in fitting for barrier in clutter.barriers)
    if not (removable and fitting) or (block, aisle) in hall.ragged or hung == MOST_CHAINS:
        return False
    mouths = (start + 0.3, end - 0.3)
    barriers = tuple(Barrier(u, (low + high) / 2, math.pi / 2, fitting[0]) for u in mouths)
    clutter.barriers += barriers
    clutter.solid += [bounds(barrier.footprint, 0.3) for barrier in barriers]
    return True


def _in_the_way(rng: np.random.Generator, block: Span, aisle: Span, *, known: bool) -> Load:
    """Stands a pallet in an aisle: along it at one side where there is room to pass, else across it."""
    (start, end), (low, high) = block, aisle
    u = float(rng.uniform(start + 0.3 * (end - start), end - 0.3 * (end - start)))
    if high - low < _PASSABLE:
        return Load(u, (low + high) / 2, math.pi / 2, PALLET, known)
    aside = PALLET[1] / 2 + _SLACK
    return Load(u, low + aside if rng.random() < 0.5 else high - aside, 0.0, PALLET, known)


def _leave_loads(rng: np.random.Generator, level: int, clutter: Clutter, hall: Hall, network: Network) -> None:
    """Stands pallets and cartons about where they leave all ways free, a few of them only on the map."""
    share = level / 9
    pallets, boxes = (round(rng.uniform(0.5, 1.0) * most) for most in (2 + 7 * share, 2 + 8 * share))
    stale = level >= STALE_FROM
    gone = int(rng.integers(1, 3)) if stale else 0
    zones = _zones(hall)
    chances = np.array([(z[1] - z[0]) * (z[3] - z[2]) for z in zones])
    ends = [(network.nodes[a].tolist(), network.nodes[b].tolist()) for a, b in (*network.aisles, *network.strips)]
    roads = [_segment(here, there, _CLEAR_ROAD) for here, there in ends]
    lines = np.cumsum(chances / chances.sum())
    taken, added = np.array([*clutter.solid, *clutter.free, *roads]).T, list[Bounds]()
    for number in range(6 * (pallets + boxes + gone)):
        if not pallets + boxes + gone:
            break
        zone = zones[min(int(np.searchsorted(lines, rng.random())), len(zones) - 1)]
        is_box = bool(boxes) and (number % 2 == 0 or not pallets + gone)
        size = CARTON if is_box else PALLET
        load = Load(
            float(rng.uniform(zone[0], zone[1])), float(rng.uniform(zone[2], zone[3])),
            float(rng.integers(2)) * math.pi / 2 + float(rng.normal(0.0, 0.06)), size,
            known=not stale or bool(rng.random() < 0.75),
        )  # fmt: skip
        around = bounds(load.footprint, _SLACK)
        a, b, c, d = around
        in_use = (a < taken[1]) & (taken[0] < b) & (c < taken[3]) & (taken[2] < d)
        if not _within(around, hall) or in_use.any() or overlaps(around, added):
            continue
        added.append(around)
        if is_box:
            clutter.boxes += (load,)
            boxes -= 1
        elif pallets:
            clutter.pallets += (load,)
            pallets -= 1
        else:
            clutter.gone += (Load(load.x, load.y, load.yaw, load.size),)
            gone -= 1
    clutter.solid += added


def _zones(hall: Hall) -> list[Bounds]:
    """Gives where loads may stand: at the walls of dock and head, where bays were left out, in the wider aisles."""
    half = hall.size[1] / 2
    zones = [(*strip, -half, half) for strip in (hall.strips[0], hall.strips[-1])]
    zones += [(*along, *across) for along, across in hall.gaps]
    return zones + [(*block, *aisle) for block in hall.blocks for aisle in hall.aisles if aisle[1] - aisle[0] > 2.7]


def _within(around: Bounds, hall: Hall) -> bool:
    u, v = hall.size[0] / 2, hall.size[1] / 2
    return -u < around[0] and around[1] < u and -v < around[2] and around[3] < v


def _find_places(
    rng: np.random.Generator, clutter: Clutter, hall: Hall, edges: Sequence[Edge], network: Network
) -> None:
    """Finds where people have something to do: at areas, and before racks in aisles that are open."""
    places = [(area.x, area.y, area.yaw + math.pi) for area in clutter.areas]
    for number in rng.permutation(len(edges)).tolist():
        block, aisle = divmod(edges[number][0], len(hall.aisles))
        (start, end), (low, high) = hall.blocks[block], hall.aisles[aisle]
        for side in (-1.0, 1.0):
            u = float(rng.uniform(start + 0.5, end - 0.5))
            v = (low + high) / 2 + side * min(max((high - low) / 2 - _STAND_BACK, 0.0), 1.0)
            if not overlaps((u - 0.4, u + 0.4, min(v, (low + high) / 2) - 0.4, max(v, (low + high) / 2) + 0.4),
                            clutter.solid[len(hall.racks):]):  # fmt: skip
                places.append((u, v, side * math.pi / 2))
    clutter.places = np.array(places[: len(clutter.areas) + _MOST_STOPS])
