"""The best and the worst of what a network answered, as one picture: nothing else shows as well what is wrong."""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np
import torch
from numpy.typing import NDArray

from robosim.agents.perception.samples import Pictures, Sample
from robosim.perception.answers import Answers, Labels, Seer
from robosim.perception.data.contact_sheet import class_colours, enlarged
from robosim.perception.data.sample import COLOURS, FARTHEST, SYMBOLS
from robosim.perception.tally import Tally

Image = NDArray[np.uint8]

_LARGER, _GAP, _TEXT = 2, 4, 14
_TRUE, _FOUND, _WHITE = (80, 220, 80), (255, 90, 60), (255, 255, 255)
_SHOWN = 0.3  # score from which a box is drawn


def quality(tally: Tally) -> NDArray[np.float64]:
    """Gives of each picture how well it was answered, 0 to 1, NaN where nothing was asked of it.

    Of a scene: IoU, weighted by how much of it each class is; or the share of columns whose free floor is near enough.
    Of labels: the share of symbols read rightly.
    """
    if tally.confusions:
        counts = np.concatenate(tally.confusions).astype(np.float64)
        same = counts.diagonal(axis1=1, axis2=2)
        either = counts.sum(axis=2) + counts.sum(axis=1) - same
        share = counts.sum(axis=2) / np.maximum(counts.sum(axis=(1, 2)), 1)[:, None]
        found: NDArray[np.float64] = (share * same / np.maximum(either, 1)).sum(axis=1)
        return found
    if tally.labels:
        rows = np.concatenate(tally.labels)
        rows = rows[rows[:, 1] >= 0]
        pictures = rows[:, 0].astype(int)
        right = np.bincount(pictures, rows[:, 1] == rows[:, 2], tally.pictures)
        count = np.bincount(pictures, None, tally.pictures)
        return np.where(count > 0, right / np.maximum(count, 1), np.nan)
    if tally.free:
        return np.concatenate(tally.free)[:, 1]
    return np.full(tally.pictures, np.nan)


def gallery(
    seer: Seer, data: Pictures, indices: Sequence[int], tally: Tally, device: torch.device, each: int
) -> Image | None:
    """Draws the best and the worst: what is there in green, what was seen in red; the classes as they are and as seen.

    Args:
        seer: Who answered.
        data: Where the pictures are.
        indices: Those that were asked about.
        tally: What came of it.
        device: Where it looks at them.
        each: How many of either.

    Returns:
        RGB; None where nothing was asked of any picture.
    """
    rates = quality(tally)
    order = [place for place in np.argsort(rates, kind="stable").tolist() if np.isfinite(rates[place])]
    if not order:
        return None
    columns = []
    for title, places in (("worst", order[:each]), ("best", order[::-1][:each])):
        tiles = []
        for place in places:
            batch = {key: value.to(device) for key, value in data.batch([indices[place]]).items()}
            sample = {key: value[0].cpu() for key, value in batch.items()}
            tiles.append(_tile(sample, seer.answer(batch), f"{title}: {rates[place]:.2f}"))
        columns.append(np.concatenate(tiles))
    return np.concatenate(columns, axis=1)


def _tile(sample: Sample, answers: Answers, title: str) -> Image:
    seen = enlarged(sample["rgb"].permute(1, 2, 0).cpu().numpy(), _LARGER)
    panels = [seen]
    if answers.detections is not None:
        _draw(seen, sample["boxes"][sample["box_classes"] >= 0], _TRUE)
        _draw(seen, answers.detections[0].boxes[answers.detections[0].scores >= _SHOWN], _FOUND)
    if answers.classes is not None:
        panels += [_classes(sample["classes"]), _classes(answers.classes[0])]
    if answers.free is not None:
        _draw_free(seen, sample["free"], _TRUE)
        _draw_free(seen, answers.free[0], _FOUND)
    if answers.labels is not None:
        _draw_labels(seen, sample, answers.labels)
    tile = np.pad(np.concatenate(panels, axis=1), ((_TEXT + 4, _GAP), (0, _GAP), (0, 0)))
    cv2.putText(tile, title, (2, _TEXT), _WHITE, cv2.FontFace("sans"), _TEXT, 500)
    return tile


def _classes(classes: torch.Tensor) -> Image:
    return enlarged(class_colours()[classes.cpu().numpy().astype(np.intp)], _LARGER)


def _draw(picture: Image, boxes: torch.Tensor, colour: tuple[int, int, int]) -> None:
    for box in boxes.cpu().tolist():
        x0, y0, x1, y1 = (round(edge * _LARGER) for edge in box)
        cv2.rectangle(picture, (x0, y0), (x1 - 1, y1 - 1), colour, 1)


def _draw_free(picture: Image, free: torch.Tensor, colour: tuple[int, int, int]) -> None:
    """A line that is as much higher as the floor is free farther: the whole height is `FARTHEST`."""
    height = len(picture)
    points = [
        ((column + 0.5) * _LARGER, height * (1 - metres / FARTHEST))
        for column, metres in enumerate(free.cpu().tolist())
    ]
    cv2.polylines(picture, [np.array(points, np.int32).reshape(-1, 1, 2)], False, colour, 1)


def _draw_labels(picture: Image, sample: Sample, labels: Labels) -> None:
    for place, symbol, colour in zip(
        labels.places.tolist(), labels.symbols.tolist(), labels.colours.tolist(), strict=True
    ):
        truth = int(sample["box_symbols"][place])
        if truth < 0:
            continue
        hue = int(sample["box_colours"][place])
        right = truth == symbol and hue == colour
        _draw(picture, sample["boxes"][place][None], _TRUE if right else _FOUND)
        said = f"{_named(SYMBOLS, symbol)} {_named(COLOURS, colour)}"
        text = said if right else f"{said}, is {SYMBOLS[truth]} {COLOURS[hue]}"
        x, y = (sample["boxes"][place, :2] * _LARGER).int().tolist()
        cv2.putText(
            picture, text, (max(x, 0), max(y, 0) + 11), _TRUE if right else _FOUND, cv2.FontFace("sans"), 11, 600
        )


def _named(names: Sequence[str], index: int) -> str:
    return names[index] if index >= 0 else "?"
