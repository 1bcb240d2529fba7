"""What a training run tells while it runs: `Setup` once, `Status` again and again, `Outcome` at the end."""

from dataclasses import dataclass
from pathlib import Path

from robosim.agents.training.device import DeviceChoice
from robosim.agents.training.validation import Validation


@dataclass(frozen=True)
class Setup:
    """What runs where, known before the first step."""

    folder: Path
    device: DeviceChoice
    parameters: int
    """Numbers in the network, actor and critic."""
    update_threads: int
    """Torch threads of an update, where it runs on the CPU."""
    envs: int
    workers: int
    resumed_at: int
    """Env steps that were done before; 0 for a new run."""
    total_steps: int


@dataclass(frozen=True)
class Status:
    """How a run stands."""

    steps: int
    total_steps: int
    updates: int
    fps: float
    """Env steps per second of the latest update, sampling and learning."""
    seconds_left: float | None
    """Estimated from this session's pace, validation included; None before the first update."""
    success: float | None
    """Share of the latest training episodes; None where the env does not tell, or none has ended."""
    ret: float | None
    """Mean return of the latest training episodes."""
    validating: int | None
    """Validation episodes done, while a validation is under way."""
    validation: Validation | None
    """The latest validation of this session."""
    best: Validation | None
    """That of the agent in best/."""
    imitating: float | None = None
    """Share of the imitation that is done, while one is under way, before the first step."""


@dataclass(frozen=True)
class Outcome:
    """How a run ended."""

    folder: Path
    steps: int
    finished: bool
    """False where it was stopped before its end."""
    best: Validation | None
