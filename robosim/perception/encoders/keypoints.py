"""Spatial soft-argmax: an encoder that tells where things are.

S. Levine et al. (2016), "End-to-end training of deep visuomotor policies", JMLR 17(39), section 5.2.
"""

import torch
from torch import nn

from robosim.perception.encoders.layers import Layers, Options, conv
from robosim.perception.pixels import Tensor


class SoftArgmax(nn.Module):
    """Gives of each channel where in the picture it is strongest: the mean place, weighted by a softmax.

    Its one weight is the softmax's sharpness, which is learnt.
    """

    def __init__(self) -> None:
        """Makes it."""
        super().__init__()
        self.log_sharpness = nn.Parameter(torch.zeros(()))

    def forward(self, maps: Tensor) -> Tensor:
        """Shape (batch, k, h, w) to (batch, 2 k): every x, then every y, from -1 (left, top) to 1 (right, bottom)."""
        height, width = maps.shape[-2:]
        share = torch.softmax((maps * self.log_sharpness.exp()).flatten(2), dim=-1).reshape(maps.shape)
        x = (share.sum(dim=2) * torch.linspace(-1, 1, width, dtype=maps.dtype, device=maps.device)).sum(dim=-1)
        y = (share.sum(dim=3) * torch.linspace(-1, 1, height, dtype=maps.dtype, device=maps.device)).sum(dim=-1)
        return torch.cat([x, y], dim=1)


def keypoints(channels: int, options: Options) -> Layers:
    """Makes it; as published with width 32, which is also the number of points, for 240 × 240 pixels."""
    width = options.width
    return Layers(
        [
            conv(channels, 2 * width, 7, 2, options),
            nn.Sequential(conv(2 * width, width, 5, 1, options), nn.Conv2d(width, width, 5, 1, 2)),
        ],
        SoftArgmax(),
    )
