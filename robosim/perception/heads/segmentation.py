"""Segmentation: of every pixel, which class of thing it shows."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import nn

from robosim.perception.data.sample import CLASSES
from robosim.perception.heads.merging import Shape
from robosim.perception.pixels import Batch, Tensor

_FINER = 2  # pixels each way that a place of the map tells of


class SegmentationHead(nn.Module):
    """From the finest merged map to logits for every pixel.

    Args:
        shape: Of the map.
        height: Of the picture, pixels.
        width: Of the picture, pixels.
    """

    def __init__(self, shape: Shape, height: int, width: int) -> None:
        """Makes it; see the class."""
        super().__init__()
        self._size = (height, width)
        self.logits = nn.Conv2d(shape[0], len(CLASSES) * _FINER**2, 1)

    def forward(self, finest: Tensor) -> Tensor:
        """Gives logits of shape (batch, `CLASSES`, height, width)."""
        logits = F.pixel_shuffle(self.logits(finest), _FINER)
        if logits.shape[-2:] != self._size:
            logits = F.interpolate(logits, size=self._size, mode="bilinear", align_corners=False)
        return logits


def segmentation_loss(logits: Tensor, batch: Batch) -> Tensor:
    """Gives what the logits cost: cross-entropy and, so that rare classes count as much as floors, Dice.

    F. Milletari et al. (2016), "V-Net", eq. (2)-(3); classes that a batch does not show have no Dice.
    """
    wanted = batch["classes"].long()[:, None]
    logs = logits.float().log_softmax(dim=1)
    entropy = -logs.gather(1, wanted).mean()
    shares, kinds = logs.exp(), len(CLASSES)
    right, place = shares.gather(1, wanted).flatten(), wanted.flatten()
    both = torch.zeros(kinds, device=logs.device).index_add(0, place, right)
    shown = torch.bincount(place, minlength=kinds)
    dice = 1 - 2 * both / (shares.sum(dim=(0, 2, 3)) + shown).clamp(min=1)
    return entropy + dice[shown > 0].mean()


def confusion(found: Tensor, wanted: Tensor) -> Tensor:
    """Counts for each picture how many pixels of a class were taken for which.

    Args:
        found: Classes, whole numbers of shape (batch, height, width).
        wanted: The same, as they are.

    Returns:
        int64 of shape (batch, `CLASSES` as they are, `CLASSES` as found).
    """
    kinds = len(CLASSES)
    pairs = (wanted.long() * kinds + found.long()).flatten(1)
    counts = torch.zeros(len(pairs), kinds * kinds, dtype=torch.int64, device=pairs.device)
    return counts.scatter_add_(1, pairs, torch.ones_like(pairs)).reshape(-1, kinds, kinds)
