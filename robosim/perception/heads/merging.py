"""Maps that see far and maps that see finely, made into maps that do both, for heads to look at."""

from __future__ import annotations

from collections.abc import Sequence

import torch.nn.functional as F
from torch import nn

from robosim.perception.encoders.layers import Options, conv
from robosim.perception.pixels import Tensor

Shape = tuple[int, int, int]
"""Channels, height, width."""


class Merging(nn.Module):
    """A feature pyramid: T.-Y. Lin et al. (2017), "Feature pyramid networks for object detection".

    Args:
        shapes: Of an encoder's maps, finest first.
        channels: Of every map that comes out.
        options: The encoder's: it has batch normalisation where that has. Layer norms here slow learning.

    Attributes:
        shapes: Of the maps that come out: those of the encoder, but for the channels.
    """

    def __init__(self, shapes: Sequence[Shape], channels: int, options: Options) -> None:
        """Makes it; see the class."""
        super().__init__()
        self.shapes = [(channels, height, width) for _, height, width in shapes]
        self.laterals = nn.ModuleList(nn.Conv2d(found, channels, 1) for found, _, _ in shapes)
        options = options.model_copy(update={"layer_norm": False})
        self.smooth = nn.ModuleList(conv(channels, channels, 3, 1, options) for _ in shapes)

    def forward(self, maps: Sequence[Tensor]) -> list[Tensor]:
        """Merges an encoder's maps, coarse into fine."""
        merged: list[Tensor] = []
        for one, lateral, smooth in reversed(list(zip(maps, self.laterals, self.smooth, strict=True))):
            new = lateral(one)
            if merged:
                new = new + F.interpolate(merged[0], size=one.shape[-2:], mode="nearest")
            merged.insert(0, smooth(F.relu(new)))
        return merged
