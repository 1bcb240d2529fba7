"""The three convolutions that learnt Atari: V. Mnih et al. (2015), "Human-level control", Nature 518, methods."""

from torch import nn

from robosim.perception.encoders.layers import Layers, Options, conv


def nature(channels: int, options: Options) -> Layers:
    """Makes it; as published with width 32 and 512 features, for 84 × 84 pixels."""
    width = options.width
    return Layers(
        [
            conv(channels, width, 8, 4, options, padded=False),
            conv(width, 2 * width, 4, 2, options, padded=False),
            conv(2 * width, 2 * width, 3, 1, options, padded=False),
        ],
        nn.Flatten(),
    )
