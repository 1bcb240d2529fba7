"""Free space: how far the floor ahead is free, column by column."""

from __future__ import annotations

import torch.nn.functional as F
from torch import nn

from robosim.perception.data.sample import FARTHEST
from robosim.perception.heads.merging import Shape
from robosim.perception.pixels import Batch, Tensor

_HIDDEN = 48


class FreeHead(nn.Module):
    """From a merged map to metres: each column of it is looked at as a whole, then its neighbours.

    Args:
        shape: Of the map.
        width: Of the picture, pixels.
    """

    def __init__(self, shape: Shape, width: int) -> None:
        """Makes it; see the class."""
        super().__init__()
        channels, rows, _ = shape
        self._width = width
        self.column = nn.Conv2d(channels, _HIDDEN, (rows, 1))
        self.across = nn.Conv1d(_HIDDEN, _HIDDEN, 3, 1, 1)
        self.reach = nn.Conv1d(_HIDDEN, 1, 3, 1, 1)

    def forward(self, merged: Tensor) -> Tensor:
        """Gives metres, 0 to `FARTHEST`, shape (batch, width)."""
        hidden = F.relu(self.column(merged)).squeeze(2)
        share = self.reach(F.relu(self.across(hidden))).float().sigmoid()
        return F.interpolate(share, size=self._width, mode="linear", align_corners=False).squeeze(1) * FARTHEST


def free_loss(found: Tensor, batch: Batch) -> Tensor:
    """Gives what the distances cost: how many times too far or too near they are, above half a metre."""
    near = 0.5  # m; nearer than that, centimetres count, not ratios
    return ((found + near).log() - (batch["free"].float() + near).log()).abs().mean()
