"""IMPALA's deep network: L. Espeholt et al. (2018), "IMPALA: scalable distributed deep-RL", figure 3, right."""

import itertools

from torch import nn

from robosim.perception.encoders.layers import Layers, Options, Residual

CELLS = 8
"""Each way, that the last map is averaged into: its own size for 64 × 64 pixels, and larger pictures cost the dense
layer no more. Where something is stays known to an eighth of the picture; a global average would forget it."""


def impala(channels: int, options: Options) -> Layers:
    """Makes it; as published with width 16 and 256 features."""
    widths = [channels, options.width, 2 * options.width, 2 * options.width]
    stages: list[nn.Module] = [
        nn.Sequential(
            nn.Conv2d(n_in, n_out, 3, 1, 1),
            nn.MaxPool2d(3, 2, 1),
            Residual(n_out, n_out, 1, options),
            Residual(n_out, n_out, 1, options),
        )
        for n_in, n_out in itertools.pairwise(widths)
    ]
    return Layers(stages, nn.Sequential(nn.ReLU(), nn.AdaptiveAvgPool2d(CELLS), nn.Flatten()))
