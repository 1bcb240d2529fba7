"""Worlds of goods: `Store`, a rack of packages before a robot, and `DropOff`, an area before one that holds a package.

Their parts, `Rack`, `Pads` and the pool of packages, are for other worlds, too.
"""

import math

import numpy as np

from robosim.body import Body, Pose
from robosim.math import IDENTITY, axis_angle
from robosim.physics import Physics
from robosim.shapes import ORIGIN, Kind
from robosim.worlds.store import furniture
from robosim.worlds.store.areas import draw_area
from robosim.worlds.store.generate import draw_rack
from robosim.worlds.store.layout import BOARDS, AreaLayout, Parcel, RackLayout, Shelving
from robosim.worlds.store.packages import Packages
from robosim.worlds.warehouse import furniture as halls
from robosim.worlds.warehouse.clutter import LETTERS, PAD
from robosim.worlds.warehouse.layout import Area
from robosim.worlds.warehouse.paint import CONCRETE_WIDTH, concrete
from robosim.worlds.world import World

_AROUND = 40.0  # m, of the floor that is seen
_CELLAR = -50.0  # m, height of what is not in use


class Rack:
    """The bodies of one piece of shelving.

    Args:
        physics: Where they are made.
    """

    def __init__(self, physics: Physics) -> None:
        """Makes them; see the class."""
        self.frame = physics.add_fixture(*furniture.frame(), Kind.RACK)
        self.boards = [physics.add_fixture(*furniture.board(), Kind.RACK) for _ in range(BOARDS)]

    def stand(self, shelving: Shelving) -> None:
        """Puts them where a layout has them."""
        turn = axis_angle((0.0, 0.0, 1.0), shelving.yaw)
        self.frame.place((shelving.x, shelving.y, 0.0), turn)
        for board, height in zip(self.boards, shelving.heights, strict=True):
            board.place((shelving.x, shelving.y, height), turn)


class Pads:
    """The areas A to F, painted on the floor; those that are not in use are out of sight.

    Args:
        physics: Where they are made.
    """

    def __init__(self, physics: Physics) -> None:
        """Paints them; see the class."""
        pads = (Area(0.0, 0.0, 0.0, PAD, "drop-off", letter) for letter in LETTERS)
        self._bodies = {pad.letter: physics.add_fixture(*halls.area(pad), Kind.AREA) for pad in pads}
        self.show()

    def body(self, letter: str) -> Body:
        """Gives the body of an area by its letter."""
        return self._bodies[letter]

    def show(self, *areas: Area) -> None:
        """Puts these where they are, and all others away."""
        wanted = {area.letter: area for area in areas}
        for number, (letter, body) in enumerate(self._bodies.items()):
            if letter in wanted:
                area = wanted[letter]
                body.place((area.x, area.y, 0.0), axis_angle((0.0, 0.0, 1.0), area.yaw))
            else:
                body.place((2 * PAD[0] * number, 0.0, _CELLAR))


def put_all(packages: Packages, parcels: tuple[Parcel, ...]) -> None:
    """Puts packages where a layout has them, and all others away."""
    packages.park()
    for parcel in parcels:
        packages.put(parcel.number, parcel.position, parcel.yaw, parcel.mass, parcel.friction)


class Store(World):
    """A rack of packages on a level floor, at the world's origin, its front towards +x.

    Args:
        physics: Where it is built.

    Attributes:
        layout: What stands where, and what is asked for.
        packages: The pool.
    """

    layout: RackLayout

    def __init__(self, physics: Physics) -> None:
        """Builds all that a layout may need; see the class."""
        physics.add_plane(concrete(), _AROUND, width=CONCRETE_WIDTH)
        self._rack = Rack(physics)
        self.packages = Packages(physics)

    def reset(self, rng: np.random.Generator, level: int) -> None:
        """Draws a layout and sets it up; see `World.reset`."""
        self.layout = draw_rack(rng, level)
        self._rack.stand(self.layout.shelving)
        put_all(self.packages, self.layout.parcels)

    def spawn(self, rng: np.random.Generator) -> Pose:
        """Gives where the layout parks the robot; see `World.spawn`."""
        x, y, heading = self.layout.start
        return (x, y, 0.0), axis_angle((0.0, 0.0, 1.0), math.remainder(heading, 2 * math.pi))

    def height(self, x: float, y: float) -> float:
        """Gives 0: the floor is level; see `World.height`."""
        return 0.0


class DropOff(World):
    """An area on a level floor with packages in it, before a robot at the world's origin that looks along x.

    Args:
        physics: Where it is built.

    Attributes:
        layout: What stands where, and what the robot holds.
        packages: The pool. The one that is held is not put anywhere: whoever places the robot puts it into its cup.
    """

    layout: AreaLayout

    def __init__(self, physics: Physics) -> None:
        """Builds all that a layout may need; see the class."""
        physics.add_plane(concrete(), _AROUND, width=CONCRETE_WIDTH)
        self._pads = Pads(physics)
        self.packages = Packages(physics)

    def reset(self, rng: np.random.Generator, level: int) -> None:
        """Draws a layout and sets it up; see `World.reset`."""
        self.layout = draw_area(rng, level)
        self._pads.show(self.layout.area)
        put_all(self.packages, self.layout.parcels)

    def spawn(self, rng: np.random.Generator) -> Pose:
        """Gives the origin; see `World.spawn`."""
        return ORIGIN, IDENTITY

    def height(self, x: float, y: float) -> float:
        """Gives 0: the floor is level; see `World.height`."""
        return 0.0
