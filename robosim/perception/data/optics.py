"""The lenses and sensors through which labelled pictures are taken."""

import math
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from robosim.render.lens import Lens
from robosim.sensors.camera_noise import CameraNoise
from robosim.sensors.distortion import Distortion
from robosim.sensors.vary import Uniform

LENSES = 24
"""Of a set of pictures: how one bends takes longer to compute than a picture to take."""
FOV = (52.0, 84.0)  # degrees
_NOISE = 1 << 23  # numbers in a table of noise: more than the largest picture has
_STRAIGHT = 0.35  # share of lenses that do not bend at all
_BEND = (-0.12, 0.08)  # k1 times the square of the corner's distance: below -4 / 27 the corner would be in no ray

# What sensors do wrong, where they do; `CameraNoise` has the meanings and the units.
EXPOSURE, SHOT, READ_NOISE, BLUR = Uniform(-0.6, 0.6), Uniform(0.0, 2.0), Uniform(0.0, 12.0), Uniform(0.2, 0.7)
AXIAL, DISPARITY_STEP, EDGE_HOLES = Uniform(0.0, 2e-3), 1 / 8, Uniform(0.0, 1.0)


@dataclass(frozen=True, eq=False)
class Optics:
    """A lens that may bend.

    Attributes:
        pinhole: What it would be if it did not.
        k1: See `Distortion`.
    """

    pinhole: Lens
    k1: float

    @cached_property
    def distortion(self) -> Distortion | None:
        """How it bends; None if it does not."""
        return Distortion(self.pinhole, self.k1, 0.0) if self.k1 else None

    @property
    def lens(self) -> Lens:
        """The pinhole to draw with, so that all can be bent from it."""
        return self.pinhole if self.distortion is None else self.distortion.lens


def make_lenses(width: int, height: int, seed: int) -> list[Optics]:
    """Draws a set's lenses."""
    rng = np.random.default_rng((seed, LENSES))
    lenses = []
    for _ in range(LENSES):
        pinhole = Lens(width, height, float(rng.uniform(*FOV)))
        bend, straight = float(rng.uniform(*_BEND)), rng.random() < _STRAIGHT
        corner = (width**2 + height**2) / (2 * pinhole.focal) ** 2
        lenses.append(Optics(pinhole, 0.0 if straight else bend / corner))
    return lenses


def draw_noise(rng: np.random.Generator) -> CameraNoise:
    """Draws what sort of sensor it is: sharp or soft, with exact depth or with that of two eyes."""
    soft, stereo = rng.random(2) < 0.5
    return CameraNoise(
        exposure=EXPOSURE,
        shot=SHOT,
        read_noise=READ_NOISE,
        blur=BLUR if soft else 0.0,
        axial=AXIAL if stereo else 0.0,
        disparity_step=DISPARITY_STEP if stereo else 0.0,
        edge_holes=EDGE_HOLES if stereo else 0.0,
    )


class NoiseTable:
    """Normal noise from a table, each time from another place of it: drawing as much anew takes longer than a picture.

    Args:
        seed: Of the table.
    """

    def __init__(self, seed: int) -> None:
        """Draws the table; see the class."""
        self._numbers = np.random.default_rng((seed, _NOISE)).standard_normal(_NOISE, np.float32)
        self._rng = np.random.default_rng(seed)

    def begin(self, rng: np.random.Generator) -> None:
        """Lets the places be drawn from here."""
        self._rng = rng

    def standard_normal(self, size: tuple[int, ...], dtype: type[np.float32], /) -> NDArray[np.float32]:
        """Gives numbers of a standard normal law; not a copy."""
        count = math.prod(size)
        if dtype is not np.float32 or count >= _NOISE:
            raise ValueError(f"{count} numbers of {dtype}: the table has {_NOISE} of float32")
        start = int(self._rng.integers(_NOISE - count))
        return self._numbers[start : start + count].reshape(size)
