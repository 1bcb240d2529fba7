"""Depth and segmentation as pictures that people can read."""

import colorsys

import cv2
import numpy as np
from numpy.typing import NDArray

from robosim.shapes import Kind

Picture = NDArray[np.uint8]  # RGB, shape (height, width, 3)

KIND_COLOURS: dict[Kind, tuple[int, int, int]] = {
    Kind.NOTHING: (28, 30, 34),
    Kind.FLOOR: (128, 128, 128),
    Kind.WALL: (190, 200, 214),
    Kind.RACK: (44, 88, 190),
    Kind.PACKAGE: (196, 140, 78),
    Kind.PERSON: (230, 64, 64),
    Kind.FORKLIFT: (250, 202, 40),
    Kind.SIGN: (240, 120, 220),
    Kind.AREA: (90, 200, 120),
    Kind.ROBOT: (250, 140, 40),
    Kind.OTHER: (110, 90, 160),
}


def colour_depth(depth: NDArray[np.float32], near: float, far: float) -> Picture:
    """Gives near red, far blue, and black where nothing is seen within the range.

    Args:
        depth: Shape (height, width) or (height, width, 1), metres.
        near: Where red begins.
        far: Where blue ends.
    """
    flat = depth.reshape(depth.shape[:2])
    seen = np.isfinite(flat) & (flat > 0) & (flat <= far)
    share = np.clip((far - np.where(seen, flat, far)) / (far - near), 0, 1)
    colours = cv2.applyColorMap(np.rint(share * 255).astype(np.uint8), cv2.COLORMAP_TURBO)
    return np.asarray(np.where(seen[..., None], colours[..., ::-1], 0), np.uint8)


def colour_kinds(segmentation: NDArray[np.int16]) -> Picture:
    """Gives each kind its colour of `KIND_COLOURS`; segmentation as cameras give it, (height, width, 2)."""
    table = np.array([KIND_COLOURS[Kind(kind)] for kind in range(len(Kind))], np.uint8)
    return np.asarray(table[segmentation[..., 1]])


def colour_bodies(segmentation: NDArray[np.int16]) -> Picture:
    """Gives each body a colour of its own, next numbers far apart; segmentation as cameras give it."""
    bodies = segmentation[..., 0]
    golden = 0.618034  # of the colour circle: no two of many numbers fall close together
    table = [colorsys.hsv_to_rgb(number * golden % 1, 0.6, 0.95) for number in range(max(int(bodies.max()), 0) + 1)]
    colours = np.rint(np.array([*table, (0.11, 0.12, 0.13)]) * 255).astype(np.uint8)  # the last one is number -1
    return np.asarray(colours[bodies])
