"""What a labelled picture consists of: names of classes, symbols and colours, and the arrays that hold them.

A sample is a dict of arrays; a batch, or a whole shard, has a dimension more in front. A thing is *seen* at the pixels
that show it: boxes and distances are of what is seen of it, not of what is hidden.

=================  =======  ==================  =====================================================================
``rgb``            uint8    (3, H, W)           sRGB
``depth``          float32  (1, H, W)           m along the camera's axis, as its sensor measures it; 0 for no return:
                                                nothing there, or farther than `FARTHEST`
``classes``        uint8    (H, W)              index of `CLASSES`
``instances``      int16    (H, W)              number of the thing that is seen, of this picture; -1 for none. The
                                                things of the boxes have the boxes' numbers
``boxes``          float32  (MAX_BOXES, 4)      x0, y0, x1, y1: edges of the pixels, so that x1 - x0 is the width;
                                                the nearest first
``box_classes``    int64    (MAX_BOXES,)        index of `CLASSES`, one of `BOXED`; -1 where there is no box
``box_symbols``    int64    (MAX_BOXES,)        index of `SYMBOLS`; -1 for what has no label, or none that can be read
``box_colours``    int64    (MAX_BOXES,)        index of `COLOURS`; -1 as above
``box_distances``  float32  (MAX_BOXES,)        m along the camera's axis to the nearest point seen; 0 for no box
``free``           float32  (W,)                m, level, from below the camera to the nearest thing in a column that
                                                is neither floor nor area, nor the roof, nor carries the camera; where
                                                there is none, to the farthest floor seen, or 0; at most `FARTHEST`
=================  =======  ==================  =====================================================================

A label can be read where on one wall of the package, at most 2 m away, all parts of the letter are seen, in 45 pixels
at least: the label is some 15 pixels wide then. In pictures of 128 pixels that is mostly within 1.2 m.
"""

from robosim.worlds.warehouse.clutter import LETTERS
from robosim.worlds.warehouse.signs import COLOUR_NAMES

CLASSES: tuple[str, ...] = (
    "background", "floor", "wall", "rack", "person", "forklift", "package", "sign", "area", "robot",
)  # fmt: skip
BOXED: tuple[str, ...] = ("person", "forklift", "package")
"""Classes whose things get boxes."""
SYMBOLS: tuple[str, ...] = tuple(LETTERS)
"""What a package's label may say."""
COLOURS: tuple[str, ...] = tuple(COLOUR_NAMES[symbol] for symbol in SYMBOLS)
"""What colour a package's label may have; in nominal worlds that of its symbol's area, in `SYMBOLS`' order."""
MAX_BOXES = 16
"""Of a picture: those nearest to the camera."""
FARTHEST = 10.0
"""m, of free floor and of depth."""
