"""In which order pictures are learnt from: the same from the same seed, also where a run goes on half-way."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Protocol

import numpy as np
import torch
from numpy.typing import NDArray
from torch.utils.data import DataLoader, Dataset

from robosim.perception.data.files import DatasetError
from robosim.perception.data.recipe import Recipe
from robosim.perception.data.sample import CLASSES
from robosim.perception.data.shards import Shards

Sample = dict[str, torch.Tensor]


class Pictures(Protocol):
    """Labelled pictures of one split, such as `robosim.perception.data.shards.Shards`."""

    recipe: Recipe
    """By which they were made."""

    def __len__(self) -> int:
        """How many there are."""

    def __getitem__(self, index: int) -> Sample:
        """One of them; see `robosim.perception.data.sample`."""

    def batch(self, indices: Sequence[int]) -> Sample:
        """Several, with a dimension more in front."""


class Some:
    """Some of the pictures.

    Args:
        data: All of them.
        indices: Which.
    """

    def __init__(self, data: Pictures, indices: Sequence[int]) -> None:
        """Chooses them; see the class."""
        self._data, self._indices = data, list(indices)
        self.recipe = data.recipe

    def __len__(self) -> int:
        """How many they are."""
        return len(self._indices)

    def __getitem__(self, index: int) -> Sample:
        """One of them."""
        return self._data[self._indices[index]]

    def batch(self, indices: Sequence[int]) -> Sample:
        """Several."""
        return self._data.batch([self._indices[index] for index in indices])


def with_labels(shards: Shards) -> Some:
    """Gives the pictures with a label that can be read: from the others, nobody learns to read.

    Raises:
        DatasetError: There are none.
    """
    return _where(shards, shards.column("box_symbols") >= 0, "no label can be read")


def with_things(shards: Shards, names: Sequence[str]) -> Some:
    """Gives the pictures in which something of some classes has a box: the others teach little of them.

    Raises:
        DatasetError: There are none.
    """
    wanted = np.isin(shards.column("box_classes"), [CLASSES.index(name) for name in names])
    return _where(shards, wanted, f"no {' or '.join(names)} has a box")


def _where(shards: Shards, wanted: NDArray[np.bool_], complaint: str) -> Some:
    """Those of which any box is wanted, shape (pictures, boxes)."""
    indices = np.flatnonzero(wanted.any(axis=1))
    if not len(indices):
        raise DatasetError(f"{shards.folder}: {complaint} in any of the {len(shards)} pictures of {shards.split}")
    return Some(shards, indices.tolist())


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


class _Whole(Dataset[Sample]):
    """A data set whose items are whole batches, by number: so that a loader's workers put them together."""

    def __init__(self, data: Pictures, order: Order) -> None:
        self._data, self._order = data, order

    def __getitem__(self, number: int) -> Sample:
        return self._data.batch(self._order.batch(number))


def batches(data: Pictures, order: Order, first: int, end: int, device: torch.device, workers: int) -> Iterator[Sample]:
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
        _Whole(data, order), batch_size=None, sampler=range(first, end), num_workers=workers, pin_memory=cuda
    )
    for batch in loader:
        yield {key: value.to(device, non_blocking=cuda) for key, value in batch.items()}


def some(count: int, wanted: int) -> Sequence[int]:
    """Gives so many of the pictures, all where there are no more, spread evenly."""
    return [int(place) for place in np.linspace(0, count - 1, min(count, wanted)).round()]
