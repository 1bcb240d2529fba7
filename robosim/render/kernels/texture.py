"""Textures: the colour at a point of an image, from the level whose texels are as large as the pixel."""

import numpy as np

from robosim.compiled import inlined
from robosim.render.kernels.arrays import Array, Looks, Triple
from robosim.render.kernels.vectors import along, dot, mix

STEEPEST = 0.05  # cosine; a surface seen more flatly is textured as if seen so
_MANTISSA, _BIAS = 52, 1023  # bits of a float64, and what its exponent is kept with


@inlined
def level_of(looks: Looks, texture: int, area: float) -> int:
    """Gives the level of a texture whose texels are as large as a pixel, which covers ``area`` of the texture."""
    first, last = looks.first_level[texture], looks.first_level[texture + 1] - 1
    texels = area * looks.levels[first, 1] * looks.levels[first, 1]
    # Two levels differ by a factor of 4, and half the exponent of a binary number is its logarithm to that base.
    exponent = (np.float64(0.5 * texels).view(np.int64) >> _MANTISSA) - _BIAS
    return int(min(max(first + (exponent >> 1) + 1, first), last))


@inlined
def areas_of(looks: Looks, texture: int, level: int) -> tuple[float, float]:
    """Gives the areas between which `level_of` gives a level: from the first on, up to the second."""
    first, last = looks.first_level[texture], looks.first_level[texture + 1] - 1
    low = 0.5 / (float(looks.levels[first, 1]) * looks.levels[first, 1])
    for _ in range(first, level):
        low *= 4.0
    return low if level > first else 0.0, 4.0 * low if level < last else np.inf


@inlined
def nearest_texel(looks: Looks, level: int, u: float, v: float) -> int:
    """Gives the number of a level's texel at a point."""
    height, width = looks.levels[level, 1], looks.levels[level, 2]
    x, y = (u - np.floor(u)) * width, (1.0 - (v - np.floor(v))) * height
    return int(looks.levels[level, 0] + min(int(y), height - 1) * width + min(int(x), width - 1))


@inlined
def sample(looks: Looks, texture: int, uv: Array, point: Triple, area: float, smooth: bool) -> Triple:
    """Gives the linear colour of a texture.

    Args:
        looks: As in `Looks`.
        texture: Its number.
        uv: float32 (2, 4), how it lies on the face; see `Geometry.uvs`.
        point: In the link's frame.
        area: m², what a pixel covers.
        smooth: Blend the four nearest texels; otherwise the nearest one is taken.
    """
    u, v, level = along(uv[0], point), along(uv[1], point), level_of(looks, texture, dot(uv[1], uv[1]) * area)
    if not smooth:
        return _texel(looks, nearest_texel(looks, level, u, v))
    start, height, width = looks.levels[level, 0], looks.levels[level, 1], looks.levels[level, 2]
    x, y = (u - np.floor(u)) * width - 0.5, (1.0 - (v - np.floor(v))) * height - 0.5
    left, upper = np.floor(x), np.floor(y)
    across, down = x - left, y - upper
    x0, y0 = int(left) % width, int(upper) % height
    x1, y1 = (x0 + 1) % width, (y0 + 1) % height
    a, b = _texel(looks, start + y0 * width + x0), _texel(looks, start + y0 * width + x1)
    c, d = _texel(looks, start + y1 * width + x0), _texel(looks, start + y1 * width + x1)
    return mix(mix(a, b, across), mix(c, d, across), down)


@inlined
def _texel(looks: Looks, index: int) -> Triple:
    table, word = looks.to_linear, looks.texels[index]
    return table[word & 0xFF], table[(word >> 8) & 0xFF], table[word >> 16]
