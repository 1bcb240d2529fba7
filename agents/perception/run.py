"""The folder of a supervised training: what is where, and what `--resume` goes on from.

experiment.yaml         the whole experiment, defaults included
checkpoint.safetensors  network and optimizer; a run that goes on from it ends as if it had not been interrupted
network.safetensors     the best network by validation
last.safetensors        the latest
curve.csv, tensorboard/ the learning curve
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import torch
from pydantic import BaseModel, ConfigDict, JsonValue, ValidationError

from robosim.agents.perception.experiment import PerceptionExperiment, dump_perception, load_perception
from robosim.agents.perception.network_file import NETWORK_NAME, Network
from robosim.agents.storage.tensor_file import Tensors, read_tensors, write_tensors
from robosim.agents.storage.whole_file import remove_partial, write_whole
from robosim.agents.training.optimizer_state import CheckpointError, optimizer_state, optimizer_tensors
from robosim.agents.training.run_folder import RunError, is_free, locked

_CHANGEABLE = {"data", "checkpoint_every_s"}  # fields that change nothing of what is learnt


@dataclass(frozen=True)
class PerceptionRun:
    """The paths of one run."""

    path: Path

    @property
    def experiment(self) -> Path:
        """The whole experiment."""
        return self.path / "experiment.yaml"

    @property
    def checkpoint(self) -> Path:
        """What a resumed run goes on from."""
        return self.path / "checkpoint.safetensors"

    @property
    def best(self) -> Path:
        """The best network by validation."""
        return self.path / NETWORK_NAME

    @property
    def last(self) -> Path:
        """The latest network."""
        return self.path / "last.safetensors"


class Done(BaseModel):
    """How far a run is: what the checkpoint holds beside tensors."""

    model_config = ConfigDict(extra="forbid")

    format: Literal[1] = 1
    updates: int = 0
    elapsed_s: float = 0.0
    best: float | None = None
    """The best validation's score."""
    pictures: int = 0
    """Of the training split."""
    optimizer_groups: list[dict[str, JsonValue]] = []


@contextmanager
def open_perception_run(path: Path, experiment: PerceptionExperiment, resume: bool) -> Iterator[PerceptionRun]:
    """Take a folder for a run, new or resumed, and keep every other process from training in it meanwhile.

    Raises:
        RunError: It is not empty (new run); holds no run or one of another experiment (resume); or is in use.
    """
    run = PerceptionRun(path)
    if resume:
        _refuse_other(run, experiment)
    elif not is_free(path):
        raise RunError(f"{path}: is not empty; go on with a run by --resume, or start anew by another --out")
    path.mkdir(parents=True, exist_ok=True)
    with locked(path):
        remove_partial(path)
        write_whole(run.experiment, dump_perception(experiment).encode())
        yield run


def save_state(run: PerceptionRun, network: Network, optimizer: torch.optim.Optimizer, done: Done) -> None:
    """Write the state of a run, whole or not at all."""
    state = optimizer.state_dict()
    done = done.model_copy(update={"optimizer_groups": state["param_groups"]})
    tensors: Tensors = {f"network/{name}": tensor for name, tensor in network.state_dict().items()}
    write_tensors(run.checkpoint, done.model_dump_json(), tensors | optimizer_tensors(state))


def load_state(run: PerceptionRun, network: Network, optimizer: torch.optim.Optimizer) -> Done:
    """Put the state of a run back into a freshly built network and optimizer; a new run's is left as it is.

    Raises:
        CheckpointError: The file is damaged, or of another network or version.
    """
    if not run.checkpoint.is_file():
        return Done()
    head, tensors = read_tensors(run.checkpoint, "checkpoint")
    try:
        done = Done.model_validate_json(head)
    except ValidationError as error:
        raise CheckpointError(f"{run.checkpoint}: not a checkpoint of this version: {error}") from None
    weights = {name.removeprefix("network/"): value for name, value in tensors.items() if name.startswith("network/")}
    shapes, wanted = (
        {key: tuple(value.shape) for key, value in one.items()} for one in (weights, network.state_dict())
    )
    if shapes != wanted:
        raise CheckpointError(f"{run.checkpoint}: of another network")
    optimizer.load_state_dict(optimizer_state(run.checkpoint, done.optimizer_groups, tensors, optimizer))
    network.load_state_dict(weights)
    return done


def _refuse_other(run: PerceptionRun, experiment: PerceptionExperiment) -> None:
    if not run.experiment.is_file():
        raise RunError(f"{run.path}: there is no run to resume; start it without --resume")
    kept, asked = (
        json.loads(one.model_dump_json(exclude=_CHANGEABLE)) for one in (load_perception(run.experiment), experiment)
    )
    wrong = [name for name in asked if kept[name] != asked[name]]
    if wrong:
        raise RunError(f"{run.path}: holds a run of another experiment: {', '.join(wrong)} differ; give another --out")
