"""Kernels that repaint textures where they lie, full size and halves, in a few milliseconds."""

import numpy as np

from robosim.compiled import compiled, inlined
from robosim.render.kernels.arrays import Array

LEFT_ALONE = 0xFFFF
"""The group of texels that stay as they are."""


@compiled
def repaint(fresh: Array, groups: Array, styles: Array, kinds: Array, patterns: Array, painted: Array) -> None:
    """Repaints a texture at full size.

    Args:
        fresh: uint8 (height, width, 3), as it was made.
        groups: uint16 (height, width), which style each texel gets; `LEFT_ALONE` for none.
        styles: float32 (styles, 6): what grey is multiplied with (3), by how much that replaces the own colour, how
            much brighter all is, how strong the pattern is.
        kinds: int32 (styles, 3): number of the pattern, where it begins down and across.
        patterns: float32 (patterns, size, size), in [-1, 1]; the size is a power of two.
        painted: uint8 (height · width, 3), written.
    """
    last = patterns.shape[1] - 1
    height, width = groups.shape
    for row in range(height):
        for column in range(width):
            group, place = groups[row, column], row * width + column
            if group == LEFT_ALONE:
                for channel in range(3):
                    painted[place, channel] = fresh[row, column, channel]
                continue
            style, kind = styles[group], kinds[group]
            red, green, blue = fresh[row, column, 0], fresh[row, column, 1], fresh[row, column, 2]
            grey = style[3] * (np.float32(0.299) * red + np.float32(0.587) * green + np.float32(0.114) * blue)
            mark = patterns[kind[0], (row + kind[1]) & last, (column + kind[2]) & last]
            gain, own = style[4] * (np.float32(1.0) + style[5] * mark), np.float32(1.0) - style[3]
            painted[place, 0] = _byte(gain * (own * red + grey * style[0]))
            painted[place, 1] = _byte(gain * (own * green + grey * style[1]))
            painted[place, 2] = _byte(gain * (own * blue + grey * style[2]))


@inlined
def _byte(value: float) -> np.uint8:
    return np.uint8(min(max(value + np.float32(0.5), np.float32(0.0)), np.float32(255.0)))


@compiled
def halve(texels: Array, levels: Array, first: int, last: int) -> None:
    """Makes a texture's smaller levels anew, each texel the mean of four.

    Args:
        texels: uint8 (n, 4), bytes of words, see `robosim.render.kernels.arrays.Looks`.
        levels: int32 (levels, 3), the same.
        first: The level at full size.
        last: The one after the smallest.
    """
    for level in range(first + 1, last):
        source, tall, wide = levels[level - 1, 0], levels[level - 1, 1], levels[level - 1, 2]
        start, height, width = levels[level, 0], levels[level, 1], levels[level, 2]
        for row in range(height):
            upper = source + min(2 * row, tall - 1) * wide
            lower = source + min(2 * row + 1, tall - 1) * wide
            for column in range(width):
                left, right = min(2 * column, wide - 1), min(2 * column + 1, wide - 1)
                for channel in range(3):
                    total = np.uint32(texels[upper + left, channel]) + np.uint32(texels[upper + right, channel])
                    total += np.uint32(texels[lower + left, channel]) + np.uint32(texels[lower + right, channel])
                    texels[start + row * width + column, channel] = np.uint8((total + np.uint32(2)) >> np.uint32(2))
