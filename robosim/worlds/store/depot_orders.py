"""Draws a depot: a hall with a rack at a pick-up area, and orders that can be carried out, from (rng, level) alone."""

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from robosim.planning.geodesic import Geodesic
from robosim.planning.grid import Grid, clearance, rasterise
from robosim.worlds.store.depot_layout import DepotLayout, Job, from_rack, moved
from robosim.worlds.store.generate import CUP, EYE, draw_rack
from robosim.worlds.store.layout import DEPTH, Parcel, RackLayout, Shelving
from robosim.worlds.warehouse.clutter import LETTERS, PAD
from robosim.worlds.warehouse.generate import RADIUS, Drawn, draw, measured
from robosim.worlds.warehouse.layout import Area, Layout, Spot

STAND = 0.995  # m, from a package's front to the middle of the robot: room to pull it out
BEFORE = 1.1  # m, from an area's middle to that of the robot: the arm reaches most of the area
BACK = 0.35  # m, behind where it stands, that are free as well: it backs off before it turns
QUIET = 1.3  # m around where it stands, where nobody else has anything to do
_WALL = 0.12  # m, from the wall to the rack's back
_ROOM = RADIUS + 0.02  # m, of clearance where it stands
_FRONT = 0.06  # m, from the board's edge to fronts that nothing stands before
_HALLS, _RACKS = 60, 12  # tries


@dataclass(frozen=True, eq=False)
class DepotDrawn:
    """A depot and what was found out on the way.

    Attributes:
        depot: The layout.
        drawn: Its hall, whose shortest ways lead to where the first package is fetched.
    """

    depot: DepotLayout
    drawn: Drawn


def draw_depot(rng: np.random.Generator, level: int, orders: int) -> DepotDrawn:
    """Draws a depot.

    Args:
        rng: What it is drawn from.
        level: 0 to 9; of hall and rack alike.
        orders: How many packages are asked for. The first stands as high or low as the level has it, the others
            anywhere in the arm's reach.

    Returns:
        One in which a disc of `robosim.worlds.warehouse.generate.RADIUS` gets from the start to everywhere where the
        robot has to stand, on the true map and on the known one.
    """
    for _ in range(_HALLS):
        drawn = draw(rng, level)
        for area in _shuffled(rng, drawn.layout, "pick-up"):
            found = _furnish(rng, drawn, area, orders)
            if found is not None:
                return found
    raise RuntimeError(f"no depot of level {level} with {orders} orders in {_HALLS} draws")


def _shuffled(rng: np.random.Generator, hall: Layout, kind: str) -> list[Area]:
    areas = [area for area in hall.areas if area.kind == kind]
    return [areas[number] for number in rng.permutation(len(areas)).tolist()]


@dataclass(frozen=True, eq=False)
class Floor:
    """The maps of a hall with its rack, and which of their cells are joined.

    Attributes:
        true: As it is.
        known: As the robot was given it.
        free: float32 (nx, ny), m, the true map's clearance.
        regions: int32 (nx, ny), of the true map and of the known one: cells of one number are joined, 0 is blocked.
    """

    true: Grid
    known: Grid
    free: NDArray[np.float32]
    regions: tuple[NDArray[np.int32], NDArray[np.int32]]

    def holds(self, spot: Spot, back: float) -> bool:
        """Says whether a robot has room at a spot and, so many metres, behind it."""
        x, y, heading = spot
        steps = (0.0, back / 2, back)
        cells = [self.true.index(x - step * math.cos(heading), y - step * math.sin(heading)) for step in steps]
        return all(self.free[cell] >= _ROOM for cell in cells)

    def joins(self, spots: list[Spot]) -> bool:
        """Says whether one gets from each to every other, on both maps."""
        cells = [self.true.index(x, y) for x, y, _ in spots]
        return all(len({int(region[cell]) for cell in cells}) == 1 and region[cells[0]] for region in self.regions)


def _furnish(rng: np.random.Generator, drawn: Drawn, pick_up: Area, orders: int) -> DepotDrawn | None:
    """Stands a rack at a pick-up area and draws orders; None where they cannot be carried out."""
    cos, sin = math.cos(pick_up.yaw), math.sin(pick_up.yaw)
    back = PAD[0] / 2 + 0.1 - _WALL - DEPTH / 2
    shelving = Shelving(pick_up.x - cos * back, pick_up.y - sin * back, pick_up.yaw, (0.0,))
    hall = replace(drawn.layout, fixtures=(shelving.footprint,))
    true, known = (rasterise(f, hall.size) for f in (hall.true_footprints(), hall.known_footprints()))
    free = clearance(true)
    roads = measured(hall.roads, true, free)
    if roads is None:
        return None
    regions = tuple(ndimage.label(room >= RADIUS)[0] for room in (free, clearance(known)))
    floor = Floor(true, known, free, (regions[0], regions[1]))
    ends = {area.letter: (area, spots) for area, spots in _ends(rng, hall, floor)}
    most = {letter: len(ends[letter][1]) for letter in LETTERS if letter in ends}
    filled = _draw_rack(rng, hall.level, most, orders)
    if filled is None:
        return None
    rack, wanted = filled
    shelving = replace(shelving, heights=rack.shelving.heights)
    jobs = list[Job]()
    for number in wanted:
        parcel = rack.parcels[number]
        x, y = from_rack(shelving, parcel.face[0] + STAND, parcel.face[1])
        fetch = x, y, math.remainder(shelving.yaw + math.pi, 2 * math.pi)
        area, sides = ends[parcel.model.letter]
        # What is brought to the same area later comes from another side: there it has room before it.
        jobs.append(Job(number, area, fetch, sides[sum(job.area is area for job in jobs)]))
    spots = [spot for job in jobs for spot in (job.fetch, job.bring)]
    if not all(floor.holds(spot, BACK) for spot in spots) or not floor.joins([hall.start, *spots]):
        return None
    hall = replace(hall, roads=roads, goal=jobs[0].fetch[:2], places=_elsewhere(hall.places, spots, jobs, shelving))
    parcels = tuple(moved(parcel, shelving) for parcel in rack.parcels)
    depot = DepotLayout(hall, shelving, parcels, tuple(jobs))
    return DepotDrawn(depot, Drawn(hall, known, true, free, Geodesic(true, free, RADIUS, hall.goal)))


def _ends(rng: np.random.Generator, hall: Layout, floor: Floor) -> Iterator[tuple[Area, list[Spot]]]:
    """Gives the areas where goods are dropped off, and from which sides a robot may put something down there."""
    for area in _shuffled(rng, hall, "drop-off"):
        sides = list[Spot]()
        for quarter in rng.permutation([-1, 0, 1]).tolist():
            heading = area.yaw + math.pi + quarter * math.pi / 2
            x, y = area.x - BEFORE * math.cos(heading), area.y - BEFORE * math.sin(heading)
            spot = x, y, math.remainder(heading, 2 * math.pi)
            if floor.holds(spot, BACK) and floor.joins([hall.start, spot]):
                sides.append(spot)
        if sides:
            yield area, sides


def _draw_rack(
    rng: np.random.Generator, level: int, most: Mapping[str, int], orders: int
) -> tuple[RackLayout, list[int]] | None:
    """Draws a rack, and which of its packages are asked for: the first as the level has it, then the handiest.

    Args:
        rng: What it is drawn from.
        level: 0 to 9.
        most: Letters that may be asked for, and how often each.
        orders: How many packages are asked for.
    """
    for _ in range(_RACKS if most else 0):
        rack = draw_rack(rng, level, "".join(most), orders)
        right, left = list[int](), dict(most)
        for number in _in_reach(rack):
            letter = rack.parcels[number].model.letter
            if left.get(letter, 0):
                right.append(number)
                left[letter] -= 1
        if len(right) >= orders and right[0] == rack.order:
            return rack, right[:orders]
    return None


def _in_reach(rack: RackLayout) -> list[int]:
    """Gives the packages that can be taken: first the one that was drawn, then those nearest to `EYE`."""

    def reachable(parcel: Parcel) -> bool:
        return CUP[0] <= parcel.z <= CUP[1] and parcel.face[0] >= DEPTH / 2 - _FRONT

    numbers = [number for number, parcel in enumerate(rack.parcels) if reachable(parcel)]
    return sorted(numbers, key=lambda number: (number != rack.order, abs(rack.parcels[number].z - EYE)))


def _elsewhere(
    places: NDArray[np.float64], spots: list[Spot], jobs: list[Job], shelving: Shelving
) -> NDArray[np.float64]:
    """Gives the places where people are not in the way of the work."""
    work = [spot[:2] for spot in spots] + [(job.area.x, job.area.y) for job in jobs] + [(shelving.x, shelving.y)]
    away = np.linalg.norm(places[:, None, :2] - np.array(work), axis=-1).min(1)
    quiet: NDArray[np.float64] = places[away > QUIET]
    return quiet
