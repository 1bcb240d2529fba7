"""Step 5, developing: from nearest faces to the images that leave the renderer."""

import numpy as np

from robosim.compiled import compiled, inlined
from robosim.render.kernels.arrays import Array, Buffers, Camera, Geometry, Light, Looks, Shadow, Triple
from robosim.render.kernels.cull import eye_in_link
from robosim.render.kernels.light import lit, sky
from robosim.render.kernels.pixel import ray_through, write


@inlined
def develop_depth(
    buffers: Buffers, camera: Camera, nearest: float, farthest: float, nothing: float, depth: Array
) -> None:
    """Writes z in metres, float32 (height, width); ``nothing`` where it is not from ``nearest`` to ``farthest``."""
    for row in range(np.uintp(depth.shape[0])):
        for column in range(np.uintp(depth.shape[1])):
            depth[row, column] = _depth(buffers.nearness[row, column], camera, nearest, farthest, nothing)


@inlined
def develop_depth8(buffers: Buffers, camera: Camera, nearest: float, farthest: float, depth: Array) -> None:
    """Writes z in steps of a 255th of the farthest, uint8 (height, width, 1); 0 for what `develop_depth` finds no z."""
    scale, channel = np.float32(255.0 / farthest), np.uintp(0)
    for row in range(np.uintp(depth.shape[0])):
        for column in range(np.uintp(depth.shape[1])):
            z = np.float32(_depth(buffers.nearness[row, column], camera, nearest, farthest, 0.0))
            depth[row, column, channel] = np.uint8(np.int32(z * scale + np.float32(0.5)))


@inlined
def _depth(near: float, camera: Camera, nearest: float, farthest: float, nothing: float) -> float:
    z = camera.lens[5] - near if camera.flat else 1.0 / near  # infinity where nothing is near
    return z if (near > 0.0) & (nearest <= z) & (z <= farthest) else nothing


@compiled
def develop_colour(
    buffers: Buffers, geometry: Geometry, looks: Looks, poses: Array, camera: Camera, light: Light, shadow: Shadow,
    smooth: bool, rgb: Array,
) -> None:  # fmt: skip
    """Writes sRGB, uint8 (height, width, 3), from buffers as large or several times as large each way.

    A pixel is the mean of its samples; where all of them see the same face, it is lit once.

    Args:
        buffers: From `draw`.
        geometry: What there is.
        looks: How it looks.
        poses: From each link's frame to the world.
        camera: That of the buffers.
        light: What lights it.
        shadow: What the sun sees.
        smooth: Blend texels.
        rgb: Where it is written.
    """
    factor = buffers.winner.shape[0] // rgb.shape[0]
    middle, count = 0.5 * (factor - 1), factor * factor
    eye = eye_in_link(camera.from_world, False)[:3]
    for row in range(rgb.shape[0]):
        for column in range(rgb.shape[1]):
            top, left = row * factor, column * factor
            same, near = _same_face(buffers, top, left, factor)
            red = green = blue = 0.0
            for sample in range(1 if same else count):
                i, j = top + sample // factor, left + sample % factor
                x, y = (left + middle, top + middle) if same else (float(j), float(i))
                one = float(count) if same else 1.0
                mean = near / count if same else float(buffers.nearness[i, j])
                colour = _seen(
                    buffers, geometry, looks, poses, camera, light, shadow, smooth, eye, i, j, x, y, mean, one
                )
                red, green, blue = red + colour[0], green + colour[1], blue + colour[2]
            share = 1.0 if same else 1.0 / count
            write(looks, (red * share, green * share, blue * share), rgb, row, column)


@inlined
def _seen(
    buffers: Buffers, geometry: Geometry, looks: Looks, poses: Array, camera: Camera, light: Light, shadow: Shadow,
    smooth: bool, eye: Triple, row: int, column: int, x: float, y: float, near: float, samples: float,
) -> Triple:  # fmt: skip
    """Gives the linear colour of a sample's face, at the column x and the row y."""
    ray = ray_through(camera, x, y)
    face = buffers.winner[row, column]
    if face < 0:
        return sky(light, ray)
    return lit(geometry, looks, poses, camera, light, shadow, smooth, eye, face, ray, 1.0 / near, samples)


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
