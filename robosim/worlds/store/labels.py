"""Pictures of packages: cardboard, tape, and labels whose colour, letter and marker tell where one belongs."""

import numpy as np
from numpy.typing import NDArray
from PIL import Image as Images
from PIL import ImageDraw

from robosim.worlds.warehouse.clutter import LETTERS
from robosim.worlds.warehouse.paint import CARDBOARD, INK, RGB, TAPE, write
from robosim.worlds.warehouse.signs import AREA_COLOURS, WHITE

Image = NDArray[np.uint8]

BOARDS = len(CARDBOARD)
_LABEL = 96  # pixels each way
_BAND = 52  # pixels from the label's top that are coloured
_SIDE = 112  # pixels each way of a carton's side
# Inner bits of markers 0 to 5 of OpenCV's dictionary DICT_4X4_50, row by row, white is 1
_MARKERS = (0xB532, 0x0F9A, 0x332D, 0x9946, 0x549E, 0x79CD)
_PAPER, _PRINT = (246, 246, 242), (74, 56, 38)


def pictures() -> dict[str, Image]:
    """Draws all of them: "board n", "seam n", "top n", "label A" …, "worn A" … by name."""
    rng = np.random.default_rng(17)
    drawn = dict[str, Image]()
    for number, colour in enumerate(CARDBOARD):
        drawn[f"board {number}"] = _board(rng, colour, marks=True)
        drawn[f"seam {number}"] = _taped(_board(rng, colour, marks=False), 0.42)
        drawn[f"top {number}"] = _taped(_board(rng, colour, marks=False), 1.0)
    for letter in LETTERS:
        drawn[f"label {letter}"] = label(letter)
        drawn[f"worn {letter}"] = worn(rng, label(letter))
    return drawn


def label(letter: str, colour: tuple[float, float, float] | None = None) -> Image:
    """Draws a label: its letter on its area's colour, or on another one, below that a marker and a barcode.

    The marker is the ArUco marker of the letter's place in the alphabet, of OpenCV's DICT_4X4_50.
    """
    picture = Images.new("RGB", (_LABEL, _LABEL), _PAPER)
    pen = ImageDraw.Draw(picture)
    red, green, blue = (round(255 * part) for part in colour or AREA_COLOURS[letter])
    pen.rectangle((0, 0, _LABEL - 1, _BAND), (red, green, blue))
    write(picture, letter, 50, WHITE, (_LABEL / 2, _BAND / 2))
    marker = Images.fromarray(_marker(LETTERS.index(letter))).resize((36, 36), Images.Resampling.NEAREST)
    picture.paste(marker, (6, _BAND + 4))
    rng = np.random.default_rng(LETTERS.index(letter))
    at = 50.0
    while at < _LABEL - 6:
        wide = float(rng.choice((1.0, 2.0, 3.0)))
        pen.rectangle((at, _BAND + 5, at + wide - 1, _BAND + 28), INK)
        at += wide + float(rng.choice((1.0, 2.0)))
    for line in (32, 37):
        pen.rectangle((50, _BAND + line, 76 if line > 32 else 90, _BAND + line + 1), (120, 120, 120))
    pen.rectangle((0, 0, _LABEL - 1, _LABEL - 1), outline=(150, 146, 138))
    return np.asarray(picture, np.uint8)


def _marker(number: int) -> Image:
    """Draws a marker, one pixel a bit, with its black border."""
    bits = [(_MARKERS[number] >> (15 - place)) & 1 for place in range(16)]
    square = np.zeros((6, 6), np.uint8)
    square[1:5, 1:5] = 255 * np.array(bits, np.uint8).reshape(4, 4)
    return np.repeat(square[..., None], 3, axis=2)


def worn(rng: np.random.Generator, fresh: Image) -> Image:
    """Lets the sun, a wet sleeve and other parcels' edges at a label: pale, stained, scratched, a corner gone."""
    pale = 0.55 * fresh.astype(np.float32) + 0.45 * np.array((214, 206, 192), np.float32)
    y, x = np.mgrid[:_LABEL, :_LABEL]
    middle, wide = rng.uniform(20, 76, 2), rng.uniform(16, 30)
    stain = np.exp(-(((x - middle[0]) ** 2 + (y - middle[1]) ** 2) / wide**2))[..., None]
    pale = pale * (1 - 0.45 * stain) + np.array((120, 92, 60), np.float32) * 0.45 * stain
    picture = Images.fromarray(_grain(rng, pale, 7.0))
    pen = ImageDraw.Draw(picture)
    for _ in range(7):
        start, way = rng.uniform(0, _LABEL, 2), rng.uniform(-44, 44, 2)
        pen.line((*start.tolist(), *(start + way).tolist()), (206, 190, 164), int(rng.integers(1, 4)))
    torn = int(rng.integers(14, 26))
    pen.polygon([(_LABEL, _LABEL), (_LABEL - torn, _LABEL), (_LABEL, _LABEL - torn)], CARDBOARD[0])
    return np.asarray(picture, np.uint8)


def _board(rng: np.random.Generator, colour: RGB, *, marks: bool) -> Image:
    """Draws cardboard: its flutes show through, its edges are rubbed; with marks, arrows that point up."""
    flutes = 1 + 0.012 * np.sin(np.arange(_SIDE) * 2 * np.pi / 4)[None, :, None]
    edge = np.minimum.outer(*[np.minimum(np.arange(_SIDE), _SIDE - 1 - np.arange(_SIDE))] * 2)
    shade = (0.86 + 0.14 * np.clip(edge / 7.0, 0, 1))[..., None]
    picture = Images.fromarray(_grain(rng, np.asarray(np.array(colour) * flutes * shade, np.float32), 3.5))
    if marks:
        pen = ImageDraw.Draw(picture)
        for x in (8, 22):
            pen.polygon([(x, 20), (x + 5, 11), (x + 10, 20)], _PRINT)
            pen.rectangle((x + 3, 20, x + 7, 29), _PRINT)
        pen.rectangle((8, 32, 32, 33), _PRINT)
    return np.asarray(picture, np.uint8)


def _taped(board: Image, share: float) -> Image:
    """Lays a strip of tape down from the top, over a share of the height."""
    picture = board.astype(np.float32)
    tall, wide = picture.shape[:2]
    strip = picture[: round(share * tall), round(0.43 * wide) : round(0.57 * wide)]
    strip[:] = 0.25 * strip + 0.75 * np.array(TAPE)
    strip[:, 0] *= 0.9
    strip[:, -1] *= 0.9
    return picture.astype(np.uint8)


def _grain(rng: np.random.Generator, picture: NDArray[np.float32], strength: float) -> Image:
    grain = rng.normal(0, strength, (*picture.shape[:2], 1))
    return np.clip(picture + grain, 0, 255).astype(np.uint8)
