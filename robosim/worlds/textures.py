"""Drawn textures, as image files for the physics' own renderer."""

import tempfile
from functools import cache
from pathlib import Path

import cv2
import numpy as np

_TILE = 256  # pixels


@cache
def floor_texture() -> Path:
    """Draws a warehouse floor: two by two pale concrete slabs with joints, so that speed and turning can be seen.

    Returns:
        A PNG in a folder that goes with the process.
    """
    rng = np.random.default_rng(7)
    shades = np.array([[196, 186], [186, 200]], np.float64).repeat(_TILE // 2, 0).repeat(_TILE // 2, 1)
    speckle = cv2.GaussianBlur(rng.normal(0, 14, (_TILE, _TILE)), (0, 0), 2)
    grey = np.clip(shades + speckle, 0, 255).astype(np.uint8)
    image = np.dstack([grey, grey, (grey * 0.97).astype(np.uint8)])
    for edge in (0, _TILE // 2):
        cv2.line(image, (edge, 0), (edge, _TILE), (120, 122, 124), 2)
        cv2.line(image, (0, edge), (_TILE, edge), (120, 122, 124), 2)
    path = Path(tempfile.mkdtemp(prefix="robosim-")) / "floor.png"
    cv2.imwrite(str(path), image)
    return path
