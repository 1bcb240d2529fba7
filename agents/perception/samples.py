"""In which order pictures are learnt from: the same from the same seed, also where a run goes on half-way."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
import torch
from torch.utils.data import DataLoader, Dataset

Sample = dict[str, torch.Tensor]


class Order:
    """Which pictures are in which batch: each once in every pass, in another order each time.

    Args:
        count: Pictures.
        batch: Of one batch; at most `count`. What is left of a pass is left out.
        seed: Of the orders.
    """

    def __init__(self, count: int, batch: int, seed: int) -> None:
        """Makes it; see the class."""
        self._count, self._batch, self._seed = count, min(batch, count), seed

    def batch(self, number: int) -> list[int]:
        """Gives the pictures of a batch, counted from 0."""
        per = self._count // self._batch
        order = np.random.default_rng([self._seed, number // per]).permutation(self._count)
        first = number % per * self._batch
        return [int(index) for index in order[first : first + self._batch]]


class _Batches:
    """What a `DataLoader` takes as its batch sampler."""

    def __init__(self, order: Order, first: int, end: int) -> None:
        self._order, self._numbers = order, range(first, end)

    def __iter__(self) -> Iterator[list[int]]:
        return map(self._order.batch, self._numbers)

    def __len__(self) -> int:
        return len(self._numbers)


def batches(
    data: Dataset[Sample], order: Order, first: int, end: int, device: torch.device, workers: int
) -> Iterator[Sample]:
    """Gives batches `first` up to `end`, on a device.

    Args:
        data: Where the pictures are.
        order: Which are in which batch.
        first: The first one.
        end: The one after the last.
        device: Where they go: to a GPU from pinned memory, while it computes.
        workers: Processes that read beside this one; 0: this one reads.
    """
    cuda = device.type == "cuda"
    loader = DataLoader(
        data, batch_sampler=_Batches(order, first, end), num_workers=workers, pin_memory=cuda, persistent_workers=False
    )
    for batch in loader:
        yield {key: value.to(device, non_blocking=cuda) for key, value in batch.items()}


def some(count: int, wanted: int) -> Sequence[int]:
    """Gives so many of the pictures, all where there are no more, spread evenly."""
    return [int(place) for place in np.linspace(0, count - 1, min(count, wanted)).round()]
