"""A network that looks again, closer, at what another has found: for boxes that fit.

Two stages, as R. Girshick (2015), "Fast R-CNN"; it looks at its own boxes again, as Z. Cai, N. Vasconcelos (2018),
"Cascade R-CNN", and is as sure of a box as it expects it to fit, as B. Jiang et al. (2018), "Acquisition of
localization confidence". What finds sees a picture at a quarter of its size, where a person ten metres away is one
place wide; this one sees each thing alone, from its own pixels, in colour and depth, and which of them show it.
"""

from __future__ import annotations

from typing import Annotated, Literal, NamedTuple

import torch
import torch.nn.functional as F
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, field_validator
from torch import nn

from robosim.perception.cutting import cut
from robosim.perception.data.sample import CLASSES
from robosim.perception.encoders import EncoderSpec, make_encoder
from robosim.perception.heads.boxes import (
    clipped,
    generalised_iou,
    mirrored,
    non_maximum_suppression,
    paired_iou,
)
from robosim.perception.heads.detection import Detections, decode
from robosim.perception.heads.mask import MaskHead, profile, true_masks
from robosim.perception.heads.merging import Merging
from robosim.perception.pixels import Batch, Tensor, seen
from robosim.perception.scene import SceneNetwork, SceneSpec, each_once

_MARGIN = 0.5  # of a box's own widths and heights, seen on every side of it
_RELIEF = 0.1  # of `FAR`, 1 m: how much nearer or farther than a thing's middle counts as 1
_SIZE = 16.0  # pixels, a box of middling size
_CHOSEN = 4  # boxes of a picture that is learnt from, of those that were found
_JITTERED = 1  # and of each thing's own box, put elsewhere
_AWAY, _SCALE = 0.18, 0.25  # deviations of where, in its widths and heights, and of the logarithm of its size
_MATCHED = 0.15  # IoU above which a box is taken to mean a thing
_SURE = 2.0  # what a wrong sureness costs, to a wrong box
_CHANNELS = 32  # of the map that masks are told from
_SAME = 0.5  # IoU above which two boxes are one thing


class CloserSpec(BaseModel):
    """Such a network as data."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)

    kind: Literal["closer"] = "closer"
    finder: SceneSpec
    """What finds; it stays as it is."""
    weights: str = Field(min_length=1)
    """Whose weights the finder has when training begins: a run's folder, a network's file, a shipped network."""
    of: Annotated[tuple[Literal["person", "forklift", "package"], ...], AfterValidator(each_once)] = Field(
        ("person", "forklift"), min_length=1
    )
    """What is looked at closer; boxes of other things stay as they were found."""
    encoder: EncoderSpec
    """What sees a thing: in colour and depth, whatever the finder sees."""
    crop: int = Field(48, ge=16, le=256)
    """Pixels each way that a box, with as much around it, is brought to."""
    looks: int = Field(2, ge=1, le=8)
    """How often it looks, each time at the box of the time before."""

    @field_validator("finder")
    @classmethod
    def _finds(cls, finder: SceneSpec) -> SceneSpec:
        if "detection" not in finder.heads:
            raise ValueError(f"heads {', '.join(finder.heads)}: one of them must be detection")
        return finder

    @property
    def height(self) -> int:
        """Of a picture, pixels."""
        return self.finder.height

    @property
    def width(self) -> int:
        """Of a picture, pixels."""
        return self.finder.width


class Look(NamedTuple):
    """What one look at n boxes gives."""

    boxes: Tensor
    """float (n, 4), that fit better; as a sample's."""
    sure: Tensor
    """float (n,), logits of the IoU that they are expected to have."""
    masks: Tensor
    """float (n, places, places), logits that a place of the crop shows the thing."""


class CloserNetwork(nn.Module):
    """Built from its description, with new weights from torch's random numbers.

    Args:
        spec: The description.

    Attributes:
        finder: What finds; it learns nothing.

    Raises:
        RobosimError: The pictures are too small for an encoder.
    """

    def __init__(self, spec: CloserSpec) -> None:
        """Builds it; see the class."""
        super().__init__()
        self.spec = spec
        self.finder = SceneNetwork(spec.finder).requires_grad_(False)
        self.encoder = make_encoder(spec.encoder, 5, spec.crop, spec.crop)
        self.merging = Merging(self.encoder.shapes, _CHANNELS, spec.encoder)
        self.mask = MaskHead(self.merging.shapes[0], len(spec.of))
        self.hidden = nn.Linear(self.encoder.features + self.mask.profile_size + 7, self.encoder.features)
        self.sides = nn.Linear(self.encoder.features, 4 * len(spec.of))
        self.sure = nn.Linear(self.encoder.features, len(spec.of))
        nn.init.zeros_(self.sides.weight)  # a box stays where it was found, until more is known
        nn.init.zeros_(self.sides.bias)

    def train(self, mode: bool = True) -> CloserNetwork:
        """Lets it learn, or not; what finds never does."""
        super().train(mode)
        self.finder.eval()
        return self

    def forward(self, images: Tensor, pictures: Tensor, boxes: Tensor, which: Tensor) -> Look:
        """Looks at some boxes once.

        Args:
            images: As `robosim.perception.pixels.seen` gives colour and depth: (batch, 4, height, width).
            pictures: int64 (n,), which of them each box is in.
            boxes: float (n, 4), as a sample's.
            which: int64 (n,), index of `CloserSpec.of`.
        """
        crops, depth = self._crops(images, pictures, boxes)
        return self._answer(crops, depth, boxes, which, images.shape[-2:])

    def _both_ways(self, images: Tensor, pictures: Tensor, boxes: Tensor, which: Tensor) -> tuple[Tensor, Tensor]:
        """Looks once as `forward` does, beside a mirror and in it, and gives the mean."""
        crops, depth = self._crops(images, pictures, boxes)
        size, width = images.shape[-2:], images.shape[-1]
        beside = self._answer(crops, depth, boxes, which, size)
        within = self._answer(crops.flip(-1), depth, mirrored(boxes, width), which, size)
        return (beside.boxes + mirrored(within.boxes, width)) / 2, (beside.sure + within.sure) / 2

    def _answer(self, crops: Tensor, depth: Tensor, boxes: Tensor, which: Tensor, picture: torch.Size) -> Look:
        """Gives what `forward` does, of what `_crops` gives and the rows and columns of the pictures."""
        size, middle = boxes[:, 2:] - boxes[:, :2], (boxes[:, :2] + boxes[:, 2:]) / 2
        whole = torch.tensor(picture[::-1], dtype=torch.float32, device=boxes.device)
        told = torch.cat([(middle - size) / whole, (middle + size) / whole, (size / _SIZE).log(), depth], dim=1)
        maps = self.encoder.maps(crops)
        mask = self.mask(self.merging(maps)[0], which)
        hidden = F.relu(self.hidden(torch.cat([self.encoder.vector(maps), profile(mask), told], dim=1)))
        row = torch.arange(len(which), device=which.device)
        moved = self.sides(hidden).float().unflatten(1, (len(self.spec.of), 4))[row, which]
        upper, lower = boxes[:, :2] + moved[:, :2] * size, boxes[:, 2:] + moved[:, 2:] * size
        upper = torch.minimum(upper, lower - 1)
        return Look(torch.cat([upper, lower], dim=1), self.sure(hidden).float()[row, which], mask.float())

    def _crops(self, images: Tensor, pictures: Tensor, boxes: Tensor) -> tuple[Tensor, Tensor]:
        """Gives what it sees of boxes, (n, 5, crop, crop): colour, depth, relief; and their middles' depths, (n, 1)."""
        crops, quarter = cut(images, pictures, boxes, self.spec.crop, _MARGIN), self.spec.crop // 4
        depth = crops[:, 3:]
        inner = depth[:, :, quarter:-quarter, quarter:-quarter].flatten(1)
        middle = torch.where(inner > 0, inner, 1.0).median(dim=1).values[:, None]
        relief = ((depth - middle[:, :, None, None]) / _RELIEF).clamp(-2, 2) * (depth > 0)
        crops = torch.cat([crops, relief], dim=1)
        return crops.contiguous(memory_format=torch.channels_last), middle  # a CPU convolves so in under half the time

    def see(self, batch: Batch) -> dict[str, Tensor]:
        """Gives what the finder sees of samples; see `SceneNetwork.forward`."""
        return self.finder.see(batch)

    def look(self, batch: Batch, found: list[Detections]) -> list[Detections]:
        """Looks closer at what was found.

        Args:
            batch: Samples.
            found: Of each picture.

        Returns:
            Of each picture what it makes of it, beside a mirror and in it, surest first. A score is the geometric mean
            of the finder's and of the IoU that is expected; of two boxes that are one thing, the surer stays.
        """
        closer, pictures, boxes, which = self._chosen(found)
        scores = torch.cat([one.scores for one in found])[closer]
        images, sure = seen(batch, "rgbd"), torch.zeros_like(scores)
        for _ in range(self.spec.looks if len(boxes) else 0):
            boxes, sure = self._both_ways(images, pictures, boxes, which)
        scores = (scores * sure.sigmoid()).sqrt()
        boxes, inside = clipped(boxes, batch["rgb"].shape[-2:])
        classes = self._classes(boxes.device)[which]
        results = []
        for number, one in enumerate(found):
            ours, kept = (pictures == number) & inside, self._is_of(one.classes) < 0
            looked = Detections(boxes[ours], classes[ours], scores[ours])
            looked = looked.at(non_maximum_suppression(looked.boxes, looked.classes, looked.scores, _SAME))
            whole = Detections(
                torch.cat([one.boxes[kept].float(), looked.boxes]),
                torch.cat([one.classes[kept], looked.classes]),
                torch.cat([one.scores[kept], looked.scores]),
            )
            results.append(whole.at(whole.scores.argsort(descending=True)))
        return results

    def _is_of(self, classes: Tensor) -> Tensor:
        """Gives of classes the index of `CloserSpec.of`; -1 for others."""
        same = classes[:, None] == self._classes(classes.device)
        return torch.where(same.any(dim=1), same.int().argmax(dim=1), -1)

    def _classes(self, device: torch.device) -> Tensor:
        return torch.tensor([CLASSES.index(name) for name in self.spec.of], device=device)

    def _chosen(self, found: list[Detections]) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        """Which of all that was found it looks at, bool; and of these picture, box and index of `CloserSpec.of`."""
        boxes, which = torch.cat([one.boxes for one in found]), self._is_of(torch.cat([one.classes for one in found]))
        pictures = torch.cat([torch.full_like(one.classes, number) for number, one in enumerate(found)])
        ours = which >= 0
        return ours, pictures[ours], boxes[ours].float(), which[ours]

    def losses(self, batch: Batch, generator: torch.Generator) -> dict[str, Tensor]:
        """Gives what its looks at samples cost: at some of what was found, twice, and at boxes beside things.

        What was found of a thing that has no box, such as the seventeenth, counts as wrong; one in 500 is that.

        Args:
            batch: Samples.
            generator: Of all that is drawn, on the CPU.
        """
        with torch.no_grad():
            told = self.finder.see(batch)
            all_found = decode(told["heat"], told["boxes"])
            found = [_some(one, self._is_of(one.classes) >= 0, generator) for one in all_found]
        images, (_, *ours) = seen(batch, "rgbd"), self._chosen(found)
        pictures, boxes, which = (torch.cat(pair) for pair in zip(ours, self._jittered(batch, generator), strict=True))
        costs = {name: self.sure.bias.sum() * 0 for name in ("box", "sure", "mask")}
        first = len(ours[0])
        for number in (len(boxes), first):  # what it made of what was found it looks at again
            if number < 2:  # as the statistics of a batch need
                break
            pictures, boxes, which = pictures[:number], boxes[:number].detach(), which[:number]
            look = self(images, pictures, boxes, which)
            for name, cost in self._costs(batch, pictures, boxes, which, look).items():
                costs[name] = costs[name] + cost
            boxes = look.boxes
        return costs

    def _costs(self, batch: Batch, pictures: Tensor, boxes: Tensor, which: Tensor, look: Look) -> dict[str, Tensor]:
        """Gives what a look at some boxes costs."""
        places, matched = self._matched(batch, pictures, boxes, which)
        truth = batch["boxes"][pictures, places].float()
        size = (truth[:, 2:] - truth[:, :2]).clamp(min=1).repeat(1, 2)
        apart = 1 - generalised_iou(look.boxes, truth) + ((look.boxes - truth).abs() / size).mean(dim=1).clamp(max=2)
        fits = paired_iou(look.boxes, truth).detach() * matched
        shown = true_masks(batch, pictures, places, boxes, look.masks.shape[-1], _MARGIN)
        missed = F.binary_cross_entropy_with_logits(look.masks, shown, reduction="none").mean(dim=(1, 2))
        things = matched.sum().clamp(min=1)
        return {
            "box": (apart * matched).sum() / things,
            "sure": _SURE * F.binary_cross_entropy_with_logits(look.sure, fits),
            "mask": (missed * matched).sum() / things,
        }

    def _jittered(self, batch: Batch, generator: torch.Generator) -> tuple[Tensor, Tensor, Tensor]:
        """Gives picture, box and index of boxes near things, elsewhere and of other sizes than theirs."""
        kinds = batch["box_classes"]
        which = self._is_of(kinds.flatten()).reshape(kinds.shape)
        pictures, places = (index.repeat(_JITTERED) for index in (which >= 0).nonzero(as_tuple=True))
        boxes = batch["boxes"][pictures, places].float()
        away, scale = (
            deviation * torch.randn(len(boxes), 2, generator=generator).to(boxes.device)
            for deviation in (_AWAY, _SCALE)
        )
        size = boxes[:, 2:] - boxes[:, :2]
        middle, half = (boxes[:, :2] + boxes[:, 2:]) / 2 + away * size, size * scale.exp() / 2
        return pictures, torch.cat([middle - half, middle + half], dim=1), which[pictures, places]

    def _matched(self, batch: Batch, pictures: Tensor, boxes: Tensor, which: Tensor) -> tuple[Tensor, Tensor]:
        """Gives which of its picture's boxes each has most in common with, int64 (n,); is that enough? 0 or 1, (n,)."""
        things, kinds = batch["boxes"][pictures].float(), batch["box_classes"]
        same = self._is_of(kinds.flatten()).reshape(kinds.shape)[pictures] == which[:, None]
        best, place = (paired_iou(boxes[:, None], things) * same).max(dim=1)
        return place, (best > _MATCHED).float()


def _some(found: Detections, which: Tensor, generator: torch.Generator) -> Detections:
    """Draws some of those of a picture's boxes that it looks at, without replacement, each as likely as it is sure."""
    places = which.nonzero()[:, 0]
    if len(places) > _CHOSEN:
        shares = found.scores[places].float().cpu()
        places = places[torch.multinomial(shares, _CHOSEN, generator=generator).to(places.device)]
    return found.at(places)
