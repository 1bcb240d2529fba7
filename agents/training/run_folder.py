"""The folder of a training run: what is where, who may write to it, and which experiment it belongs to.

experiment.yaml         the whole experiment, defaults included
checkpoint.safetensors  what --resume goes on from
curve.csv, tensorboard/ the learning curve
best/, last/            agents: the best by validation, and the latest
cloned/                 the agent before PPO, where it imitated an expert first
"""

import hashlib
import json
import sys
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from pydantic import BaseModel

from robosim.agents.training.experiment import Experiment
from robosim.agents.training.experiment_file import differing_fields, dump_experiment, load_experiment
from robosim.errors import RobosimError
from robosim.whole_file import is_partial, remove_partial, write_whole

if sys.platform != "win32":
    import fcntl

# What may be changed when a run goes on: none of it changes what the steps so far have learnt, or what the
# validation scores so far mean.
CHANGEABLE = ("total_steps", "workers", "checkpoint_every_s", "validation.every_steps")

_LOCK = ".lock"


class RunError(RobosimError):
    """A folder in which this run cannot start or go on."""


@dataclass(frozen=True)
class RunFiles:
    """The paths that every run has."""

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
    def curve(self) -> Path:
        """The learning curve, one row an update."""
        return self.path / "curve.csv"

    @property
    def tensorboard(self) -> Path:
        """The learning curve for TensorBoard."""
        return self.path / "tensorboard"


@dataclass(frozen=True)
class RunFolder(RunFiles):
    """The paths of one run."""

    @property
    def best(self) -> Path:
        """The best agent by validation."""
        return self.path / "best"

    @property
    def last(self) -> Path:
        """The latest agent."""
        return self.path / "last"

    @property
    def cloned(self) -> Path:
        """The agent as imitation left it."""
        return self.path / "cloned"


def load_run(path: str | Path) -> Experiment:
    """The experiment of a run that was started.

    Raises:
        RunError: the folder holds no run.
        ExperimentError: its experiment.yaml was spoilt.
    """
    return load_experiment(begun(RunFolder(Path(path))))


def begun(run: RunFiles) -> Path:
    """The experiment.yaml of a run that was started.

    Raises:
        RunError: the folder holds no run.
    """
    if not run.experiment.is_file():
        found = "holds no experiment.yaml" if run.path.is_dir() else "does not exist"
        raise RunError(f"{run.path}: {found}: there is no run to resume; start it without --resume")
    return run.experiment


@contextmanager
def open_run(path: str | Path, experiment: Experiment, resume: bool) -> Iterator[RunFolder]:
    """Take a folder for a run, new or resumed, and keep every other process from training in it meanwhile.

    What the user has there is left as it is; `keep_experiment` follows when all else is known to be well.

    Raises:
        RunError: the folder is not empty (new run); holds no run or one of another experiment (resume); or
            is in use.
    """
    run = RunFolder(Path(path))
    with taken(run, experiment, load_run(path) if resume else None, CHANGEABLE):
        yield run


@contextmanager
def taken(run: RunFiles, experiment: BaseModel, kept: BaseModel | None, changeable: Collection[str]) -> Iterator[None]:
    """Take a folder for a run of any kind; see `open_run`.

    Args:
        run: Whose.
        experiment: What it is to do.
        kept: What the run there has been doing, where it is to go on; None for a new run.
        changeable: In which fields these may differ.

    Raises:
        RunError: see `open_run`.
    """
    if kept is not None:
        wrong = differences(kept, experiment, changeable)
        if wrong:
            raise RunError(
                f"{run.path}: holds a run of another experiment, which cannot go on as this one:{wrong}"
                f"\n  (may differ: {', '.join(changeable)}; for a new run give another --out)"
            )
    elif not is_free(run.path):
        raise RunError(_occupied(run))
    run.path.mkdir(parents=True, exist_ok=True)
    with _locked(run.path):
        remove_partial(run.path)
        yield


def keep_experiment(run: RunFiles, experiment: BaseModel) -> None:
    """Write experiment.yaml; for a resumed run with what was changed."""
    write_whole(run.experiment, dump_experiment(experiment).encode())


def identity(experiment: Experiment) -> str:
    """SHA-256 of everything that may not change when a run goes on."""
    values = experiment.model_dump(mode="json")
    for name in CHANGEABLE:
        part, _, field = name.rpartition(".")
        (values[part] if part else values).pop(field)
    return hashlib.sha256(json.dumps(values, sort_keys=True).encode()).hexdigest()


def differences(kept: BaseModel, asked: BaseModel, changeable: Collection[str] = ()) -> str:
    """A line, for an error, for each field in which a run's and what is asked of it differ and must not."""
    return "".join(
        f"\n  {name}: the run has {old!r}, asked for is {new!r}"
        for name, (old, new) in differing_fields(kept, asked).items()
        if name not in changeable
    )


def is_free(path: Path) -> bool:
    """Whether nothing is there but what a run leaves that was killed before it began."""
    if not path.is_dir():
        return not path.exists()
    return all(entry.name == _LOCK or is_partial(entry) for entry in path.iterdir())


def _occupied(run: RunFiles) -> str:
    if not run.path.is_dir():
        return f"{run.path}: is a file; give another --out"
    if not run.experiment.is_file():
        return f"{run.path}: is not empty, and holds no run; give another --out"
    return f"{run.path}: already holds a run; go on with it by --resume, or start anew by another --out"


@contextmanager
def _locked(folder: Path) -> Iterator[None]:
    """Hold a folder's lock, which ends with this process, however it ends, and which worker processes do not inherit.

    Raises:
        RunError: Another process holds it.
    """
    if sys.platform == "win32":
        yield
        return
    with (folder / _LOCK).open("w") as file:
        try:
            # A POSIX record lock: unlike flock's, it is not kept by the forked workers of a killed run.
            fcntl.lockf(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            raise RunError(f"{folder}: another process is training in this folder") from None
        yield
