"""What an encoder costs: multiplications and numbers, counted without computing anything, and time, measured."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Any

import torch
from torch import nn

from robosim.perception.encoders import EncoderSpec, make_encoder


@dataclass(frozen=True)
class Cost:
    """Of one encoder, for pictures of one size."""

    macs: int
    """Multiplications with addition for one picture, in convolutions and dense layers."""
    parameters: int


def cost(spec: EncoderSpec, channels: int, height: int, width: int) -> Cost:
    """Counts; nothing is allocated.

    Raises:
        RobosimError: The pictures are too small for the encoder.
    """
    macs = 0

    def count(module: nn.Module, given: tuple[Any, ...], output: torch.Tensor) -> None:
        nonlocal macs
        if isinstance(module, nn.Conv2d):
            each = module.in_channels // module.groups * module.kernel_size[0] * module.kernel_size[1]
            macs += output.numel() * each
        elif isinstance(module, nn.Linear):
            macs += output.numel() * module.in_features

    with torch.device("meta"), torch.no_grad():
        encoder = make_encoder(spec, channels, height, width)
        for module in encoder.modules():
            module.register_forward_hook(count)
        encoder(torch.zeros(1, channels, height, width))
    return Cost(macs, sum(weights.numel() for weights in encoder.parameters()))


def forward_seconds(spec: EncoderSpec, channels: int, height: int, width: int, seconds: float) -> list[float]:
    """Measures how long an encoder takes for one picture on the CPU, again and again for so many seconds."""
    encoder = make_encoder(spec, channels, height, width).eval()
    image = torch.rand(1, channels, height, width)
    found = list[float]()
    with torch.inference_mode():
        for _ in range(3):  # memory and kernels are found once
            encoder(image)
        end = time.perf_counter() + seconds
        while not found or time.perf_counter() < end:
            start = time.perf_counter()
            encoder(image)
            found.append(time.perf_counter() - start)
    return found
