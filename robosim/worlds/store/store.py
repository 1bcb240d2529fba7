"""`Store`: one rack of packages before a robot, another one in each episode; and its parts, for other worlds."""

import math

import numpy as np

from robosim.body import Pose
from robosim.math import axis_angle
from robosim.physics import Physics
from robosim.shapes import Kind
from robosim.worlds.store import furniture
from robosim.worlds.store.generate import draw_rack
from robosim.worlds.store.layout import BOARDS, Parcel, RackLayout, Shelving
from robosim.worlds.store.packages import Packages
from robosim.worlds.warehouse.paint import CONCRETE_WIDTH, concrete
from robosim.worlds.world import World

_AROUND = 40.0  # m, of the floor that is seen


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
