"""Boxes, in pixels as a sample's: how far they overlap, where they are cut off, which of them are one thing."""

from __future__ import annotations

import torch

from robosim.perception.pixels import Tensor


def generalised_iou(one: Tensor, other: Tensor) -> Tensor:
    """Gives the generalised IoU, -1 to 1, of boxes pair by pair: shape (..., 4) to (...)."""
    both, either = _overlap(one, other)
    hull = (torch.maximum(one[..., 2:], other[..., 2:]) - torch.minimum(one[..., :2], other[..., :2])).prod(dim=-1)
    hull = hull.clamp(min=1e-6)
    return both / either.clamp(min=1e-6) - (hull - either) / hull


def iou(ones: Tensor, others: Tensor) -> Tensor:
    """Gives the IoU of every box with every other: shapes (n, 4) and (m, 4) to (n, m)."""
    return paired_iou(ones[:, None], others[None])


def paired_iou(one: Tensor, other: Tensor) -> Tensor:
    """Gives the IoU of boxes pair by pair: shape (..., 4) to (...)."""
    both, either = _overlap(one, other)
    return both / either.clamp(min=1e-6)


def _overlap(one: Tensor, other: Tensor) -> tuple[Tensor, Tensor]:
    shared = torch.minimum(one[..., 2:], other[..., 2:]) - torch.maximum(one[..., :2], other[..., :2])
    both = shared.clamp(min=0).prod(dim=-1)
    areas = (one[..., 2:] - one[..., :2]).prod(dim=-1) + (other[..., 2:] - other[..., :2]).prod(dim=-1)
    return both, areas - both


def clipped(boxes: Tensor, size: torch.Size) -> tuple[Tensor, Tensor]:
    """Cuts boxes off at the edges of a picture.

    Args:
        boxes: float (n, 4).
        size: Rows and columns of the picture.

    Returns:
        What is left, (n, 4), and of which boxes anything is, bool (n,).
    """
    limit = torch.tensor([size[1], size[0]] * 2, dtype=boxes.dtype, device=boxes.device)
    boxes = torch.minimum(boxes.clamp(min=0), limit)
    return boxes, (boxes[:, 2:] > boxes[:, :2]).all(dim=1)


def mirrored(boxes: Tensor, width: int) -> Tensor:
    """Gives boxes (..., 4) as they are in a picture of some pixels' width whose left is its right."""
    x0, y0, x1, y1 = boxes.unbind(dim=-1)
    return torch.stack([width - x1, y0, width - x0, y1], dim=-1)


def non_maximum_suppression(boxes: Tensor, classes: Tensor, scores: Tensor, most: float) -> Tensor:
    """Chooses boxes of one picture so that no two of a class overlap by more than an IoU, the surest first.

    Args:
        boxes: float (n, 4).
        classes: int64 (n,).
        scores: float (n,).
        most: The IoU, 0 to 1.

    Returns:
        int64 (m,), which of them stay, surest first.
    """
    same = ((iou(boxes, boxes) > most) & (classes[:, None] == classes)).tolist()
    kept: list[int] = []
    for place in scores.argsort(descending=True).tolist():
        if not any(same[place][other] for other in kept):
            kept.append(place)
    return torch.tensor(kept, dtype=torch.int64, device=boxes.device)
