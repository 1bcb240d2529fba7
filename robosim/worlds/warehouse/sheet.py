"""One large picture that holds many small ones, and surfaces of boxes and rectangles painted from it."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from robosim.math import Vec3
from robosim.shapes import Triangles, Visual

Image = NDArray[np.uint8]
Floats = NDArray[np.float64]
EDGE = 2  # pixels around each picture that repeat its edge, so that neighbours do not shine through

# Sides of a box by name: the axis they look along and which way. A picture stands upright on the four walls.
_SIDES = {
    "-x": (2, 0, 1, 3), "+x": (4, 6, 7, 5), "-y": (0, 4, 5, 1), "+y": (6, 2, 3, 7), "-z": (2, 6, 4, 0),
    "+z": (1, 5, 7, 3),
}  # fmt: skip
AROUND = ("-x", "+x", "-y", "+y")
VISIBLE = (*AROUND, "+z")


class Sheet:
    """Pictures side by side.

    Args:
        pictures: By name, RGB, shape (height, width, 3).
        size: Of the sheet each way, pixels.

    Attributes:
        image: The sheet.

    Raises:
        ValueError: They do not fit.
    """

    def __init__(self, pictures: dict[str, Image], size: int = 1024) -> None:
        """Lays them out in rows, the tallest first; see the class."""
        self.image: Image = np.zeros((size, size, 3), np.uint8)
        self._places: dict[str, tuple[float, float, float, float]] = {}
        left = top = tall = 0
        for name, picture in sorted(pictures.items(), key=lambda item: -item[1].shape[0]):
            height, width = picture.shape[0] + 2 * EDGE, picture.shape[1] + 2 * EDGE
            if left + width > size:
                left, top, tall = 0, top + tall, 0
            if top + height > size:
                raise ValueError(f"a sheet of {size} pixels has no room for {name}")
            padded = np.pad(picture, ((EDGE, EDGE), (EDGE, EDGE), (0, 0)), mode="edge")
            self.image[top : top + height, left : left + width] = padded
            corner = left + EDGE, top + EDGE, left + width - EDGE, top + height - EDGE
            self._places[name] = corner[0] / size, 1 - corner[3] / size, corner[2] / size, 1 - corner[1] / size
            left, tall = left + width, max(tall, height)

    @property
    def names(self) -> tuple[str, ...]:
        """Of all pictures."""
        return tuple(self._places)

    def pixels(self, name: str) -> tuple[int, int, int, int]:
        """Gives where a picture lies on the sheet: its first row, the row after its last, and the same of columns."""
        (left, low), _, (right, high), _ = (self.corners(name) * self.image.shape[0]).tolist()
        size = self.image.shape[0]
        return round(size - high), round(size - low), round(left), round(right)

    def corners(self, name: str) -> Floats:
        """Gives where a picture's corners lie, counter-clockwise from the lower left; shape (4, 2)."""
        u0, v0, u1, v1 = self._places[name]
        return np.array([(u0, v0), (u1, v0), (u1, v1), (u0, v1)])


class Surface:
    """Collects rectangles painted from a sheet.

    Args:
        sheet: From which.
    """

    def __init__(self, sheet: Sheet) -> None:
        """Begins empty; see the class."""
        self._sheet = sheet
        self._vertices, self._faces, self._uvs = list[Floats](), list[Floats](), list[Floats]()
        self._count = 0

    def box(self, size: Vec3, middle: Vec3, picture: str, sides: Sequence[str] = VISIBLE, top: str = "") -> None:
        """Adds some sides of a box.

        Args:
            size: Full lengths.
            middle: Where its middle is.
            picture: On every side.
            sides: Those that can be seen.
            top: Another picture for the upper side.
        """
        signs = np.array([(x, y, z) for x in (-0.5, 0.5) for y in (-0.5, 0.5) for z in (-0.5, 0.5)])
        self._add(signs * size + middle, [_SIDES[side] for side in sides],
                  [top if top and side == "+z" else picture for side in sides])  # fmt: skip

    def rectangle(self, corners: Sequence[Vec3], picture: str) -> None:
        """Adds a rectangle, seen from where its corners run counter-clockwise from the picture's lower left."""
        self._add(np.array(corners, np.float64), [(0, 1, 2, 3)], [picture])

    def floor(self, size: tuple[float, float], middle: tuple[float, float], picture: str, height: float) -> None:
        """Adds a rectangle that lies on the floor."""
        a, b, (x, y) = size[0] / 2, size[1] / 2, middle
        self.rectangle([(x - a, y - b, height), (x + a, y - b, height), (x + a, y + b, height),
                        (x - a, y + b, height)], picture)  # fmt: skip

    def _add(self, vertices: Floats, sides: Sequence[tuple[int, ...]], pictures: Sequence[str]) -> None:
        for (a, b, c, d), picture in zip(sides, pictures, strict=True):
            p, q, r, s = self._sheet.corners(picture)
            self._faces += [np.array((a, b, c)) + self._count, np.array((a, c, d)) + self._count]
            self._uvs += [np.array((p, q, r)), np.array((p, r, s))]
        self._vertices.append(vertices)
        self._count += len(vertices)

    def visual(self) -> Visual:
        """Gives all of it as one shape."""
        shape = Triangles(np.concatenate(self._vertices), np.array(self._faces, np.int32), np.array(self._uvs))
        return Visual(shape, texture=self._sheet.image)
