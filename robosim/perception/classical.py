"""The rival of every perception network: OpenCV's means, no network. Colour tables, blobs, markers and templates."""

from __future__ import annotations

from collections.abc import Iterable
from functools import cache

import cv2
import numpy as np
import torch
from numpy.typing import NDArray

from robosim.perception.answers import Answers, Labels
from robosim.perception.data.sample import BOXED, CLASSES, COLOURS, FARTHEST, SYMBOLS
from robosim.perception.heads.detection import Detections
from robosim.perception.labels import packages
from robosim.perception.pixels import Batch, Tensor
from robosim.worlds.store.labels import label
from robosim.worlds.warehouse.signs import AREA_COLOURS

Image = NDArray[np.uint8]
Floats = NDArray[np.float32]

_HUES, _GREYS, _LIGHTS = 15, 4, 6  # bins of hue, saturation and value
_ROWS, _DEPTHS = 16, 12  # bins of where in the picture and how far off a pixel is
_SMOOTH = 3  # pixels each way over which evidence is averaged
_RARER = 0.5  # how far rare classes are favoured, 0 to 1: mean IoU of the validation split was best there
_SMALLEST = 12  # pixels of a blob that counts
_FREE = (CLASSES.index("floor"), CLASSES.index("area"))
_LARGER = 4  # times, that a package is enlarged before markers are looked for
_SIZES = (8, 11, 15, 20, 27, 36, 48, 64, 86)  # pixels, of a label that is looked for
_NEUTRAL = (0.45, 0.45, 0.45)
_MARKER = np.array([(6, 56), (42, 56), (42, 92), (6, 92)], np.float32)
"""Its corners on a label of 96 × 96 pixels, whose upper 52 rows are coloured."""
_SURE = 0.6  # correlation from which a label counts as seen


class Classical:
    """Answers by tables of how often each class has which colour, and where, counted on labelled pictures.

    Pixels are told by M. Swain and D. Ballard (1991), "Color indexing", with row and depth as further evidence; things
    are blobs of one class; labels are read by their ArUco marker or, where that is too small, by correlation.

    Args:
        batches: Samples of the training split.
    """

    def __init__(self, batches: Iterable[Batch]) -> None:
        """Counts; see the class."""
        kinds = len(CLASSES)
        colour = np.ones((kinds, _HUES * _GREYS * _LIGHTS))
        place = np.ones((kinds, _ROWS * (_DEPTHS + 1)))
        for batch in batches:
            for rgb, depth, classes in zip(_pictures(batch), batch["depth"][:, 0], batch["classes"], strict=True):
                kind = classes.cpu().numpy().astype(np.intp)
                np.add.at(colour, (kind, _colour_bins(rgb)), 1)
                np.add.at(place, (kind, _place_bins(depth.cpu().numpy())), 1)
        self._colour = np.log(colour / colour.sum(axis=1, keepdims=True)).astype(np.float32)
        often = place.sum(axis=1, keepdims=True)
        self._place = np.log(place / often**_RARER).astype(np.float32)

    def answer(self, batch: Batch) -> Answers:
        """See `robosim.perception.answers.Seer`."""
        classes, detections, free = [], [], []
        for rgb, depth in zip(_pictures(batch), batch["depth"][:, 0].cpu().numpy(), strict=True):
            found, sure = self._classes(rgb, depth)
            classes.append(torch.from_numpy(found))
            detections.append(_blobs(found, sure))
            free.append(torch.from_numpy(_reach(found, depth)))
        return Answers(torch.stack(classes), detections, torch.stack(free), _read(batch))

    def _classes(self, rgb: Image, depth: Floats) -> tuple[Image, Floats]:
        """Classes of a picture's pixels, and how sure each is."""
        logs = self._colour[:, _colour_bins(rgb)] + self._place[:, _place_bins(depth)]
        shares = np.exp(logs - logs.max(axis=0))
        shares /= shares.sum(axis=0)
        smooth = np.stack([cv2.blur(share, (_SMOOTH, _SMOOTH)) for share in shares])
        return smooth.argmax(axis=0).astype(np.uint8), smooth.max(axis=0)


def _pictures(batch: Batch) -> list[Image]:
    return [np.ascontiguousarray(one) for one in batch["rgb"].permute(0, 2, 3, 1).cpu().numpy()]


def _colour_bins(rgb: Image) -> NDArray[np.intp]:
    hsv = cv2.cvtColor(rgb, cv2.COLOR_RGB2HSV).astype(np.intp)
    bins: NDArray[np.intp] = (hsv[..., 0] * _HUES // 180 * _GREYS + hsv[..., 1] * _GREYS // 256) * _LIGHTS
    return bins + hsv[..., 2] * _LIGHTS // 256


def _place_bins(depth: Floats) -> NDArray[np.intp]:
    far = np.where(depth > 0, 1 + np.minimum(depth / FARTHEST * _DEPTHS, _DEPTHS - 1), 0).astype(np.intp)
    rows = np.arange(len(depth))[:, None] * _ROWS // len(depth)
    bins: NDArray[np.intp] = rows * (_DEPTHS + 1) + far
    return bins


def _blobs(classes: Image, sure: Floats) -> Detections:
    boxes, kinds, scores = [], [], []
    for name in BOXED:
        kind = CLASSES.index(name)
        mask = (classes == kind).astype(np.uint8)
        count, numbers, stats, _ = cv2.connectedComponentsWithStats(mask)
        for number in range(1, count):
            x, y, wide, high, pixels = stats[number].tolist()
            if pixels >= _SMALLEST:
                boxes.append((x, y, x + wide, y + high))
                kinds.append(kind)
                scores.append(float(sure[numbers == number].mean()))
    order = np.argsort(-np.array(scores), kind="stable").tolist()
    return Detections(
        torch.tensor([boxes[place] for place in order], dtype=torch.float32).reshape(-1, 4),
        torch.tensor([kinds[place] for place in order], dtype=torch.int64),
        torch.tensor([scores[place] for place in order], dtype=torch.float32),
    )


def _reach(classes: Image, depth: Floats) -> Floats:
    """Depth of the first pixel of each column, from below, that is no floor."""
    blocked = ~np.isin(classes, _FREE)[::-1]
    first = blocked.argmax(axis=0)
    reach = depth[::-1][first, np.arange(depth.shape[1])]
    return np.where(blocked.any(axis=0) & (reach > 0), np.minimum(reach, FARTHEST), FARTHEST).astype(np.float32)


def _read(batch: Batch) -> Labels:
    pictures, places = packages(batch)
    rgb = _pictures(batch)
    read = [
        read_label(_cut(rgb[picture], batch["boxes"][picture, place]))
        for picture, place in zip(pictures.tolist(), places.tolist(), strict=True)
    ]
    symbols, colours, legible = zip(*read, strict=True) if read else ((), (), ())
    whole = torch.int64
    return Labels(
        pictures, places, torch.tensor(symbols, dtype=whole), torch.tensor(colours, dtype=whole), torch.tensor(legible)
    )


def _cut(rgb: Image, box: Tensor) -> Image:
    x0, y0, x1, y1 = box.int().tolist()
    return np.ascontiguousarray(rgb[max(y0, 0) : y1 + 1, max(x0, 0) : x1 + 1])


def read_label(crop: Image) -> tuple[int, int, float]:
    """Reads a package's label.

    Args:
        crop: (height, width, 3), what is in its box.

    Returns:
        Index of `SYMBOLS`, index of `COLOURS`, and 1 where they are to be trusted or 0; -1 where nothing was seen.
    """
    grey = np.asarray(cv2.cvtColor(crop, cv2.COLOR_RGB2GRAY), np.uint8)
    symbol, band = _marker(crop, grey)
    if symbol >= 0:
        return symbol, _nearest_colour(band), 1.0
    best, alike = 0.0, 0.0
    for size in _SIZES:
        if size > min(grey.shape):
            break
        for letter in range(len(SYMBOLS)):
            _, score, _, (x, y) = cv2.minMaxLoc(cv2.matchTemplate(grey, _template(letter, size), cv2.TM_CCOEFF_NORMED))
            # Fisher's z in its own standard deviations: a few pixels correlate with anything by chance.
            surprise = size * float(np.arctanh(min(max(score, 0.0), 0.999))) if np.isfinite(score) else 0.0
            if surprise > best:
                best, alike, symbol, band = surprise, score, letter, crop[y : y + max(size // 2, 1), x : x + size]
    return symbol, _nearest_colour(band) if symbol >= 0 else -1, float(alike >= _SURE)


@cache
def _template(letter: int, size: int) -> Image:
    grey = cv2.cvtColor(label(SYMBOLS[letter], _NEUTRAL), cv2.COLOR_RGB2GRAY)  # one that no label's is far from
    return np.asarray(cv2.resize(grey, (size, size), interpolation=cv2.INTER_AREA), np.uint8)


@cache
def _detector() -> cv2.aruco.ArucoDetector:
    return cv2.aruco.ArucoDetector(cv2.aruco.getPredefinedDictionary(cv2.aruco.DICT_4X4_50))


def _marker(crop: Image, grey: Image) -> tuple[int, Image]:
    """Index of the symbol that an ArUco marker tells, -1 where none is found; and the coloured band above it."""
    large = cv2.resize(grey, None, fx=_LARGER, fy=_LARGER, interpolation=cv2.INTER_CUBIC)
    corners, numbers, _ = _detector().detectMarkers(large)
    for corner, number in zip(corners, [] if numbers is None else numbers.ravel().tolist(), strict=True):
        if number < len(SYMBOLS):
            turn = cv2.getPerspectiveTransform(corner[0].astype(np.float32) / _LARGER, _MARKER)
            return int(number), np.asarray(cv2.warpPerspective(crop, turn, (96, 48)), np.uint8)
    return -1, crop


def _nearest_colour(band: Image) -> int:
    """Index of the colour whose hue is nearest to that of the most coloured half of some pixels."""
    hsv = cv2.cvtColor(band, cv2.COLOR_RGB2HSV).reshape(-1, 3).astype(float)
    vivid = hsv[hsv[:, 1] >= np.median(hsv[:, 1])]
    angle = np.angle(np.exp(1j * vivid[:, 0] * np.pi / 90).mean())
    return int(np.abs(np.angle(np.exp(1j * (_hues() - angle)))).argmin())


@cache
def _hues() -> NDArray[np.float64]:
    """Of `COLOURS`, rad around the circle."""
    nominal = [AREA_COLOURS[symbol] for symbol in SYMBOLS][: len(COLOURS)]
    rgb = (np.array(nominal)[None] * 255).astype(np.uint8)
    hues: NDArray[np.float64] = cv2.cvtColor(rgb, cv2.COLOR_RGB2HSV)[0, :, 0] * np.pi / 90
    return hues
