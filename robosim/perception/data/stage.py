"""`Stage`: everything that labelled pictures show, built once, and arranged anew for every world.

There are three settings. A *hall* is a warehouse with people, forklifts, another robot, shelving with packages and
packages on the floor. A *rack* and an *area* are what a parked robot with an arm has before it, on an open floor.
"""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from typing import Literal, get_args

import numpy as np
from numpy.typing import NDArray

from robosim.body import Body, Pose
from robosim.math import Vec3, axis_angle, rotation_rows, to_world
from robosim.perception.data.floor import Disc, Floor
from robosim.physics import Physics
from robosim.render.scene import Scene
from robosim.robots.courier import Courier
from robosim.robots.picker import Picker
from robosim.seeding import Streams
from robosim.shapes import Kind
from robosim.worlds.store.areas import draw_area
from robosim.worlds.store.generate import draw_rack
from robosim.worlds.store.layout import AreaLayout, Parcel
from robosim.worlds.store.packages import POOL, Packages
from robosim.worlds.store.store import Pads, Rack
from robosim.worlds.traffic.traffic import Traffic
from robosim.worlds.warehouse.layout import Area
from robosim.worlds.warehouse.warehouse import Warehouse

Setting = Literal["hall", "rack", "area"]
SETTINGS: tuple[Setting, ...] = get_args(Setting)

PEOPLE, FORKLIFTS = (4, 12), (2, 3)  # least and most in a hall
LOOSE = (5, 10)  # packages for a hall's floor: those that find room
_SHELF_ROOM, _PACKAGE_ROOM, _ROBOT_ROOM = 1.1, 0.45, 0.5  # m around the middle of each that must be free
_EYE_ROOM, _STANDING = 0.32, 2000  # m around a camera in a hall, and how many places for one are drawn
_UP: Vec3 = (0.0, 0.0, 1.0)
_TOUCH = 0.002  # m, between a cup and the front that it holds


@dataclass(frozen=True)
class Arranged:
    """A world as it stands.

    Attributes:
        setting: Which sort.
        targets: Points that are worth a look, float64 (n, 3), m, of people, forklifts, packages, signs, areas …: an
            array for each sort that is there.
        packages: float64 (k, 3), middles of the labelled packages, m.
        fronts: float64 (k,), where the packages' fronts look, rad.
        floor: Where there is room, in a hall; None on the open floor, where all is near the origin.
        standing: float64 (m, 2), where a camera may stand in a hall, m.
    """

    setting: Setting
    targets: tuple[NDArray[np.float64], ...]
    packages: NDArray[np.float64]
    fronts: NDArray[np.float64]
    floor: Floor | None
    standing: NDArray[np.float64] = field(default_factory=lambda: np.zeros((0, 2)))


class Stage:
    """The bodies, and who of them is there.

    Args:
        physics: Where they are built.

    Attributes:
        scene: All of them.
        picker: The robot with an arm, parked.
        packages: Those with labels, as `robosim.worlds.store.packages.POOL` has them.
    """

    def __init__(self, physics: Physics) -> None:
        """Builds them; see the class."""
        self._hall = Warehouse(physics)
        self._built = tuple(physics.bodies)
        self._traffic = Traffic(physics, PEOPLE[1], FORKLIFTS[1])
        self._rack, self._pads, self._packages = Rack(physics), Pads(physics), Packages(physics)
        self.picker, self._courier = Picker(physics, parked=True), Courier(physics)
        self.scene = Scene(physics)
        self.packages = self._packages.bodies
        self._ground = next(body for body in self._built if body.kind == Kind.FLOOR)
        self._held: tuple[Parcel, tuple[float, float]] | None = None

    def arrange(self, setting: Setting, streams: Streams, level: int) -> Arranged:
        """Sets up a world.

        Args:
            setting: Which sort.
            streams: What it is drawn from.
            level: 0 to 9: how large a hall is, how full it is, how packages stand.
        """
        self._held = None
        if setting == "hall":
            return self._arrange_hall(streams, level)
        rng = streams.world
        if setting == "area":
            area = draw_area(rng, level)
            return self._arrange_area(area, held=bool(rng.random() < 0.5))
        rack = draw_rack(rng, level)
        self._rack.stand(rack.shelving)
        parcels = self._put(rack.parcels)
        x, y, heading = rack.start
        self._park(x, y, heading)
        self._show([self._ground, self._rack.frame, *self._rack.boards, self.picker.body, *parcels])
        return _open("rack", rack.parcels, ())

    def move(self, arranged: Arranged, streams: Streams) -> Arranged:
        """Lets people and forklifts of a hall be elsewhere; elsewhere nothing changes."""
        if arranged.floor is None:
            return arranged
        rng = streams.task
        people, forklifts = (int(rng.integers(*spread, endpoint=True)) for spread in (PEOPLE, FORKLIFTS))
        hall, traffic, floor = self._hall, self._traffic, arranged.floor
        traffic.reset(rng, hall.layout, (hall.true_grid, hall.clearance), people, forklifts, floor.taken)
        walkers, trucks = traffic.people_positions.tolist(), traffic.forklift_positions.tolist()
        about = [*((x, y, 0.6) for x, y in walkers), *((x, y, 1.7) for x, y in trucks)]
        chests = [(x, y, 1.2) for x, y in walkers]
        moving = _sorts(chests, chests, [(x, y, 1.0) for x, y in trucks])  # people matter more than all else
        standing = floor.without(about).places(rng, _EYE_ROOM, _STANDING)
        return replace(arranged, targets=(*moving, *arranged.targets), standing=standing)

    def reach(self, arm: Vec3) -> None:
        """Moves the parked robot's arm to a turret (rad), a lift and a reach (m), with what it holds."""
        self.picker.mast.reset(*arm)
        if self._held is None:
            return
        parcel, (left, up) = self._held
        (x, y, z), turn = self.picker.suction.pose()
        rows = rotation_rows(turn)
        yaw = math.remainder(math.atan2(rows[1][0], rows[0][0]) + math.pi, 2 * math.pi)
        ahead = parcel.model.size[0] / 2 + _TOUCH
        dx, dy, dz = to_world(rotation_rows(axis_angle(_UP, yaw)), (ahead, left, up))
        place = x - dx, y - dy, z - dz
        self._packages.put(parcel.number, place, yaw, parcel.mass, parcel.friction)

    def _arrange_hall(self, streams: Streams, level: int) -> Arranged:
        rng, hall = streams.world, self._hall
        hall.reset(rng, level)
        floor = Floor(hall.true_grid, hall.clearance)
        numbers: list[int] = rng.permutation(len(POOL)).tolist()
        parcels, taken = self._shelve(floor, rng, level)
        shelved = bool(taken)
        used = {parcel.number for parcel in parcels}
        free = [number for number in numbers if number not in used][: int(rng.integers(*LOOSE, endpoint=True))]
        areas = [area for area in hall.layout.areas if area.letter]
        for number in free:
            spot = _in_area(areas, rng) if rng.random() < 0.4 else None
            spot = spot or floor.draw(rng, _PACKAGE_ROOM, taken)
            if spot is None or any(math.dist(spot, (x, y)) < r + _PACKAGE_ROOM for x, y, r in taken):
                continue
            taken.append((*spot, _PACKAGE_ROOM))
            yaw = float(rng.uniform(-math.pi, math.pi))
            parcels.append(Parcel(number, *spot, POOL[number].size[2] / 2, yaw, 1.0, 1.0))
        bodies = self._put(parcels)
        spot = floor.draw(rng, _ROBOT_ROOM, taken)
        robots = list[Body]()
        if spot is not None:
            taken.append((*spot, _ROBOT_ROOM))
            self._courier.body.place((*spot, 0.0), axis_angle(_UP, float(rng.uniform(-math.pi, math.pi))))
            robots.append(self._courier.body)
        shelving = [self._rack.frame, *self._rack.boards] if shelved else []
        self._show([*self._built, *self._traffic.bodies, *bodies, *robots, *shelving])
        layout = hall.layout
        targets = _sorts(
            [parcel.position for parcel in parcels],
            [(barrier.x, barrier.y, 0.8) for barrier in layout.barriers],
            [(area.x, area.y, 0.0) for area in layout.areas],
            [(load.x, load.y, 0.5) for load in (*layout.pallets, *layout.boxes)],
            [(*spot, 0.3)] if spot is not None else [],
        )
        return Arranged("hall", targets, *_places(parcels), floor.without(taken))

    def _shelve(self, floor: Floor, rng: np.random.Generator, level: int) -> tuple[list[Parcel], list[Disc]]:
        """Stands shelving with packages into a hall, if there is room for it."""
        layout, spot = draw_rack(rng, level), floor.draw(rng, _SHELF_ROOM, [])
        if spot is None:
            return [], []
        (x, y), yaw = spot, float(rng.integers(4)) * math.pi / 2
        self._rack.stand(replace(layout.shelving, x=x, y=y, yaw=yaw))
        cos, sin = math.cos(yaw), math.sin(yaw)
        parcels = [
            replace(
                parcel,
                x=x + cos * parcel.x - sin * parcel.y,
                y=y + sin * parcel.x + cos * parcel.y,
                yaw=math.remainder(parcel.yaw + yaw, 2 * math.pi),
            )
            for parcel in layout.parcels
        ]
        return parcels, [(x, y, _SHELF_ROOM)]

    def _arrange_area(self, layout: AreaLayout, *, held: bool) -> Arranged:
        self._pads.show(layout.area)
        parcels = layout.parcels if held else (*layout.parcels, layout.held)
        bodies = self._put(parcels)
        if held:
            self._held = layout.held, layout.grip
            bodies.append(self._packages.bodies[layout.held.number])
        self._park(0.0, 0.0, 0.0)
        pad = self._pads.body(layout.area.letter)
        self._show([self._ground, pad, self.picker.body, *bodies])
        spot = layout.held.x, layout.held.y, 0.0
        return _open("area", parcels, (spot, (layout.area.x, layout.area.y, 0.0)))

    def _park(self, x: float, y: float, heading: float) -> None:
        pose: Pose = (x, y, 0.0), axis_angle(_UP, math.remainder(heading, 2 * math.pi))
        self.picker.reset(pose, np.random.default_rng(0), 0.0)

    def _put(self, parcels: Iterable[Parcel]) -> list[Body]:
        return [
            self._packages.put(parcel.number, parcel.position, parcel.yaw, parcel.mass, parcel.friction)
            for parcel in parcels
        ]

    def _show(self, bodies: Iterable[Body]) -> None:
        """Lets these be seen, and nothing else: what is not in use waits somewhere."""
        numbers = np.array(sorted({body.number for body in bodies}))
        self.scene.looks.shown[:] = np.isin(self.scene.geometry.labels[:, 0], numbers)


def _open(setting: Setting, parcels: Sequence[Parcel], more: Sequence[Vec3]) -> Arranged:
    return Arranged(setting, _sorts([parcel.position for parcel in parcels], more), *_places(parcels), None)


def _sorts(*sorts: Sequence[Vec3]) -> tuple[NDArray[np.float64], ...]:
    """Gives the points of each sort of which there are any."""
    return tuple(np.array(points, np.float64) for points in sorts if points)


def _places(parcels: Sequence[Parcel]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    places = np.array([parcel.position for parcel in parcels], np.float64).reshape(-1, 3)
    return places, np.array([parcel.yaw for parcel in parcels], np.float64)


def _in_area(areas: Sequence[Area], rng: np.random.Generator) -> tuple[float, float] | None:
    """Draws a place in one of the areas, where a package lies wholly inside."""
    if not areas:
        return None
    area = areas[int(rng.integers(len(areas)))]
    along, across = (float(rng.uniform(-0.5, 0.5)) * (length - 0.7) for length in area.size)
    cos, sin = math.cos(area.yaw), math.sin(area.yaw)
    return area.x + cos * along - sin * across, area.y + sin * along + cos * across
