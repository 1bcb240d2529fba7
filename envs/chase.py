"""Chase: where a spectator is who follows a robot through a hall: behind it, and above it where racks would hide it."""

import math
from typing import NamedTuple

import numpy as np

from robosim.math import Vec3, clip
from robosim.planning.grid import Grid, rasterise
from robosim.worlds.warehouse.layout import Layout

AWAY = 4.7  # m from the robot
BEHIND = (3.0, 2.5, 2.0, 1.5, 1.0, 0.4)  # m along the floor: the farthest from which it can be seen
LOOKS = 0.3  # m, how high what has to be seen is
TOP = 3.0  # m, of what stands on racks
TURNS = 1.5  # s, over which the view turns after the robot
GLIDES = 1.5, 0.6  # m/s, at which it comes nearer and goes back: a picture must not jump
STRIDE = 0.1  # m between the points of a sight line that are looked at


class Sights(NamedTuple):
    """What can be in the way of a look.

    Attributes:
        racks: They are `TOP` high.
        walls: Walls and pillars, which are as high as the hall.
    """

    racks: Grid
    walls: Grid

    @classmethod
    def of(cls, layout: Layout) -> "Sights":
        """Draws what stands in a hall; loads and barriers are too low to hide anything."""
        racks, pillars = (
            np.array([part.footprint for part in parts]).reshape(-1, 5) for parts in (layout.racks, layout.pillars)
        )
        return cls(rasterise(racks, layout.size), rasterise(pillars, layout.size))


class Chase:
    """Follows smoothly, as time goes by; see the module."""

    def __init__(self) -> None:
        """Stands behind a robot that is headed along x; see `begin`."""
        self.begin(0.0)

    def begin(self, heading: float) -> None:
        """Stands behind a robot that is headed there (rad)."""
        self._heading = heading
        self._sights: Sights | None = None
        self._behind = math.nan
        self._passed = 0.0  # s since it was asked for a view

    def turn(self, heading: float, dt: float) -> None:
        """Lets time go by (s), in which the robot is headed there (rad)."""
        self._passed += dt
        self._heading += (1 - math.exp(-dt / TURNS)) * math.remainder(heading - self._heading, 2 * math.pi)

    def view(self, x: float, y: float, layout: Layout) -> tuple[Vec3, Vec3]:
        """Gives where the spectator is and what it looks at, m.

        Args:
            x: Of the robot, m.
            y: The same.
            layout: What stands, the same until it begins anew.
        """
        sights = self._sights = self._sights or Sights.of(layout)
        cos, sin = math.cos(self._heading), math.sin(self._heading)
        wanted = next((far for far in BEHIND if not hidden(x, y, -cos, -sin, far, sights)), BEHIND[-1])
        if math.isnan(self._behind):
            self._behind = wanted
        self._behind += clip(wanted - self._behind, -GLIDES[0] * self._passed, GLIDES[1] * self._passed)
        self._passed = 0.0
        far, ahead = self._behind, 1.2 * self._behind / BEHIND[0]
        return (x - far * cos, y - far * sin, _height(far)), (x + ahead * cos, y + ahead * sin, 0.2)


def hidden(x: float, y: float, along: float, across: float, far: float, sights: Sights) -> bool:
    """Says whether something may be in the way, seen from so far (m) along a direction on the floor."""
    rise = (_height(far) - LOOKS) / far
    for step in range(math.ceil(far / STRIDE) + 3):  # a little farther, and not into a wall
        gone = step * STRIDE
        cell = sights.walls.index(x + gone * along, y + gone * across)  # of either: they cover the same floor
        if sights.walls.blocked[cell] or (sights.racks.blocked[cell] and LOOKS + rise * gone < TOP):
            return True
    return False


def _height(far: float) -> float:
    return math.sqrt(AWAY**2 - far**2)
