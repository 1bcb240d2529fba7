"""What stands where, as data: shelving with packages on it, and an area into which one is to be put.

Frames, units and footprints are those of `robosim.worlds.warehouse.layout`.
"""

import math
from dataclasses import dataclass

from robosim.math import Vec3
from robosim.worlds.store.packages import POOL, Model
from robosim.worlds.warehouse.layout import Area, Footprint, Spot

BAY, DEPTH, FRAME = 1.8, 0.70, 2.1  # m: between the uprights, from front to back, and how tall shelving is
POST, BOARD = 0.06, 0.03  # m: how wide an upright is, and how thick a board
BOARDS = 4  # of each shelving


@dataclass(frozen=True)
class Parcel:
    """One package of the pool in use, upright.

    Attributes:
        number: Its place in the pool.
        x: Of its middle, m.
        y: m.
        z: m.
        yaw: Where its front looks, rad.
        mass: kg.
        friction: Coulomb's, of its cardboard; see `robosim.worlds.store.packages.Packages.put`.
    """

    number: int
    x: float
    y: float
    z: float
    yaw: float
    mass: float
    friction: float

    @property
    def model(self) -> Model:
        """What of it never changes."""
        return POOL[self.number]

    @property
    def position(self) -> Vec3:
        """Of its middle, m."""
        return self.x, self.y, self.z

    @property
    def footprint(self) -> Footprint:
        """The rectangle that it covers, seen from above."""
        depth, width, _ = self.model.size
        return self.x, self.y, depth / 2, width / 2, self.yaw

    @property
    def face(self) -> Vec3:
        """Middle of its front, m."""
        away = self.model.size[0] / 2
        return self.x + away * math.cos(self.yaw), self.y + away * math.sin(self.yaw), self.z


@dataclass(frozen=True)
class Shelving:
    """An open rack with boards, for packages that are picked by hand or arm; a mesh closes its back.

    Attributes:
        x: Of its middle, m.
        y: m.
        yaw: Where its front looks, rad.
        heights: Of the boards' upper sides above the floor, m, upwards; `BOARDS` of them.
    """

    x: float
    y: float
    yaw: float
    heights: tuple[float, ...]

    @property
    def footprint(self) -> Footprint:
        """The floor that it takes."""
        return self.x, self.y, DEPTH / 2, BAY / 2 + POST, self.yaw


@dataclass(frozen=True)
class RackLayout:
    """Shelving, what stands on it, and a robot before it.

    Attributes:
        level: 0 to 9.
        shelving: The rack.
        parcels: All packages that are in use.
        order: Which of ``parcels`` is asked for.
        start: Of the robot's base.
    """

    level: int
    shelving: Shelving
    parcels: tuple[Parcel, ...]
    order: int
    start: Spot

    @property
    def ordered(self) -> Parcel:
        """The package that is asked for."""
        return self.parcels[self.order]


@dataclass(frozen=True)
class AreaLayout:
    """A painted area with packages in it, and a robot beside it that holds one which belongs there.

    The frame's origin is the robot's base; the robot looks along x.

    Attributes:
        level: 0 to 9.
        area: Where the package belongs.
        parcels: What lies in the area already.
        held: The package; it stands where it can be put down: a place that is free, and within reach.
        arm: Turret (rad), lift (m) and reach (m) with which the robot holds it at first.
        grip: Where the cup holds its front, from the front's middle, to the package's left and upwards, m.
    """

    level: int
    area: Area
    parcels: tuple[Parcel, ...]
    held: Parcel
    arm: Vec3
    grip: tuple[float, float]
