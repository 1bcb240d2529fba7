"""Step 4 for robots: the colours of a picture without shadows, blending or haze, in a fraction of the time.

Neighbours in a row mostly see the same face, and what holds for a whole face is computed when it is first met: the
light that it sends back, and how its texture lies across the picture. In small pictures a face has two or three pixels
of a row, and every branch that depends on where it ends is one that no processor foresees: so the ends are found first,
without any. A row is painted in *inks*, whole colours in one number, and taken apart into bytes when it is complete.
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
from robosim.render.kernels.lanes import LANES, print_block
from robosim.render.kernels.light import light_from, lit, zenith_share
from robosim.render.kernels.pixel import byte_of, ink_of, ray_through
from robosim.render.kernels.texture import STEEPEST, level_of

_RED, _GREEN, _BLUE = np.uintp(0), np.uintp(1), np.uintp(2)
_BODY, _KIND = np.uintp(0), np.uintp(1)
_ONE = np.uintp(1)
_EIGHT, _SIXTEEN = np.uint32(8), np.uint32(16)


@inlined
def paint(
    buffers: Buffers, palette: Palette, geometry: Geometry, looks: Looks, poses: Array, camera: Camera, rgb: Array
) -> None:
    """Writes colours; one sample a pixel.

    Args:
        buffers: From `draw`.
        palette: Room to work in, the sky and the light.
        geometry: What there is.
        looks: How it looks.
        poses: From each link's frame to the world.
        camera: That of the buffers.
        rgb: uint8 (height, width, 3), where sRGB is written.
    """
    eye, light = eye_in_link(camera.from_world, False), light_from(palette.light)
    palette.frame[0] += 1
    for row in range(np.uintp(rgb.shape[0])):
        line = np.uintp(row)
        for run in range(_runs(buffers.winner, line, palette.starts)):
            start, end = np.uintp(palette.starts[run]), np.uintp(palette.starts[run + 1])
            face = buffers.winner[line, start]
            if face >= 0 and geometry.face_normals[face] < 0 and palette.painted[face] != palette.frame[0]:
                palette.painted[face] = palette.frame[0]
                _prepare(geometry, looks, poses, camera, light, eye, face, palette.paints[face])
            _paint(buffers, palette, geometry, looks, poses, camera, light, eye, face, line, start, end)
        for column in range(np.uintp(rgb.shape[1])):
            ink = palette.inks[column]
            rgb[line, column, _RED], rgb[line, column, _GREEN] = np.uint8(ink), np.uint8(ink >> _EIGHT)
            rgb[line, column, _BLUE] = np.uint8(ink >> _SIXTEEN)


@inlined
def label(geometry: Geometry, winner: Array, labels: Array) -> None:
    """Writes number of the body and kind, int16 (height, width, 2); (-1, 0) where there is nothing."""
    for row in range(np.uintp(labels.shape[0])):
        for column in range(np.uintp(labels.shape[1])):
            face = winner[row, column]
            part = geometry.face_part[max(face, 0)]
            labels[row, column, _BODY] = geometry.labels[part, 0] if face >= 0 else np.int16(NONE)
            labels[row, column, _KIND] = geometry.labels[part, 1] if face >= 0 else np.int16(0)


@inlined
def _runs(winner: Array, line: np.uintp, starts: Array) -> int:
    """Lists where another face begins in a row, and its end; gives how many faces that are. No branch: see above."""
    width = np.uintp(winner.shape[1])
    count, before = np.uintp(0), winner[line, 0] - np.int32(1)
    for column in range(width):
        face = winner[line, column]
        starts[count] = column
        count += np.uintp(face != before)
        before = face
    starts[count] = width
    return int(count)


@inlined
def _paint(
    buffers: Buffers, palette: Palette, geometry: Geometry, looks: Looks, poses: Array, camera: Camera, light: Light,
    eye: Triple, face: int, line: np.uintp, start: np.uintp, end: np.uintp,
) -> None:  # fmt: skip
    """Paints a row's pixels from ``start`` to ``end``, which see one face."""
    if face < 0:
        _paint_sky(palette, camera, line, start, end)
    elif geometry.face_normals[face] >= 0:
        row, no_shadow = int(line), Shadow(camera.from_world, camera.lens, buffers.nearness[:0])
        for column in range(int(start), int(end)):
            depth, ray = 1.0 / buffers.nearness[row, column], ray_through(camera, column, row)
            colour = lit(geometry, looks, poses, camera, light, no_shadow, False, eye, face, ray, depth, 1.0)
            palette.inks[column] = ink_of(looks, colour)
    elif geometry.face_uvs[face] >= 0:
        texture = looks.textures[geometry.face_part[face]]
        _paint_print(looks, texture, buffers.nearness, palette, face, line, start, end)
    else:
        ink = np.uint32(palette.paints[face, 0])
        while start < end:
            for step in range(LANES):  # the next face is painted over what is too many
                palette.inks[start + np.uintp(step)] = ink
            start += np.uintp(LANES)


@inlined
def _paint_sky(palette: Palette, camera: Camera, line: np.uintp, start: np.uintp, end: np.uintp) -> None:
    right, down, ahead = camera.from_world
    y = (np.int32(line) - camera.lens[3]) * (1.0 / camera.lens[1])
    by_column, along = right[2] * (1.0 / camera.lens[0]), down[2] * y + ahead[2]
    for column in range(start, end):
        x = np.int32(column) - camera.lens[2]
        across = x * (1.0 / camera.lens[0])
        share = zenith_share(by_column * x + along, across * across + y * y + 1.0)
        palette.inks[column] = np.uint32(share * (SKIES - 1.0) + 0.5)
    for column in range(start, end):
        palette.inks[column] = palette.sky[palette.inks[column]]


@inlined
def _paint_print(
    looks: Looks, texture: int, nearness: Array, palette: Palette, face: int, line: np.uintp, start: np.uintp,
    end: np.uintp,
) -> None:  # fmt: skip
    """Paints a row's pixels of a textured face."""
    own, y = palette.paints[face], np.int32(line)
    numbers = (
        own[0], own[1], own[2], own[3], own[4] * y + own[5], own[6], own[7], own[8] * y + own[9], own[10],
    )  # fmt: skip
    while start < end:  # as many at a time as see the same level of the texture
        level, stop = _level_at(looks, texture, own, nearness[line, start]), end
        # Along a row it rises or falls.
        while stop - start > _ONE and _level_at(looks, texture, own, nearness[line, stop - _ONE]) != level:
            stop = start + (stop - start) // np.uintp(2)
        size = np.int64(looks.levels[level, 0]), np.int64(looks.levels[level, 1]), np.int64(looks.levels[level, 2])
        while start < stop:
            print_block(
                palette.inks, nearness, np.int64(line), np.int64(start), np.int64(stop), numbers, size, looks.texels
            )
            start += np.uintp(LANES)
        start = stop


@inlined
def _level_at(looks: Looks, texture: int, own: Array, near: float) -> int:
    depth = 1.0 / near
    return level_of(looks, texture, min(own[11] * depth, own[12]) * depth * depth)


@inlined
def _share(byte: float) -> float:
    """Gives a 255th in steps of a 65,536th, for `print_block`: whole numbers are multiplied faster."""
    return np.floor(byte * (65536.0 / 255.0) + 0.5)


@inlined
def _prepare(
    geometry: Geometry, looks: Looks, poses: Array, camera: Camera, light: Light, eye: Triple, face: int, own: Array
) -> None:
    """Writes a face's row of `Palette.paints`."""
    part = geometry.face_part[face]
    pose, line = poses[geometry.links[part]], geometry.face_uvs[face]
    red, green, blue = _light_of(geometry, looks, pose, light, face, part)
    own[0] = ink_of(looks, (red, green, blue))
    if line >= 0:
        own[0], own[1], own[2] = (
            _share(byte_of(looks, red)), _share(byte_of(looks, green)), _share(byte_of(looks, blue)),
        )  # fmt: skip
        own[3], own[4], own[5], own[6] = _across(geometry.uvs, line, 0, pose, eye, camera)
        own[7], own[8], own[9], own[10] = _across(geometry.uvs, line, 1, pose, eye, camera)
        own[11], own[12] = _areas(geometry, face, line, pose, eye, camera)


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
