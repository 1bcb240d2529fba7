"""What may be asked about pictures, and answered by a network or by its classical rival alike."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import torch

from robosim.perception.closer import CloserNetwork
from robosim.perception.heads.detection import Detections, decode
from robosim.perception.labels import LabelNetwork, packages
from robosim.perception.pixels import Batch, Tensor
from robosim.perception.scene import SceneNetwork


@dataclass(frozen=True)
class Labels:
    """What was read in a batch's boxes of packages; n of them."""

    pictures: Tensor
    """int64 (n,), which picture."""
    places: Tensor
    """int64 (n,), which of its boxes."""
    symbols: Tensor
    """int64 (n,), index of `SYMBOLS`; -1 where nothing was read."""
    colours: Tensor
    """int64 (n,), index of `COLOURS`; -1 where nothing was read."""
    legible: Tensor
    """float32 (n,), 0 to 1: how sure it is that there is something to be read."""


@dataclass(frozen=True)
class Answers:
    """Answers about a batch of pictures; None where it was not asked."""

    classes: Tensor | None = None
    """uint8 (batch, height, width)."""
    detections: list[Detections] | None = None
    """Of each picture."""
    free: Tensor | None = None
    """m, float32 (batch, width)."""
    labels: Labels | None = None


class Seer(Protocol):
    """Whoever answers."""

    def answer(self, batch: Batch) -> Answers:
        """Looks at samples; of their labels it may use only where packages are, and only to read these."""


class NetworkSeer:
    """A perception network, asked for all that it knows."""

    def __init__(self, network: SceneNetwork | CloserNetwork | LabelNetwork) -> None:
        """Asks `network`, on the device on which it is."""
        self._network = network.eval()

    def answer(self, batch: Batch) -> Answers:
        """See `Seer`."""
        with torch.inference_mode():
            if isinstance(self._network, LabelNetwork):
                return Answers(labels=_read(self._network, batch))
            told = self._network.see(batch)
            found = decode(told["heat"], told["boxes"]) if "heat" in told else None
            if isinstance(self._network, CloserNetwork) and found is not None:
                found = self._network.look(batch, found)
            return Answers(
                classes=told["segmentation"].argmax(dim=1).to(torch.uint8) if "segmentation" in told else None,
                detections=found,
                free=told.get("free"),
            )


def _read(network: LabelNetwork, batch: Batch) -> Labels:
    pictures, places = packages(batch)
    reading = network.read_around(batch["rgb"], pictures, batch["boxes"][pictures, places])
    return Labels(
        pictures, places, reading.symbols.argmax(1), reading.colours.argmax(1), torch.sigmoid(reading.legible)
    )
