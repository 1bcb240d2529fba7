"""A residual network of four scales, made for heads that look at maps: K. He et al. (2016), "Identity mappings"."""

import itertools

from torch import nn

from robosim.perception.encoders.layers import Layers, Options, Residual, conv

CELLS = 4  # each way, that the last map is averaged into: its own size for 64 × 64 pixels


def resnet_small(channels: int, options: Options) -> Layers:
    """Makes it: a picture's half, quarter, eighth and sixteenth, each with twice the channels of the one before."""
    widths = [options.width * factor for factor in (1, 2, 4, 8)]
    stages: list[nn.Module] = [
        nn.Sequential(conv(channels, widths[0], 5, 2, options), Residual(widths[0], widths[0], 1, options))
    ]
    for n_in, n_out in itertools.pairwise(widths):
        stages.append(nn.Sequential(Residual(n_in, n_out, 2, options), Residual(n_out, n_out, 1, options)))
    return Layers(stages, nn.Sequential(nn.ReLU(), nn.AdaptiveAvgPool2d(CELLS), nn.Flatten()))
