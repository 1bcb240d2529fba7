"""A lane of rough ground: tiles from a bank, laid one after another between two level ones."""

import functools
from typing import NamedTuple

import numpy as np

from robosim.body import Body, Pose
from robosim.math import axis_angle
from robosim.physics import Physics
from robosim.seeding import LEVELS, SPLITS, Split
from robosim.shapes import Colour, Triangles
from robosim.terrain.relief import Relief, point_height
from robosim.terrain.shapes import KINDS, LENGTH, SHAPE, WIDTH, Heights
from robosim.worlds.floor import TEXTURE
from robosim.worlds.terrain_surface import surface
from robosim.worlds.world import World

TILES = 3  # of rough ground in a row: 12 m, more than is commanded in 20 s
START = -LENGTH  # m, where the level tile begins from which the robot sets out; the rough ones begin at 0
FRICTION = (0.5, 1.25)  # drawn for each tile; Rusu et al., RMA, 2021, and legged_gym's default range
SPAWN = (-1.0, -0.6), (-0.4, 0.4), 0.3  # m, m, rad: x, y and heading (either way) at which an episode begins
MIX = "mix"  # a course whose tiles are of three kinds
CHOICES = (*KINDS, MIX)
# How often each is drawn in the split for training, against the others: what a trot does not learn in passing, more
# often. In the other splits all are as likely.
PRACTICE = {"stairs_up": 4, "stones": 4, "gaps": 4, "stairs_down": 3, "blocks": 2, "slope_up": 2, "mix": 2}
_BELOW = 1.0  # m from the lowest ground down to the floor around it
_PARKED = 500.0  # m
_COLOURS: tuple[Colour, ...] = ((0.80, 0.74, 0.64, 1.0), (0.66, 0.72, 0.66, 1.0), (0.70, 0.70, 0.76, 1.0))
_BANK_SEED = 20_260_101


class Tile(NamedTuple):
    """One tile of the bank: its heights (m) and its surface."""

    heights: Heights
    surface: Triangles


@functools.cache
def bank(split: Split) -> dict[tuple[str, int], Tile]:
    """Makes the tiles of a split: one for each kind and level, drawn from a stream of its own.

    Tiles of different splits are never the same, but for those of which nothing is drawn: level ground, slopes, stairs.
    Envs of one process share them.
    """
    tiles = {}
    for rank, (name, kind) in enumerate(KINDS.items()):
        for level in LEVELS:
            key = (SPLITS.index(split), rank, level)
            rng = np.random.Generator(np.random.PCG64(np.random.SeedSequence(_BANK_SEED, spawn_key=key)))
            heights = kind.heights(level / LEVELS[-1], rng)
            tiles[name, level] = Tile(heights, surface(heights, cliffs=kind.cliffs))
    return tiles


class Terrain(World):
    """The lane along x, `WIDTH` wide: a level tile, `TILES` rough ones from x = 0 on, a level tile.

    Args:
        physics: Where it is built.
        split: Whose tiles it has.

    Attributes:
        relief: The present lane's heights.
        kind: What it is made of, one of `CHOICES`.
        frictions: Of its tiles, Coulomb's, the level ones included.
    """

    def __init__(self, physics: Physics, split: Split) -> None:
        """Builds the bank; see the class."""
        self._tiles = bank(split)
        self._floor = physics.add_plane(TEXTURE)
        self._bodies: dict[tuple[str, int], list[Body]] = {}
        for number, (key, tile) in enumerate(self._tiles.items()):
            kind, level = key
            if kind == "flat" and level > 0:
                continue  # one level tile is as another
            copies = TILES + 2 if kind == "flat" else TILES
            colour = _COLOURS[number % len(_COLOURS)]
            self._bodies[key] = physics.add_ground(tile.surface, copies, colour, TEXTURE)
        self._parking: dict[int, tuple[float, float, float]] = {}
        for number, body in enumerate(body for bodies in self._bodies.values() for body in bodies):
            place = (_PARKED + number * 2 * LENGTH, 0.0, -_PARKED)
            self._parking[body.number] = place
            body.place(place)
        self.relief = Relief(
            np.zeros((1, TILES + 2, *SHAPE)), np.zeros((1, TILES + 2), np.bool_), START, -WIDTH / 2, 0.0
        )
        weights = np.array([PRACTICE.get(kind, 1) if split == "train" else 1 for kind in CHOICES], np.float64)
        self._weights = weights / weights.sum()
        self.kind = "flat"
        self.frictions: list[float] = []

    def reset(self, rng: np.random.Generator, level: int, kind: str | None = None, *, vary: bool = True) -> None:
        """Lays a lane; see `World.reset`.

        Args:
            rng: The episode's stream for worlds.
            level: 0 to 9, of its tiles.
            kind: One of `CHOICES`; None draws it, in the split for training as `PRACTICE` has it.
            vary: Draw each tile's friction; else it is 1.
        """
        drawn = str(rng.choice(CHOICES, p=self._weights))
        self.kind = kind or drawn
        row = rng.permutation(list(KINDS))[:TILES].tolist() if self.kind == MIX else [self.kind] * TILES
        names = ["flat", *row, "flat"]
        frictions = rng.uniform(*FRICTION, len(names)).tolist()
        self.frictions = frictions if vary else [1.0] * len(names)
        self._lay([(name, 0 if name == "flat" else level) for name in names])

    def _lay(self, keys: list[tuple[str, int]]) -> None:
        used: dict[tuple[str, int], int] = {}
        z, heights = 0.0, self.relief.heights[0]
        for number, key in enumerate(keys):
            body = self._bodies[key][used.setdefault(key, 0)]
            used[key] += 1
            body.place((START + number * LENGTH, 0.0, z))
            body.set_friction(self.frictions[number])
            np.add(self._tiles[key].heights, z, out=heights[number])
            self.relief.cliffs[0, number] = KINDS[key[0]].cliffs
            z = float(heights[number, -1, 0])
        beyond = float(heights.min()) - _BELOW
        self._floor.place((0.0, 0.0, beyond))
        self.relief = self.relief._replace(beyond=beyond)

    def spawn(self, rng: np.random.Generator) -> Pose:
        """Draws a place on the first level tile, heading along the lane or nearly; see `World.spawn`."""
        (low_x, high_x), (low_y, high_y), turn = SPAWN
        x, y, heading = rng.uniform(low_x, high_x), rng.uniform(low_y, high_y), rng.uniform(-turn, turn)
        return (x, y, self.height(x, y)), axis_angle((0.0, 0.0, 1.0), heading)

    def height(self, x: float, y: float) -> float:
        """Gives the height in metres; see `World.height`."""
        return point_height(self.relief, x, y)

    def on(self, x: float, y: float) -> bool:
        """Says whether a point is on the lane."""
        return abs(y) < WIDTH / 2 and START < x < START + (TILES + 2) * LENGTH
