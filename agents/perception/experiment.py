"""What one supervised training is: a typed, frozen object with every default, read from a short YAML."""

from __future__ import annotations

import math
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from robosim.agents.training.experiment_file import load_as, parse_as, shipped_experiments
from robosim.perception.augment import Augmentation
from robosim.perception.closer import CloserSpec
from robosim.perception.labels import LabelSpec
from robosim.perception.scene import SceneSpec

Finite = Annotated[float, Field(allow_inf_nan=False)]
Count = Annotated[int, Field(ge=1)]
_SHIPPED = "perception"  # folder of `robosim.configs`
NetworkSpec = Annotated[SceneSpec | CloserSpec | LabelSpec, Field(discriminator="kind")]


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)


class FitConfig(_Frozen):
    """How the network is fitted."""

    updates: Count = 4000
    """Steps of the optimizer."""
    batch: Annotated[int, Field(ge=1, le=4096)] = 32
    """Pictures of one step."""
    learning_rate: Annotated[Finite, Field(gt=0, le=1)] = 2e-3
    """AdamW's largest learning rate."""
    warmup: Annotated[int, Field(ge=0)] = 100
    """Steps until it is reached; from there it falls to 0 along half a cosine."""
    weight_decay: Annotated[Finite, Field(ge=0, le=1)] = 1e-4
    """AdamW's."""
    max_grad_norm: Annotated[Finite, Field(gt=0)] = 5.0
    """Gradients are scaled down to this norm."""
    precision: Literal["auto", "float32"] = "auto"
    """Of convolutions in training: auto takes 16 bits where GPU or CPU has instructions for it, which is about twice as
    fast; weights are kept in 32."""

    def rate(self, update: int) -> float:
        """Gives the learning rate of a step, counted from 0, as a share of the largest."""
        if update < self.warmup:
            return (update + 1) / self.warmup
        done = (update - self.warmup) / max(self.updates - self.warmup, 1)
        return 0.5 * (1 + math.cos(math.pi * min(done, 1.0)))


class PerceptionValidation(_Frozen):
    """How the best network is chosen, on the validation split; the test split is never used in training."""

    every: Count = 500
    """Steps between two validations; one more is made at the end."""
    pictures: Count = 512
    """Pictures of one validation, always the same ones."""


class PerceptionExperiment(_Frozen):
    """One supervised training."""

    name: Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_.-]{0,99}$")]
    """Name of the run and its network: letters, digits, '-', '_', '.'."""
    network: NetworkSpec
    """What is trained: a network of kind scene, closer or labels."""
    data: Annotated[str, Field(min_length=1)] = "pictures"
    """Folder of the pictures, as `robosim dataset` makes it."""
    seed: Annotated[int, Field(ge=0, lt=2**31)] = 0
    """Seed of the network, of the order of pictures and of their changes."""
    fit: FitConfig = FitConfig()
    """How the network is fitted."""
    augmentation: Augmentation = Augmentation()
    """How pictures are changed in training."""
    validation: PerceptionValidation = PerceptionValidation()
    """How the best network is chosen."""
    checkpoint_every_s: Annotated[Finite, Field(ge=0, le=60)] = 30.0
    """Seconds between two checkpoints: what a kill may cost, at most a minute."""


def load_perception(name_or_path: str | Path) -> PerceptionExperiment:
    """Read a supervised training from a YAML file, or a shipped one by its name.

    Raises:
        ExperimentError: There is no such file or shipped name, or something in it is wrong.
    """
    return load_as(PerceptionExperiment, name_or_path, _SHIPPED)


def shipped_perception() -> list[str]:
    """Names of the supervised trainings that come with robosim, sorted."""
    return shipped_experiments(_SHIPPED)


def parse_perception(values: Mapping[str, object], source: str) -> PerceptionExperiment:
    """Check plain values, as YAML gives them; `source` is what errors call their origin.

    Raises:
        ExperimentError: Naming every wrong field.
    """
    return parse_as(PerceptionExperiment, values, source)
