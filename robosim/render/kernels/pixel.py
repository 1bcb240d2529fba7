"""A pixel: the ray through its middle, and the bytes it is written as."""

import numpy as np

from robosim.compiled import inlined
from robosim.render.kernels.arrays import Array, Camera, Looks, Triple


@inlined
def ray_through(camera: Camera, column: float, row: float) -> Triple:
    """Gives the world vector from the eye through a point of the picture, of length 1 along the camera's axis."""
    right, down, ahead = camera.from_world
    x, y = (column - camera.lens[2]) * (1.0 / camera.lens[0]), (row - camera.lens[3]) * (1.0 / camera.lens[1])
    return (
        right[0] * x + down[0] * y + ahead[0],
        right[1] * x + down[1] * y + ahead[1],
        right[2] * x + down[2] * y + ahead[2],
    )


@inlined
def byte_of(looks: Looks, light: float) -> int:
    """Gives the sRGB byte of linear light."""
    return int(looks.to_srgb[int(min(max(light, 0.0), 1.0) * 4095.0 + 0.5)])


@inlined
def ink_of(looks: Looks, colour: Triple) -> np.uint32:
    """Gives a linear colour as an ink: sRGB in one number, red in its lowest byte."""
    red, green, blue = byte_of(looks, colour[0]), byte_of(looks, colour[1]), byte_of(looks, colour[2])
    return np.uint32(red | green << 8 | blue << 16)


@inlined
def write(looks: Looks, colour: Triple, rgb: Array, row: int, column: int) -> None:
    """Writes a linear colour as sRGB."""
    rgb[row, column, 0] = byte_of(looks, colour[0])
    rgb[row, column, 1] = byte_of(looks, colour[1])
    rgb[row, column, 2] = byte_of(looks, colour[2])
