"""Step 4 for robots: the colours of a picture without shadows, blending or haze, in a fraction of the time.

Neighbours in a row mostly see the same face, and what holds for a whole face is computed when it is first met: the
light that it sends back, and how its texture lies across the picture. A row is painted in words of `words`, each step
of the work in a loop of its own that counts with unsigned numbers: so the processor does several pixels at a time.
"""

from typing import Any

import numpy as np

from robosim.compiled import inlined
from robosim.render.kernels.arrays import NONE, SKIES, Array, Camera, Row, Shadow, Transform, Triple
from robosim.render.kernels.cull import height_above
from robosim.render.kernels.kept import Kept
from robosim.render.kernels.light import falling, seen, zenith_share
from robosim.render.kernels.pixel import bytes_of
from robosim.render.kernels.texture import STEEPEST, areas_of, level_of
from robosim.render.kernels.vectors import dot, eye_of, moved_back, rows, times, triple, turned
from robosim.render.kernels.words import write_row

Paint = Any  # a record of `PAINT`

_ONE = np.uintp(1)
_BYTE, _TWO_BYTES, _LOW = np.uint32(8), np.uint32(16), np.uint32(0xFF)
_WHOLE, _ROUND, _HALF = np.float32(1.0), np.float32(0.5), np.uint32(32768)
_LAST_SKY = np.float32(SKIES - 1)


@inlined
def paint(kept: Kept, camera: Camera, rgb: Array, labels: Array) -> None:
    """Writes colours and labels, or one of the two where the other is of size 0; one sample a pixel.

    Args:
        kept: What there is, with the buffers from `draw`.
        camera: That of the buffers.
        rgb: uint8 (height, width, 3), where sRGB is written.
        labels: int16 (height, width, 2), where number of the body and kind are written; (-1, 0) where there is nothing.
    """
    palette, winner = kept.palette, kept.buffers.winner
    palette.frame[0] += 1
    width, written = np.uintp(winner.shape[1]), rgb.reshape(-1)[: rgb.size // 4 * 4].view(np.uint32)
    for row in range(np.uintp(winner.shape[0])):
        line, start = np.uintp(row), np.uintp(0)
        while start < width:
            face, end = winner[line, start], start + _ONE
            while end < width and winner[line, end] == face:
                end += _ONE
            if labels.size > 0:
                _label(kept, face, line, start, end, labels)
            if rgb.size > 0:
                _paint(kept, camera, face, line, start, end)
            start = end
        if rgb.size > 0:
            write_row(palette.words, line, rgb, written)


@inlined
def _label(kept: Kept, face: int, line: np.uintp, start: np.uintp, end: np.uintp, labels: Array) -> None:
    body, kind = np.int16(NONE), np.int16(0)
    if face >= 0:
        body, kind = kept.geometry.labels[kept.geometry.face_part[face]]
    for column in range(start, end):
        labels[line, column, 0], labels[line, column, 1] = body, kind


@inlined
def _paint(kept: Kept, camera: Camera, face: int, line: np.uintp, start: np.uintp, end: np.uintp) -> None:
    """Paints a row's pixels from ``start`` to ``end``, which see one face."""
    if face < 0:
        _paint_sky(kept, camera, line, start, end)
    elif kept.geometry.face_normals[face] >= 0:
        _paint_round(kept, camera, face, line, start, end)
    else:
        own = kept.palette.paints[face]
        if own.frame != kept.palette.frame[0]:
            own.frame = kept.palette.frame[0]
            _prepare(kept, camera, face)
        if kept.geometry.face_uvs[face] >= 0:
            _paint_print(kept, face, line, start, end)
        else:
            word = _word((own.light[0], own.light[1], own.light[2]))
            for column in range(start, end):
                kept.palette.words[column] = word


@inlined
def _paint_round(kept: Kept, camera: Camera, face: int, line: np.uintp, start: np.uintp, end: np.uintp) -> None:
    """Paints a row's pixels of a face that is lit as if it were round, each by itself."""
    row, nearness = int(line), kept.buffers.nearness
    no_shadow = Shadow(camera, nearness[:0])
    for column in range(int(start), int(end)):
        colour = seen(kept, camera, no_shadow, False, face, column, row, nearness[row, column], 1.0)
        kept.palette.words[column] = _word(bytes_of(kept.looks, colour))


@inlined
def _word(rgb: Triple) -> np.uint32:
    return np.uint32(np.uint32(rgb[0]) | (np.uint32(rgb[1]) << _BYTE) | (np.uint32(rgb[2]) << _TWO_BYTES))


@inlined
def _paint_sky(kept: Kept, camera: Camera, line: np.uintp, start: np.uintp, end: np.uintp) -> None:
    right, down, ahead = camera.from_world
    words, sky = kept.palette.words, kept.palette.sky
    y = (np.int32(line) - camera.lens[3]) * (1.0 / camera.lens[1])
    step, middle = np.float32(1.0 / camera.lens[0]), np.float32(camera.lens[2])
    by_column, along, aside = np.float32(right[2]), np.float32(down[2] * y + ahead[2]), np.float32(y * y + 1.0)
    for column in range(start, end):
        x = (np.float32(np.int32(column)) - middle) * step
        share = zenith_share(by_column * x + along, x * x + aside)
        words[column] = np.int32(share * _LAST_SKY + _ROUND)
    for column in range(start, end):
        words[column] = sky[np.uintp(words[column])]


@inlined
def _paint_print(kept: Kept, face: int, line: np.uintp, start: np.uintp, end: np.uintp) -> None:
    """Paints a row's pixels of a textured face, as many at a time as see the same level of the texture.

    In single precision, good to a hundredth of a texel 100 repeats from a texture's origin.
    """
    looks, words, nearness = kept.looks, kept.palette.words, kept.buffers.nearness
    own, row = kept.palette.paints[face], np.int32(line)
    (a, b, c, d), (e, f, g, h) = own.u, own.v
    u_column, u_row, u_start = np.float32(a), np.float32(b * row + c), np.float32(d)
    v_column, v_row, v_start = np.float32(e), np.float32(f * row + g), np.float32(h)
    # sRGB is nearly a power: the code of a product is the product of the codes.
    red, green, blue = own.light
    while start < end:
        if not _has_level(own, nearness[line, start]):
            _change_level(kept, face, nearness[line, start])
        level, stop = own.level, end
        # Along a row it rises or falls.
        while stop - start > _ONE and not _has_level(own, nearness[line, stop - _ONE]):
            stop = start + (stop - start) // np.uintp(2)
        first, height, width = looks.levels[level, 0], looks.levels[level, 1], looks.levels[level, 2]
        across, down = np.float32(width), np.float32(height)
        for column in range(start, stop):
            depth, x = _WHOLE / nearness[line, column], np.float32(np.int32(column))
            u, v = (u_column * x + u_row) * depth + u_start, (v_column * x + v_row) * depth + v_start
            i, j = np.int32((u - np.floor(u)) * across), np.int32((_WHOLE - (v - np.floor(v))) * down)
            words[column] = first + min(j, height - np.int32(1)) * width + min(i, width - np.int32(1))
        for column in range(start, stop):
            words[column] = looks.texels[np.uintp(words[column])]
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
def _has_level(own: Paint, near: float) -> bool:
    """Says whether a pixel of a face needs the level of the texture that the face's last one had; no divisions."""
    near = np.float64(near)
    covers, cube = min(own.covers[0], own.covers[1] * near), near * near * near
    return bool((covers >= own.areas[0] * cube) & (covers < own.areas[1] * cube))


@inlined
def _change_level(kept: Kept, face: int, near: float) -> None:
    own, looks, depth = kept.palette.paints[face], kept.looks, 1.0 / near
    texture = looks.textures[kept.geometry.face_part[face]]
    own.level = level_of(looks, texture, min(own.covers[0] * depth, own.covers[1]) * depth * depth)
    own.areas[0], own.areas[1] = areas_of(looks, texture, own.level)


@inlined
def _prepare(kept: Kept, camera: Camera, face: int) -> None:
    """Writes a face's row of `Palette.paints`."""
    geometry, own = kept.geometry, kept.palette.paints[face]
    part, line = geometry.face_part[face], geometry.face_uvs[face]
    pose = rows(kept.poses[geometry.links[part]])
    normal = turned(pose, triple(geometry.planes[face]))
    light = falling(kept.light, max(dot(normal, kept.light.to_sun), 0.0), normal[2])
    red, green, blue = bytes_of(kept.looks, times(triple(kept.looks.colours[part]), light))
    own.light[0], own.light[1], own.light[2] = red, green, blue
    if line >= 0:
        own.light[0], own.light[1], own.light[2] = _share(red), _share(green), _share(blue)
        eye, uv = moved_back(pose, eye_of(camera.from_world)), geometry.uvs[line]
        own.u[0], own.u[1], own.u[2], own.u[3] = _across(uv[0], pose, camera)
        own.v[0], own.v[1], own.v[2], own.v[3] = _across(uv[1], pose, camera)
        # A pixel at depth z covers (z / f)² head on, and on a slanted face as much more as 1 / cos; and cos is the
        # eye's height above the face's plane, divided by z.
        head_on = dot(uv[1], uv[1]) / (camera.lens[1] * camera.lens[1])
        height = height_above(geometry.planes, face, (eye[0], eye[1], eye[2], 1.0))
        own.covers[0], own.covers[1] = head_on / max(height, 1e-6), head_on / STEEPEST
        own.level, own.areas[0] = 0, np.inf  # any level, for no area


@inlined
def _across(uv: Array, pose: Transform, camera: Camera) -> Row:
    """Gives how a texture's coordinate runs across the picture: (a column + b row + c) depth + d."""
    way, eye, (fx, fy, cx, cy, _, _) = turned(pose, triple(uv)), eye_of(camera.from_world), camera.lens
    right, down, ahead = turned(camera.from_world, way)
    by_column, by_row = right / fx, down / fy
    at_eye = dot(way, (eye[0] - pose[0][3], eye[1] - pose[1][3], eye[2] - pose[2][3]))
    return by_column, by_row, ahead - by_column * cx - by_row * cy, at_eye + uv[3]
