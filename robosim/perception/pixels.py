"""From what a camera gives to what an encoder takes: the one place where pixels are scaled."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal, TypeAlias

import torch

# As torch writes it in its own signatures; here once, so that others need not import torch for a name.
Tensor: TypeAlias = torch.Tensor
Batch: TypeAlias = Mapping[str, Tensor]
"""Several samples, see `robosim.perception.data.sample`, with a leading dimension."""
Inputs: TypeAlias = Literal["rgb", "depth", "rgbd"]
"""What a network sees: colour, depth, or one behind the other."""

CHANNELS: dict[Inputs, int] = {"rgb": 3, "depth": 1, "rgbd": 4}
FAR = 10.0
"""m, from where on a depth is 1: `robosim.sensors.camera.Camera`'s own farthest."""


def scaled(images: Tensor) -> Tensor:
    """Gives images as an encoder takes them: floats from 0 to 1.

    Args:
        images: uint8, 0 to 255, of any shape (a camera's ``rgb`` and ``depth8``); or floats, which are scaled
            already and stay as they are.
    """
    if images.is_floating_point():
        return images
    return images.to(torch.float32) / 255.0


def scaled_depth(depth: Tensor, far: float = FAR) -> Tensor:
    """Gives depths in metres as an encoder takes them: as ``depth8`` has them, 1 from ``far`` on.

    Args:
        depth: float, metres along the camera's axis; 0 where there is none, which stays 0.
        far: m.
    """
    return (depth.to(torch.float32) / far).clamp(0.0, 1.0)


def seen(batch: Batch, inputs: Inputs) -> Tensor:
    """Gives what a network sees of samples: shape (batch, `CHANNELS`, height, width)."""
    parts = []
    if inputs != "depth":
        parts.append(scaled(batch["rgb"]))
    if inputs != "rgb":
        parts.append(scaled_depth(batch["depth"]))
    return torch.cat(parts, dim=1)
