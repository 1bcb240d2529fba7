"""An encoder, whichever its layers: from a picture to a vector, or to the pyramid of maps on the way to it."""

from __future__ import annotations

import torch
from torch import nn

from robosim.errors import RobosimError
from robosim.perception.encoders.film import Film
from robosim.perception.encoders.layers import Build, Options, Residual
from robosim.perception.pixels import Tensor


class Encoder(nn.Module):
    """A convolutional network over pictures of one size.

    Args:
        build: Makes the layers.
        options: What was chosen of them.
        channels: Of a picture: 3 for colour, 4 with depth, more for several frames.
        height: Pixels.
        width: Pixels.
        told: How many numbers it is told with each picture, which scale and shift every map; see `Film`.

    Attributes:
        features: How many numbers `forward` gives for a picture.
        shapes: Of each map that `maps` gives: channels, height and width, finest first.

    Raises:
        RobosimError: The pictures are too small for the layers.
    """

    def __init__(self, build: Build, options: Options, channels: int, height: int, width: int, told: int = 0) -> None:
        """Makes it, with new weights from torch's random numbers; see the class."""
        super().__init__()
        self._coordinates = options.coordinates
        layers = build(channels + 2 * options.coordinates, options)
        self.stages, self.summary = nn.ModuleList(layers.stages), layers.summary
        self.films = nn.ModuleList()
        try:
            maps, numbers = self._tried(channels, height, width)
        except RuntimeError as error:  # torch's, of a kernel larger than its input
            raise RobosimError(
                f"pictures of {width} × {height} pixels are too small for this encoder: {error}"
            ) from None
        self.shapes = [(int(one.shape[1]), int(one.shape[2]), int(one.shape[3])) for one in maps]
        if told:
            self.films.extend(Film(told, shape[0]) for shape in self.shapes)
        self.features = options.features
        dense: list[nn.Module] = [nn.Linear(numbers, options.features)]
        self.dense = nn.Sequential(*dense, *([nn.LayerNorm(options.features)] * options.layer_norm), nn.ReLU())
        self.apply(_start)

    def maps(self, images: Tensor, told: Tensor | None = None) -> list[Tensor]:
        """Gives the pyramid of feature maps, finest first; see `shapes`.

        Args:
            images: float, from 0 to 1 (`robosim.perception.pixels.scaled`), shape (batch, channels, height, width).
            told: float (batch, told), of an encoder that is told something.
        """
        if self.films and told is None:
            raise ValueError("an encoder that is told something was told nothing")
        seen = with_coordinates(images) if self._coordinates else images
        pyramid = []
        for number, stage in enumerate(self.stages):
            seen = stage(seen)
            if self.films:
                seen = self.films[number](seen, told)
            pyramid.append(seen)
        return pyramid

    def forward(self, images: Tensor, told: Tensor | None = None) -> Tensor:
        """Gives the features of pictures as `maps` takes them: shape (batch, features)."""
        return self.vector(self.maps(images, told))

    def vector(self, maps: list[Tensor]) -> Tensor:
        """Gives the features that `forward` does, (batch, features), of what `maps` has given."""
        vector: Tensor = self.dense(self.summary(maps[-1]))
        return vector

    def without_vector(self) -> Encoder:
        """Drops the layers that make the vector, for a network that looks at the maps alone; gives the encoder back."""
        self.summary, self.dense = nn.Identity(), nn.Sequential()
        return self

    def _tried(self, channels: int, height: int, width: int) -> tuple[list[Tensor], int]:
        """What comes of an empty picture: the sizes of all that follows."""
        device = next(self.parameters()).device  # "meta", where only sizes are wanted
        self.eval()  # batch norm would learn from the picture, and needs more than one
        with torch.no_grad():
            maps = self.maps(torch.zeros(1, channels, height, width, device=device))
            numbers = int(self.summary(maps[-1]).shape[1])
        self.train()
        return maps, numbers


def with_coordinates(images: Tensor) -> Tensor:
    """Appends two channels that tell of each pixel where it is: x, then y, from -1 to 1."""
    batch, _, height, width = images.shape
    x = torch.linspace(-1, 1, width, dtype=images.dtype, device=images.device).expand(batch, 1, height, width)
    y = torch.linspace(-1, 1, height, dtype=images.dtype, device=images.device)
    return torch.cat([images, x, y[:, None].expand(batch, 1, height, width)], dim=1)


def _start(module: nn.Module) -> None:
    """Draws a layer's first weights: K. He et al. (2015), "Delving deep into rectifiers"."""
    if isinstance(module, nn.Conv2d | nn.Linear):
        nn.init.kaiming_normal_(module.weight, nonlinearity="relu")
        nn.init.zeros_(module.bias)  # type: ignore[arg-type]  # all of ours have one
    elif isinstance(module, Residual | Film):  # after its own layers
        module.start_at_zero()
