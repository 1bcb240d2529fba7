"""The way to a goal on a map that may be stale: planned once, and again where the lidar finds it blocked."""

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from robosim.errors import RobosimError
from robosim.planning import polyline
from robosim.planning.astar import Care, Point, Work, new_work, shortest_path
from robosim.planning.grid import Grid
from robosim.planning.grid import clearance as measure
from robosim.planning.seen import Seen

_NARROWER = 0.75  # of the radius: planned with where nothing else leads to the goal
_ASTRAY = 1.0  # m from the path from which on another is needed
_PATIENCE = 4  # times as long until the next attempt where there was no way


class Planner:
    """Keeps a path from the robot to its goal.

    Args:
        radius: Of the disc that a robot needs, m.
        horizon: m of the path ahead that are watched.
        period: Updates from one plan to the next at least.

    Attributes:
        seen: What the lidar added to the map.
        path: (k, 2), m, from where the robot was when it was planned to the goal; no bends before the first update.
        plans: How many were made since the reset.
    """

    def __init__(self, radius: float, *, horizon: float = 6.0, period: int = 8) -> None:
        """Has no map yet; see the class."""
        if radius <= 0:
            raise RobosimError(f"radius={radius!r} is not a positive number of metres")
        self._radius, self._horizon, self._period = radius, horizon, period
        self._care = Care(radius)
        self.seen = Seen(reach=radius + self._care.room)
        self.path = np.empty((0, 2))
        self.plans = 0
        self._work: Work | None = None

    def reset(self, grid: Grid, goal: Point, clearance: NDArray[np.float32] | None = None) -> None:
        """Takes a new map and a new goal.

        Args:
            grid: The map.
            goal: x, y, m.
            clearance: Of the grid, where it is known already.
        """
        self._grid, self.plans = grid, 0
        self.seen.reset(grid, measure(grid) if clearance is None else clearance)
        if self._work is None or self._work.costs.shape != grid.blocked.shape:
            self._work = new_work(grid.blocked.shape)
        self.head_for(goal)

    def head_for(self, goal: Point) -> None:
        """Takes a new goal on the same map, and keeps what was seen."""
        self._goal, self.path, self._wait = goal, np.empty((0, 2)), 0
        self._laid, self._enough = np.full(self._grid.blocked.shape, np.inf, np.float32), math.inf

    def update(
        self, x: float, y: float, heading: float, azimuths: NDArray[np.float64], ranges: NDArray[np.float32], far: float
    ) -> None:
        """Takes a scan into account (see `Seen.add`), then `follow`."""
        self.seen.add(x, y, heading, azimuths, ranges, far)
        self.follow(x, y)

    def follow(self, x: float, y: float) -> None:
        """Plans anew from a point where there is no path yet, it is blocked ahead, or the point is off it.

        Where no path leads to the goal, one for a narrower robot is tried; where that fails too the old path stays.
        """
        self._wait -= 1
        if self._wait < 0 and self._lost(x, y):
            self._plan(x, y)

    def ahead(self, x: float, y: float, distance: float) -> Point:
        """Gives the point of the path some metres after the one nearest to the robot."""
        if not len(self.path):
            return self._goal
        place, _ = polyline.nearest(self.path, x, y)
        return polyline.ahead(self.path, place, distance)

    def remaining(self, x: float, y: float) -> float:
        """Gives the metres of the path after the point nearest to the robot, and those to that point."""
        if not len(self.path):
            return math.dist(self._goal, (x, y))
        place, away = polyline.nearest(self.path, x, y)
        return away + polyline.remaining(self.path, place)

    def outlook(self, x: float, y: float, distances: Sequence[float]) -> tuple[list[Point], float]:
        """Gives what `ahead` does for each of some distances, and what `remaining` does."""
        if not len(self.path):
            return [self._goal] * len(distances), self.remaining(x, y)
        place, away = polyline.nearest(self.path, x, y)
        points = [polyline.ahead(self.path, place, distance) for distance in distances]
        return points, away + polyline.remaining(self.path, place)

    def _lost(self, x: float, y: float) -> bool:
        if not len(self.path):
            return True
        place, away = polyline.nearest(self.path, x, y)
        return away > _ASTRAY or self._narrowed(place)

    def _narrowed(self, place: polyline.Place) -> bool:
        """Says whether what was seen since the path was laid leaves less room on it than the robot needs."""
        grid, now = self._grid, self.seen.clearance
        return polyline.narrowed(self._laid, now, self._enough, grid.origin, grid.cell, self.path, place, self._horizon)

    def _plan(self, x: float, y: float) -> None:
        self.plans += 1
        for radius in (self._radius, _NARROWER * self._radius):
            care = self._care._replace(radius=radius)
            path = shortest_path(self._grid, self.seen.clearance, care, (x, y), self._goal, self._work)
            if path is not None:
                self.path, self._wait, self._enough = path, self._period, radius
                self._laid = self.seen.clearance.copy()
                return
        self._wait = _PATIENCE * self._period
        if not len(self.path):
            self.path = np.array([(x, y), self._goal])
