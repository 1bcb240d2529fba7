"""Boxes cut out of pictures and brought to one size, for networks that look at one thing at a time."""

from __future__ import annotations

import torch
import torch.nn.functional as F

from robosim.perception.pixels import Tensor, scaled


def cut(
    images: Tensor, pictures: Tensor, boxes: Tensor, size: int, margin: float, turns: Tensor | None = None
) -> Tensor:
    """Cuts boxes out of pictures, between pixels linearly.

    Args:
        images: uint8, or float 0 to 1, (batch, channels, height, width).
        pictures: int64 (n,), which of them each box is in.
        boxes: (n, 4), pixels; what of a box lies outside is the nearest pixel inside.
        size: Pixels each way of a crop.
        margin: What is added around a box, in its own widths and heights.
        turns: rad (n,), by which each box is turned around its middle, from x towards y; None for none.

    Returns:
        float, 0 to 1, (n, channels, size, size).
    """
    height, width = images.shape[-2:]
    middle, half = (boxes[:, :2] + boxes[:, 2:]) / 2, (boxes[:, 2:] - boxes[:, :2]) * (0.5 + margin)
    whole = torch.tensor([width, height], dtype=torch.float32, device=images.device)
    steps = (torch.arange(size, device=images.device) + 0.5) * 2 / size - 1
    across = (half[:, 0, None, None] * steps).expand(-1, size, -1)
    down = (half[:, 1, None, None] * steps[:, None]).expand(-1, -1, size)
    if turns is not None:
        cosine, sine = turns.cos()[:, None, None], turns.sin()[:, None, None]
        across, down = cosine * across - sine * down, sine * across + cosine * down
    x = (middle[:, 0, None, None] + across) / whole[0] * 2 - 1
    y = (middle[:, 1, None, None] + down) / whole[1] * 2 - 1
    grid = torch.stack([x, y], dim=-1)
    return F.grid_sample(scaled(images)[pictures], grid, padding_mode="border", align_corners=False)
