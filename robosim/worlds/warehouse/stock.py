"""`Stock`: all that a warehouse may hold, made once, and set up anew for every layout."""

import math
from collections.abc import Hashable, Iterator, Sequence
from itertools import count

import numpy as np

from robosim.body import Body
from robosim.math import axis_angle
from robosim.physics import Physics
from robosim.shapes import Kind
from robosim.worlds.warehouse import furniture
from robosim.worlds.warehouse.clutter import (
    DOCK_PAD,
    LETTERS,
    MOST_BOXES,
    MOST_CHAINS,
    MOST_DOORS,
    MOST_PALLETS,
    MOST_PICK_UPS,
    MOST_PILLARS,
    PAD,
)
from robosim.worlds.warehouse.furniture import PANEL, Thing
from robosim.worlds.warehouse.halls import LARGEST, MOST_RACKS
from robosim.worlds.warehouse.layout import CARTON, CHAINS, Area, Footprint, Layout
from robosim.worlds.warehouse.paint import CONCRETE_WIDTH, concrete

_CELLAR = -50.0  # m, height at which what is not in use waits
_APART = 15.0  # m, between what waits there
_AROUND = 80.0  # m, of the floor that is seen: the largest hall and what is around it


class Stock:
    """The pool of bodies.

    Args:
        physics: Where they are made.
    """

    def __init__(self, physics: Physics) -> None:
        """Makes everything; see the class."""
        self._physics = physics
        self._bodies: dict[Hashable, list[Body]] = {}
        self._waiting: dict[int, tuple[float, float, float]] = {}
        self._out = list[Body]()
        self._number = count()
        rng = np.random.default_rng(2)  # of looks alone: every pool is the same
        for (bays, double), most in MOST_RACKS.items():
            self._make(("rack", bays, double), [furniture.rack(bays, double, rng) for _ in range(most)], Kind.RACK)
        self._make("pillar", [furniture.pillar()] * MOST_PILLARS, Kind.WALL)
        self._make("pallet", [furniture.pallet(rng) for _ in range(MOST_PALLETS)], Kind.PACKAGE)
        self._make("box", [furniture.carton(CARTON[0], rng) for _ in range(MOST_BOXES)], Kind.PACKAGE)
        for length in CHAINS:
            self._make(("chain", length), [furniture.barrier(length)] * MOST_CHAINS, Kind.SIGN)
        self._make_building(physics)

    def _make_building(self, physics: Physics) -> None:
        physics.add_plane(concrete(), _AROUND, width=CONCRETE_WIDTH)
        physics.add_fixture(*furniture.roof(_AROUND), Kind.WALL)
        panels = 2 * sum(math.ceil(length / PANEL) for length in LARGEST)
        self._make("solid wall", [furniture.wall(solid=True)] * 4, Kind.WALL)
        self._make("wall", [furniture.wall(solid=False)] * (panels - 4), Kind.WALL)
        self._make("door", [furniture.door(number) for number in range(MOST_DOORS)], Kind.WALL)
        for letter, most in {**dict.fromkeys(LETTERS, 1), "P": MOST_PICK_UPS, "": MOST_DOORS}.items():
            pad = Area(0.0, 0.0, 0.0, PAD if letter else DOCK_PAD, "drop-off", letter)
            self._make(("area", letter), [furniture.area(pad)] * most, Kind.AREA)

    def _make(self, name: Hashable, things: Sequence[Thing], kind: Kind) -> None:
        bodies = [self._physics.add_fixture(seen, felt, kind) for seen, felt in things]
        self._bodies[name] = bodies
        for body in bodies:
            self._waiting[body.number] = (_APART * next(self._number), 0.0, _CELLAR)
            body.place(self._waiting[body.number])

    def arrange(self, layout: Layout) -> None:
        """Sets up a layout, and puts away what it does not need."""
        for body in self._out:
            body.place(self._waiting[body.number])
        self._out.clear()
        stores = {name: iter(bodies) for name, bodies in self._bodies.items()}
        for rack in layout.racks:
            self._place(stores["rack", rack.bays, rack.double], rack.footprint)
        for pillar in layout.pillars:
            self._place(stores["pillar"], pillar.footprint)
        for load in layout.pallets:
            self._place(stores["pallet"], load.footprint)
        for load in layout.boxes:
            self._place(stores["box"], load.footprint)
        for barrier in layout.barriers:
            self._place(stores["chain", barrier.length], barrier.footprint)
        for area in layout.areas:
            self._place(stores["area", area.letter], (area.x, area.y, 0.0, 0.0, area.yaw))
        for door in layout.doors:
            self._place(stores["door"], (door.x, door.y, 0.0, 0.0, door.yaw))
        self._build_walls(stores, *layout.size)

    def _build_walls(self, stores: dict[Hashable, Iterator[Body]], width: float, height: float) -> None:
        """Stands panels along each wall, the last one flush with the corner, over its neighbour if need be."""
        for quarter, (length, away) in enumerate(((width, height), (height, width)) * 2):
            yaw = quarter * math.pi / 2
            cos, sin = math.cos(yaw), math.sin(yaw)
            panels = math.ceil(length / PANEL)
            for number in range(panels):
                along, back = min(number * PANEL, length - PANEL) + (PANEL - length) / 2, -away / 2
                store = stores["solid wall" if number == 0 else "wall"]
                self._place(store, (cos * along - sin * back, sin * along + cos * back, 0.0, 0.0, yaw))

    def _place(self, store: Iterator[Body], footprint: Footprint) -> None:
        body = next(store)
        x, y, _, _, yaw = footprint
        body.place((x, y, 0.0), axis_angle((0.0, 0.0, 1.0), yaw))
        self._out.append(body)
