"""What tells people, and cameras, where they are: lettered areas, dock doors, rack numbers, closed aisles."""

import numpy as np
from numpy.typing import NDArray
from PIL import Image as Images
from PIL import ImageDraw

from robosim.worlds.warehouse.paint import BLACK, CONCRETE, INK, YELLOW, hazard, write

Image = NDArray[np.uint8]

AREA_COLOURS: dict[str, tuple[float, float, float]] = {
    "A": (0.84, 0.19, 0.18), "B": (0.13, 0.42, 0.77), "C": (0.13, 0.60, 0.30), "D": (0.93, 0.72, 0.10),
    "E": (0.52, 0.26, 0.66), "F": (0.91, 0.45, 0.13), "P": (0.10, 0.62, 0.66), "": (0.93, 0.79, 0.16),
}  # fmt: skip
COLOUR_NAMES = dict(zip("ABCDEF", ("red", "blue", "green", "yellow", "purple", "orange"), strict=True))
WHITE = (246, 246, 244)
RACK_SIGNS, DOOR_SIGNS = 8, 4


def signs() -> dict[str, Image]:
    """Draws all of them."""
    pictures = {f"area {letter}": _area(letter) for letter in AREA_COLOURS if letter}
    pictures |= {"dock": _dock(), "closed": _closed(), "door": _door(), "rubber": np.full((16, 16, 3), 34, np.uint8)}
    pictures |= {f"rack {n}": _plate(f"{'KLMNRSTU'[n]}{n + 1:02d}", (24, 92, 60), 128) for n in range(RACK_SIGNS)}
    return pictures | {f"door {n}": _plate(str(n + 1), (28, 60, 132), 64) for n in range(DOOR_SIGNS)}


def _area(letter: str) -> Image:
    """A pad on the floor with a broad edge; the letter is read by whoever comes from the hall."""
    red, green, blue = (round(255 * value) for value in AREA_COLOURS[letter])
    size = 160
    picture = Images.new("RGB", (size, size), (red, green, blue))
    pen = ImageDraw.Draw(picture)
    pale = tuple(round(0.35 * part + 0.65 * grey) for part, grey in zip((red, green, blue), CONCRETE, strict=True))
    pen.rectangle((13, 13, size - 14, size - 14), (pale[0], pale[1], pale[2]))
    pen.ellipse((30, 30, size - 31, size - 31), (red, green, blue))
    write(picture, letter, 84, WHITE, (size / 2, size / 2))
    return np.rot90(np.asarray(picture, np.uint8)).copy()


def _dock() -> Image:
    """Hatching before a door."""
    picture = hazard(160, 106, CONCRETE, YELLOW)
    picture[:6] = picture[-6:] = YELLOW
    picture[:, :6] = picture[:, -6:] = YELLOW
    return np.rot90(picture).copy()


def _closed() -> Image:
    """The sign that hangs on a chain."""
    picture = Images.new("RGB", (128, 96), WHITE)
    pen = ImageDraw.Draw(picture)
    pen.rectangle((0, 0, 127, 95), outline=(200, 24, 24), width=6)
    pen.ellipse((36, 8, 92, 64), (206, 24, 24))
    pen.rectangle((44, 31, 84, 41), WHITE)
    write(picture, "CLOSED", 20, INK, (64, 78))
    return np.asarray(picture, np.uint8)


def _door() -> Image:
    """A sectional door with two windows."""
    picture = Images.new("RGB", (160, 170), (198, 204, 210))
    pen = ImageDraw.Draw(picture)
    for at in range(0, 170, 34):
        pen.rectangle((0, at, 159, at + 2), (150, 156, 164))
        pen.rectangle((0, at + 3, 159, at + 4), (218, 222, 226))
    for left in (22, 92):
        pen.rectangle((left, 76, left + 46, 94), (70, 92, 112))
    pen.rectangle((0, 160, 159, 169), BLACK)
    return np.asarray(picture, np.uint8)


def _plate(text: str, colour: tuple[int, int, int], wide: int) -> Image:
    picture = Images.new("RGB", (wide, 64), colour)
    ImageDraw.Draw(picture).rectangle((3, 3, wide - 4, 60), outline=WHITE, width=3)
    write(picture, text, 40, WHITE, (wide / 2, 32))
    return np.asarray(picture, np.uint8)
