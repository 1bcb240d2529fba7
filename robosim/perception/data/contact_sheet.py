"""A contact sheet: some labelled pictures side by side, with boxes, what labels say, classes, and free floor."""

import cv2
import numpy as np
from numpy.typing import NDArray

from robosim.perception.data.sample import CLASSES, COLOURS, FARTHEST, SYMBOLS
from robosim.render.colouring import KIND_COLOURS, Picture
from robosim.shapes import Kind

_ENLARGED = 3
_BOX, _FREE, _INK = (255, 235, 59), (255, 255, 255), (20, 24, 32)
_BAND = 0.18  # of a picture's height, that stands for `FARTHEST` metres of free floor
_GAP = 6  # pixels between pictures


def contact_sheet(samples: dict[str, NDArray[np.generic]], columns: int = 4) -> Picture:
    """Draws pictures with their boxes, and beside each its classes; from below, white, the free floor.

    Args:
        samples: As items of `robosim.perception.data.shards.Shards`, with a dimension more in front.
        columns: Pictures in a row.
    """
    count = len(samples["rgb"])
    tiles = [_tile({name: rows[number] for name, rows in samples.items()}) for number in range(count)]
    blank = np.full_like(tiles[0], 255)
    tiles += [blank] * (-count % columns)
    rows = [np.concatenate(tiles[start : start + columns], axis=1) for start in range(0, len(tiles), columns)]
    return np.concatenate([*rows, _legend(rows[0].shape[1])])


def class_colours() -> NDArray[np.uint8]:
    """Gives a colour for each of `CLASSES`, shape (classes, 3)."""
    names = {kind.name.lower(): colour for kind, colour in KIND_COLOURS.items()}
    return np.array([names.get(name, KIND_COLOURS[Kind.NOTHING]) for name in CLASSES], np.uint8)


def enlarged(picture: Picture, times: int) -> Picture:
    """Gives a picture with each pixel so many times as wide and high."""
    return np.repeat(np.repeat(picture, times, axis=0), times, axis=1)


def _tile(sample: dict[str, NDArray[np.generic]]) -> Picture:
    colour = enlarged(np.moveaxis(np.asarray(sample["rgb"], np.uint8), 0, -1), _ENLARGED)
    classes = enlarged(class_colours()[np.asarray(sample["classes"], np.int64)], _ENLARGED)
    height = colour.shape[0]
    for column, metres in enumerate(np.asarray(sample["free"], np.float64).tolist()):
        top = height - round(_BAND * height * metres / FARTHEST)
        classes[top:, column * _ENLARGED : column * _ENLARGED + 1] = _FREE
    for number, name in enumerate(np.asarray(sample["box_classes"]).tolist()):
        if name >= 0:
            _draw_box(colour, classes, sample, number)
    return np.pad(np.concatenate([colour, classes], axis=1), ((0, _GAP), (0, _GAP), (0, 0)), constant_values=255)


def _draw_box(colour: Picture, classes: Picture, sample: dict[str, NDArray[np.generic]], number: int) -> None:
    x0, y0, x1, y1 = (round(edge * _ENLARGED) for edge in np.asarray(sample["boxes"])[number].tolist())
    for canvas in (colour, classes):
        cv2.rectangle(canvas, (x0, y0), (x1 - 1, y1 - 1), _BOX, 1)
    symbol, hue = (int(np.asarray(sample[name])[number]) for name in ("box_symbols", "box_colours"))
    if symbol >= 0:
        at = max(x0, 0) + 2, min(y0 + 12, colour.shape[0] - 3)
        _write(colour, f"{SYMBOLS[symbol]} {COLOURS[hue]}", at, 11)


def _write(canvas: Picture, text: str, at: tuple[int, int], size: int) -> None:
    face = cv2.FontFace("sans")
    cv2.putText(canvas, text, (at[0] + 1, at[1] + 1), _INK, face, size, 600)
    cv2.putText(canvas, text, at, _BOX, face, size, 600)


def _legend(width: int) -> Picture:
    """Names the classes' colours."""
    canvas = np.full((26, width, 3), _INK, np.uint8)
    each = width // len(CLASSES)
    for number, (name, colour) in enumerate(zip(CLASSES, class_colours().tolist(), strict=True)):
        canvas[6:20, number * each + 6 : number * each + 20] = colour
        _write(canvas, name, (number * each + 26, 18), 12)
    return canvas
