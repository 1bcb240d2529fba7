"""What a legged robot has seen of the ground: where it cannot go, and the shortest way around that."""

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from robosim.compiled import compiled
from robosim.planning.geodesic import Geodesic, Point
from robosim.planning.grid import clearance, rasterise
from robosim.terrain.relief import Relief, height_at

CELL = 0.2  # m


class View(NamedTuple):
    """How far it sees, m, in its own frame: ahead and behind, and to either side."""

    ahead: float
    behind: float
    aside: float


class Explored:
    """A map that is empty at first; what was not seen yet is taken for passable.

    Args:
        half: m from the middle of the square ground, which is the world's origin, to its edges.
        view: How far it sees; nothing hides anything.
        step: m; a greater difference between neighbouring cells is too much for its legs.
        room: m that its middle keeps from such a place.
        period: Looks from one plan to the next at least.
    """

    def __init__(self, half: float, view: View, step: float, room: float, period: int) -> None:
        """Has no map yet; see the class."""
        self._half, self._view, self._step, self._room, self._period = half, view, step, room, period

    def reset(self, relief: Relief, goal: Point) -> None:
        """Forgets all, on new ground and with a new goal, x and y in m."""
        self._relief, self._goal = relief, goal
        self._grid = rasterise([], (2 * self._half, 2 * self._half), CELL)
        self._known = self._grid.blocked.copy()  # all around it there is nothing to see
        self._found, self._looks = True, self._period  # the first look is followed by a plan

    def look(self, x: float, y: float, cos: float, sin: float) -> None:
        """Adds what is seen from a place (m) along a heading, and plans anew if something is in the way.

        Args:
            x: m.
            y: m.
            cos: Of the heading.
            sin: Of the heading.
        """
        grid = self._grid
        found = _note(self._relief, x, y, cos, sin, self._view, self._step, grid.origin, self._known, grid.blocked)
        self._found, self._looks = self._found or found, self._looks + 1
        if self._found and self._looks >= self._period:
            self._plan()

    def way(self, x: float, y: float) -> NDArray[np.float64]:
        """Gives the bends (k, 2), m, of the shortest way from a point to the goal; straight on where none is known.

        It has looked before, since its reset.
        """
        path = self._geodesic.path(x, y)
        return path if len(path) > 1 else np.array([(x, y), self._goal])

    def _plan(self) -> None:
        self._geodesic = Geodesic(self._grid, clearance(self._grid), self._room, self._goal)
        self._found, self._looks = False, 0


@compiled
def _note(
    relief: Relief, x: float, y: float, cos: float, sin: float, view: View, step: float, origin: Point,
    known: NDArray[np.bool_], blocked: NDArray[np.bool_],
) -> bool:  # fmt: skip
    """Notes what is in view and was not; says whether some of it cannot be crossed."""
    far = math.hypot(max(view.ahead, view.behind), view.aside)
    nx, ny = known.shape
    first_i, last_i = max(int((x - far - origin[0]) / CELL), 0), min(int((x + far - origin[0]) / CELL) + 1, nx)
    first_j, last_j = max(int((y - far - origin[1]) / CELL), 0), min(int((y + far - origin[1]) / CELL) + 1, ny)
    found = False
    for i in range(first_i, last_i):
        for j in range(first_j, last_j):
            if known[i, j]:
                continue
            at_x, at_y = origin[0] + (i + 0.5) * CELL, origin[1] + (j + 0.5) * CELL
            forward, left = cos * (at_x - x) + sin * (at_y - y), cos * (at_y - y) - sin * (at_x - x)
            if not (-view.behind <= forward <= view.ahead and abs(left) <= view.aside):
                continue
            known[i, j] = True
            height = height_at(relief, at_x, at_y)
            for a, b in ((CELL, 0.0), (-CELL, 0.0), (0.0, CELL), (0.0, -CELL)):
                if abs(height_at(relief, at_x + a, at_y + b) - height) > step:
                    blocked[i, j] = found = True
    return found
