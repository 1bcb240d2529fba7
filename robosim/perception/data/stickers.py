"""Labels of packages in every colour: a symbol's colour is its area's only where a world wants it so."""

from functools import cache

import numpy as np
from numpy.typing import NDArray

from robosim.perception.data.sample import COLOURS, SYMBOLS
from robosim.worlds.store.labels import label, worn
from robosim.worlds.warehouse.signs import AREA_COLOURS

Image = NDArray[np.uint8]
WEARS = 4
"""Ways in which a label can be worn."""
HUES = tuple(AREA_COLOURS[symbol] for symbol in SYMBOLS)
"""Of `COLOURS`, in their order."""


@cache
def sticker(symbol: int, colour: int, wear: int) -> Image:
    """Draws a label; symbol and colour by their index, ``wear`` 0 for a clean one, or up to `WEARS`."""
    fresh = label(SYMBOLS[symbol], HUES[colour])
    if not wear:
        return fresh
    return worn(np.random.default_rng((symbol, colour, wear)), fresh)


def draw_colours(rng: np.random.Generator, *, nominal: bool) -> NDArray[np.int64]:
    """Draws which colour clean labels and worn ones have, by symbol, shape (2, symbols); or gives nominal worlds'."""
    if nominal:
        return np.tile(np.arange(len(SYMBOLS)), (2, 1))
    return rng.integers(len(COLOURS), size=(2, len(SYMBOLS)))
