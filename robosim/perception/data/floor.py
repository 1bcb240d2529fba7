"""`Floor`: where in a hall there is room for a thing, a robot or a camera."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from robosim.planning.grid import Grid

Disc = tuple[float, float, float]
"""x, y, radius, m."""
_TRIES = 40  # cells that are drawn to find a free one
_SHARES = np.linspace(0.0, 0.85, 24)  # of a line, where it is looked at


@dataclass(frozen=True, eq=False)
class Floor:
    """A hall's floor.

    Attributes:
        grid: What of it is blocked.
        clearance: float32, as the grid: m from each cell to the nearest blocked one.
        taken: Discs that are not free either.
    """

    grid: Grid
    clearance: NDArray[np.float32]
    taken: tuple[Disc, ...] = ()

    def without(self, discs: Sequence[Disc]) -> "Floor":
        """Gives the same floor with more of it taken."""
        return Floor(self.grid, self.clearance, (*self.taken, *discs))

    def places(
        self, rng: np.random.Generator, room: float, most: int, taken: Sequence[Disc] = ()
    ) -> NDArray[np.float64]:
        """Draws middles of cells that are ``room`` metres from what is blocked and from discs; (n, 2), n ≤ ``most``."""
        cells = np.argwhere(self.clearance >= room)
        if not len(cells):
            return np.zeros((0, 2))
        some = cells[rng.integers(len(cells), size=most)]
        places = some * self.grid.cell + (np.array(self.grid.origin) + 0.5 * self.grid.cell)
        discs = np.array([*self.taken, *taken], np.float64).reshape(-1, 3)
        way = places[:, None] - discs[:, :2]
        free = (way[..., 0] ** 2 + way[..., 1] ** 2 >= (discs[:, 2] + room) ** 2).all(axis=1)
        return places[free]

    def draw(self, rng: np.random.Generator, room: float, taken: Sequence[Disc]) -> tuple[float, float] | None:
        """Draws one of those cells; None where none is found."""
        places = self.places(rng, room, _TRIES, taken)
        if not len(places):
            return None
        x, y = places[0].tolist()
        return x, y

    def open_between(self, places: NDArray[np.float64], point: Sequence[float]) -> NDArray[np.bool_]:
        """Says from which places (n, 2) a straight line to a point crosses no blocked cell but near its end."""
        shares = _SHARES[:, None]
        ends = np.asarray(point[:2], np.float64)
        line = places[:, None] + shares * (ends - places)[:, None]
        cells = ((line - self.grid.origin) / self.grid.cell).astype(np.int64)  # all within the hall: cut off is enough
        return np.asarray(~self.grid.blocked[cells[..., 0], cells[..., 1]].any(axis=1))
