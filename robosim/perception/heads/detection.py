"""Detection: boxes around people, forklifts and packages, each told by the middle of the thing.

Without anchors: a map of where middles are (X. Zhou et al. 2019, "Objects as points") and, from there, how far the
box's sides are (Z. Tian et al. 2019, "FCOS").
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import nn

from robosim.perception.data.sample import BOXED, CLASSES
from robosim.perception.heads.boxes import generalised_iou
from robosim.perception.heads.merging import Shape
from robosim.perception.pixels import Batch, Tensor

KINDS = torch.tensor([CLASSES.index(name) for name in BOXED])
"""Classes of the heat map's channels."""
_RARE = 0.05  # share of a heat map that is hot at the start
_INSIDE = 0.3  # heat from where on a place is held to its box
_WIDE = 6.0  # standard deviations of a thing's heat that its box is wide and high


@dataclass(frozen=True)
class Detections:
    """The boxes found in one picture, surest first; n of them."""

    boxes: Tensor
    """float32 (n, 4), as a sample's."""
    classes: Tensor
    """int64 (n,), index of `CLASSES`."""
    scores: Tensor
    """float32 (n,), 0 to 1."""

    def at(self, places: Tensor) -> Detections:
        """Gives those at some places, int64 (m,), in that order."""
        return Detections(self.boxes[places], self.classes[places], self.scores[places])


class DetectionHead(nn.Module):
    """From a merged map to heat and sides.

    Args:
        shape: Of the map.
        height: Of the picture, pixels.
        width: Of the picture, pixels.
    """

    def __init__(self, shape: Shape, height: int, width: int) -> None:
        """Makes it; see the class."""
        super().__init__()
        channels, rows, columns = shape
        self.step = (width / columns, height / rows)
        self.body = nn.Conv2d(channels, 2 * channels, 3, 1, 1)
        self.heat = nn.Conv2d(2 * channels, len(BOXED), 1)
        self.sides = nn.Conv2d(2 * channels, 4, 1)
        nn.init.constant_(self.heat.bias, -math.log(1 / _RARE - 1))  # type: ignore[arg-type]

    def forward(self, merged: Tensor) -> tuple[Tensor, Tensor]:
        """Gives logits of heat, shape (batch, `BOXED`, rows, columns), and boxes (batch, 4, rows, columns), pixels."""
        hidden = F.relu(self.body(merged))
        sides = F.softplus(self.sides(hidden).float()) * self.step[0]
        x, y = places(sides, self.step)
        left, top, right, bottom = sides.unbind(dim=1)
        return self.heat(hidden), torch.stack([x - left, y - top, x + right, y + bottom], dim=1)


def places(maps: Tensor, step: tuple[float, float]) -> tuple[Tensor, Tensor]:
    """Gives x, shape (columns,), and y, shape (rows, 1), of the middles of a map's places, pixels."""
    rows, columns = maps.shape[-2:]
    x = (torch.arange(columns, device=maps.device) + 0.5) * step[0]
    y = (torch.arange(rows, device=maps.device) + 0.5) * step[1]
    return x, y[:, None]


def detection_loss(heat: Tensor, found: Tensor, batch: Batch, step: tuple[float, float]) -> Tensor:
    """Gives what heat and boxes cost: a focal loss for the middles, and generalised IoU for the boxes.

    H. Law, J. Deng (2018), "CornerNet", eq. (1); H. Rezatofighi et al. (2019), "Generalized intersection over union".

    Args:
        heat: As `DetectionHead` gives it.
        found: Its boxes.
        batch: Samples; things beyond their `MAX_BOXES` boxes cost nothing, found or not.
        step: The head's.
    """
    boxes, kinds = batch["boxes"], batch["box_classes"]
    bell, middle = _bells(boxes, kinds >= 0, heat, step)
    of_kind = (kinds[:, None] == KINDS.to(kinds.device)[:, None])[..., None, None]  # batch, BOXED, MAX_BOXES, 1, 1
    wanted = (bell[:, None] * of_kind).amax(dim=2)
    hot = (middle[:, None] & of_kind).any(dim=2)
    share = heat.float().sigmoid().clamp(1e-4, 1 - 1e-4)
    cold = ~hot & ~unboxed(batch, share.shape[-2:])
    cost = -(hot * (1 - share) ** 2 * share.log()) - cold * (1 - wanted) ** 4 * share**2 * (1 - share).log()
    strongest, which = bell.max(dim=1)
    index = which[:, None].expand(-1, 4, -1, -1).flatten(2)
    truth = torch.gather(boxes.float().movedim(1, 2), 2, index).reshape_as(found)
    weight = strongest * (strongest > _INSIDE)
    apart = 1 - generalised_iou(found.movedim(1, -1), truth.movedim(1, -1))
    return cost.sum() / hot.sum().clamp(min=1) + (weight * apart).sum() / weight.sum().clamp(min=1)


def _bells(boxes: Tensor, there: Tensor, maps: Tensor, step: tuple[float, float]) -> tuple[Tensor, Tensor]:
    """The heat of every box, and which place its middle is in: shape (batch, MAX_BOXES, rows, columns)."""
    x, y = places(maps, step)
    x0, y0, x1, y1 = (side[..., None, None] for side in boxes.float().unbind(dim=-1))
    middle_x, middle_y = (x0 + x1) / 2, (y0 + y1) / 2
    wide, high = ((x1 - x0) / _WIDE).clamp(min=step[0] / 2), ((y1 - y0) / _WIDE).clamp(min=step[1] / 2)
    bell = torch.exp(-(((x - middle_x) / wide) ** 2 + ((y - middle_y) / high) ** 2) / 2)
    here = (x - middle_x).abs().le(step[0] / 2) & (y - middle_y).abs().le(step[1] / 2)
    there = there[..., None, None]
    return bell * there, here & there


def unboxed(batch: Batch, size: tuple[int, ...] | None = None) -> Tensor:
    """Tells where a sample shows things of `BOXED` that have no box, such as the seventeenth package.

    Args:
        batch: Samples.
        size: Rows and columns to tell it at; None: the picture's own.

    Returns:
        bool of shape (batch, `BOXED`, rows, columns).
    """
    classes, boxes, kinds = batch["classes"], batch["boxes"], batch["box_classes"]
    shown = classes[:, None] == KINDS.to(classes.device)[:, None, None]
    height, width = classes.shape[-2:]
    if size is not None:
        shown = F.adaptive_max_pool2d(shown.float(), (size[0], size[1])) > 0
    x, y = places(shown, (width / shown.shape[-1], height / shown.shape[-2]))
    x0, y0, x1, y1 = (side[..., None, None] for side in boxes.unbind(dim=-1))
    inside = ((x > x0) & (x < x1) & (y > y0) & (y < y1)).flatten(2).float()
    of_kind = (kinds[:, None] == KINDS.to(kinds.device)[:, None]).float()
    covered = (of_kind @ inside).reshape(shown.shape) > 0  # of how many boxes of each kind each place is inside
    return shown & ~covered


def decode(heat: Tensor, found: Tensor, least: float = 0.05, most: int = 32) -> list[Detections]:
    """Gives the boxes of each picture: one for each place that is hotter than those around it.

    Args:
        heat: As `DetectionHead` gives it.
        found: Its boxes.
        least: Score below which nothing is told.
        most: Boxes of a picture.
    """
    share = heat.float().sigmoid()
    peaks = share * (F.max_pool2d(share, 3, 1, 1) == share)
    scores, order = peaks.flatten(1).topk(min(most, peaks[0].numel()))
    cells = share.shape[-2] * share.shape[-1]
    results = []
    for score, index, box in zip(scores, order, found.flatten(2), strict=True):
        kept = score >= least
        index = index[kept]
        kinds = KINDS.to(index.device)[torch.div(index, cells, rounding_mode="floor")]
        results.append(Detections(box[:, index % cells].T, kinds, score[kept]))
    return results
