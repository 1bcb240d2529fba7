"""The features extractor of agents that see: an encoder for each camera, beside what is felt, as SB3 takes it."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator, Sequence
from operator import not_
from typing import Any

import gymnasium as gym
import torch
from pydantic import Field, model_validator
from stable_baselines3.common.policies import MultiInputActorCriticPolicy
from stable_baselines3.common.torch_layers import BaseFeaturesExtractor, MlpExtractor
from torch import nn

from robosim.agents.policies.frames import image_parts
from robosim.perception.encoders import EncoderSpec, make_encoder
from robosim.perception.pixels import Tensor

MAX_SHIFT = 16


class EncoderConfig(EncoderSpec):
    """The network that pictures go through first: one for each camera, all built alike, for actor and critic."""

    shift: int = Field(0, ge=0, le=MAX_SHIFT)
    """Pixels by which pictures are shifted at random while the network imitates, each way: I. Kostrikov et al. (2020),
    "Image augmentation is all you need". Not in PPO's updates, which compare what acted with what is updated: two
    pixels alone moved the policy by a KL of 0.18, six times as far as an update may."""
    weights: str | None = Field(None, min_length=1)
    """Whose convolutions a new network begins with: a perception network's file or its run's folder. It must be
    described as here, so it must have been trained without batch norm. For loading an agent it is not needed."""
    frozen: bool = False
    """Whether these convolutions stay as they are."""
    film: tuple[str, ...] = Field((), exclude_if=not_)  # so that checksums of cards from before it stay as they are
    """Parts of the observation that scale and shift the maps that it makes of pictures, such as what was ordered: so
    it looks for that, where the hidden layers alone would have to tell it from all else that could have been."""

    @model_validator(mode="after")
    def _sensible(self) -> EncoderConfig:
        if self.frozen and self.weights is None:
            raise ValueError("frozen: weights must say whose convolutions are to stay as they are")
        if self.batch_norm:
            raise ValueError("batch_norm: PPO has other statistics in its updates than where it acts; use layer_norm")
        return self


def cameras(space: gym.Space[Any]) -> list[list[str]]:
    """Group the pictures of an env's observation by camera: those whose keys agree after the first "_", "rgb_mast".

    Colour comes first, as perception networks take it.

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
    return [sorted(groups[name], reverse=True) for name in sorted(groups)]


class Sight(BaseFeaturesExtractor):
    """Joins what is felt, flat, with what an encoder makes of each camera's pictures, stacked.

    Args:
        observation_space: As `robosim.agents.policies.frames.Frames` gives it: images channel first.
        eyes: The keys of the pictures of each camera, as `cameras` gives them.
        encoder: Of each camera.
        critic_only: Keys of what the critic is told and the actor is not: the last features.

    Attributes:
        acting: How many features, the first, are the actor's.
        critic_only: As above, sorted.
    """

    def __init__(
        self,
        observation_space: gym.spaces.Dict,
        eyes: list[list[str]],
        encoder: EncoderConfig,
        critic_only: Sequence[str] = (),
    ) -> None:
        """Builds the encoders, with new weights; see the class."""
        self._eyes, self._shift, self.critic_only = eyes, encoder.shift, sorted(critic_only)
        self._shifting, self._precision = False, torch.float32
        others = {key for keys in eyes for key in keys} | set(critic_only)
        self._felt = [key for key in observation_space.spaces if key not in others]
        self._film = list(encoder.film)
        felt, told, asked = (
            sum(gym.spaces.flatdim(observation_space[key]) for key in keys)
            for keys in (self._felt, self.critic_only, self._film)
        )
        self.acting = felt + encoder.features * len(eyes)
        super().__init__(observation_space, self.acting + told)
        self.encoders = nn.ModuleList()
        for keys in eyes:
            shapes = [observation_space[key].shape or () for key in keys]
            _, height, width = shapes[0]
            eye = make_encoder(encoder, sum(shape[0] for shape in shapes), height, width, asked)
            eye.stages.requires_grad_(not encoder.frozen)
            self.encoders.append(eye)

    @contextlib.contextmanager
    def imitating(self, precision: torch.dtype = torch.float32) -> Iterator[None]:
        """Shifts pictures meanwhile, and computes what encoders make of them in that precision."""
        self._shifting, self._precision = True, precision
        try:
            yield
        finally:
            self._shifting, self._precision = False, torch.float32

    def apply(self, fn: Callable[[nn.Module], None]) -> Sight:
        """Keeps the encoders' own first weights, where SB3 would draw orthogonal ones for every layer."""
        return self

    def forward(self, observations: dict[str, Tensor]) -> Tensor:
        """Gives all features: shape (batch, features).

        Args:
            observations: Floats; images from 0 to 1.
        """
        return torch.cat([self.look(observations), *(observations[key].flatten(1) for key in self.critic_only)], dim=1)

    def look(self, observations: dict[str, Tensor]) -> Tensor:
        """Gives the actor's features, from what it observes alone: shape (batch, acting)."""
        parts = [observations[key].flatten(1) for key in self._felt]
        told = torch.cat([observations[key].flatten(1) for key in self._film], dim=1) if self._film else None
        for keys, encoder in zip(self._eyes, self.encoders, strict=True):
            images = torch.cat([observations[key] for key in keys], dim=1)
            if self._shifting and self._shift:
                images = shifted(images, self._shift)
            if self._precision == torch.float32:
                parts.append(encoder(images, told))
            else:
                with torch.autocast(images.device.type, self._precision):
                    parts.append(encoder(images, told).float())
        return torch.cat(parts, dim=1)


class SeeingPolicy(MultiInputActorCriticPolicy):
    """SB3's policy, whose actor goes by the first features of a `Sight` and whose critic goes by all of them."""

    def _build_mlp_extractor(self) -> None:
        super()._build_mlp_extractor()
        sight = self.features_extractor
        assert isinstance(sight, Sight)
        if sight.acting < sight.features_dim:
            self.mlp_extractor = _Apart(sight.acting, sight.features_dim, self.net_arch, self.activation_fn)


class _Apart(MlpExtractor):
    """Hidden layers of an actor that goes by fewer features than its critic."""

    def __init__(
        self, acting: int, features: int, layers: list[int] | dict[str, list[int]], activation: type[nn.Module]
    ) -> None:
        super().__init__(features, layers, activation, "cpu")
        self.policy_net = MlpExtractor(acting, layers, activation, "cpu").policy_net
        self._acting = acting

    def forward_actor(self, features: Tensor) -> Tensor:
        # Rows with gaps between them are multiplied in another order, and an agent has none.
        latent: Tensor = self.policy_net(features[:, : self._acting].contiguous())
        return latent


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
