"""`Warehouse`: a hall with racks, pallets, closed aisles and painted areas, another one in each episode."""

import math

import numpy as np
from numpy.typing import NDArray

from robosim.body import Pose
from robosim.math import axis_angle
from robosim.physics import Physics
from robosim.planning.geodesic import Geodesic
from robosim.planning.grid import Grid
from robosim.worlds.warehouse.generate import RADIUS, Drawn, draw
from robosim.worlds.warehouse.layout import Layout
from robosim.worlds.warehouse.stock import Stock
from robosim.worlds.world import World


class Warehouse(World):
    """A warehouse on a level floor.

    Args:
        physics: Where it is built.

    Attributes:
        layout: What stands where.
        known_grid: The map that the robot was given; from level 4 on it is stale.
        true_grid: The map as it is.
        clearance: float32, of the true map: m from each cell to the nearest blocked one.
        geodesic: Shortest ways to the goal on the true map.
    """

    layout: Layout
    known_grid: Grid
    true_grid: Grid
    clearance: NDArray[np.float32]
    geodesic: Geodesic

    def __init__(self, physics: Physics) -> None:
        """Builds everything that a layout may need; see the class."""
        self._stock = Stock(physics)

    def reset(self, rng: np.random.Generator, level: int) -> None:
        """Draws a layout and sets it up; see `World.reset`."""
        self._set_up(draw(rng, level))

    def _set_up(self, drawn: Drawn) -> None:
        self.layout, self.known_grid, self.true_grid = drawn.layout, drawn.known, drawn.true
        self.clearance, self.geodesic = drawn.clearance, drawn.geodesic
        self._stock.arrange(self.layout)

    def head_for(self, goal: tuple[float, float]) -> None:
        """Takes a new goal, to which `geodesic` leads from now on."""
        self.geodesic = Geodesic(self.true_grid, self.clearance, RADIUS, goal)

    def spawn(self, rng: np.random.Generator) -> Pose:
        """Gives the start of the layout's trip; see `World.spawn`."""
        x, y, heading = self.layout.start
        return (x, y, 0.0), axis_angle((0.0, 0.0, 1.0), math.remainder(heading, 2 * math.pi))

    def height(self, x: float, y: float) -> float:
        """Gives 0: the floor is level; see `World.height`."""
        return 0.0
