"""What encoders are made of: their options as data, and layers that more than one of them has."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeAlias

from pydantic import BaseModel, ConfigDict, Field, model_validator
from torch import nn

from robosim.perception.pixels import Tensor

# Far beyond what a robot's cores compute in time; a foreign file must not be able to ask for all memory.
MAX_WIDTH = 256
MAX_FEATURES = 4096


class Options(BaseModel):
    """What can be chosen of any encoder."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)

    width: int = Field(16, ge=1, le=MAX_WIDTH)
    """Channels of its narrowest layer; the others are multiples of it."""
    features: int = Field(256, ge=1, le=MAX_FEATURES)
    """Numbers that it makes of a picture."""
    layer_norm: bool = False
    """Whether every layer's output is brought to mean 0 and variance 1, over channels and places of one picture."""
    batch_norm: bool = False
    """Whether it is brought there by the statistics of batches, S. Ioffe and C. Szegedy (2015). Supervised training
    then needs about half as many pictures; PPO has other statistics in its updates than where it acts: not for it."""
    coordinates: bool = False
    """Whether it is also given where in the picture each pixel is, as two more channels from -1 to 1: "CoordConv",
    R. Liu et al. (2018), "An intriguing failing of convolutional neural networks"."""

    @model_validator(mode="after")
    def _one_norm(self) -> Options:
        if self.layer_norm and self.batch_norm:
            raise ValueError("layer_norm and batch_norm: one of them, not both")
        return self


@dataclass(frozen=True)
class Layers:
    """An encoder's layers."""

    stages: list[nn.Module]
    """One after the other. Each one's output is a map of the pyramid, finest first: shape (batch, channels, h, w)."""
    summary: nn.Module
    """From the last map to a vector: shape (batch, numbers)."""


Build: TypeAlias = Callable[[int, Options], Layers]
"""Makes the layers for pictures of so many channels; coordinates are counted in."""


def conv(n_in: int, n_out: int, size: int, stride: int, options: Options, *, padded: bool = True) -> nn.Sequential:
    """Makes a convolution with what follows it: the normalisation, where it is asked for, and ReLU."""
    return nn.Sequential(
        nn.Conv2d(n_in, n_out, size, stride, padding=size // 2 if padded else 0), norm(n_out, options), nn.ReLU()
    )


def norm(channels: int, options: Options) -> nn.Module:
    """Makes the normalisation of a map, as the options have it."""
    if options.batch_norm:
        return nn.BatchNorm2d(channels)
    return nn.GroupNorm(1, channels) if options.layer_norm else nn.Identity()


class Residual(nn.Module):
    """Adds to a map what two convolutions make of it; at first nothing, so that depth does no harm without norms.

    Zero at the start: "SkipInit", S. De and S. Smith (2020), "Batch normalization biases residual blocks towards the
    identity function in deep networks".
    """

    def __init__(self, n_in: int, n_out: int, stride: int, options: Options) -> None:
        """Makes it for maps of ``n_in`` channels."""
        super().__init__()
        self.body = nn.Sequential(
            norm(n_in, options),
            nn.ReLU(),
            nn.Conv2d(n_in, n_out, 3, stride, 1),
            norm(n_out, options),
            nn.ReLU(),
            nn.Conv2d(n_out, n_out, 3, 1, 1),
        )
        same = n_in == n_out and stride == 1
        self.skip: nn.Module = nn.Identity() if same else nn.Conv2d(n_in, n_out, 1, stride)

    def start_at_zero(self) -> None:
        """Lets the block begin as its skip alone."""
        last = self.body[-1]
        assert isinstance(last, nn.Conv2d)
        nn.init.zeros_(last.weight)

    def forward(self, maps: Tensor) -> Tensor:
        """Shape (batch, n_in, h, w) to (batch, n_out, h / stride, w / stride), rounded up."""
        added: Tensor = self.skip(maps) + self.body(maps)
        return added
