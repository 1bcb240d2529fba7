"""What stands where in a warehouse, as data: what worlds are built from, and what tests, experts and people read.

The frame's origin lies in the middle of the floor, z is up, the floor is at z = 0. Lengths are in metres, angles in
radians. A *footprint* is a rectangle on the floor: x, y of its middle, half its length, half its width, its yaw.
"""

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Footprint = tuple[float, float, float, float, float]
Spot = tuple[float, float, float]
"""x, y, heading."""

BAY, POST = 2.8, 0.1  # m: from one upright of a rack to the next, and how wide an upright is
DEPTH, DOUBLE_DEPTH = 1.1, 2.3  # m: of a rack, and of two that stand back to back
PILLAR = 0.5  # m, each way, with the guard around it
PALLET = (1.2, 0.8)  # m, EN 13698-1
CARTON = (0.5, 0.5)  # m
CHAINS = (1.4, 2.0, 2.6)  # m, lengths in which chains come
CHAIN_WIDTH = 0.06  # m


@dataclass(frozen=True)
class Rack:
    """A run of rack bays; its length lies along ``yaw``.

    Attributes:
        bays: 1 or more.
        double: Two racks back to back.
    """

    x: float
    y: float
    yaw: float
    bays: int
    double: bool = False

    @property
    def footprint(self) -> Footprint:
        """The floor that it takes."""
        depth = DOUBLE_DEPTH if self.double else DEPTH
        return self.x, self.y, (self.bays * BAY + POST) / 2, depth / 2, self.yaw


@dataclass(frozen=True)
class Pillar:
    """A column of the building."""

    x: float
    y: float

    @property
    def footprint(self) -> Footprint:
        """The floor that it takes."""
        return self.x, self.y, PILLAR / 2, PILLAR / 2, 0.0


@dataclass(frozen=True)
class Load:
    """A loaded pallet or a carton that stands on the floor.

    Attributes:
        size: Its length along ``yaw`` and its width.
        known: Whether the map that robots are given shows it.
    """

    x: float
    y: float
    yaw: float
    size: tuple[float, float]
    known: bool = True

    @property
    def footprint(self) -> Footprint:
        """The floor that it takes."""
        return self.x, self.y, self.size[0] / 2, self.size[1] / 2, self.yaw


@dataclass(frozen=True)
class Barrier:
    """A chain with a sign across the mouth of an aisle, along ``yaw``; no map shows it.

    Attributes:
        length: One of `CHAINS`.
    """

    x: float
    y: float
    yaw: float
    length: float

    @property
    def footprint(self) -> Footprint:
        """The floor that it takes."""
        return self.x, self.y, self.length / 2, CHAIN_WIDTH / 2, self.yaw


@dataclass(frozen=True)
class Area:
    """A rectangle painted on the floor, which one may drive on.

    Attributes:
        size: Its length along ``yaw`` and its width.
        kind: What it is for.
        letter: "A" to "F" where goods are dropped off, "P" where they are picked up, "" before the dock's doors.
    """

    x: float
    y: float
    yaw: float
    size: tuple[float, float]
    kind: Literal["pick-up", "drop-off", "dock"]
    letter: str


@dataclass(frozen=True)
class Door:
    """A dock door in a wall; its ``yaw`` points into the hall."""

    x: float
    y: float
    yaw: float


@dataclass(frozen=True, eq=False)
class Roads:
    """The centre lines of all aisles and cross-aisles that are open: a connected graph.

    Attributes:
        nodes: Shape (k, 2), where they meet or end.
        edges: Shape (m, 2), int64, numbers of the nodes that a straight line joins.
        widths: Shape (m,), free width: twice the least clearance along the line.
    """

    nodes: Floats
    edges: NDArray[np.int64]
    widths: Floats


@dataclass(frozen=True, eq=False)
class Layout:
    """One warehouse.

    Attributes:
        size: Lengths of the hall along x and y; its walls stand at plus and minus half of them.
        level: 0 to 9.
        racks: Runs of bays.
        pillars: Columns.
        pallets: Loaded pallets on the floor.
        boxes: Cartons on the floor.
        gone: Pallets that the given map shows and that are there no longer.
        barriers: Closed mouths of aisles, two an aisle.
        areas: Painted ones.
        doors: Of the dock.
        roads: For whoever walks or drives about.
        places: Shape (p, 3), x, y, heading: where people have something to do; within 1 m of a road, nothing between.
        start: Where the robot's trip begins.
        goal: x, y where it ends.
        fixtures: Footprints of what else stands for good, and is on every map.
    """

    size: tuple[float, float]
    level: int
    racks: tuple[Rack, ...]
    pillars: tuple[Pillar, ...]
    pallets: tuple[Load, ...]
    boxes: tuple[Load, ...]
    gone: tuple[Load, ...]
    barriers: tuple[Barrier, ...]
    areas: tuple[Area, ...]
    doors: tuple[Door, ...]
    roads: Roads
    places: Floats
    start: Spot
    goal: tuple[float, float]
    fixtures: tuple[Footprint, ...] = ()

    def true_footprints(self) -> Floats:
        """Gives the footprints of all that stands on the floor, shape (n, 5)."""
        barriers = [barrier.footprint for barrier in self.barriers]
        return _stack([*self._building(), *(load.footprint for load in (*self.pallets, *self.boxes)), *barriers])

    def known_footprints(self) -> Floats:
        """Gives the footprints that the map shows which the robot was given, shape (n, 5)."""
        loads = (*self.pallets, *self.boxes, *self.gone)
        return _stack([*self._building(), *(load.footprint for load in loads if load.known)])

    def _building(self) -> list[Footprint]:
        return [
            *(thing.footprint for thing in self.racks),
            *(pillar.footprint for pillar in self.pillars),
            *self.fixtures,
        ]


def _stack(footprints: list[Footprint]) -> Floats:
    return np.array(footprints, np.float64).reshape(-1, 5)
