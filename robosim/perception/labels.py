"""A network that reads packages' labels: which symbol, which colour, and whether either can be read.

It looks at the picture itself, cut out around a package and brought to one size, rather than at an encoder's maps: a
letter two metres away is a few pixels wide, and a map has none of its strokes left.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

import torch
import torch.nn.functional as F
from pydantic import BaseModel, ConfigDict, Field
from torch import nn

from robosim.perception.cutting import cut
from robosim.perception.data.sample import CLASSES, COLOURS, SYMBOLS
from robosim.perception.encoders import EncoderSpec, make_encoder
from robosim.perception.pixels import Batch, Tensor, scaled

PACKAGE = CLASSES.index("package")
# Where a box is looked at besides where it is, in its own widths and heights: what a letter of a few pixels seems to be
# depends on where between them its strokes fall.
_AROUND = ((0.0, 0.0), (-0.04, -0.04), (0.04, -0.04), (-0.04, 0.04), (0.04, 0.04))


class LabelSpec(BaseModel):
    """Such a network as data."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)

    kind: Literal["labels"] = "labels"
    encoder: EncoderSpec
    """What sees."""
    crop: int = Field(40, ge=16, le=256)
    """Pixels each way that a package's box is brought to."""
    margin: float = Field(0.05, ge=0, le=1)
    """What is added around a box, in its own widths and heights."""
    level: bool = False
    """Whether each crop is brought to mean 0 and deviation 1 first: it then looks the same in light of any strength."""
    jitter: float = Field(0.08, ge=0, le=0.5)
    """How far, in training, a box's sides are put elsewhere: a detected one is not exact."""
    tilt: float = Field(0.0, ge=0, le=3.2)
    """How far, in training, a crop is turned, rad: cameras look askew."""


@dataclass(frozen=True)
class Reading:
    """What was read of n packages."""

    symbols: Tensor
    """Logits (n, `SYMBOLS`)."""
    colours: Tensor
    """Logits (n, `COLOURS`)."""
    legible: Tensor
    """Logits (n,) that there is something to be read."""


class LabelNetwork(nn.Module):
    """Built from its description, with new weights from torch's random numbers.

    Raises:
        RobosimError: The crops are too small for the encoder.
    """

    def __init__(self, spec: LabelSpec) -> None:
        """Builds it; see the class."""
        super().__init__()
        self.spec = spec
        self.encoder = make_encoder(spec.encoder, 3, spec.crop, spec.crop)
        self.answer = nn.Linear(self.encoder.features, len(SYMBOLS) + len(COLOURS) + 1)

    def forward(self, crops: Tensor) -> Reading:
        """Reads crops as `cut` gives them."""
        symbols, colours, legible = self.answer(self.encoder(crops)).float().split([len(SYMBOLS), len(COLOURS), 1], 1)
        return Reading(symbols, colours, legible[:, 0])

    def read(self, rgb: Tensor, pictures: Tensor, boxes: Tensor, turns: Tensor | None = None) -> Reading:
        """Reads the labels in some boxes.

        Args:
            rgb: (batch, 3, height, width), as a sample's.
            pictures: int64 (n,), which of them each box is in.
            boxes: (n, 4) as a sample's.
            turns: See `cut`.
        """
        crops = cut(rgb, pictures, boxes, self.spec.crop, self.spec.margin, turns)
        reading: Reading = self(levelled(crops) if self.spec.level else crops)
        return reading

    def read_around(self, rgb: Tensor, pictures: Tensor, boxes: Tensor) -> Reading:
        """Reads the labels in some boxes from five places each, and gives the mean of what it makes of them.

        Args:
            rgb: As `read` takes it.
            pictures: The same.
            boxes: The same.

        Returns:
            n readings: of symbols and colours logarithms of mean shares, of what is legible mean logits.
        """
        rgb, size = scaled(rgb), (boxes[:, 2:] - boxes[:, :2]).repeat(1, 2)
        aside = [boxes + size * torch.tensor(place * 2, device=boxes.device) for place in _AROUND]
        readings = [self.read(rgb, pictures, one) for one in aside]
        return Reading(
            _mean_logits([one.symbols for one in readings]),
            _mean_logits([one.colours for one in readings]),
            torch.stack([one.legible for one in readings]).mean(dim=0),
        )

    def losses(self, batch: Batch, generator: torch.Generator | None = None) -> dict[str, Tensor]:
        """Gives what its readings of samples' packages cost.

        Args:
            batch: Samples.
            generator: In training, of jitter and tilt and of which packages are left out, on the CPU: of those whose
                labels cannot be read, as many stay as of the others. None: all stay, where they are.
        """
        pictures, places = packages(batch)
        if generator is not None:
            kept = _as_many(batch["box_symbols"][pictures, places] >= 0, generator)
            pictures, places = pictures[kept], places[kept]
        boxes, turns = batch["boxes"][pictures, places], None
        if generator is not None:
            away = torch.rand(boxes.shape, generator=generator).to(boxes.device) * 2 - 1
            boxes = boxes + self.spec.jitter * away * (boxes[:, 2:] - boxes[:, :2]).repeat(1, 2)
            if self.spec.tilt:
                turns = self.spec.tilt * (torch.rand(len(boxes), generator=generator).to(boxes.device) * 2 - 1)
        reading = self.read(batch["rgb"], pictures, boxes, turns)
        symbols, colours = (batch[name][pictures, places] for name in ("box_symbols", "box_colours"))
        return {
            "symbol": _entropy(reading.symbols, symbols),
            "colour": _entropy(reading.colours, colours),
            "legible": _mean(
                F.binary_cross_entropy_with_logits(reading.legible, (symbols >= 0).float(), reduction="none")
            ),
        }


def packages(batch: Batch) -> tuple[Tensor, Tensor]:
    """Gives which boxes of samples are packages': picture and place, int64 (n,) each."""
    pictures, places = (batch["box_classes"] == PACKAGE).nonzero(as_tuple=True)
    return pictures, places


def levelled(crops: Tensor) -> Tensor:
    """Brings each of some pictures, (n, 3, height, width), to mean 0 and deviation 1.

    Over its places and colours together, so that hues stay apart; one of a single colour becomes 0.
    """
    if not len(crops):  # which have no deviation
        return crops
    mean, deviation = (of(dim=(1, 2, 3), keepdim=True) for of in (crops.mean, crops.std))
    return (crops - mean) / (deviation + 1 / 255)


def _as_many(legible: Tensor, generator: torch.Generator) -> Tensor:
    """Chooses, of all packages, those that are legible and as many others, at least one: int64 indices."""
    yes, no = legible.nonzero()[:, 0], (~legible).nonzero()[:, 0]
    order = torch.randperm(len(no), generator=generator)[: max(len(yes), 1)]
    return torch.cat([yes, no[order.to(no.device)]])


def _mean_logits(logits: list[Tensor]) -> Tensor:
    """Gives the logarithms of the mean shares that some logits stand for."""
    return torch.stack(logits).log_softmax(dim=-1).logsumexp(dim=0) - math.log(len(logits))


def _entropy(logits: Tensor, wanted: Tensor) -> Tensor:
    """Cross-entropy over those that can be read; 0 where there are none."""
    known = wanted >= 0
    return _mean(F.cross_entropy(logits[known], wanted[known], reduction="none"))


def _mean(costs: Tensor) -> Tensor:
    return costs.sum() / max(len(costs), 1)
