"""A training run on the toy env, in two sizes of brevity: what several test files start from."""

from pathlib import Path

from toy_env import ENV_ID

from robosim.agents.training.experiment import Experiment
from robosim.agents.training.experiment_file import parse_experiment
from robosim.agents.training.status import Outcome, Status
from robosim.agents.training.train import train

UPDATE = 256  # env steps
TOTAL = 1000 * UPDATE
CHECKPOINT_S = 0.3
PPO = {"n_steps": 64, "batch_size": 64, "n_epochs": 2}
VALUES: dict[str, object] = {
    "name": "toy",
    "env": {"id": ENV_ID, "kwargs": {"level": 2}},
    "total_steps": TOTAL,
    "envs": 4,
    "workers": 1,
    "ppo": PPO,
    "normalise": {"reward": True},
    "validation": {"every_steps": 2 * UPDATE, "episodes": 4},
    "checkpoint_every_s": CHECKPOINT_S,
}


def toy(**changes: object) -> Experiment:
    """The experiment, with some of its top-level fields changed."""
    return parse_experiment({**VALUES, **changes}, "test")


def train_until(path: Path, updates: int, resume: bool = False, **changes: object) -> tuple[Outcome, list[Status]]:
    """Train up to a number of updates, counted from the run's start, and stop."""
    told: list[Status] = []
    outcome = train(
        toy(**changes),
        path,
        resume=resume,
        on_status=told.append,
        stop=lambda: bool(told) and told[-1].updates >= updates,
    )
    return outcome, told
