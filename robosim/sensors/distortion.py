"""Lens distortion: the picture of a pinhole, bent as a real lens bends it."""

import math
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from robosim.errors import RobosimError
from robosim.render.lens import Lens

Image = NDArray[Any]
_PRECISE = (cv2.TERM_CRITERIA_EPS | cv2.TERM_CRITERIA_COUNT, 200, 1e-9)
_MISS = 0.01  # px; a bent point that does not come back to this has no straight one


class Distortion:
    """Brown and Conrady's radial distortion, as OpenCV has it.

    A ray at (x, y) for z = 1 is seen where a pinhole would see (x, y) (1 + k1 r² + k2 r⁴), r² = x² + y². Barrel-shaped
    pictures, k1 < 0, hold rays that miss the pinhole's picture: a larger one must be drawn.

    Args:
        lens: The pinhole whose picture is bent.
        k1: 1.
        k2: 1.

    Attributes:
        lens: The pinhole to draw: of the same focal length, wider by whole pixels on every side where need be.

    Raises:
        RobosimError: The lens would fold the picture over: two rays would meet in a pixel, or none.
    """

    def __init__(self, lens: Lens, k1: float, k2: float) -> None:
        """Computes where every pixel comes from; see the class."""
        pixels = np.stack(np.meshgrid(np.arange(lens.width), np.arange(lens.height)), -1).astype(np.float64)
        rays = cv2.undistortPoints(pixels.reshape(-1, 1, 2), lens.matrix, np.array([k1, k2, 0, 0]), criteria=_PRECISE)
        rays = np.asarray(rays).reshape(pixels.shape)
        square = (rays**2).sum(-1, keepdims=True)
        middle = lens.matrix[:2, 2]
        back = rays * (1 + k1 * square + k2 * square**2) * lens.focal + middle
        rising = 1 + 3 * k1 * square + 5 * k2 * square**2 > 0  # whether a ray farther out is seen farther out
        if not (rising.all() and np.abs(back - pixels).max() < _MISS):
            raise RobosimError(
                f"k1={k1!r}, k2={k2!r} fold the picture over at fov={lens.fov!r}: make them or it smaller"
            )
        source = rays * lens.focal + middle
        beyond = np.maximum(-source.min((0, 1)), source.max((0, 1)) - (lens.width - 1, lens.height - 1))
        margin = np.ceil(np.maximum(beyond, 0.0)).astype(int).tolist()
        self.lens = _widened(lens, *margin)
        self._columns, self._rows = np.moveaxis((source + margin).astype(np.float32), -1, 0).copy()

    def blend(self, image: Image) -> Image:
        """Bends a picture that `lens` has drawn, blending pixels."""
        return self._bent(image, cv2.INTER_LINEAR)

    def pick(self, image: Image) -> Image:
        """Bends a picture that `lens` has drawn, each pixel taken from the nearest one."""
        return self._bent(image, cv2.INTER_NEAREST)

    def _bent(self, image: Image, how: int) -> Image:
        return np.asarray(cv2.remap(image, self._columns, self._rows, how, borderMode=cv2.BORDER_REPLICATE))


def _widened(lens: Lens, columns: int, rows: int) -> Lens:
    """Adds pixels on each side, left and right, above and below; all others stay what they were."""
    height = lens.height + 2 * rows
    fov = 2 * math.degrees(math.atan(height / 2 / lens.focal))
    return Lens(lens.width + 2 * columns, height, fov, lens.near) if columns or rows else lens
