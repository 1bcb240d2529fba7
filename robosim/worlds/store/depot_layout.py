"""What stands where in a depot, as data: a hall, a rack of packages at a pick-up area, and what is to be done.

Frames, units and footprints are those of `robosim.worlds.warehouse.layout`.
"""

import math
from collections.abc import Collection
from dataclasses import dataclass, replace

from robosim.worlds.store.layout import Parcel, RackLayout, Shelving
from robosim.worlds.warehouse.layout import Area, Layout, Spot


@dataclass(frozen=True)
class Job:
    """One order: a package to be brought from the rack to an area.

    Attributes:
        parcel: Which of the rack's packages; another of its letter is as good.
        area: Where it belongs.
        fetch: Where the robot stands to take it out.
        bring: Where it stands to put it down.
    """

    parcel: int
    area: Area
    fetch: Spot
    bring: Spot


@dataclass(frozen=True, eq=False)
class DepotLayout:
    """A hall in which packages are asked for.

    Attributes:
        hall: With the rack's footprint among its fixtures.
        shelving: The rack; its back is to a wall.
        parcels: All packages, in the hall's frame.
        jobs: In the order in which they are to be done.
    """

    hall: Layout
    shelving: Shelving
    parcels: tuple[Parcel, ...]
    jobs: tuple[Job, ...]

    def rack(self, wanted: int, gone: Collection[int], start: Spot) -> RackLayout:
        """Gives the rack with one of ``parcels`` as the one that is asked for, and without some that were taken."""
        left = [number for number in range(len(self.parcels)) if number not in gone]
        parcels = tuple(self.parcels[number] for number in left)
        return RackLayout(self.hall.level, self.shelving, parcels, left.index(wanted), start)


def moved(parcel: Parcel, shelving: Shelving) -> Parcel:
    """Takes a package from the frame of a rack to that in which the rack stands."""
    x, y = from_rack(shelving, parcel.x, parcel.y)
    return replace(parcel, x=x, y=y, yaw=math.remainder(parcel.yaw + shelving.yaw, 2 * math.pi))


def from_rack(shelving: Shelving, x: float, y: float) -> tuple[float, float]:
    """Takes a point (m) from the frame of a rack to that in which the rack stands."""
    cos, sin = math.cos(shelving.yaw), math.sin(shelving.yaw)
    return shelving.x + cos * x - sin * y, shelving.y + sin * x + cos * y
