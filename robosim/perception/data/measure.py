"""Kernels that read labels off a picture: what each pixel shows, boxes around things, labels that can be read.

A pixel's *code* is one number: the body's number, and on a package's label, which of its walls and which part of the
label it shows. Codes are drawn from exact pictures; then they are bent by the lens as colours are, and measured.
"""

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from robosim.compiled import compiled, inlined
from robosim.perception.data.sample import CLASSES, FARTHEST, MAX_BOXES
from robosim.render.kernels.arrays import Array, Triple

MOST_BODIES = 255
"""So many may be in a world: one number of a byte is for nothing."""
NOTHING = -1
_BODY, _WALL = 64, 16  # a code is body * 64 + wall * 16 + part
_CELLS, _OTHER = 9, 10  # parts 1 to 9 are a grid over the letter, 10 is the rest of the label
TALL = 5.8  # m; what is higher is a hall's roof, which is in nobody's way
LETTER = (0.27, 0.73, 0.04, 0.50)
"""Where a label's letter is: shares of the width from the left, of the height from the top."""
LEGIBLE_PIXELS = 45
"""Of the letter's part of the label, which is a fifth of it, that must be seen: people read it from about 30 on."""
LEGIBLE_WITHIN = 2.0  # m
TOO_NEAR, CLOSED = 0.1, 0.3  # m, and the share of a picture: with more of it as near, the camera is inside of something
FLOOR = CLASSES.index("floor")
FEWEST_PIXELS, NARROWEST = 12, 3
"""Of a thing that gets a box: pixels in all, and across."""


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


class Room(NamedTuple):
    """Room to work in.

    Attributes:
        counts: int32 (codes,), pixels of each code.
        extents: int32 (bodies, 4), least column and row, greatest column and row.
        pixels: int32 (bodies,).
        nearest: float32 (bodies,), m.
        ranks: uint8 (bodies,), the number that a body has in the picture.
        floor: float32 (columns,), m to the farthest floor seen.
    """

    counts: NDArray[np.int32]
    extents: NDArray[np.int32]
    pixels: NDArray[np.int32]
    nearest: NDArray[np.float32]
    ranks: NDArray[np.uint8]
    floor: NDArray[np.float32]


class Labels(NamedTuple):
    """One picture's labels; see `robosim.perception.data.sample`, here in the types in which they are kept.

    Attributes:
        instances: uint8 (height, width), 255 for nothing; those below the number of boxes are the boxes' things.
        table: uint8 (256,), the class of each instance.
        boxes: float32 (`MAX_BOXES`, 4).
        box_classes: int8 (`MAX_BOXES`,).
        box_symbols: int8 (`MAX_BOXES`,).
        box_colours: int8 (`MAX_BOXES`,).
        box_distances: float32 (`MAX_BOXES`,).
        free: float32 (width,).
    """

    instances: NDArray[np.uint8]
    table: NDArray[np.uint8]
    boxes: NDArray[np.float32]
    box_classes: NDArray[np.int8]
    box_symbols: NDArray[np.int8]
    box_colours: NDArray[np.int8]
    box_distances: NDArray[np.float32]
    free: NDArray[np.float32]


def make_room(width: int) -> Room:
    """Makes room to work in, for pictures of a width."""
    many = MOST_BODIES
    return Room(
        np.zeros(many * _BODY, np.int32), np.zeros((many, 4), np.int32), np.zeros(many, np.int32),
        np.zeros(many, np.float32), np.zeros(many, np.uint8), np.zeros(width, np.float32),
    )  # fmt: skip


def code_of(body: int, wall: int = 0) -> int:
    """Gives the code of a body, or of the label on one of its walls."""
    return body * _BODY + wall * _WALL


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
            body = code // _BODY
            far = z * math.sqrt(ray[0] * ray[0] + ray[1] * ray[1])
            if not known.obstacles[body]:
                far = -far
            elif body == own or eye[2] + ray[2] * z > TALL:
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
    left, right, top, bottom = LETTER
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
            near += depth[row, column] < TOO_NEAR
            body = codes[row, column] // _BODY
            something += body >= 0 and body != own and known.classes[body] != FLOOR
    return bool(something < FEWEST_PIXELS or near > CLOSED * codes.size)


@compiled
def measure(codes: Array, depth: Array, reach: Array, known: Known, room: Room, labels: Labels) -> None:
    """Writes a picture's labels.

    Args:
        codes: int16 (height, width), as `mark` writes them.
        depth: float32 (height, width), m, exact.
        reach: float32 (height, width), as `mark` writes it.
        known: What of bodies stays the same.
        room: Room to work in.
        labels: Where they are written.
    """
    room.counts[:] = 0
    room.pixels[:] = 0
    height, width = codes.shape
    labels.free[:] = np.inf
    room.floor[:] = 0.0
    for row in range(height):
        for column in range(width):
            far = reach[row, column]
            if far > 0.0:
                labels.free[column] = min(labels.free[column], far)
            else:
                room.floor[column] = max(room.floor[column], -far)
            code = codes[row, column]
            if code >= 0:
                room.counts[code] += 1
                _stretch(room, code // _BODY, column, row, depth[row, column])
    for column in range(width):
        free = labels.free[column]
        labels.free[column] = min(free if free < np.inf else room.floor[column], FARTHEST)
    boxes = _box(known, room, labels)
    _number(known, room, labels, boxes)
    for row in range(height):
        for column in range(width):
            code = codes[row, column]
            labels.instances[row, column] = room.ranks[code // _BODY] if code >= 0 else MOST_BODIES


@inlined
def _stretch(room: Room, body: int, column: int, row: int, depth: float) -> None:
    extent = room.extents[body]
    if room.pixels[body] == 0:
        extent[0], extent[1], extent[2], extent[3], room.nearest[body] = column, row, column, row, depth
    room.pixels[body] += 1
    extent[0], extent[1] = min(extent[0], column), min(extent[1], row)
    extent[2], extent[3] = max(extent[2], column), max(extent[3], row)
    room.nearest[body] = min(room.nearest[body], depth)


@inlined
def _box(known: Known, room: Room, labels: Labels) -> int:
    """Writes boxes, the nearest thing first, and gives how many they are; their things get their numbers."""
    room.ranks[:] = MOST_BODIES
    labels.boxes[:] = 0.0
    labels.box_classes[:] = labels.box_symbols[:] = labels.box_colours[:] = NOTHING
    labels.box_distances[:] = 0.0
    for number in range(MAX_BOXES):
        best = NOTHING
        for body in range(len(known.classes)):
            fits = known.boxed[body] and room.ranks[body] == MOST_BODIES and _worth(room, body)
            if fits and (best < 0 or room.nearest[body] < room.nearest[best]):
                best = body
        if best < 0:
            return number
        room.ranks[best] = number
        for side in range(4):  # a box ends at the far edges of its last pixels
            labels.boxes[number, side] = room.extents[best, side] + (1 if side > 1 else 0)
        labels.box_classes[number], labels.box_distances[number] = known.classes[best], room.nearest[best]
        if known.symbols[best] >= 0 and room.nearest[best] <= LEGIBLE_WITHIN and _legible(room, best):
            labels.box_symbols[number], labels.box_colours[number] = known.symbols[best], known.colours[best]
    return MAX_BOXES


@inlined
def _worth(room: Room, body: int) -> bool:
    extent = room.extents[body]
    narrow = min(extent[2] - extent[0], extent[3] - extent[1]) + 1
    return bool(room.pixels[body] >= FEWEST_PIXELS and narrow >= NARROWEST)


@inlined
def _legible(room: Room, body: int) -> bool:
    """Says whether on one of a package's walls all of the letter is seen, and large enough."""
    for wall in range(4):
        first = body * _BODY + wall * _WALL + 1
        total, seen = 0, 0
        for code in range(first, first + _CELLS):
            total += room.counts[code]
            seen += room.counts[code] > 0
        if seen == _CELLS and total >= LEGIBLE_PIXELS:
            return True
    return False


@inlined
def _number(known: Known, room: Room, labels: Labels, boxes: int) -> None:
    """Numbers whatever else is seen, after the boxes, and writes all classes."""
    labels.table[:] = 0
    number = boxes
    for body in range(len(known.classes)):
        if room.pixels[body] > 0:
            if room.ranks[body] == MOST_BODIES:
                room.ranks[body] = number
                number += 1
            labels.table[room.ranks[body]] = known.classes[body]
