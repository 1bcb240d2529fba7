"""Encoders by name: an encoder is described as data, and built from its description here and nowhere else.

A new one is a file beside this one, with a function like `robosim.perception.encoders.nature.nature`, and a line in
`ENCODERS`.
"""

from __future__ import annotations

from typing import Annotated

from pydantic import AfterValidator

from robosim.perception.encoders.encoder import Encoder
from robosim.perception.encoders.impala import impala
from robosim.perception.encoders.keypoints import keypoints
from robosim.perception.encoders.layers import Build, Options
from robosim.perception.encoders.nature import nature
from robosim.perception.encoders.resnet_small import resnet_small

__all__ = ["ENCODERS", "Encoder", "EncoderSpec", "make_encoder"]

ENCODERS: dict[str, Build] = {
    "nature": nature,
    "impala": impala,
    "resnet-small": resnet_small,
    "keypoints": keypoints,
}


def _known(name: str) -> str:
    if name not in ENCODERS:
        raise ValueError(f"there is no encoder {name!r}; there are {', '.join(ENCODERS)}")
    return name


class EncoderSpec(Options):
    """An encoder as data: what a YAML or an agent's card says of it."""

    name: Annotated[str, AfterValidator(_known)]
    """Which: nature, impala, resnet-small or keypoints."""


def make_encoder(spec: EncoderSpec, channels: int, height: int, width: int, told: int = 0) -> Encoder:
    """Builds an encoder, with new weights from torch's random numbers.

    Args:
        spec: Its description.
        channels: Of a picture.
        height: Pixels.
        width: Pixels.
        told: How many numbers it is told with each picture; see `robosim.perception.encoders.film.Film`.

    Raises:
        RobosimError: The pictures are too small for it.
    """
    return Encoder(ENCODERS[spec.name], spec, channels, height, width, told)
