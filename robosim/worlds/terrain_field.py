"""A field of rough ground: plots side by side, some of which cannot be crossed, a start and a goal."""

import functools
import math
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from robosim.body import Body, Pose
from robosim.math import axis_angle
from robosim.physics import Physics
from robosim.planning.geodesic import Geodesic
from robosim.planning.grid import clearance, rasterise
from robosim.seeding import LEVELS, SPLITS, Split
from robosim.shapes import Colour, Triangles
from robosim.task import at_level
from robosim.terrain.plots import IMPASSABLE, PASSABLE
from robosim.terrain.relief import Relief, point_height
from robosim.terrain.shapes import LENGTH, SHAPE, WIDTH, Heights, Kind
from robosim.worlds.floor import TEXTURE
from robosim.worlds.terrain_surface import surface
from robosim.worlds.world import World

SIDE = 5  # plots along x and along y
HALF = SIDE * LENGTH / 2  # m, from the middle to an edge
# (at level 0, at level 9); between them linear
NEAREST, FARTHEST = (5.0, 9.0), (7.0, 15.0)  # m, straight from start to goal
CLOSED = (0.0, 0.4)  # share of the plots that cannot be crossed
AHEAD = 3  # level from which on one of them lies half-way between start and goal
FRICTION = (0.5, 1.25)  # drawn for each plot, as in `robosim.worlds.terrain`
ROOM = 0.5  # m that the robot's middle keeps from what cannot be crossed; it is 0.6 m long
INSET = 0.8  # m from a plot's edge within which nothing begins or ends
TURN = 1.0  # rad, either way from the goal, in which it faces at first
CELL = 0.2  # m, of the grid for planning
_COPIES = 5  # of each kind that can be crossed, on one field
_VARIANTS, _CLOSED_COPIES = 3, 5  # of each kind that cannot
_TRIES = 200
_BELOW = 1.5  # m down to the floor around the field
_PARKED = 500.0  # m
_OPEN: tuple[Colour, ...] = ((0.80, 0.74, 0.64, 1.0), (0.66, 0.72, 0.66, 1.0), (0.70, 0.70, 0.76, 1.0))
_SHUT: Colour = (0.52, 0.44, 0.42, 1.0)
_BANK_SEED = 20_260_102
Key = tuple[str, int]


class Plot(NamedTuple):
    """One plot of the bank: its heights (m), its surface, whether its samples are squares, and whether it is shut."""

    heights: Heights
    surface: Triangles
    cliffs: bool
    shut: bool


@functools.cache
def bank(split: Split) -> dict[Key, Plot]:
    """Makes the plots of a split, by kind and level, or variant of what cannot be crossed.

    Plots of different splits are never the same, but for the level ones and the pits.
    """
    kinds: list[tuple[str, Kind, int, bool]] = []
    for name, kind in PASSABLE.items():
        kinds += [(name, kind, level, False) for level in (LEVELS if name != "flat" else LEVELS[:1])]
    for name, kind in IMPASSABLE.items():
        kinds += [(name, kind, variant, True) for variant in range(_VARIANTS)]
    plots = {}
    for rank, (name, kind, number, shut) in enumerate(kinds):
        key = (SPLITS.index(split), rank)
        rng = np.random.Generator(np.random.PCG64(np.random.SeedSequence(_BANK_SEED, spawn_key=key)))
        heights = kind.heights(number / LEVELS[-1], rng)
        plots[name, number] = Plot(heights, surface(heights, cliffs=kind.cliffs), kind.cliffs, shut)
    return plots


class Layout(NamedTuple):
    """What lies where.

    Attributes:
        start: x, y (m), heading (rad).
        goal: x, y, m.
        shut: bool (SIDE, SIDE), [row along y, plot along x]: which plots cannot be crossed.
    """

    start: tuple[float, float, float]
    goal: tuple[float, float]
    shut: NDArray[np.bool_]


class TerrainField(World):
    """The field, in the middle of which x and y are 0.

    Args:
        physics: Where it is built.
        split: Whose plots it has.

    Attributes:
        relief: Its heights.
        layout: What lies where.
        geodesic: The shortest ways to the goal around what cannot be crossed.
    """

    relief: Relief
    layout: Layout
    geodesic: Geodesic

    def __init__(self, physics: Physics, split: Split) -> None:
        """Builds the bank; see the class."""
        self._plots = bank(split)
        floor = physics.add_plane(TEXTURE)
        floor.place((0.0, 0.0, -_BELOW))
        self._bodies: dict[Key, list[Body]] = {}
        for number, (key, plot) in enumerate(self._plots.items()):
            colour = _SHUT if plot.shut else _OPEN[number % len(_OPEN)]
            copies = _CLOSED_COPIES if plot.shut else _COPIES + (key[0] == "flat")
            self._bodies[key] = physics.add_ground(plot.surface, copies, colour, TEXTURE)
        for number, body in enumerate(body for bodies in self._bodies.values() for body in bodies):
            body.place((_PARKED + number * 2 * LENGTH, 0.0, -_PARKED))
        shape = SIDE, SIDE
        self.relief = Relief(np.zeros((*shape, *SHAPE)), np.zeros(shape, np.bool_), -HALF, -HALF, -_BELOW)
        self._open = [name for name in PASSABLE for _ in range(_COPIES)]
        self._shut = [(name, n) for name in IMPASSABLE for n in range(_VARIANTS) for _ in range(_CLOSED_COPIES)]

    def reset(self, rng: np.random.Generator, level: int, *, vary: bool = True) -> None:
        """Lays a field; see `World.reset`.

        Args:
            rng: The episode's stream for worlds.
            level: 0 to 9.
            vary: Draw each plot's friction; else it is 1.
        """
        self.layout = draw_layout(rng, level)
        shut = iter(rng.permutation(len(self._shut)).tolist())
        names = iter(rng.permutation(self._open).tolist())
        frictions = rng.uniform(*FRICTION, (SIDE, SIDE))
        used: dict[Key, int] = {}
        begins = divmod(_plot_at(*self.layout.start[:2]), SIDE)  # a level plot
        for row, column in np.ndindex(SIDE, SIDE):
            name = "flat" if (row, column) == begins else next(names)
            key = self._shut[next(shut)] if self.layout.shut[row, column] else (name, 0 if name == "flat" else level)
            self._lay(row, column, key, used, float(frictions[row, column]) if vary else 1.0)
        shut_at = np.argwhere(self.layout.shut).tolist()
        footprints = [(*_middle(row, column), LENGTH / 2, WIDTH / 2, 0.0) for row, column in shut_at]
        grid = rasterise(footprints, (2 * HALF, 2 * HALF), CELL)
        self.geodesic = Geodesic(grid, clearance(grid), ROOM, self.layout.goal)

    def _lay(self, row: int, column: int, key: Key, used: dict[Key, int], friction: float) -> None:
        body = self._bodies[key][used.setdefault(key, 0)]
        used[key] += 1
        body.place((column * LENGTH - HALF, (row + 0.5) * WIDTH - HALF, 0.0))
        body.set_friction(friction)
        self.relief.heights[row, column] = self._plots[key].heights
        self.relief.cliffs[row, column] = self._plots[key].cliffs

    def spawn(self, rng: np.random.Generator) -> Pose:
        """Gives the start; see `World.spawn`."""
        x, y, heading = self.layout.start
        return (x, y, 0.0), axis_angle((0.0, 0.0, 1.0), heading)

    def height(self, x: float, y: float) -> float:
        """Gives the height in metres; see `World.height`."""
        return point_height(self.relief, x, y)

    def passable(self, x: float, y: float) -> bool:
        """Says whether a point is on the field, and on no plot that cannot be crossed."""
        column, row = math.floor((x + HALF) / LENGTH), math.floor((y + HALF) / WIDTH)
        return 0 <= column < SIDE and 0 <= row < SIDE and not self.layout.shut[row, column]


def draw_layout(rng: np.random.Generator, level: int) -> Layout:
    """Draws start, goal and what cannot be crossed, so that there is a way.

    From level `AHEAD` on the plot half-way between start and goal is shut: who goes straight does not arrive.
    """
    count, nearest, farthest = (
        round(at_level(CLOSED, level) * SIDE**2),
        at_level(NEAREST, level),
        at_level(FARTHEST, level),
    )
    for _ in range(_TRIES):
        ends = rng.choice(SIDE**2, 2, replace=False).tolist()
        start, goal = (_within(rng, *divmod(end, SIDE)) for end in ends)
        half_way = _plot_at((start[0] + goal[0]) / 2, (start[1] + goal[1]) / 2)
        if not nearest <= math.dist(start, goal) <= farthest or (level >= AHEAD and half_way in ends):
            continue
        shut = np.zeros(SIDE**2, np.bool_)
        shut[rng.choice(SIDE**2, count, replace=False)] = True
        shut[half_way] |= level >= AHEAD
        shut[ends] = False
        closed = shut.reshape(SIDE, SIDE)
        if _joined(closed, divmod(ends[0], SIDE), divmod(ends[1], SIDE)):
            break
    else:
        closed = np.zeros((SIDE, SIDE), np.bool_)
    heading = math.atan2(goal[1] - start[1], goal[0] - start[0]) + rng.uniform(-TURN, TURN)
    return Layout((*start, heading), goal, closed)


def _middle(row: int, column: int) -> tuple[float, float]:
    return (column + 0.5) * LENGTH - HALF, (row + 0.5) * WIDTH - HALF


def _within(rng: np.random.Generator, row: int, column: int) -> tuple[float, float]:
    x, y = _middle(row, column)
    return x + rng.uniform(-1, 1) * (LENGTH / 2 - INSET), y + rng.uniform(-1, 1) * (WIDTH / 2 - INSET)


def _plot_at(x: float, y: float) -> int:
    return int((y + HALF) / WIDTH) * SIDE + int((x + HALF) / LENGTH)


def _joined(shut: NDArray[np.bool_], start: tuple[int, int], goal: tuple[int, int]) -> bool:
    """Says whether one can go from plot to plot, across their edges."""
    reached, edge = {start}, [start]
    while edge:
        row, column = edge.pop()
        for near in ((row + 1, column), (row - 1, column), (row, column + 1), (row, column - 1)):
            if 0 <= near[0] < SIDE and 0 <= near[1] < SIDE and near not in reached and not shut[near]:
                reached.add(near)
                edge.append(near)
    return goal in reached
