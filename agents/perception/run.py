"""The folder of a supervised training: what is where, and what `--resume` goes on from.

experiment.yaml         the whole experiment, defaults included
checkpoint.safetensors  network and optimizer; a run that goes on from it ends as if it had not been interrupted
network.safetensors     the best network by validation
last.safetensors        the latest
curve.csv, tensorboard/ the learning curve
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import torch
from pydantic import BaseModel, ConfigDict, JsonValue, ValidationError

from robosim.agents.perception.experiment import PerceptionExperiment, load_perception
from robosim.agents.perception.network_file import LAST_NAME, NETWORK_NAME, Network
from robosim.agents.perception.samples import Pictures
from robosim.agents.storage.tensor_file import Tensors, read_tensors, write_tensors
from robosim.agents.training.optimizer_state import CheckpointError, optimizer_state, optimizer_tensors
from robosim.agents.training.run_folder import RunError, RunFiles, begun, differences, taken

CHANGEABLE = ("data", "checkpoint_every_s")  # fields that change nothing of what is learnt


@dataclass(frozen=True)
class PerceptionRun(RunFiles):
    """The paths of one run."""

    @property
    def best(self) -> Path:
        """The best network by validation."""
        return self.path / NETWORK_NAME

    @property
    def last(self) -> Path:
        """The latest network."""
        return self.path / LAST_NAME


class Progress(BaseModel):
    """How far a run is: what the checkpoint holds beside tensors."""

    model_config = ConfigDict(extra="forbid")

    format: Literal[1] = 1
    updates: int = 0
    elapsed_s: float = 0.0
    best: float | None = None
    """The best validation's score."""
    pictures: int = 0
    """Of the training split."""
    recipe: dict[str, JsonValue] | None = None
    """By which they were made; None: that was not noted yet."""
    optimizer_groups: list[dict[str, JsonValue]] = []


@contextmanager
def open_perception_run(path: Path, experiment: PerceptionExperiment, resume: bool) -> Iterator[PerceptionRun]:
    """Take a folder for a run; see `robosim.agents.training.run_folder.open_run`."""
    run = PerceptionRun(path)
    with taken(run, experiment, load_perception(begun(run)) if resume else None, CHANGEABLE):
        yield run


def save_state(run: PerceptionRun, network: Network, optimizer: torch.optim.Optimizer, progress: Progress) -> None:
    """Write the state of a run, whole or not at all."""
    state = optimizer.state_dict()
    progress = progress.model_copy(update={"optimizer_groups": state["param_groups"]})
    tensors: Tensors = {f"network/{name}": tensor for name, tensor in network.state_dict().items()}
    write_tensors(run.checkpoint, progress.model_dump_json(), tensors | optimizer_tensors(state))


def load_state(run: PerceptionRun, network: Network, optimizer: torch.optim.Optimizer) -> Progress:
    """Put the state of a run back into a freshly built network and optimizer; a new run's is left as it is.

    Raises:
        TensorFileError: The file is damaged.
        CheckpointError: It is of another network or version.
    """
    if not run.checkpoint.is_file():
        return Progress()
    head, tensors = read_tensors(run.checkpoint, "checkpoint")
    try:
        progress = Progress.model_validate_json(head)
    except ValidationError as error:
        raise CheckpointError(f"{run.checkpoint}: not a checkpoint of this version: {error}") from None
    weights = {name.removeprefix("network/"): value for name, value in tensors.items() if name.startswith("network/")}
    shapes, wanted = (
        {key: tuple(value.shape) for key, value in one.items()} for one in (weights, network.state_dict())
    )
    if shapes != wanted:
        raise CheckpointError(f"{run.checkpoint}: of another network")
    optimizer.load_state_dict(optimizer_state(run.checkpoint, progress.optimizer_groups, tensors, optimizer))
    network.load_state_dict(weights)
    return progress


def note_pictures(run: PerceptionRun, progress: Progress, train: Pictures) -> None:
    """Note what a run learns from.

    Raises:
        RunError: It has learnt from other pictures.
    """
    now = progress.model_copy(update={"pictures": len(train), "recipe": train.recipe.told()})
    wrong = differences(progress, now)
    if progress.recipe is not None and wrong:
        raise RunError(
            f"{run.path}: has learnt from other pictures, and cannot go on with these:{wrong}"
            "\n  (for these give another --out)"
        )
    progress.pictures, progress.recipe = now.pictures, now.recipe
