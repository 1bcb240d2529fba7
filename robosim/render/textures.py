"""Images as the rasteriser wants them: every texture at full size, half, a quarter … in one array."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image as Files  # not OpenCV: with a window toolkit in it, its import needs a display's libraries

from robosim.errors import RobosimError
from robosim.render.kernels.arrays import words_of

Image = NDArray[np.uint8]
Packed = tuple[NDArray[np.uint32], NDArray[np.int32], NDArray[np.int32]]


def load_texture(path: Path) -> Image:
    """Reads an image file as RGB, shape (height, width, 3).

    Raises:
        RobosimError: It cannot be read as an image.
    """
    try:
        with Files.open(path) as file:
            return np.asarray(file.convert("RGB"), np.uint8)
    except OSError as error:
        raise RobosimError(f"{path}: Pillow cannot read it as an image: {error}") from error


def pack_textures(images: Sequence[Image]) -> Packed:
    """Lays images and their halves one after another.

    Returns:
        ``texels``, ``levels`` and ``first_level`` of `robosim.render.kernels.arrays.Looks`.
    """
    texels, levels, first = list[NDArray[np.uint32]](), [], [0]
    start = 0
    for image in images:
        for level in _halves(image):
            height, width = level.shape[:2]
            texels.append(words_of(level))
            levels.append((start, height, width))
            start += height * width
        first.append(len(levels))
    packed = np.concatenate(texels) if texels else np.zeros(1, np.uint32)
    return packed, np.array(levels or [(0, 1, 1)], np.int32), np.array(first, np.int32)


def srgb_tables() -> tuple[NDArray[np.float32], Image]:
    """Gives ``to_linear`` and ``to_srgb`` of `robosim.render.kernels.arrays.Looks`; IEC 61966-2-1 has the curve."""
    byte = np.arange(256) / 255
    linear = np.where(byte <= 0.04045, byte / 12.92, ((byte + 0.055) / 1.055) ** 2.4)
    light = np.arange(4096) / 4095
    coded = np.where(light <= 0.0031308, 12.92 * light, 1.055 * light ** (1 / 2.4) - 0.055)
    return linear.astype(np.float32), np.rint(coded * 255).astype(np.uint8)


def _halves(image: Image) -> list[Image]:
    levels = [np.ascontiguousarray(image)]
    while max(levels[-1].shape[:2]) > 1:
        height, width = levels[-1].shape[:2]
        size = max(width // 2, 1), max(height // 2, 1)
        levels.append(np.asarray(Files.fromarray(levels[-1]).resize(size, Files.Resampling.BOX), np.uint8))
    return levels
