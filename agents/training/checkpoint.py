"""The state of a training run as one safetensors file: network, optimizer, normaliser, and a little JSON.

Loading runs no code from the file. What is not kept: the state of the envs and of the random generators. A
resumed run starts new episodes, with generators seeded from (seed, steps); so it is as good as the run that
was not interrupted, but not the same bit for bit.
"""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Literal, NamedTuple, Protocol

import numpy as np
import torch
from pydantic import BaseModel, ConfigDict, Field, JsonValue, ValidationError
from stable_baselines3 import PPO
from stable_baselines3.common.running_mean_std import RunningMeanStd
from stable_baselines3.common.vec_env import VecNormalize

from robosim.agents.storage.card import OriginCard
from robosim.agents.storage.reading import weights_of
from robosim.agents.storage.tensor_file import TensorFileError, Tensors, read_tensors, write_tensors
from robosim.agents.training.optimizer_state import CheckpointError, optimizer_state, optimizer_tensors
from robosim.errors import RobosimError

_MOMENTS = ("mean", "var", "count")


class Shaped(Protocol):
    """A tensor or an array."""

    @property
    def shape(self) -> tuple[int, ...]:
        """Its length along each axis."""


class DivergedError(RobosimError):
    """The network's weights became infinite or NaN."""


class FinishedEpisode(BaseModel):
    """One training episode that has ended."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    ret: float
    length: int
    success: bool | None
    level: float | None
    metrics: dict[str, float]


class Ended(NamedTuple):
    """Of a training episode, what the success by level and by kind is made of."""

    success: bool
    level: float | None
    kind: str | None


class Progress(BaseModel):
    """How far a run is, at the end of an update: what the checkpoint holds besides tensors."""

    model_config = ConfigDict(extra="forbid")

    experiment_sha256: str
    steps: int = 0
    updates: int = 0
    episodes: int = 0
    elapsed_s: float = 0.0
    """Wall clock since the run's start, the time between a kill and its resumption left out."""
    validated_at: int | None = None
    """Steps at the latest validation. (Which agent was the best so far stands in the card of best/.)"""
    row: dict[str, float] = {}
    """The row of curve.csv of this update: the file itself may have lost it."""
    recent: list[FinishedEpisode] = []
    """The latest training episodes, of which the curve shows the mean."""
    start_from: OriginCard | None = None
    """Whom the run began with."""
    ended: list[Ended] = []
    """More of them, of which it shows the success by level and by kind."""


class Head(BaseModel):
    """The JSON of a checkpoint."""

    model_config = ConfigDict(extra="forbid")

    format: Literal[1] = 1
    progress: Progress
    sb3_updates: int = Field(0, ge=0)
    """SB3's own count, of passes over the steps of an update; the curve shows it as train/n_updates."""
    optimizer_groups: list[dict[str, JsonValue]]


def save_checkpoint(path: Path, model: PPO, normaliser: VecNormalize, progress: Progress) -> None:
    """Write the state of a run, whole or not at all.

    Raises:
        DivergedError: a weight is not finite: the last checkpoint is left in place.
    """
    refuse_diverged(model)
    optimizer = model.policy.optimizer.state_dict()
    tensors: Tensors = {f"policy/{name}": tensor for name, tensor in weights_of(model.policy).items()}
    tensors |= optimizer_tensors(optimizer)
    for name, statistics in _statistics(normaliser).items():
        tensors |= {f"{name}/{key}": torch.as_tensor(getattr(statistics, key), dtype=torch.float64) for key in _MOMENTS}
    head = json.dumps(
        {
            "format": 1,
            "progress": progress.model_dump(),
            "sb3_updates": model._n_updates,
            "optimizer_groups": optimizer["param_groups"],
        }
    )
    write_tensors(path, head, tensors)


def load_checkpoint(path: Path, model: PPO, normaliser: VecNormalize) -> Progress:
    """Put the state of a run back into a freshly built model and normaliser.

    Raises:
        CheckpointError: the file is damaged, or of another network, env or version. Then nothing was changed.
    """
    head, tensors = _read(path)
    policy = {name.removeprefix("policy/"): value for name, value in tensors.items() if name.startswith("policy/")}
    _check_shapes(path, "network", policy, weights_of(model.policy))
    statistics = _statistics(normaliser)
    names = {f"{name}/{key}": np.asarray(getattr(rms, key)) for name, rms in statistics.items() for key in _MOMENTS}
    _check_shapes(path, "normaliser", {n: v for n, v in tensors.items() if n.startswith("normalise/")}, names)
    optimizer = optimizer_state(path, head.optimizer_groups, tensors, model.policy.optimizer)
    model.policy.optimizer.load_state_dict(optimizer)
    with torch.no_grad():
        for name, weight in weights_of(model.policy).items():
            weight.copy_(policy[name])
    for name, rms in statistics.items():
        rms.mean, rms.var = (tensors[f"{name}/{key}"].numpy().copy() for key in ("mean", "var"))
        rms.count = float(tensors[f"{name}/count"])
    model.num_timesteps, model._n_updates = head.progress.steps, head.sb3_updates
    return head.progress


def refuse_diverged(model: PPO) -> None:
    """Look for weights that are not finite, from which no training recovers.

    Raises:
        DivergedError: there is one.
    """
    for name, weight in model.policy.named_parameters():
        if not torch.isfinite(weight).all():
            raise DivergedError(
                f"training has diverged after {model.num_timesteps} steps ({name} is not finite): the files in "
                "the folder are those from before; try a smaller ppo.learning_rate"
            )


def read_progress(path: Path) -> Progress:
    """How far a run is. The whole file is checked all the same.

    Raises:
        CheckpointError: the file is damaged or not a checkpoint.
    """
    return _read(path)[0].progress


def _statistics(normaliser: VecNormalize) -> dict[str, RunningMeanStd]:
    """Every running mean and variance that the normaliser keeps, by the name it has in the file."""
    statistics: dict[str, RunningMeanStd] = {"normalise/return": normaliser.ret_rms}
    if normaliser.norm_obs:
        seen: RunningMeanStd | dict[str, RunningMeanStd] = normaliser.obs_rms
        by_key = seen if isinstance(seen, dict) else {"": seen}
        statistics |= {f"normalise/observation/{key}": rms for key, rms in by_key.items()}
    return statistics


def _read(path: Path) -> tuple[Head, Tensors]:
    """The JSON and the tensors of a file that is certainly as it was written."""
    try:
        head, tensors = read_tensors(path, "checkpoint")
    except TensorFileError as error:
        raise CheckpointError(str(error)) from None
    try:
        return Head.model_validate_json(head), tensors
    except ValidationError as error:
        raise CheckpointError(f"{path}: not a checkpoint of this version: {error}") from None


def _check_shapes(path: Path, part: str, found: Mapping[str, Shaped], wanted: Mapping[str, Shaped]) -> None:
    """Refuse tensors that are missing, unknown or of another shape than this experiment's."""
    for name in [*wanted, *(name for name in found if name not in wanted)]:
        has, needs = (tuple(side[name].shape) if name in side else None for side in (found, wanted))
        if has != needs:
            raise CheckpointError(f"{path}: of another {part}: {name} has shape {has}, this experiment's is {needs}")
