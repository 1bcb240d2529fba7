"""Kernels that measure what pixels show: boxes around things, labels that can be read, free floor."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from robosim.compiled import compiled, inlined
from robosim.perception.data.codes import BODY, CELLS, FEWEST_PIXELS, NOTHING, WALL, Known
from robosim.perception.data.sample import FARTHEST, MAX_BOXES
from robosim.render.kernels.arrays import Array

MOST_BODIES = 255
"""So many may be in a world: one number of a byte is for nothing."""
LEGIBLE_PIXELS = 45
"""Of the letter's part of the label, which is a fifth of it, that must be seen: people read it from about 30 on."""
LEGIBLE_WITHIN = 2.0  # m
_NARROWEST = 3  # pixels across a thing that gets a box


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
        np.zeros(many * BODY, np.int32), np.zeros((many, 4), np.int32), np.zeros(many, np.int32),
        np.zeros(many, np.float32), np.zeros(many, np.uint8), np.zeros(width, np.float32),
    )  # fmt: skip


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
                _stretch(room, code // BODY, column, row, depth[row, column])
    for column in range(width):
        free = labels.free[column]
        labels.free[column] = min(free if free < np.inf else room.floor[column], FARTHEST)
    boxes = _box(known, room, labels)
    _number(known, room, labels, boxes)
    for row in range(height):
        for column in range(width):
            code = codes[row, column]
            labels.instances[row, column] = room.ranks[code // BODY] if code >= 0 else MOST_BODIES


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
    return bool(room.pixels[body] >= FEWEST_PIXELS and narrow >= _NARROWEST)


@inlined
def _legible(room: Room, body: int) -> bool:
    """Says whether on one of a package's walls all of the letter is seen, and large enough."""
    for wall in range(4):
        first = body * BODY + wall * WALL + 1
        total, seen = 0, 0
        for code in range(first, first + CELLS):
            total += room.counts[code]
            seen += room.counts[code] > 0
        if seen == CELLS and total >= LEGIBLE_PIXELS:
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
