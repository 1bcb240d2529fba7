"""Pictures as they might have been: other light, other tints, mirrored; the labels follow."""

from __future__ import annotations

import torch
from pydantic import BaseModel, ConfigDict, Field

from robosim.perception.heads.boxes import mirrored
from robosim.perception.pixels import Batch, Tensor, scaled

_SIDES = ("rgb", "depth", "classes", "instances", "free")  # arrays whose last axis runs from left to right


class Augmentation(BaseModel):
    """How far pictures are changed in training; 0 leaves them as they are."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)

    brightness: float = Field(0.25, ge=0, le=1)
    """Standard deviation of the logarithm of a factor to all pixels."""
    tint: float = Field(0.1, ge=0, le=1)
    """The same, of a factor to each of red, green and blue."""
    contrast: float = Field(0.25, ge=0, le=1)
    """The same, of a factor to what a pixel differs from its picture's mean."""
    noise: float = Field(0.03, ge=0, le=0.5)
    """Largest standard deviation of what is added to each value, of 1."""
    mirror: bool = True
    """Whether half of the pictures are mirrored. (Never for labels, whose letters would be others.)"""


def augmented(batch: Batch, how: Augmentation, generator: torch.Generator, *, mirror: bool) -> dict[str, Tensor]:
    """Gives changed samples.

    Args:
        batch: Samples, on any device; they stay as they are.
        how: How far.
        generator: Of all that is drawn, on the CPU: the same numbers for every device.
        mirror: Whether pictures may be mirrored.
    """
    changed = dict(batch)
    if mirror and how.mirror:
        changed = _mirrored(changed, torch.rand(len(batch["rgb"]), generator=generator) < 0.5)
    if "rgb" in changed:
        changed["rgb"] = _relit(scaled(changed["rgb"]), how, generator)
    return changed


def _mirrored(batch: dict[str, Tensor], which: Tensor) -> dict[str, Tensor]:
    which = which.to(batch["rgb"].device)
    wide = batch["rgb"].shape[-1]
    for name in (name for name in _SIDES if name in batch):
        part = batch[name]
        batch[name] = torch.where(which.reshape(-1, *[1] * (part.ndim - 1)), part.flip(-1), part)
    if "boxes" in batch:
        there = (batch["box_classes"] >= 0) & which[:, None]
        batch["boxes"] = torch.where(there[..., None], mirrored(batch["boxes"], wide), batch["boxes"])
    return batch


def _relit(rgb: Tensor, how: Augmentation, generator: torch.Generator) -> Tensor:
    count = len(rgb)

    def drawn(*shape: int) -> Tensor:
        return torch.randn(shape, generator=generator).to(rgb.device)

    rgb = rgb * torch.exp(how.brightness * drawn(count, 1, 1, 1) + how.tint * drawn(count, 3, 1, 1))
    mean = rgb.mean(dim=(1, 2, 3), keepdim=True)
    rgb = mean + (rgb - mean) * torch.exp(how.contrast * drawn(count, 1, 1, 1))
    if not how.noise:
        return rgb.clamp(0, 1)
    strength = how.noise * torch.rand(count, 1, 1, 1, generator=generator).to(rgb.device)
    return (rgb + strength * drawn(*rgb.shape)).clamp(0, 1)
