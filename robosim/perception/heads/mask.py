"""Which pixels of a crop show the thing that it is about, and how far that reaches to every side.

Learnt beside its box, as K. He et al. (2017), "Mask R-CNN"; the box then goes by the outline's widest row and column.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import nn

from robosim.perception.cutting import cut
from robosim.perception.heads.merging import Shape
from robosim.perception.pixels import Batch, Tensor

_CLIP = 6.0  # logits beyond are as sure as can be


class OutlineHead(nn.Module):
    """From a merged map of a crop to logits of each kind of thing.

    Args:
        shape: Of the map.
        kinds: How many.
    """

    def __init__(self, shape: Shape, kinds: int) -> None:
        """Makes it; see the class."""
        super().__init__()
        self.kinds = nn.Conv2d(shape[0], kinds, 1)
        self.sides = shape[1] + shape[2]

    def forward(self, merged: Tensor, which: Tensor) -> Tensor:
        """Gives logits (n, rows, columns) that a place of crop n shows a thing of kind ``which[n]``."""
        logits: Tensor = self.kinds(merged)
        return logits[torch.arange(len(which), device=which.device), which]


def profile(logits: Tensor) -> Tensor:
    """Gives how sure the surest place of each row and of each column is: (n, rows, columns) to (n, rows + columns)."""
    return torch.cat([logits.amax(dim=2), logits.amax(dim=1)], dim=1).clamp(-_CLIP, _CLIP) / _CLIP


def outlines(batch: Batch, pictures: Tensor, places: Tensor, boxes: Tensor, size: int, margin: float) -> Tensor:
    """Gives what share of each place of a crop shows the thing of a sample's box.

    Args:
        batch: Samples.
        pictures: int64 (n,), which of them each crop is of.
        places: int64 (n,), which of the picture's boxes it is about.
        boxes: (n, 4), what is cut out.
        size: Places each way.
        margin: See `cut`.

    Returns:
        float (n, size, size).
    """
    shown = (batch["instances"][pictures] == places[:, None, None]).float()[:, None]
    crops = cut(shown, torch.arange(len(boxes), device=boxes.device), boxes, 2 * size, margin)
    return F.avg_pool2d(crops, 2)[:, 0]
