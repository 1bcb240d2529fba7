"""Masks: which places of a crop show the thing that it is about, and how far they reach to every side.

Learnt beside its box, as K. He et al. (2017), "Mask R-CNN"; the box then goes by the mask's rows and columns.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import nn

from robosim.perception.cutting import cut
from robosim.perception.heads.merging import Shape
from robosim.perception.pixels import Batch, Tensor

_CLIP = 6.0  # logits beyond are as sure as can be


class MaskHead(nn.Module):
    """From a merged map of a crop to a mask for each kind of thing.

    Args:
        shape: Of the map.
        kinds: How many.

    Attributes:
        profile_size: How many numbers `profile` gives of a mask.
    """

    def __init__(self, shape: Shape, kinds: int) -> None:
        """Makes it; see the class."""
        super().__init__()
        self.conv = nn.Conv2d(shape[0], kinds, 1)
        self.profile_size = shape[1] + shape[2]

    def forward(self, merged: Tensor, which: Tensor) -> Tensor:
        """Gives logits (n, rows, columns) that a place of a crop shows a thing.

        Args:
            merged: (n, channels, rows, columns).
            which: int64 (n,), the thing's kind.
        """
        logits: Tensor = self.conv(merged)
        return logits[torch.arange(len(which), device=which.device), which]


def profile(logits: Tensor) -> Tensor:
    """Gives how sure the surest place of each row and of each column is, -1 to 1.

    Args:
        logits: (n, rows, columns).

    Returns:
        Shape (n, rows + columns).
    """
    return torch.cat([logits.amax(dim=2), logits.amax(dim=1)], dim=1).clamp(-_CLIP, _CLIP) / _CLIP


def true_masks(batch: Batch, pictures: Tensor, places: Tensor, boxes: Tensor, size: int, margin: float) -> Tensor:
    """Gives what share of each place of a crop shows the thing of a sample's box, 0 to 1.

    Args:
        batch: Samples.
        pictures: int64 (n,), which of them each crop is of.
        places: int64 (n,), which of the picture's boxes it is about.
        boxes: (n, 4), pixels: what is cut out.
        size: Places each way.
        margin: What is added around a box, in its own widths and heights; see `cut`.

    Returns:
        float (n, size, size).
    """
    shown = (batch["instances"][pictures] == places[:, None, None]).float()[:, None]
    crops = cut(shown, torch.arange(len(boxes), device=boxes.device), boxes, 2 * size, margin)
    return F.avg_pool2d(crops, 2)[:, 0]
