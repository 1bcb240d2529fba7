"""A network that looks at a whole picture: one encoder, and heads for what is to be known of it."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field
from torch import nn

from robosim.perception.encoders import EncoderSpec, make_encoder
from robosim.perception.heads.detection import DetectionHead, detection_loss
from robosim.perception.heads.free import FreeHead, free_loss
from robosim.perception.heads.merging import Merging
from robosim.perception.heads.segmentation import SegmentationHead, segmentation_loss
from robosim.perception.pixels import CHANNELS, Batch, Inputs, Tensor, seen

HeadName = Literal["segmentation", "detection", "free"]


def each_once(names: tuple[str, ...]) -> tuple[str, ...]:
    """Gives some names as they are.

    Raises:
        ValueError: One of them is there twice.
    """
    if len(set(names)) < len(names):
        raise ValueError(f"{', '.join(names)}: each can be named once")
    return names


class SceneSpec(BaseModel):
    """Such a network as data."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)

    kind: Literal["scene"] = "scene"
    encoder: EncoderSpec
    """What sees."""
    inputs: Inputs = "rgbd"
    """What it sees: rgb, depth or rgbd."""
    height: int = Field(128, ge=16, le=1024)
    """Of a picture, pixels."""
    width: int = Field(128, ge=16, le=1024)
    """Of a picture, pixels."""
    heads: Annotated[tuple[HeadName, ...], AfterValidator(each_once)] = Field(
        ("segmentation", "detection", "free"), min_length=1
    )
    """What is to be known: segmentation, detection, free."""
    channels: int = Field(32, ge=1, le=256)
    """Of the maps that heads look at."""


class SceneNetwork(nn.Module):
    """Built from its description, with new weights from torch's random numbers.

    Raises:
        RobosimError: The pictures are too small for the encoder.
    """

    def __init__(self, spec: SceneSpec) -> None:
        """Builds it; see the class."""
        super().__init__()
        self.spec = spec
        self.encoder = make_encoder(spec.encoder, CHANNELS[spec.inputs], spec.height, spec.width).without_vector()
        self.merging = Merging(self.encoder.shapes, spec.channels, spec.encoder)
        finest, *coarser = self.merging.shapes
        middle = coarser[0] if coarser else finest
        heads: dict[str, nn.Module] = {}
        if "segmentation" in spec.heads:
            heads["segmentation"] = SegmentationHead(finest, spec.height, spec.width)
        if "detection" in spec.heads:
            heads["detection"] = DetectionHead(middle, spec.height, spec.width)
        if "free" in spec.heads:
            heads["free"] = FreeHead(middle, spec.width)
        self.heads = nn.ModuleDict(heads)

    def forward(self, images: Tensor) -> dict[str, Tensor]:
        """Looks at pictures.

        Args:
            images: As `robosim.perception.pixels.seen` gives them.

        Returns:
            Of its heads: ``"segmentation"`` logits (batch, `CLASSES`, height, width); ``"heat"`` and ``"boxes"``, see
            `DetectionHead`; ``"free"`` metres (batch, width).
        """
        finest, *coarser = self.merging(self.encoder.maps(images))
        middle = coarser[0] if coarser else finest
        told: dict[str, Tensor] = {}
        for name, head in self.heads.items():
            if name == "detection":
                told["heat"], told["boxes"] = head(middle)
            else:
                told[name] = head(finest if name == "segmentation" else middle)
        return told

    def see(self, batch: Batch) -> dict[str, Tensor]:
        """Looks at samples; see `forward`."""
        told: dict[str, Tensor] = self(seen(batch, self.spec.inputs))
        return told

    def losses(self, batch: Batch) -> dict[str, Tensor]:
        """Gives what each head's answers to samples cost."""
        told, costs = self.see(batch), dict[str, Tensor]()
        if "segmentation" in told:
            costs["segmentation"] = segmentation_loss(told["segmentation"], batch)
        if "heat" in told:
            head = self.heads["detection"]
            assert isinstance(head, DetectionHead)
            costs["detection"] = detection_loss(told["heat"], told["boxes"], batch, head.step)
        if "free" in told:
            costs["free"] = free_loss(told["free"], batch)
        return costs
