"""Step 4 for robots: the colours of a picture without shadows, blending or haze, in a fraction of the time.

Neighbours in a row mostly see the same face, and what holds for a whole face is computed when it is first met: the
light that it sends back, and how its texture lies across the picture. A row is painted in words of `words`, each step
of the work in a loop of its own that counts with unsigned numbers: so the processor does several pixels at a time.
"""

import numpy as np

from robosim.compiled import inlined
from robosim.render.kernels.arrays import (
    NONE,
    SKIES,
    Array,
    Buffers,
    Camera,
    Geometry,
    Light,
    Looks,
    Palette,
    Row,
    Shadow,
    Triple,
)  # fmt: skip
from robosim.render.kernels.cull import eye_in_link
from robosim.render.kernels.light import light_from, lit, zenith_share
from robosim.render.kernels.pixel import byte_of, ray_through
from robosim.render.kernels.texture import STEEPEST, areas_of, level_of
from robosim.render.kernels.words import pixel, write_row

_ONE = np.uintp(1)
_BYTE, _TWO_BYTES, _LOW = np.uint32(8), np.uint32(16), np.uint32(0xFF)
_WHOLE, _ROUND, _HALF = np.float32(1.0), np.float32(0.5), np.uint32(32768)
_LAST_SKY = np.float32(SKIES - 1)
_PLAIN, _ROUNDED = -1.0, -2.0  # faces that have no level of a texture: of one colour, and as if they were round
_BODY, _KIND = np.uintp(0), np.uintp(1)


@inlined
def paint(
    buffers: Buffers, palette: Palette, geometry: Geometry, looks: Looks, poses: Array, camera: Camera, rgb: Array,
    labels: Array,
) -> None:  # fmt: skip
    """Writes colours and labels, or one of the two where the other is of size 0; one sample a pixel.

    Args:
        buffers: From `draw`.
        palette: Room to work in, the sky and the light.
        geometry: What there is.
        looks: How it looks.
        poses: From each link's frame to the world.
        camera: That of the buffers.
        rgb: uint8 (height, width, 3), where sRGB is written.
        labels: int16 (height, width, 2), where number of the body and kind are written; (-1, 0) where there is nothing.
    """
    eye, light = eye_in_link(camera.from_world, False)[:3], light_from(palette.light)
    palette.frame[0] += 1
    height, width = np.uintp(buffers.winner.shape[0]), np.uintp(buffers.winner.shape[1])
    for row in range(height):
        line, start = np.uintp(row), np.uintp(0)
        while start < width:
            face, end = buffers.winner[line, start], start + _ONE
            while end < width and buffers.winner[line, end] == face:
                end += _ONE
            if labels.size > 0:
                _label(geometry, face, line, start, end, labels)
            if rgb.size > 0:
                if face >= 0 and palette.painted[face] != palette.frame[0]:
                    palette.painted[face] = palette.frame[0]
                    _prepare(geometry, looks, poses, camera, light, eye, face, palette.paints[face])
                _paint(buffers, palette, geometry, looks, poses, camera, light, eye, face, line, start, end)
            start = end
        if rgb.size > 0:
            write_row(palette.words, line, rgb)


@inlined
def _paint(
    buffers: Buffers, palette: Palette, geometry: Geometry, looks: Looks, poses: Array, camera: Camera, light: Light,
    eye: Triple, face: int, line: np.uintp, start: np.uintp, end: np.uintp,
) -> None:  # fmt: skip
    """Paints a row's pixels from ``start`` to ``end``, which see one face."""
    if face < 0:
        _paint_sky(palette, camera, line, start, end)
        return
    own = palette.paints[face]
    if own[13] == _PLAIN:
        word = _word(own[0], own[1], own[2])
        for column in range(start, end):
            palette.words[column] = word
    elif own[13] >= 0.0:
        _paint_print(looks, geometry, buffers.nearness, palette, face, line, start, end)
    else:
        row, no_shadow = int(line), Shadow(camera.from_world, camera.lens, buffers.nearness[:0])
        for column in range(int(start), int(end)):
            depth, ray = 1.0 / buffers.nearness[row, column], ray_through(camera, column, row)
            colour = lit(geometry, looks, poses, camera, light, no_shadow, False, eye, face, ray, depth, 1.0)
            palette.words[column] = _word(
                byte_of(looks, colour[0]), byte_of(looks, colour[1]), byte_of(looks, colour[2])
            )


@inlined
def _label(geometry: Geometry, face: int, line: np.uintp, start: np.uintp, end: np.uintp, labels: Array) -> None:
    body, kind = np.int16(NONE), np.int16(0)
    if face >= 0:
        part = geometry.face_part[face]
        body, kind = geometry.labels[part, 0], geometry.labels[part, 1]
    for column in range(start, end):
        labels[line, column, _BODY], labels[line, column, _KIND] = body, kind


@inlined
def _word(red: float, green: float, blue: float) -> np.uint32:
    return np.uint32(np.uint32(red) | (np.uint32(green) << _BYTE) | (np.uint32(blue) << _TWO_BYTES))


@inlined
def _paint_sky(palette: Palette, camera: Camera, line: np.uintp, start: np.uintp, end: np.uintp) -> None:
    right, down, ahead = camera.from_world
    y = (np.int32(line) - camera.lens[3]) * (1.0 / camera.lens[1])
    step, middle = np.float32(1.0 / camera.lens[0]), np.float32(camera.lens[2])
    by_column, along, aside = np.float32(right[2]), np.float32(down[2] * y + ahead[2]), np.float32(y * y + 1.0)
    for column in range(start, end):
        x = (np.float32(np.int32(column)) - middle) * step
        share = zenith_share(by_column * x + along, x * x + aside)
        palette.places[column] = np.int32(share * _LAST_SKY + _ROUND)
    for column in range(start, end):
        palette.words[column] = pixel(palette.sky, np.uintp(palette.places[column]))


@inlined
def _paint_print(
    looks: Looks, geometry: Geometry, nearness: Array, palette: Palette, face: int, line: np.uintp, start: np.uintp,
    end: np.uintp,
) -> None:  # fmt: skip
    """Paints a row's pixels of a textured face, as many at a time as see the same level of the texture.

    In single precision, good to a hundredth of a texel 100 repeats from a texture's origin.
    """
    own, row, words = palette.paints[face], np.int32(line), palette.words
    u_column, u_row, u_start = np.float32(own[3]), np.float32(own[4] * row + own[5]), np.float32(own[6])
    v_column, v_row, v_start = np.float32(own[7]), np.float32(own[8] * row + own[9]), np.float32(own[10])
    # sRGB is nearly a power: the code of a product is the product of the codes.
    red, green, blue = np.uint32(own[0]), np.uint32(own[1]), np.uint32(own[2])
    while start < end:
        if not _has_level(own, nearness[line, start]):
            _change_level(looks, looks.textures[geometry.face_part[face]], own, nearness[line, start])
        level, stop = int(own[13]), end
        # Along a row it rises or falls.
        while stop - start > _ONE and not _has_level(own, nearness[line, stop - _ONE]):
            stop = start + (stop - start) // np.uintp(2)
        first, height, width = looks.levels[level, 0], looks.levels[level, 1], looks.levels[level, 2]
        across, down = np.float32(width), np.float32(height)
        for column in range(start, stop):
            depth, x = _WHOLE / nearness[line, column], np.float32(np.int32(column))
            u, v = (u_column * x + u_row) * depth + u_start, (v_column * x + v_row) * depth + v_start
            i, j = np.int32((u - np.floor(u)) * across), np.int32((_WHOLE - (v - np.floor(v))) * down)
            palette.places[column] = first + min(j, height - np.int32(1)) * width + min(i, width - np.int32(1))
        for column in range(start, stop):
            words[column] = pixel(looks.texels, np.uintp(palette.places[column]))
        for column in range(start, stop):
            word = words[column]
            r, g, b = word & _LOW, (word >> _BYTE) & _LOW, (word >> _TWO_BYTES) & _LOW
            words[column] = _dimmed(r, red) | (_dimmed(g, green) << _BYTE) | (_dimmed(b, blue) << _TWO_BYTES)
        start = stop


@inlined
def _share(byte: float) -> np.uint32:
    """Gives a 255th in steps of a 65,536th, for `_dimmed`: whole numbers are multiplied faster."""
    return np.uint32(byte * (65536.0 / 255.0) + 0.5)


@inlined
def _dimmed(byte: np.uint32, share: np.uint32) -> np.uint32:
    return np.uint32((byte * share + _HALF) >> _TWO_BYTES)


@inlined
def _has_level(own: Array, near: float) -> bool:
    """Says whether a pixel of a face needs the level of the texture that the face's last one had; no divisions."""
    near = np.float64(near)
    covers, cube = min(own[11], own[12] * near), near * near * near
    return bool((covers >= own[14] * cube) & (covers < own[15] * cube))


@inlined
def _change_level(looks: Looks, texture: int, own: Array, near: float) -> None:
    depth = 1.0 / near
    level = level_of(looks, texture, min(own[11] * depth, own[12]) * depth * depth)
    own[13] = level
    own[14], own[15] = areas_of(looks, texture, level)


@inlined
def _prepare(
    geometry: Geometry, looks: Looks, poses: Array, camera: Camera, light: Light, eye: Triple, face: int, own: Array
) -> None:
    """Writes a face's row of `Palette.paints`."""
    own[13] = _ROUNDED if geometry.face_normals[face] >= 0 else _PLAIN
    if own[13] == _ROUNDED:
        return
    part = geometry.face_part[face]
    pose, line = poses[geometry.links[part]], geometry.face_uvs[face]
    red, green, blue = _light_of(geometry, looks, pose, light, face, part)
    own[0], own[1], own[2] = byte_of(looks, red), byte_of(looks, green), byte_of(looks, blue)
    if line >= 0:
        own[0], own[1], own[2] = _share(own[0]), _share(own[1]), _share(own[2])
        own[3], own[4], own[5], own[6] = _across(geometry.uvs, line, 0, pose, eye, camera)
        own[7], own[8], own[9], own[10] = _across(geometry.uvs, line, 1, pose, eye, camera)
        own[11], own[12] = _areas(geometry, face, line, pose, eye, camera)
        own[13], own[14] = 0.0, np.inf  # any level, for no area


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
    return head_on / max(height, 1e-6), head_on / STEEPEST
