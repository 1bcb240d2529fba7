"""Pictures of a warehouse's surfaces, drawn once: cartons, wrapped pallets, wood, doors, walls."""

import numpy as np
from numpy.typing import NDArray
from PIL import Image as Images
from PIL import ImageDraw, ImageFilter, ImageFont

Image = NDArray[np.uint8]
RGB = tuple[int, int, int]

CARDBOARD: tuple[RGB, ...] = ((193, 149, 101), (178, 134, 88), (206, 166, 118), (160, 120, 82))
TAPE, LABEL, INK = (222, 196, 152), (244, 244, 240), (28, 28, 32)
YELLOW, BLACK, ORANGE, BLUE, STEEL = (246, 196, 24), (30, 30, 32), (236, 112, 26), (30, 74, 150), (96, 104, 116)
WOOD: RGB = (188, 152, 104)
CONCRETE: RGB = (168, 168, 164)
CONCRETE_WIDTH = 6.0  # m, of the picture of the floor
_SIDE = 120  # pixels of most pictures


def goods(rng: np.random.Generator) -> dict[str, Image]:
    """Draws all that stands in racks and on pallets, and what racks are made of."""
    pictures = {f"carton {n}": _carton(rng, CARDBOARD[n % 4]) for n in range(4)}
    pictures |= {f"stack {n}": _stack(rng, columns, rows) for n, (columns, rows) in enumerate(_PILES)}
    pictures |= {f"wrap {n}": _wrapped(rng, tint) for n, tint in enumerate(_FILMS)}
    pictures |= {f"totes {n}": _totes(rng, colour) for n, colour in enumerate(((40, 86, 150), (150, 154, 158)))}
    pictures |= {"sacks": _sacks(rng), "carton top": _top(rng), "film top": _plain(rng, (206, 214, 220), 10)}
    pictures |= {"pallet": _pallet(rng), "wood": _plain(rng, WOOD, 7), "mesh": _mesh(), "hazard": hazard(_SIDE)}
    pictures |= {"hazard post": hazard(24, 96, stripe=12), "hazard jamb": hazard(16, 160, stripe=10)}
    flat = {"blue": BLUE, "orange": ORANGE, "steel": STEEL, "black": BLACK, "yellow": YELLOW, "red": (200, 34, 30),
            "white": (236, 236, 232), "concrete": (176, 176, 172), "green": (36, 140, 70)}  # fmt: skip
    return pictures | {name: _plain(rng, colour, 4, 16) for name, colour in flat.items()}


_PILES = ((3, 4), (2, 3), (4, 4), (3, 3))
_FILMS: tuple[RGB, ...] = ((226, 230, 234), (150, 182, 214), (170, 204, 176))


def write(image: Images.Image, text: str, size: int, colour: RGB, at: tuple[float, float]) -> None:
    """Writes bold letters, their middle at a point of the image, pixels."""
    font = ImageFont.load_default(size)
    bold = max(size // 16, 1)
    ImageDraw.Draw(image).text(at, text, colour, font, "mm", stroke_width=bold, stroke_fill=colour)


def hazard(width: int, height: int = 0, dark: RGB = BLACK, bright: RGB = YELLOW, stripe: int = _SIDE // 5) -> Image:
    """Draws diagonal stripes that warn; sizes in pixels."""
    x, y = np.meshgrid(np.arange(width), np.arange(height or width))
    is_dark = ((x + y) // stripe) % 2 == 0
    return np.asarray(np.where(is_dark[..., None], np.array(dark), np.array(bright)), np.uint8)


def wall() -> Image:
    """Draws 2 m of a wall, 6 m high: a painted base with a rail, and cladding with ribs above."""
    rng = np.random.default_rng(11)
    tall, wide = 384, 128
    picture = np.full((tall, wide, 3), (238, 240, 240), np.float32)
    ribs = np.arange(wide) % 32
    picture *= np.where(ribs < 3, 0.86, np.where(ribs < 5, 1.04, 1.0))[None, :, None]
    from_floor = (tall - 1 - np.arange(tall)) / tall * 6.0
    picture[from_floor < 1.3] = (132, 152, 176)
    picture[(from_floor > 1.3) & (from_floor < 1.42)] = YELLOW
    picture[from_floor < 0.22] = (70, 74, 80)
    picture[(from_floor > 4.3) & (from_floor < 5.1), 8:120] = (226, 238, 246)  # a band of windows
    return _grain(rng, picture, 3.0)


def ceiling() -> Image:
    """Draws 8 m by 8 m of a roof from below, with girders and two lamps."""
    picture = Images.new("RGB", (256, 256), (222, 226, 230))
    pen = ImageDraw.Draw(picture)
    for at in range(0, 256, 32):
        pen.rectangle((at, 0, at + 3, 255), (196, 202, 208))
    for at in (0, 128):
        pen.rectangle((0, at, 255, at + 9), (150, 160, 174))
    for x, y in ((48, 64), (176, 192)):
        pen.rectangle((x, y - 5, x + 44, y + 5), (255, 255, 250))
    return np.asarray(picture, np.uint8)


def concrete() -> Image:
    """Draws a piece of a polished floor with joints; its edges meet where it repeats."""
    rng = np.random.default_rng(5)
    size = 512
    cloud = np.zeros((size, size), np.float32)
    for sigma, depth in ((60, 300.0), (16, 60.0), (4, 9.0), (1, 3.0)):
        noise = np.fft.rfft2(rng.normal(0, 1, (size, size)))
        waves = np.fft.fftfreq(size)[:, None] ** 2 + np.fft.rfftfreq(size)[None] ** 2
        cloud += depth * np.fft.irfft2(noise * np.exp(-2 * (np.pi * sigma) ** 2 * waves), (size, size))
    picture = np.array(CONCRETE) + cloud[..., None] * np.array((1.0, 1.0, 0.96))
    picture[:2] -= 26
    picture[:, :2] -= 26
    return np.asarray(np.clip(picture, 0, 255), np.uint8)


def _grain(rng: np.random.Generator, picture: NDArray[np.float32], strength: float) -> Image:
    grain = rng.normal(0, strength, (*picture.shape[:2], 1))
    return np.clip(picture + grain, 0, 255).astype(np.uint8)


def _plain(rng: np.random.Generator, colour: RGB, strength: float, size: int = 64) -> Image:
    return _grain(rng, np.full((size, size, 3), colour, np.float32), strength)


def _carton(rng: np.random.Generator, colour: RGB, wide: int = _SIDE, tall: int = _SIDE) -> Image:
    picture = Images.fromarray(_grain(rng, np.full((tall, wide, 3), colour, np.float32), 4.0))
    pen = ImageDraw.Draw(picture)
    dark = (int(colour[0] * 0.72), int(colour[1] * 0.72), int(colour[2] * 0.72))
    pen.rectangle((wide * 0.44, 0, wide * 0.56, tall), TAPE)
    pen.rectangle((0, 0, wide - 1, tall - 1), outline=dark, width=max(wide // 40, 1))
    x, y = rng.uniform(0.08, 0.14) * wide, rng.uniform(0.45, 0.6) * tall
    pen.rectangle((x, y, x + 0.34 * wide, y + 0.3 * tall), LABEL)
    for bar in np.arange(0.03, 0.3, 0.035).tolist():
        pen.rectangle((x + bar * wide, y + 0.05 * tall, x + (bar + rng.uniform(0.006, 0.022)) * wide, y + 0.2 * tall),
                      INK)  # fmt: skip
    return np.asarray(picture, np.uint8)


def _stack(rng: np.random.Generator, columns: int, rows: int) -> Image:
    """A wall of cartons."""
    wide, tall = _SIDE // columns, _SIDE // rows
    kind = CARDBOARD[rng.integers(len(CARDBOARD))]
    picture = np.empty((tall * rows, wide * columns, 3), np.uint8)
    for row in range(rows):
        for column in range(columns):
            shade = rng.uniform(0.88, 1.08)
            own = (int(kind[0] * shade), int(kind[1] * shade), int(kind[2] * shade))
            part = picture[row * tall : (row + 1) * tall, column * wide : (column + 1) * wide]
            part[:] = _carton(rng, own, wide, tall)
    return picture


def _wrapped(rng: np.random.Generator, tint: RGB) -> Image:
    """Cartons under stretch film, which is milky and lies in folds."""
    below = _stack(rng, *_PILES[rng.integers(len(_PILES))]).astype(np.float32)
    x, y = np.meshgrid(np.arange(below.shape[1]), np.arange(below.shape[0]))
    folds = 0.7 + 0.16 * np.sin((y + 0.35 * x) / 5.0 + rng.uniform(0, 6)) + 0.08 * np.sin((y - 0.5 * x) / 2.3)
    folds = np.clip(folds, 0, 1)[..., None]
    return _grain(rng, np.asarray(below * (1 - folds) + np.array(tint) * folds, np.float32), 3.0)


def _totes(rng: np.random.Generator, colour: RGB) -> Image:
    """Plastic boxes, stacked."""
    picture = Images.new("RGB", (_SIDE, _SIDE), (36, 40, 46))
    pen = ImageDraw.Draw(picture)
    for row in range(3):
        for column in range(2):
            shade = rng.uniform(0.9, 1.08)
            x, y = column * _SIDE / 2 + 2, row * _SIDE / 3 + 2
            body = (int(colour[0] * shade), int(colour[1] * shade), int(colour[2] * shade))
            pen.rectangle((x, y, x + _SIDE / 2 - 5, y + _SIDE / 3 - 5), body)
            pen.rectangle((x, y, x + _SIDE / 2 - 5, y + 5), (min(body[0] + 26, 255), min(body[1] + 26, 255), body[2]))
            pen.rectangle((x + 16, y + 14, x + 38, y + 26), LABEL)
    return np.asarray(picture, np.uint8)


def _sacks(rng: np.random.Generator) -> Image:
    """Sacks in layers."""
    picture = Images.new("RGB", (_SIDE, _SIDE), (120, 112, 98))
    pen = ImageDraw.Draw(picture)
    for row in range(6):
        for column in range(-1, 3):
            shade = float(rng.uniform(0.92, 1.05))
            x, y = column * 42 + (row % 2) * 20, row * 20
            body = (int(222 * shade), int(212 * shade), int(190 * shade))
            pen.rounded_rectangle((x, y + 1, x + 41, y + 19), 7, body)
            pen.rectangle((x + 12, y + 7, x + 28, y + 12), (52, 110, 72))
    return np.asarray(picture.filter(ImageFilter.GaussianBlur(0.6)), np.uint8)


def _top(rng: np.random.Generator) -> Image:
    """Cartons from above."""
    picture = np.array(_plain(rng, CARDBOARD[0], 4, 96))
    for at in (16, 48, 80):
        picture[:, at - 4 : at + 4] = TAPE
    picture[:, ::32] = picture[::48] = (130, 96, 62)
    return picture


def _pallet(rng: np.random.Generator) -> Image:
    """A pallet's side: boards above and below, blocks and dark openings between."""
    picture = np.full((18, _SIDE, 3), (52, 40, 28), np.float32)
    picture[:5] = picture[14:] = WOOD
    for at in (0, 50, 100):
        picture[:, at : at + 20] = np.array(WOOD) * 0.9
    return _grain(rng, picture, 6.0)


def _mesh() -> Image:
    """A wire deck."""
    picture = np.full((64, 64, 3), (74, 78, 84), np.uint8)
    picture[::8] = picture[:, ::8] = (150, 154, 160)
    return picture
