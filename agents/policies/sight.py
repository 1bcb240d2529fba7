"""The features extractor of agents that see: an encoder for each camera, beside what is felt, as SB3 takes it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import gymnasium as gym
import torch
from pydantic import Field
from stable_baselines3.common.torch_layers import BaseFeaturesExtractor
from torch import nn

from robosim.agents.policies.frames import image_parts
from robosim.perception.encoders import EncoderSpec, make_encoder
from robosim.perception.pixels import Tensor

MAX_SHIFT = 16


class EncoderConfig(EncoderSpec):
    """The network that pictures go through first: one for each camera, all built alike, for actor and critic."""

    shift: int = Field(0, ge=0, le=MAX_SHIFT)
    """Pixels by which pictures are shifted at random while the network is fitted, each way: I. Kostrikov et al. (2020),
    "Image augmentation is all you need". What acts sees them as they are."""


def cameras(space: gym.Space[Any]) -> list[list[str]]:
    """Group the pictures of an env's observation by camera: those whose keys agree after the first "_", "rgb_mast".

    Raises:
        ValueError: Two pictures of one camera differ in size.
    """
    parts = image_parts(space)
    groups: dict[str, list[str]] = {}
    for key in parts:
        groups.setdefault(key.partition("_")[2], []).append(key)
    for name, keys in groups.items():
        sizes = {key: parts[key].shape[:2] for key in keys}
        if len(set(sizes.values())) > 1:
            raise ValueError(f"the pictures of camera {name!r} are stacked, and differ in height and width: {sizes}")
    return [groups[name] for name in sorted(groups)]


class Sight(BaseFeaturesExtractor):
    """Joins what is felt, flat, with what an encoder makes of each camera's pictures, stacked.

    Args:
        observation_space: As `robosim.agents.policies.frames.Frames` gives it: images channel first.
        eyes: The keys of the pictures of each camera, as `cameras` gives them.
        encoder: Of each camera.
    """

    def __init__(self, observation_space: gym.spaces.Dict, eyes: list[list[str]], encoder: EncoderConfig) -> None:
        """Builds the encoders, with new weights; see the class."""
        self._eyes, self._shift = eyes, encoder.shift
        pictured = {key for keys in eyes for key in keys}
        self._felt = [key for key in observation_space.spaces if key not in pictured]
        felt = sum(gym.spaces.flatdim(observation_space[key]) for key in self._felt)
        super().__init__(observation_space, felt + encoder.features * len(eyes))
        self.encoders = nn.ModuleList()
        for keys in eyes:
            shapes = [observation_space[key].shape or () for key in keys]
            self.encoders.append(make_encoder(encoder, sum(shape[0] for shape in shapes), *shapes[0][1:]))

    def apply(self, fn: Callable[[nn.Module], None]) -> Sight:
        """Keeps the encoders' own first weights, where SB3 would draw orthogonal ones for every layer."""
        return self

    def forward(self, observations: dict[str, Tensor]) -> Tensor:
        """Gives the features: shape (batch, features).

        Args:
            observations: Floats; images from 0 to 1.
        """
        parts = [observations[key].flatten(1) for key in self._felt]
        for keys, encoder in zip(self._eyes, self.encoders, strict=True):
            images = torch.cat([observations[key] for key in keys], dim=1)
            if self.training and self._shift:
                images = shifted(images, self._shift)
            parts.append(encoder(images))
        return torch.cat(parts, dim=1)


def shifted(images: Tensor, most: int) -> Tensor:
    """Shift each picture by up to so many pixels each way, at random; its edge is repeated.

    Args:
        images: Shape (batch, channels, height, width).
        most: Pixels.
    """
    count, _, height, width = images.shape
    padded = nn.functional.pad(images, (most, most, most, most), mode="replicate")
    windows = padded.unfold(2, height, 1).unfold(3, width, 1)  # views: (batch, channels, down, right, height, width)
    down, right = torch.randint(2 * most + 1, (2, count), device=images.device)
    return windows[torch.arange(count, device=images.device), :, down, right]
