"""Teaching a perception network: batches in, weights out; validated, checkpointed, resumable (on a CPU bit for bit)."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import torch

from robosim.agents.perception.experiment import PerceptionExperiment
from robosim.agents.perception.judge import judge, quick_scores
from robosim.agents.perception.network_file import Network, build_network, load_finder, save_network
from robosim.agents.perception.run import (
    PerceptionRun,
    Progress,
    load_state,
    note_pictures,
    open_perception_run,
    save_state,
)
from robosim.agents.perception.samples import Order, Pictures, Sample, batches, some
from robosim.agents.training.checkpoint import DivergedError
from robosim.agents.training.curve import Curve
from robosim.agents.training.device import DeviceChoice, DeviceName, choose_device_for, fastest_precision
from robosim.agents.training.run_folder import keep_experiment
from robosim.errors import RobosimError
from robosim.perception.answers import NetworkSeer
from robosim.perception.augment import augmented
from robosim.perception.closer import CloserNetwork
from robosim.perception.labels import LabelNetwork
from robosim.perception.scene import SceneNetwork

_SMOOTH = 20  # updates of which the curve shows the mean


@dataclass(frozen=True)
class PerceptionSetup:
    """What is known before the first update."""

    folder: Path
    device: DeviceChoice
    precision: str
    parameters: int
    pictures: int
    resumed_at: int


@dataclass(frozen=True)
class PerceptionStatus:
    """How a run stands."""

    updates: int
    total: int
    pictures_per_s: float
    losses: dict[str, float]
    """Means over the latest updates."""
    validation: dict[str, float] | None
    """Where one was just made."""
    best: bool
    """Whether it was the best so far."""


def train_perception(
    experiment: PerceptionExperiment,
    folder: str | Path,
    train: Pictures,
    val: Pictures,
    *,
    resume: bool = False,
    device: DeviceName = "auto",
    workers: int = 0,
    on_setup: Callable[[PerceptionSetup], None] = lambda setup: None,
    on_status: Callable[[PerceptionStatus], None] = lambda status: None,
    stop: Callable[[], bool] = lambda: False,
) -> bool:
    """Train until the last update or until stopped.

    Args:
        experiment: What to train.
        folder: Where; empty or not there for a new run.
        train: Pictures to learn from.
        val: Pictures to choose the best network by.
        resume: Go on with the run in the folder.
        device: Where the network runs.
        workers: Processes that read pictures beside this one.
        on_setup: Called once, before the first update.
        on_status: Called after every update.
        stop: Asked again and again; True, for good, ends the run cleanly, with a checkpoint.

    Returns:
        Whether it came to its end.

    Raises:
        RobosimError: A user's mistake or a damaged file, or training that diverged.
    """
    with open_perception_run(Path(folder), experiment, resume) as run:
        torch.manual_seed(experiment.seed)
        network = build_network(experiment.network)
        _check_sizes(experiment, (train, val))
        parameters = sum(weights.numel() for weights in network.parameters())
        choice = choose_device_for(device, True, parameters)
        fitting = _Fitting(experiment, network, torch.device(choice.device))
        progress = load_state(run, network, fitting.optimizer)
        if not progress.updates and isinstance(network, CloserNetwork):
            load_finder(network)
        note_pictures(run, progress, train)
        keep_experiment(run, experiment)
        precision = str(fitting.precision).removeprefix("torch.")
        on_setup(PerceptionSetup(run.path, choice, precision, parameters, progress.pictures, progress.updates))
        with contextlib.closing(Curve(run.curve, run.tensorboard, progress.updates + 1)) as curve:
            _Run(experiment, run, fitting, (train, val), progress, curve, on_status).go(stop, workers)
        return progress.updates >= experiment.fit.updates


def _check_sizes(experiment: PerceptionExperiment, sets: Sequence[Pictures]) -> None:
    network = experiment.network
    if network.kind == "labels":
        return
    for one in sets:
        if (one.recipe.height, one.recipe.width) != (network.height, network.width):
            raise RobosimError(
                f"network.width, network.height = {network.width}, {network.height}: the pictures in {experiment.data} "
                f"are {one.recipe.width} × {one.recipe.height} pixels (robosim dataset --width --height)"
            )


class _Fitting:
    """A network and its optimizer on a device: one update at a time."""

    def __init__(self, experiment: PerceptionExperiment, network: Network, device: torch.device) -> None:
        # Channels last is how convolutions in 16 bits are fast, on either.
        self.network, self.device = network.to(device, memory_format=torch.channels_last), device  # type: ignore[call-overload]
        self._experiment = experiment
        fit = experiment.fit
        learning = [weights for weights in network.parameters() if weights.requires_grad]
        self.optimizer = torch.optim.AdamW(learning, fit.learning_rate, weight_decay=fit.weight_decay)
        self.precision = torch.float32 if fit.precision == "float32" else fastest_precision(device)

    def update(self, batch: Sample, number: int) -> dict[str, torch.Tensor]:
        """Makes the update of a number, counted from 0; gives the losses."""
        experiment, fit = self._experiment, self._experiment.fit
        # From (seed, number), so that a run that goes on draws what it would have drawn.
        generator = torch.Generator().manual_seed(experiment.seed * 1_000_003 + number)
        labels = isinstance(self.network, LabelNetwork)
        batch = augmented(batch, experiment.augmentation, generator, mirror=not labels)
        for group in self.optimizer.param_groups:
            group["lr"] = fit.learning_rate * fit.rate(number)
        self.network.train()
        with torch.autocast(self.device.type, self.precision, enabled=self.precision != torch.float32):
            network = self.network
            costs = network.losses(batch) if isinstance(network, SceneNetwork) else network.losses(batch, generator)
        total = torch.stack(list(costs.values())).sum()
        self.optimizer.zero_grad(set_to_none=True)
        total.backward()  # type: ignore[no-untyped-call]
        torch.nn.utils.clip_grad_norm_(self.network.parameters(), fit.max_grad_norm)
        self.optimizer.step()
        return {name: cost.detach() for name, cost in costs.items()}


class _Run:
    """What happens between updates."""

    def __init__(
        self,
        experiment: PerceptionExperiment,
        run: PerceptionRun,
        fitting: _Fitting,
        data: tuple[Pictures, Pictures],
        progress: Progress,
        curve: Curve,
        on_status: Callable[[PerceptionStatus], None],
    ) -> None:
        self._experiment, self._run, self._fitting = experiment, run, fitting
        (self._train, self._val), self._progress, self._curve, self._on_status = data, progress, curve, on_status
        self._began = time.monotonic() - progress.elapsed_s
        self._saved = time.monotonic()
        self._recent: list[dict[str, float]] = []

    def go(self, stop: Callable[[], bool], workers: int) -> None:
        """Trains to the end, or until it is to stop."""
        experiment, progress, fitting = self._experiment, self._progress, self._fitting
        first, end = progress.updates, experiment.fit.updates
        order = Order(progress.pictures, experiment.fit.batch, experiment.seed)
        start = time.monotonic()
        for batch in batches(self._train, order, first, end, fitting.device, workers):
            if stop():
                break
            costs = fitting.update(batch, progress.updates)
            progress.updates += 1
            self._recent = [*self._recent, {name: float(cost) for name, cost in costs.items()}][-_SMOOTH:]
            pace = (progress.updates - first) * len(batch["boxes"]) / max(time.monotonic() - start, 1e-9)
            self._after(pace)
        if progress.updates > first:
            self._save()

    def _after(self, pace: float) -> None:
        experiment, progress = self._experiment, self._progress
        losses = {name: sum(one[name] for one in self._recent) / len(self._recent) for name in self._recent[0]}
        validation, best = None, False
        if progress.updates % experiment.validation.every == 0 or progress.updates == experiment.fit.updates:
            validation, best = self._validate()
        if validation or progress.updates % _SMOOTH == 0:
            row = {f"loss/{name}": cost for name, cost in losses.items()}
            row |= {f"val/{name}": rate for name, rate in (validation or {}).items()}
            self._curve.append(
                {"steps": progress.updates, "updates": progress.updates, "fps": pace, **row, **self._clock()}
            )
        if validation or time.monotonic() - self._saved >= experiment.checkpoint_every_s:
            self._save()
        self._on_status(PerceptionStatus(progress.updates, experiment.fit.updates, pace, losses, validation, best))

    def _validate(self) -> tuple[dict[str, float], bool]:
        self._refuse_diverged()
        indices = some(len(self._val), self._experiment.validation.pictures)
        rates = quick_scores(judge(NetworkSeer(self._fitting.network), self._val, indices, self._fitting.device))
        best = self._progress.best is None or rates["score"] > self._progress.best
        if best:
            self._progress.best = rates["score"]
            self._save_network(self._run.best, rates)
        return rates, best

    def _save(self) -> None:
        self._refuse_diverged()
        self._progress.elapsed_s = self._clock()["wall_clock_s"]
        save_state(self._run, self._fitting.network, self._fitting.optimizer, self._progress)
        self._save_network(self._run.last, {})
        self._saved = time.monotonic()

    def _save_network(self, path: Path, rates: dict[str, float]) -> None:
        experiment, progress = self._experiment, self._progress
        save_network(
            path,
            self._fitting.network,
            name=experiment.name,
            seed=experiment.seed,
            updates=progress.updates,
            pictures=progress.pictures,
            wall_clock_s=self._clock()["wall_clock_s"],
            scores={f"val/{name}": rate for name, rate in rates.items()},
        )

    def _clock(self) -> dict[str, float]:
        return {"wall_clock_s": time.monotonic() - self._began}

    def _refuse_diverged(self) -> None:
        for name, weights in self._fitting.network.named_parameters():
            if not torch.isfinite(weights).all():
                raise DivergedError(
                    f"training has diverged after {self._progress.updates} updates: {name} is not finite"
                )
