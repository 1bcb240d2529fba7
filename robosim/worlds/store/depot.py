"""`Depot`: a warehouse with a rack of packages at a pick-up area, and orders; another one in each episode."""

import numpy as np

from robosim.physics import Physics
from robosim.worlds.store.depot_layout import DepotLayout
from robosim.worlds.store.depot_orders import draw_depot
from robosim.worlds.store.packages import Packages
from robosim.worlds.store.store import Rack, put_all
from robosim.worlds.warehouse.warehouse import Warehouse


class Depot(Warehouse):
    """A warehouse in which packages are to be brought from a rack to their areas.

    Args:
        physics: Where it is built.
        orders: How many packages are asked for in an episode.

    Attributes:
        depot: What stands where, and what is asked for.
        packages: The pool.
    """

    depot: DepotLayout

    def __init__(self, physics: Physics, orders: int = 1) -> None:
        """Builds everything that a layout may need; see the class."""
        super().__init__(physics)
        self._rack = Rack(physics)
        self.packages = Packages(physics)
        self._orders = orders

    def reset(self, rng: np.random.Generator, level: int) -> None:
        """Draws a depot and sets it up; see `World.reset`."""
        found = draw_depot(rng, level, self._orders)
        self.depot = found.depot
        self._set_up(found.drawn)
        self._rack.stand(self.depot.shelving)
        put_all(self.packages, self.depot.parcels)
