"""Shapes of ground: each a pure function of a difficulty in [0, 1] and a generator that gives a tile's heights, metres.

A tile is `LENGTH` long (x) and `WIDTH` wide (y), with a sample every `CELL`, both edges included: float64 `SHAPE`. It
begins level at height 0 and ends level at whatever height it has risen to, both over at least `BORDER`, so that tiles
can be laid one after another. Difficulty 1 is at the edge of what Unitree's A1 can do, which stands 0.27 m high on legs
of 0.4 m; the scales start from legged_gym's (`legged_gym/utils/terrain.py`, `make_terrain`), which are sized for ANYmal
on legs of 0.6 m.
"""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

CELL = 0.05  # m between samples
LENGTH, WIDTH = 4.0, 4.0  # m
BORDER = 0.4  # m
SHAPE = round(LENGTH / CELL) + 1, round(WIDTH / CELL) + 1

_FADE = 0.3  # m over which what is uneven begins and ends
_SLOPE = 0.4  # rise per run: legged_gym's steepest, 21.8°; rubber holds up to 0.5 at the least friction drawn
_ROUGH = (0.01, 0.06)  # m, largest height at difficulty 0 and 1; legged_gym has 0.05 throughout, for a longer leg
_WAVE = 0.08  # m, amplitude; over 1.6 m it is as steep as 0.31, less than a slope, as it turns under the feet
_RISER = (0.02, 0.11)  # m; legged_gym's 0.05 to 0.23 halved, as it has a higher step
_TREAD = 0.3  # m; legged_gym has 0.31
_BLOCK = (0.01, 0.06)  # m above and below; neighbours differ by up to twice that, about the highest step
_STONE = (0.6, 0.3)  # m; the smallest is a little longer than A1's stride at 0.5 m/s
_STONE_GAP = (0.02, 0.10)  # m, and up to the next whole cell; a foot is 0.04 m wide
_GAP = (0.02, 0.18)  # m, and up to the next whole cell; half of the distance between front and hind feet
_DEPTH = 0.3  # m, of what a foot must not step into: it ends a trot
_RUBBLE = (0.02, 0.09)  # m, the largest stone's height: under the highest step, as stones come one after another

Heights = NDArray[np.float64]
_X = np.linspace(0.0, LENGTH, SHAPE[0])
_Y = np.linspace(-WIDTH / 2, WIDTH / 2, SHAPE[1])


def flat(difficulty: float, rng: np.random.Generator) -> Heights:
    """Gives level ground, whatever the difficulty."""
    return np.zeros(SHAPE)


def rough(difficulty: float, rng: np.random.Generator) -> Heights:
    """Gives random heights every 0.2 m, 1 to 6 cm up or down, with straight lines between."""
    return _uneven(_between(_ROUGH, difficulty), rng)


def slope_up(difficulty: float, rng: np.random.Generator) -> Heights:
    """Gives a ramp of up to 0.4 rise per run."""
    return _ramp(_SLOPE * difficulty)


def slope_down(difficulty: float, rng: np.random.Generator) -> Heights:
    """Gives a ramp of down to 0.4 fall per run."""
    return _ramp(-_SLOPE * difficulty)


def rough_slope(difficulty: float, rng: np.random.Generator) -> Heights:
    """Gives a ramp, up or down at random, three quarters as steep as a smooth one and two thirds as rough as level."""
    way = rng.choice((-1.0, 1.0))
    return _ramp(way * 0.75 * _SLOPE * difficulty) + _uneven(_between(_ROUGH, difficulty) / 1.5, rng)


def waves(difficulty: float, rng: np.random.Generator) -> Heights:
    """Gives waves of up to 8 cm up and down, 1.2 to 1.8 m long, that run askew."""
    turn, length, phase = rng.uniform(-0.6, 0.6), rng.uniform(1.2, 1.8), rng.uniform(0, 2 * np.pi)
    way = _X[:, None] * np.cos(turn) + _Y[None, :] * np.sin(turn)
    swell: Heights = np.sin(2 * np.pi * way / length + phase)
    return _WAVE * difficulty * _fade() * swell


def stairs_up(difficulty: float, rng: np.random.Generator) -> Heights:
    """Gives eleven steps of 2 to 11 cm, 30 cm deep."""
    return _across(riser(difficulty) * _steps())


def stairs_down(difficulty: float, rng: np.random.Generator) -> Heights:
    """Gives eleven steps of 2 to 11 cm down, 30 cm deep."""
    return _across(-riser(difficulty) * _steps())


def blocks(difficulty: float, rng: np.random.Generator) -> Heights:
    """Gives blocks of 0.3 to 0.8 m with level tops, 1 to 6 cm up or down."""
    heights = np.zeros(SHAPE)
    for _ in range(60):
        length, width = (round(size / CELL) for size in rng.uniform(0.3, 0.8, 2))
        i, j = int(rng.integers(*_inner(length))), int(rng.integers(-width // 2, SHAPE[1] - width // 2))
        heights[i : i + length, max(j, 0) : max(j + width, 0)] = rng.uniform(-1, 1) * _between(_BLOCK, difficulty)
    return heights


def stones(difficulty: float, rng: np.random.Generator) -> Heights:
    """Gives stepping stones of 60 to 30 cm with gaps of 5 to 10 cm around them, up to 2 cm up or down."""
    size, gap = _cells(_between(_STONE, difficulty)), _cells(_between(_STONE_GAP, difficulty))
    heights = np.full(SHAPE, -_DEPTH)
    first, end = _inner(0)
    heights[:first], heights[end:] = 0.0, 0.0
    for i in range(first + gap, end - gap, size + gap):
        last = min(i + size, end - gap)
        for j in range(-int(rng.integers(size + gap)), SHAPE[1], size + gap):
            heights[i:last, max(j, 0) : max(j + size, 0)] = rng.uniform(-0.02, 0.02) * difficulty
    return heights


def gaps(difficulty: float, rng: np.random.Generator) -> Heights:
    """Gives trenches across the way, 5 to 20 cm wide, 50 to 80 cm apart."""
    gap = _cells(_between(_GAP, difficulty))
    heights = np.zeros(SHAPE)
    first, end = _inner(0)
    i = first
    while i + gap < end:
        heights[i : i + gap] = -_DEPTH
        i += gap + round(rng.uniform(0.5, 0.8) / CELL)
    return heights


def rubble(difficulty: float, rng: np.random.Generator) -> Heights:
    """Gives a field of 150 rounded stones, 20 to 60 cm wide and up to 2 to 9 cm high, that lie over one another."""
    heights, most = np.zeros(SHAPE), _between(_RUBBLE, difficulty)
    for _ in range(150):
        x, y, radius = rng.uniform(0, LENGTH), rng.uniform(-WIDTH / 2, WIDTH / 2), rng.uniform(0.1, 0.3)
        away = ((_X[:, None] - x) ** 2 + (_Y[None, :] - y) ** 2) / radius**2
        np.maximum(heights, most * rng.uniform(0.3, 1.0) * (1 - away**2), out=heights)
    return _coarse(heights * _fade())


class Kind(NamedTuple):
    """A shape, and how its samples become a surface.

    Attributes:
        heights: The shape.
        cliffs: Each sample is a level square with upright sides; else the ground is straight from sample to sample.
    """

    heights: Callable[[float, np.random.Generator], Heights]
    cliffs: bool


KINDS = {
    "flat": Kind(flat, cliffs=False),
    "rough": Kind(rough, cliffs=False),
    "slope_up": Kind(slope_up, cliffs=False),
    "slope_down": Kind(slope_down, cliffs=False),
    "rough_slope": Kind(rough_slope, cliffs=False),
    "waves": Kind(waves, cliffs=False),
    "stairs_up": Kind(stairs_up, cliffs=True),
    "stairs_down": Kind(stairs_down, cliffs=True),
    "blocks": Kind(blocks, cliffs=True),
    "stones": Kind(stones, cliffs=True),
    "gaps": Kind(gaps, cliffs=True),
    "rubble": Kind(rubble, cliffs=False),
}


def riser(difficulty: float) -> float:
    """Gives the height of a step, m."""
    return _between(_RISER, difficulty)


def _between(ends: tuple[float, float], difficulty: float) -> float:
    return ends[0] + (ends[1] - ends[0]) * difficulty


def _cells(length: float) -> int:
    """Gives the number of samples that are at least as long."""
    return max(int(np.ceil(length / CELL - 1e-6)), 1)


def _inner(length: int) -> tuple[int, int]:
    """Gives the range of first samples along x of what is ``length`` samples long, borders left alone."""
    border = round(BORDER / CELL) + 1
    return border, SHAPE[0] - border - length


def _across(profile: Heights) -> Heights:
    """Gives a tile whose heights along x are these, all across."""
    heights: Heights = np.tile(profile[:, None], SHAPE[1])
    return heights


def _ramp(slope: float) -> Heights:
    rise = slope * (np.clip(_X, BORDER, LENGTH - BORDER) - BORDER)
    return _across(rise)


def _steps() -> NDArray[np.float64]:
    """Gives how many steps lie behind each sample along x."""
    count = round((LENGTH - 2 * BORDER) / _TREAD)
    steps: Heights = np.floor((_X - BORDER - CELL) / _TREAD + 1e-6) + 1
    return np.clip(steps, 0, count)


def _fade() -> Heights:
    """Gives 1 in the middle and 0 on the borders, with straight lines between."""
    inside = np.minimum(_X, LENGTH - _X) - BORDER
    return _across(np.clip(inside / _FADE, 0.0, 1.0))


def _uneven(height: float, rng: np.random.Generator) -> Heights:
    noise = rng.uniform(-height, height, (round(LENGTH / 0.2) + 1, round(WIDTH / 0.2) + 1))
    return _coarse(_stretch(noise) * _fade())


def _coarse(heights: Heights) -> Heights:
    """Keeps every second sample, with straight lines between: the surface has half as many triangles each way."""
    return _stretch(heights[::2, ::2])


def _stretch(coarse: Heights) -> Heights:
    """Gives straight lines between the samples of a coarser grid over the same tile."""
    for axis, fine in enumerate(SHAPE):
        at = np.linspace(0, coarse.shape[axis] - 1, fine)
        low = np.minimum(at.astype(int), coarse.shape[axis] - 2)
        share = np.expand_dims(at - low, 1 - axis)
        coarse = np.take(coarse, low, axis) * (1 - share) + np.take(coarse, low + 1, axis) * share
    return coarse
