"""Kernels that say what each pixel of an exact picture shows: a *code*, and how far off on the floor that is.

A code is one number: the body's number, and on a package's label, which of its walls and which part of the label it
shows. Codes are bent by the lens as colours are, and then measured: `robosim.perception.data.measure`.
"""

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from robosim.compiled import compiled, inlined
from robosim.perception.data.sample import CLASSES
from robosim.render.kernels.arrays import Array, Triple

NOTHING = -1
BODY, WALL = 64, 16
"""A code is body · 64 + wall · 16 + part."""
CELLS = 9
"""Parts 1 to 9 of a label are a grid over its letter."""
FEWEST_PIXELS = 12
"""Of a thing that counts as seen."""
_OTHER = 10  # the part that is the rest of a label
_LETTER = (0.27, 0.73, 0.04, 0.50)  # where its letter is: shares of its width from the left, of its height from the top
_TALL = 5.8  # m; what is higher is a hall's roof, which is in nobody's way
_TOO_NEAR, _CLOSED = 0.1, 0.3  # m, and share of a picture: with more of it as near, the camera is inside of something
_FLOOR = CLASSES.index("floor")


class Known(NamedTuple):
    """What of bodies and faces stays the same in a world.

    Attributes:
        codes: int16 (faces,), the code of each, part 0.
        stickers: float32 (faces, 4), of a face that is a label: where its picture is on the texture, from u, to u,
            from v, to v; elsewhere 0.
        classes: uint8 (bodies,), index of `CLASSES`, by the body's number.
        boxed: bool (bodies,), whether it gets boxes.
        obstacles: bool (bodies,), whether it is neither floor nor area.
        symbols: int8 (bodies,), index of `SYMBOLS`, -1 without a label.
        colours: int8 (bodies,), index of `COLOURS`, -1 without a label.
    """

    codes: NDArray[np.int16]
    stickers: NDArray[np.float32]
    classes: NDArray[np.uint8]
    boxed: NDArray[np.bool_]
    obstacles: NDArray[np.bool_]
    symbols: NDArray[np.int8]
    colours: NDArray[np.int8]


def code_of(body: int, wall: int = 0) -> int:
    """Gives the code of a body, or of the label on one of its walls."""
    return body * BODY + wall * WALL


@compiled
def mark(
    faces: Array, depth: Array, known: Known, shape: tuple[Array, Array, Array, Array], poses: Array, view: Array,
    lens: Triple, own: int, codes: Array, reach: Array,
) -> None:  # fmt: skip
    """Writes what each pixel of an exact picture shows, and how far off on the floor it is where it is in the way.

    Args:
        faces: int32 (height, width), from `Renderer.faces`.
        depth: float32 (height, width), m.
        known: Codes and labels.
        shape: ``face_part``, ``links``, ``face_uvs`` and ``uvs`` of the geometry.
        poses: float64 (links, 3, 4), from each link's frame to the world.
        view: float64 (3, 4), from the world to the camera.
        lens: Focal length, column and row of the middle, pixels.
        own: Number of the body that carries the camera, which is not in its own way; or -1.
        codes: int16 (height, width), written; -1 for nothing.
        reach: float32 (height, width), written: m along the floor from below the camera to what is in the way, or
            minus that to floor or area; infinity for all else.
    """
    focal, middle_x, middle_y = lens
    eye = _eye(view)
    for row in range(faces.shape[0]):
        y = (row - middle_y) / focal
        for column in range(faces.shape[1]):
            face = faces[row, column]
            if face < 0:
                codes[row, column], reach[row, column] = NOTHING, np.inf
                continue
            if face >= len(known.codes):  # seen from behind
                face -= len(known.codes)
            z = depth[row, column]
            ray = _ray(view, (column - middle_x) / focal, y)
            code = known.codes[face]
            body = code // BODY
            far = z * math.sqrt(ray[0] * ray[0] + ray[1] * ray[1])
            if not known.obstacles[body]:
                far = -far
            elif body == own or eye[2] + ray[2] * z > _TALL:
                far = np.inf
            reach[row, column] = far
            if known.stickers[face, 1] > 0.0:
                point = eye[0] + ray[0] * z, eye[1] + ray[1] * z, eye[2] + ray[2] * z
                code += _part(known.stickers[face], shape, poses, face, point)
            codes[row, column] = code


@inlined
def _eye(view: Array) -> Triple:
    x = -(view[0, 0] * view[0, 3] + view[1, 0] * view[1, 3] + view[2, 0] * view[2, 3])
    y = -(view[0, 1] * view[0, 3] + view[1, 1] * view[1, 3] + view[2, 1] * view[2, 3])
    z = -(view[0, 2] * view[0, 3] + view[1, 2] * view[1, 3] + view[2, 2] * view[2, 3])
    return x, y, z


@inlined
def _ray(view: Array, x: float, y: float) -> Triple:
    """Gives the world vector through a pixel, of length 1 along the camera's axis."""
    return (
        view[0, 0] * x + view[1, 0] * y + view[2, 0],
        view[0, 1] * x + view[1, 1] * y + view[2, 1],
        view[0, 2] * x + view[1, 2] * y + view[2, 2],
    )


@inlined
def _part(sticker: Array, shape: tuple[Array, Array, Array, Array], poses: Array, face: int, point: Triple) -> int:
    """Gives the part of a label that a point of it belongs to."""
    face_part, links, face_uvs, uvs = shape
    pose, line = poses[links[face_part[face]]], face_uvs[face]
    dx, dy, dz = point[0] - pose[0, 3], point[1] - pose[1, 3], point[2] - pose[2, 3]
    x = pose[0, 0] * dx + pose[1, 0] * dy + pose[2, 0] * dz
    y = pose[0, 1] * dx + pose[1, 1] * dy + pose[2, 1] * dz
    z = pose[0, 2] * dx + pose[1, 2] * dy + pose[2, 2] * dz
    u = uvs[line, 0, 0] * x + uvs[line, 0, 1] * y + uvs[line, 0, 2] * z + uvs[line, 0, 3]
    v = uvs[line, 1, 0] * x + uvs[line, 1, 1] * y + uvs[line, 1, 2] * z + uvs[line, 1, 3]
    across = (u - sticker[0]) / (sticker[1] - sticker[0])
    down = (sticker[3] - v) / (sticker[3] - sticker[2])
    left, right, top, bottom = _LETTER
    a, b = (across - left) / (right - left), (down - top) / (bottom - top)
    if not (0.0 <= a < 1.0 and 0.0 <= b < 1.0):
        return _OTHER
    return 1 + 3 * int(3 * b) + int(3 * a)


@compiled
def dull(codes: Array, depth: Array, known: Known, own: int) -> bool:
    """Says whether a picture shows nothing but the floor and what carries the camera, or was taken from inside a thing.

    Args:
        codes: int16 (height, width), as `mark` writes them.
        depth: float32 (height, width), m.
        known: What of bodies stays the same.
        own: Number of the body that carries the camera, or -1.
    """
    something, near = 0, 0
    for row in range(codes.shape[0]):
        for column in range(codes.shape[1]):
            near += depth[row, column] < _TOO_NEAR
            body = codes[row, column] // BODY
            something += body >= 0 and body != own and known.classes[body] != _FLOOR
    return bool(something < FEWEST_PIXELS or near > _CLOSED * codes.size)
