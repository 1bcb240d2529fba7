"""Step 5, developing: from nearest faces to the images that leave the renderer."""

from robosim.compiled import compiled, inlined
from robosim.render.kernels.arrays import Array, Buffers, Camera, Geometry, Light, Looks, Shadow, Triple
from robosim.render.kernels.cull import eye_in_link
from robosim.render.kernels.light import lit, sky


@compiled
def develop_depth(
    buffers: Buffers, camera: Camera, nearest: float, farthest: float, nothing: float, depth: Array
) -> None:
    """Writes z in metres, float32 (height, width); ``nothing`` where it is not from ``nearest`` to ``farthest``."""
    far = camera.lens[5]
    for row in range(depth.shape[0]):
        for column in range(depth.shape[1]):
            near = buffers.nearness[row, column]
            z = far - near if camera.flat else 1.0 / near  # infinity where nothing is near
            depth[row, column] = z if near > 0.0 and nearest <= z <= farthest else nothing


@compiled
def develop_segmentation(buffers: Buffers, geometry: Geometry, labels: Array) -> None:
    """Writes number of the body and kind, int16 (height, width, 2); (-1, 0) where there is nothing."""
    for row in range(labels.shape[0]):
        for column in range(labels.shape[1]):
            face = buffers.winner[row, column]
            if face < 0:
                labels[row, column, 0], labels[row, column, 1] = -1, 0
            else:
                part = geometry.face_part[face]
                labels[row, column, 0] = geometry.labels[part, 0]
                labels[row, column, 1] = geometry.labels[part, 1]


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
    eye = eye_in_link(camera.from_world, False)
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
            _write(looks, (red, green, blue), 1.0 if same else 1.0 / count, rgb, row, column)


@inlined
def _seen(
    buffers: Buffers, geometry: Geometry, looks: Looks, poses: Array, camera: Camera, light: Light, shadow: Shadow,
    smooth: bool, eye: Triple, row: int, column: int, x: float, y: float, near: float, samples: float,
) -> Triple:  # fmt: skip
    """Gives the linear colour of a sample's face, at the column x and the row y."""
    across, along = (x - camera.lens[2]) * (1.0 / camera.lens[0]), (y - camera.lens[3]) * (1.0 / camera.lens[1])
    right, down, ahead = camera.from_world
    ray = (
        right[0] * across + down[0] * along + ahead[0],
        right[1] * across + down[1] * along + ahead[1],
        right[2] * across + down[2] * along + ahead[2],
    )
    face = buffers.winner[row, column]
    if face < 0:
        return sky(light, ray)
    return lit(geometry, looks, poses, camera, light, shadow, smooth, eye, face, ray, 1.0 / near, samples)


@inlined
def _write(looks: Looks, colour: Triple, share: float, rgb: Array, row: int, column: int) -> None:
    for k in range(3):
        value = min(max(colour[k] * share, 0.0), 1.0)
        rgb[row, column, k] = looks.to_srgb[int(value * 4095.0 + 0.5)]


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
