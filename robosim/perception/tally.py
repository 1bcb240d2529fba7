"""Answers held against the truth, picture by picture: counts from which rates, and how sure they are, can be formed."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import torch
from numpy.typing import NDArray

from robosim.perception.answers import Answers, Labels
from robosim.perception.heads.boxes import iou
from robosim.perception.heads.detection import KINDS, Detections, unboxed
from robosim.perception.heads.segmentation import confusion
from robosim.perception.pixels import Batch, Tensor

OVERLAP = 0.5
"""IoU from which a box counts as found."""

CLEAR = (5.0, 9.0)
"""Pixels, of a box's shorter and longer side, from which a thing is clear to see; slivers behind racks are smaller.

The longer is KITTI's least height for "moderate", 25 of 375 rows, in pictures of 128: A. Geiger et al. (2012), "Are we
ready for autonomous driving?"."""

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]


@dataclass
class Tally:
    """All that was counted so far. Lists have one entry a batch and are joined at the end."""

    pictures: int = 0
    confusions: list[Ints] = field(default_factory=list)
    """(batch, `CLASSES` as they are, `CLASSES` as found), pixels."""
    found: list[Floats] = field(default_factory=list)
    """A row a detection: picture, kind (index of `BOXED`), score, hit (0 or 1), clear (0 or 1, see `CLEAR`; of a hit
    the thing's box decides, of a miss its own). What may be ignored is left out."""
    there: list[Ints] = field(default_factory=list)
    """(batch, `BOXED`, 2): boxes to be found, and how many of them are clear."""
    free: list[Floats] = field(default_factory=list)
    """(batch, 2): mean absolute error, m, and share of columns within a tenth or 0.1 m."""
    labels: list[Floats] = field(default_factory=list)
    """A row a package: picture, symbol, symbol read, colour, colour read, how legible it seemed."""

    def add(self, answers: Answers, batch: Batch) -> None:
        """Counts a batch."""
        if answers.classes is not None:
            self.confusions.append(confusion(answers.classes, batch["classes"]).cpu().numpy())
        if answers.detections is not None:
            self.there.append(_boxes_there(batch))
            beyond = unboxed(batch).cpu()
            for number, seen in enumerate(answers.detections):
                self.found.append(_matched(seen, batch, number, beyond[number], self.pictures))
        if answers.free is not None:
            self.free.append(_free_errors(answers.free, batch["free"]))
        if answers.labels is not None:
            self.labels.append(_readings(answers.labels, batch, self.pictures))
        self.pictures += len(batch["boxes"])


def _boxes_there(batch: Batch) -> Ints:
    kinds = batch["box_classes"].cpu()[:, :, None] == KINDS
    seen = torch.stack([kinds, kinds & _clear(batch["boxes"].cpu())[:, :, None]], dim=-1)
    counted: Ints = seen.sum(dim=1).numpy()
    return counted


def _clear(boxes: Tensor) -> Tensor:
    sides = (boxes[..., 2:] - boxes[..., :2]).sort(dim=-1).values
    return (sides >= torch.tensor(CLEAR)).all(dim=-1)


def _matched(seen: Detections, batch: Batch, number: int, beyond: Tensor, before: int) -> Floats:
    """Gives the rows of one picture: the surest detection has the first choice of boxes, each box is found once."""
    rows = []
    boxes, classes = batch["boxes"][number].cpu().float(), batch["box_classes"][number].cpu()
    taken = set[int]()
    overlaps = iou(seen.boxes.cpu().float(), boxes)
    clear, clear_found = _clear(boxes).tolist(), _clear(seen.boxes.cpu().float()).tolist()
    for place in seen.scores.argsort(descending=True).tolist():
        kind = int(seen.classes[place])
        candidates = [
            (float(overlaps[place, box]), box)
            for box in (classes == kind).nonzero()[:, 0].tolist()
            if box not in taken and overlaps[place, box] >= OVERLAP
        ]
        channel = KINDS.tolist().index(kind)
        if candidates:
            taken.add(max(candidates)[1])
            plain = clear[max(candidates)[1]]
        elif _lies_on(beyond[channel], seen.boxes[place]):
            continue  # a thing that has no box among the sample's: neither right nor wrong
        else:
            plain = clear_found[place]
        rows.append((before + number, channel, float(seen.scores[place]), float(bool(candidates)), float(plain)))
    return np.array(rows, np.float64).reshape(-1, 5)


def _lies_on(mask: Tensor, box: Tensor) -> bool:
    """Whether the middle of a box is on a mask."""
    height, width = mask.shape
    column = min(max(int((box[0] + box[2]) / 2), 0), width - 1)
    row = min(max(int((box[1] + box[3]) / 2), 0), height - 1)
    return bool(mask[row, column])


def _free_errors(found: Tensor, wanted: Tensor) -> Floats:
    away = (found.float() - wanted.float()).abs()
    near = (away <= (0.1 * wanted.float()).clamp(min=0.1)).float()
    errors: Floats = np.stack([away.mean(dim=1).cpu().numpy(), near.mean(dim=1).cpu().numpy()], axis=1).astype(
        np.float64
    )
    return errors


def _readings(labels: Labels, batch: Batch, before: int) -> Floats:
    where = labels.pictures, labels.places
    columns = (
        labels.pictures + before,
        batch["box_symbols"][where],
        labels.symbols,
        batch["box_colours"][where],
        labels.colours,
        labels.legible,
    )
    return np.stack([column.cpu().numpy().astype(np.float64) for column in columns], axis=1)


def average_precision(scores: Floats, hits: Floats, weights: Floats, there: float) -> float:
    """Gives the area below precision over recall, precision made to fall: as PASCAL VOC from 2010 on.

    Args:
        scores: Of the detections of one kind, in all pictures.
        hits: 1 where it is a thing's, 0 where not.
        weights: How often each counts.
        there: How many things there are, counted likewise.

    Returns:
        0 to 1; NaN where there is nothing to be found.
    """
    if there <= 0:
        return float("nan")
    order = np.argsort(-scores, kind="stable")
    right = np.cumsum((hits * weights)[order])
    total = np.cumsum(weights[order])
    precision = np.maximum.accumulate((right / np.maximum(total, 1e-12))[::-1])[::-1]
    return float((precision * (hits * weights)[order]).sum() / there)
