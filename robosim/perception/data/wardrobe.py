"""`Wardrobe`: paints a scene anew, walls, racks, goods, clothes and labels, in the colours of a split."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from robosim.perception.data.appearance import draw_colour, draw_pattern, draw_tint, patterns
from robosim.perception.data.repaint import LEFT_ALONE, halve, repaint
from robosim.perception.data.sample import SYMBOLS
from robosim.perception.data.stickers import WEARS, sticker
from robosim.render.scene import Scene
from robosim.seeding import Split
from robosim.shapes import Kind
from robosim.worlds.store.packages import POOL
from robosim.worlds.store.packages import sheet as package_sheet
from robosim.worlds.warehouse import furniture
from robosim.worlds.warehouse.sheet import EDGE, Sheet

# How far a picture may change, by how its name begins: own colour replaced, brightness, pattern; at most.
_SIGNS = (0.15, 0.15, 0.06)  # what means something by its colour
_CARTONS = (0.5, 0.35, 0.15)
_ANYTHING = (0.85, 0.45, 0.25)
_CHANGES = {
    "area": _SIGNS, "closed": _SIGNS, "dock": _SIGNS, "hazard": _SIGNS, "yellow": _SIGNS, "red": _SIGNS,
    "white": _SIGNS, "label": _SIGNS, "worn": _SIGNS, "carton": _CARTONS, "stack": _CARTONS, "board": _CARTONS,
    "seam": _CARTONS, "top": _CARTONS,
}  # fmt: skip
_SKINS = np.array([(0.30, 0.20, 0.15), (0.90, 0.72, 0.60)])
_AROUND = ((EDGE, EDGE), (EDGE, EDGE), (0, 0))
_SKIN = 5  # the part of a person that is skin


@dataclass(frozen=True, eq=False)
class _Texture:
    """A texture as it was made.

    Attributes:
        fresh: uint8 (height, width, 3).
        groups: uint16 (height, width), which of ``changes`` each texel gets.
        changes: For each group, how far it may change.
        first: Its level at full size.
        last: The one after its smallest.
        used: How many of its rows have anything on them.
        sheet: Of which pictures it consists; None for one.
    """

    fresh: NDArray[np.uint8]
    groups: NDArray[np.uint16]
    changes: tuple[tuple[float, float, float], ...]
    first: int
    last: int
    used: int
    sheet: Sheet | None


class Wardrobe:
    """The looks of a scene.

    Args:
        scene: What is painted.
    """

    def __init__(self, scene: Scene) -> None:
        """Keeps how it looks at first; see the class."""
        self._looks, self._labels = scene.looks, scene.geometry.labels
        self._texels = scene.looks.texels.view(np.uint8).reshape(-1, 4)  # red, green, blue and a 0
        self._colours = scene.looks.colours.copy()
        self._patterns = patterns()
        sheets = (furniture.sheet(), package_sheet())
        count = len(self._looks.first_level) - 1
        self._textures = [self._texture(number, sheets) for number in range(count)]

    def _texture(self, number: int, sheets: Sequence[Sheet]) -> _Texture:
        looks = self._looks
        first, last = (int(looks.first_level[number + more]) for more in (0, 1))
        start, height, width = looks.levels[first].tolist()
        fresh = self._texels[start : start + height * width, :3].reshape(height, width, 3).copy()
        sheet = next((sheet for sheet in sheets if np.array_equal(sheet.image, fresh)), None)
        if sheet is None:
            return _Texture(fresh, np.zeros((height, width), np.uint16), (_ANYTHING,), first, last, height, None)
        groups, changes = np.full((height, width), LEFT_ALONE, np.uint16), []
        for group, name in enumerate(sheet.names):
            top, bottom, left, right = sheet.pixels(name)
            groups[top - EDGE : bottom + EDGE, left - EDGE : right + EDGE] = group
            changes.append(next((most for start, most in _CHANGES.items() if name.startswith(start)), _ANYTHING))
        used = int(np.flatnonzero((groups != LEFT_ALONE).any(axis=1))[-1]) + 1
        return _Texture(fresh, groups, tuple(changes), first, last, used, sheet)

    def dress(self, split: Split, rng: np.random.Generator, colours: NDArray[np.int64]) -> None:
        """Draws how all looks in a world.

        Args:
            split: Whose colours and patterns.
            rng: What it is drawn from.
            colours: int64 (2, symbols), of clean labels and of worn ones.
        """
        for texture in self._textures:
            fresh = texture.fresh
            if texture.sheet is not None and f"label {SYMBOLS[0]}" in texture.sheet.names:
                fresh = _labelled(texture, colours, rng)
            self._paint(texture, fresh, split, rng)
        self._clothe(split, rng)

    def _paint(self, texture: _Texture, fresh: NDArray[np.uint8], split: Split, rng: np.random.Generator) -> None:
        count = len(texture.changes)
        styles, kinds = np.empty((count, 6), np.float32), np.empty((count, 3), np.int32)
        for group, (mix, gain, strength) in enumerate(texture.changes):
            tint, share = draw_tint(split, rng), rng.uniform(0.0, 1.0, 3)
            styles[group, :3], styles[group, 3] = tint, mix * share[0]
            styles[group, 4], styles[group, 5] = 1 + gain * (2 * share[1] - 1), strength * share[2]
            kinds[group] = draw_pattern(split, rng), *rng.integers(self._patterns.shape[1], size=2)
        start, _, width = self._looks.levels[texture.first].tolist()
        painted = self._texels[start : start + texture.used * width]
        repaint(fresh[: texture.used], texture.groups[: texture.used], styles, kinds, self._patterns, painted)
        halve(self._texels, self._looks.levels, texture.first, texture.last)

    def _clothe(self, split: Split, rng: np.random.Generator) -> None:
        """Draws what is multiplied with the textures, or stands alone where there is none."""
        looks = self._looks
        bodies, kinds = self._labels[:, 0], self._labels[:, 1]
        gains = rng.uniform(0.8, 1.1, (int(bodies.max()) + 1, 1))
        colours = self._colours * gains[bodies]
        for body in np.unique(bodies[kinds == Kind.PERSON]):
            for part, row in enumerate(np.flatnonzero(bodies == body).tolist()):
                share = float(rng.random())
                skin = (1 - share) * _SKINS[0] + share * _SKINS[1]
                colours[row] = self._linear(skin if part == _SKIN else np.array(draw_colour(split, rng)))
        for kind, share in ((Kind.FORKLIFT, 0.8), (Kind.ROBOT, 0.35)):
            for row in np.flatnonzero(kinds == kind).tolist():
                if looks.textures[row] < 0:
                    mix = share * float(rng.random())
                    own = self._linear(np.array(draw_colour(split, rng)))
                    colours[row] = (1 - mix) * colours[row] + mix * own
        looks.colours[:] = np.clip(colours, 0.0, 1.0)

    def _linear(self, colour: NDArray[np.float64]) -> NDArray[np.float32]:
        return self._looks.to_linear[np.rint(np.clip(colour, 0.0, 1.0) * 255).astype(np.int64)]


def _labelled(texture: _Texture, colours: NDArray[np.int64], rng: np.random.Generator) -> NDArray[np.uint8]:
    """Gives the sheet of packages with other labels on it."""
    assert texture.sheet is not None
    fresh = texture.fresh.copy()
    for symbol, letter in enumerate(SYMBOLS):
        for row, name in enumerate((f"label {letter}", f"worn {letter}")):
            top, bottom, left, right = texture.sheet.pixels(name)
            wear = row * (1 + int(rng.integers(WEARS)))
            picture = np.pad(sticker(symbol, int(colours[row, symbol]), wear), _AROUND, mode="edge")
            fresh[top - EDGE : bottom + EDGE, left - EDGE : right + EDGE] = picture
    return fresh


def label_colours(colours: NDArray[np.int64]) -> NDArray[np.int64]:
    """Gives which colour the labels of each package of the pool have, shape (packages,)."""
    return np.array([colours[int(model.worn), SYMBOLS.index(model.letter)] for model in POOL], np.int64)
