"""`generate`: one warehouse from a stream of random numbers and a level, with a trip through it that can be made."""

import math
from dataclasses import dataclass, replace
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from robosim.errors import RobosimError
from robosim.planning.geodesic import Geodesic
from robosim.planning.grid import Grid, clearance, rasterise
from robosim.worlds.warehouse.clutter import Clutter, add_clutter
from robosim.worlds.warehouse.halls import draw_hall
from robosim.worlds.warehouse.layout import Area, Barrier, Door, Layout, Load, Pillar, Rack, Roads, Spot
from robosim.worlds.warehouse.network import Network, connected, lay_network

RADIUS = 0.4  # m, of the disc that gets from the start to the goal
LEVELS = range(10)
_SPARE = 0.15  # m, that the trip's ends keep beyond the radius
_NARROWEST = 0.6  # m, a road that one person can walk
_TRIES = 60
_T = TypeVar("_T", Rack, Pillar, Load, Barrier, Area, Door)


@dataclass(frozen=True, eq=False)
class Drawn:
    """A layout and what was found out on the way.

    Attributes:
        layout: The warehouse.
        known: Its map, as the robot was given it.
        true: Its map as it is.
        clearance: float32 (nx, ny), of the true map, m.
        geodesic: Shortest ways to the goal on the true map for a disc of `RADIUS`.
    """

    layout: Layout
    known: Grid
    true: Grid
    clearance: NDArray[np.float32]
    geodesic: Geodesic


def generate(rng: np.random.Generator, level: int) -> Layout:
    """Draws a warehouse.

    Args:
        rng: What it is drawn from.
        level: 0 to 9. Level 0 is 10 m by 8 m with aisles of 3 m and all that stands there on the map; level 9 is up to
            40 m by 30 m, with aisles down to 1.4 m, some of them closed, and things left in the way. From level 4 on
            the map is stale.

    Returns:
        A warehouse in which a disc of `RADIUS` gets from the start to the goal, on the true map and on the known one.

    Raises:
        RobosimError: There is no such level.
    """
    return draw(rng, level).layout


def draw(rng: np.random.Generator, level: int) -> Drawn:
    """Draws a warehouse as `generate` does, and keeps its maps."""
    if level not in LEVELS:
        raise RobosimError(f"level={level!r} is not an integer from 0 to 9")
    for _ in range(_TRIES):
        drawn = _draw_once(rng, level)
        if drawn is not None:
            return drawn
    raise RuntimeError(f"no warehouse of level {level} with a way through it in {_TRIES} draws")


def trip_lengths(level: int) -> tuple[float, float]:
    """Gives the shortest and the longest trip of a level, m along the shortest way."""
    share = level / 9
    return 2.0 + 13.0 * share, 6.0 + 39.0 * share


def _draw_once(rng: np.random.Generator, level: int) -> Drawn | None:
    hall = draw_hall(rng, level)
    network = lay_network(hall)
    clutter = add_clutter(rng, level, hall, network)
    layout = _turned(hall.turn, hall.size, level, hall.racks, clutter, network)
    true, known = (rasterise(f, layout.size) for f in (layout.true_footprints(), layout.known_footprints()))
    free = clearance(true)
    roads = measured(layout.roads, true, free)
    if roads is None:
        return None
    layout = replace(layout, roads=roads)
    trip = _draw_trip(rng, layout, true, free)
    if trip is None or not _joined(known, trip[0], trip[1]):
        return None
    start, goal, geodesic = trip
    return Drawn(replace(layout, start=start, goal=goal), known, true, free, geodesic)


def _draw_trip(
    rng: np.random.Generator, layout: Layout, grid: Grid, free: NDArray[np.float32]
) -> tuple[Spot, tuple[float, float], Geodesic] | None:
    """Draws start and goal so that the way between them is as long as the level asks for."""
    shortest, longest = trip_lengths(layout.level)
    roomy = np.argwhere(free >= RADIUS + _SPARE)
    targets = [(area.x, area.y) for area in layout.areas] + [(x, y) for x, y in layout.roads.nodes.tolist()]
    for number in rng.permutation(len(targets))[:3].tolist():
        goal = targets[number]
        if free[grid.index(*goal)] < RADIUS + _SPARE:
            continue
        geodesic = Geodesic(grid, free, RADIUS, goal)
        for cell in rng.integers(len(roomy), size=40).tolist():
            x, y = grid.centre(*roomy[cell].tolist())
            if shortest <= geodesic.distance(x, y) <= longest:
                return (x, y, float(rng.uniform(-math.pi, math.pi))), goal, geodesic
    return None


def _joined(grid: Grid, start: Spot, goal: tuple[float, float]) -> bool:
    """Says whether there is a way on a map."""
    regions, _ = ndimage.label(clearance(grid) >= RADIUS)
    here, there = regions[grid.index(start[0], start[1])], regions[grid.index(*goal)]
    return bool(here == there != 0)


def measured(roads: Roads, grid: Grid, free: NDArray[np.float32]) -> Roads | None:
    """Fills in how wide the roads are, and leaves out those that nobody fits; None where that would part them."""
    cells = np.array([grid.index(x, y) for x, y in roads.nodes.tolist()])
    ends = cells[roads.edges]
    lows, highs = ends.min(1).tolist(), (ends.max(1) + 1).tolist()
    widths = np.array([2.0 * free[i:k, j:m].min() for (i, j), (k, m) in zip(lows, highs, strict=True)])
    fit = widths >= _NARROWEST
    if not connected(len(roads.nodes), [(a, b) for a, b in roads.edges[fit].tolist()]):
        return None
    return Roads(roads.nodes, roads.edges[fit], widths[fit])


def _turned(
    turn: int, size: tuple[float, float], level: int, racks: tuple[Rack, ...], clutter: Clutter, network: Network
) -> Layout:
    """Turns all from the hall's own frame into the world's."""
    cos, sin = ((1, 0), (0, 1), (-1, 0), (0, -1))[turn]
    matrix = np.array([[cos, sin], [-sin, cos]], np.float64)

    def turned(things: tuple[_T, ...]) -> tuple[_T, ...]:
        return tuple(_turn(thing, cos, sin, turn * math.pi / 2) for thing in things)

    places = np.column_stack([clutter.places[:, :2] @ matrix, clutter.places[:, 2] + turn * math.pi / 2])
    places[:, 2] = np.remainder(places[:, 2] + math.pi, 2 * math.pi) - math.pi
    return Layout(
        size=(size[1], size[0]) if turn % 2 else size,
        level=level,
        racks=turned(racks),
        pillars=turned(clutter.pillars),
        pallets=turned(clutter.pallets),
        boxes=turned(clutter.boxes),
        gone=turned(clutter.gone),
        barriers=turned(clutter.barriers),
        areas=turned(clutter.areas),
        doors=turned(clutter.doors),
        roads=Roads(network.nodes @ matrix, clutter.edges, np.zeros(len(clutter.edges))),
        places=places,
        start=(0.0, 0.0, 0.0),
        goal=(0.0, 0.0),
    )


def _turn(thing: _T, cos: float, sin: float, angle: float) -> _T:
    x, y = cos * thing.x - sin * thing.y, sin * thing.x + cos * thing.y
    if isinstance(thing, Pillar):
        return replace(thing, x=x, y=y)
    return replace(thing, x=x, y=y, yaw=thing.yaw + angle)
