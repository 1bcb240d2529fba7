"""Step 5, developing: from nearest faces to the images that leave the renderer."""

import numpy as np

from robosim.compiled import compiled, inlined
from robosim.render.kernels.arrays import Array, Buffers, Camera, Shadow, Triple
from robosim.render.kernels.kept import Kept, kept_in
from robosim.render.kernels.light import seen
from robosim.render.kernels.pixel import bytes_of
from robosim.render.kernels.vectors import plus, scaled

_ONE = np.float32(1.0)


@inlined
def develop_depth(seen_near: Array, reach: Triple, depth: Array) -> None:
    """Writes z in metres, float32 (height, width), from nearness; see `snap` for ``reach``."""
    for row in range(np.uintp(depth.shape[0])):
        for column in range(np.uintp(depth.shape[1])):
            depth[row, column] = _depth(seen_near[row, column], reach)


@inlined
def develop_depth8(seen_near: Array, reach: Triple, depth: Array) -> None:
    """Writes z in steps of a 255th of the farthest, uint8 (height, width, 1), from nearness; 0 for what has no z."""
    within, scale, channel = (reach[0], reach[1], 0.0), np.float32(255.0 / reach[1]), np.uintp(0)
    for row in range(np.uintp(depth.shape[0])):
        for column in range(np.uintp(depth.shape[1])):
            z = _depth(seen_near[row, column], within)
            depth[row, column, channel] = np.uint8(np.int32(z * scale + np.float32(0.5)))


@inlined
def _depth(near: np.float32, reach: Triple) -> np.float32:
    nearest, farthest, nothing = reach
    # Products: a quotient in double precision costs more. Where nothing is near, the second is 0 or no number.
    within = (nearest * near <= 1.0) & (farthest * near >= 1.0)
    return _ONE / near if within else np.float32(nothing)


@compiled
def develop_colour(room: Array, camera: Camera, shadow: Shadow, smooth: bool, rgb: Array) -> None:
    """Writes sRGB, uint8 (height, width, 3), from buffers as large or several times as large each way.

    A pixel is the mean of its samples; where all of them see the same face, it is lit once.

    Args:
        room: What there is, with the buffers from `draw`: see `keep`.
        camera: That of the buffers.
        shadow: What the sun sees.
        smooth: Blend texels.
        rgb: Where it is written.
    """
    kept: Kept = kept_in(room)
    nearness, winner = kept.buffers.nearness, kept.buffers.winner
    factor = winner.shape[0] // rgb.shape[0]
    middle, count = 0.5 * (factor - 1), factor * factor
    for row in range(rgb.shape[0]):
        for column in range(rgb.shape[1]):
            top, left = row * factor, column * factor
            same, total = _same_face(kept.buffers, top, left, factor)
            colour = (0.0, 0.0, 0.0)
            for sample in range(1 if same else count):
                i, j = top + sample // factor, left + sample % factor
                if same:
                    x, y, near, samples = left + middle, top + middle, total / count, float(count)
                else:
                    x, y, near, samples = float(j), float(i), float(nearness[i, j]), 1.0
                colour = plus(colour, seen(kept, camera, shadow, smooth, winner[i, j], x, y, near, samples))
            colour = scaled(colour, 1.0 if same else 1.0 / count)
            rgb[row, column, 0], rgb[row, column, 1], rgb[row, column, 2] = bytes_of(kept.looks, colour)


@inlined
def _same_face(buffers: Buffers, top: int, left: int, factor: int) -> tuple[bool, float]:
    """Says whether the samples of a pixel all see one face, or all the sky, and gives the sum of their nearness."""
    face, near = buffers.winner[top, left], 0.0
    for i in range(top, top + factor):
        for j in range(left, left + factor):
            if buffers.winner[i, j] != face:
                return False, 0.0
            near += buffers.nearness[i, j]
    return True, near
