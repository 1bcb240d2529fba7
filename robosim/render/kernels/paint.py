"""Step 4 for robots: the colours of a picture without shadows, blending or haze, in a fraction of the time.

Many pixels see one face. What holds for a whole face is computed when the first of them is met: the light it sends
back, and how its texture lies across the picture.
"""

import numpy as np

from robosim.compiled import compiled, inlined
from robosim.render.kernels.arrays import Array, Buffers, Camera, Geometry, Light, Looks, Row, Shadow, Triple
from robosim.render.kernels.cull import eye_in_link
from robosim.render.kernels.light import lit, sky
from robosim.render.kernels.texture import level_of, nearest_texel

_STEEPEST = 0.05  # as in `light`


@compiled
def paint(
    buffers: Buffers, geometry: Geometry, looks: Looks, poses: Array, camera: Camera, light: Light, shadow: Shadow,
    rgb: Array,
) -> None:  # fmt: skip
    """Writes sRGB, uint8 (height, width, 3), of one sample a pixel.

    Args:
        buffers: From `draw`.
        geometry: What there is.
        looks: How it looks.
        poses: From each link's frame to the world.
        camera: That of the buffers.
        light: What lights it; its haze must be infinite.
        shadow: One of size 0.
        rgb: Where it is written.
    """
    eye = eye_in_link(camera.from_world, False)
    paints, frame = buffers.paints, buffers.frame[0] + 1
    buffers.frame[0] = frame
    for row in range(rgb.shape[0]):
        for column in range(rgb.shape[1]):
            face = buffers.winner[row, column]
            if face < 0:
                _write(looks, sky(light, _ray(camera, column, row)), rgb, row, column)
                continue
            if geometry.face_normals[face] >= 0:
                depth, ray = 1.0 / buffers.nearness[row, column], _ray(camera, column, row)
                colour = lit(geometry, looks, poses, camera, light, shadow, False, eye, face, ray, depth, 1.0)
                _write(looks, colour, rgb, row, column)
                continue
            if buffers.painted[face] != frame:
                buffers.painted[face] = frame
                _prepare(geometry, looks, poses, camera, light, eye, face, paints)
            if geometry.face_uvs[face] < 0:
                for k in range(3):
                    rgb[row, column, k] = int(paints[face, k])
                continue
            depth = 1.0 / buffers.nearness[row, column]
            u = (paints[face, 3] * column + paints[face, 4] * row + paints[face, 5]) * depth + paints[face, 6]
            v = (paints[face, 7] * column + paints[face, 8] * row + paints[face, 9]) * depth + paints[face, 10]
            area = min(paints[face, 11] * depth, paints[face, 12]) * depth * depth
            level = level_of(looks, looks.textures[geometry.face_part[face]], area)
            texel = nearest_texel(looks, level, u, v)
            for k in range(3):
                # sRGB is nearly a power: the code of a product is the product of the codes.
                rgb[row, column, k] = int(looks.texels[texel, k] * paints[face, k] * (1.0 / 255.0) + 0.5)


@inlined
def _prepare(
    geometry: Geometry, looks: Looks, poses: Array, camera: Camera, light: Light, eye: Triple, face: int, paints: Array
) -> None:
    """Writes a face's row of `Buffers.paints`."""
    part = geometry.face_part[face]
    pose, line = poses[geometry.links[part]], geometry.face_uvs[face]
    falling = _light_of(geometry, looks, pose, light, face, part)
    paints[face, 0], paints[face, 1], paints[face, 2] = (
        _byte(looks, falling[0]), _byte(looks, falling[1]), _byte(looks, falling[2]),
    )  # fmt: skip
    if line >= 0:
        u, v = _across(geometry.uvs, line, 0, pose, eye, camera), _across(geometry.uvs, line, 1, pose, eye, camera)
        paints[face, 3], paints[face, 4], paints[face, 5], paints[face, 6] = u
        paints[face, 7], paints[face, 8], paints[face, 9], paints[face, 10] = v
        paints[face, 11], paints[face, 12] = _areas(geometry, face, line, pose, eye, camera)


@inlined
def _write(looks: Looks, colour: Triple, rgb: Array, row: int, column: int) -> None:
    rgb[row, column, 0] = _byte(looks, colour[0])
    rgb[row, column, 1] = _byte(looks, colour[1])
    rgb[row, column, 2] = _byte(looks, colour[2])


@inlined
def _ray(camera: Camera, column: int, row: int) -> Triple:
    """Gives the world vector from the eye through a pixel, of length 1 along the camera's axis."""
    right, down, ahead = camera.from_world
    x, y = (column - camera.lens[2]) * (1.0 / camera.lens[0]), (row - camera.lens[3]) * (1.0 / camera.lens[1])
    return (
        right[0] * x + down[0] * y + ahead[0],
        right[1] * x + down[1] * y + ahead[1],
        right[2] * x + down[2] * y + ahead[2],
    )


@inlined
def _light_of(geometry: Geometry, looks: Looks, pose: Array, light: Light, face: int, part: int) -> Triple:
    """Gives what a flat face sends back of the light that falls on it."""
    n = geometry.planes[face, 0], geometry.planes[face, 1], geometry.planes[face, 2]
    x = pose[0, 0] * n[0] + pose[0, 1] * n[1] + pose[0, 2] * n[2]
    y = pose[1, 0] * n[0] + pose[1, 1] * n[1] + pose[1, 2] * n[2]
    z = pose[2, 0] * n[0] + pose[2, 1] * n[1] + pose[2, 2] * n[2]
    sun = max(x * light.to_sun[0] + y * light.to_sun[1] + z * light.to_sun[2], 0.0)
    up, a, b = 0.5 + 0.5 * z, light.ground, light.sky
    return (
        looks.colours[part, 0] * (sun * light.sun[0] + a[0] + (b[0] - a[0]) * up),
        looks.colours[part, 1] * (sun * light.sun[1] + a[1] + (b[1] - a[1]) * up),
        looks.colours[part, 2] * (sun * light.sun[2] + a[2] + (b[2] - a[2]) * up),
    )


@inlined
def _across(uvs: Array, line: int, which: int, pose: Array, eye: Triple, camera: Camera) -> Row:
    """Gives how a texture's coordinate runs across the picture: (a column + b row + c) depth + d."""
    a, b, c = uvs[line, which, 0], uvs[line, which, 1], uvs[line, which, 2]
    x = pose[0, 0] * a + pose[0, 1] * b + pose[0, 2] * c
    y = pose[1, 0] * a + pose[1, 1] * b + pose[1, 2] * c
    z = pose[2, 0] * a + pose[2, 1] * b + pose[2, 2] * c
    right, down, ahead = camera.from_world
    by_column = (x * right[0] + y * right[1] + z * right[2]) / camera.lens[0]
    by_row = (x * down[0] + y * down[1] + z * down[2]) / camera.lens[1]
    straight = x * ahead[0] + y * ahead[1] + z * ahead[2]
    start = straight - by_column * camera.lens[2] - by_row * camera.lens[3]
    at_eye = x * (eye[0] - pose[0, 3]) + y * (eye[1] - pose[1, 3]) + z * (eye[2] - pose[2, 3])
    return by_column, by_row, start, at_eye + uvs[line, which, 3]


@inlined
def _areas(geometry: Geometry, face: int, line: int, pose: Array, eye: Triple, camera: Camera) -> tuple[float, float]:
    """Gives what a pixel covers of the texture: min(first · depth, second) · depth².

    A pixel at depth z covers (z / f)² head on, and on a slanted face as much more as 1 / cos; and cos is the eye's
    height above the face's plane, divided by z.
    """
    m = geometry.uvs
    scale = m[line, 1, 0] ** 2 + m[line, 1, 1] ** 2 + m[line, 1, 2] ** 2
    x, y, z = eye[0] - pose[0, 3], eye[1] - pose[1, 3], eye[2] - pose[2, 3]
    p = geometry.planes
    height = (
        p[face, 0] * (pose[0, 0] * x + pose[1, 0] * y + pose[2, 0] * z)
        + p[face, 1] * (pose[0, 1] * x + pose[1, 1] * y + pose[2, 1] * z)
        + p[face, 2] * (pose[0, 2] * x + pose[1, 2] * y + pose[2, 2] * z)
        - p[face, 3]
    )
    head_on = scale / (camera.lens[1] * camera.lens[1])
    return head_on / max(height, 1e-6), head_on / _STEEPEST


@inlined
def _byte(looks: Looks, value: float) -> np.uint8:
    return np.uint8(looks.to_srgb[int(min(max(value, 0.0), 1.0) * 4095.0 + 0.5)])
