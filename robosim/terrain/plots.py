"""Plots of a field: tiles that end level at height 0 on all four sides, so that they can be laid in any order.

Some of them A1 cannot cross. Heights and difficulty are those of `robosim.terrain.shapes`.
"""

import numpy as np

from robosim.terrain import shapes
from robosim.terrain.shapes import BORDER, CELL, KINDS, LENGTH, SHAPE, WIDTH, Heights, Kind

_FADE = 0.3  # m over which what is uneven begins and ends
_STEPS = 4  # of a mound, up and down again
_TREAD = 0.3  # m
_BOULDER = (0.35, 0.6)  # m; A1's hips are 0.24 m above its feet
_PIT = 0.8  # m deep
_X = np.linspace(0.0, LENGTH, SHAPE[0])[:, None]
_Y = np.linspace(-WIDTH / 2, WIDTH / 2, SHAPE[1])[None, :]
_ASIDE = WIDTH / 2 - np.abs(_Y)  # m, to the nearer of the edges across
_EDGE = np.minimum(np.minimum(_X, LENGTH - _X), _ASIDE)  # m, to the nearest edge


def mound(difficulty: float, rng: np.random.Generator) -> Heights:
    """Gives stairs up to a level top from all sides, four steps of 2 to 11 cm, 30 cm deep."""
    steps: Heights = np.floor((_EDGE - BORDER - CELL) / _TREAD + 1e-6) + 1
    return shapes.riser(difficulty) * np.clip(steps, 0, _STEPS)


def boulders(difficulty: float, rng: np.random.Generator) -> Heights:
    """Gives blocks too high for legs, close together, whatever the difficulty."""
    heights = np.full(SHAPE, _BOULDER[0])
    for _ in range(40):
        length, width = (round(size / CELL) for size in rng.uniform(0.4, 0.8, 2))
        i, j = int(rng.integers(SHAPE[0] - length)), int(rng.integers(SHAPE[1] - width))
        heights[i : i + length, j : j + width] = rng.uniform(*_BOULDER)
    return _walled(heights)


def pit(difficulty: float, rng: np.random.Generator) -> Heights:
    """Gives a hole that nobody gets out of, whatever the difficulty."""
    return _walled(np.full(SHAPE, -_PIT))


def _walled(heights: Heights) -> Heights:
    """Gives heights whose outermost samples are level at 0, so that upright sides come down or up to the neighbours."""
    heights[[0, -1]] = 0.0
    heights[:, [0, -1]] = 0.0
    return heights


def _levelled(kind: Kind) -> Kind:
    """Gives a kind of tile with its two sides along x brought to height 0 as well."""

    def heights(difficulty: float, rng: np.random.Generator) -> Heights:
        lane = kind.heights(difficulty, rng)
        if kind.cliffs:
            return lane * (_ASIDE >= BORDER)
        return lane * np.clip((_ASIDE - BORDER) / _FADE, 0.0, 1.0)

    return kind._replace(heights=heights)


PASSABLE = {name: _levelled(KINDS[name]) for name in ("flat", "rough", "waves", "blocks", "rubble")}
PASSABLE["mound"] = Kind(mound, cliffs=True)
IMPASSABLE = {"boulders": Kind(boulders, cliffs=True), "pit": Kind(pit, cliffs=True)}
