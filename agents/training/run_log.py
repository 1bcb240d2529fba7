"""A run's run_log, kept between two updates of PPO: curve, validation, checkpoint, agents."""

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from statistics import fmean

from stable_baselines3 import PPO
from stable_baselines3.common.vec_env import VecNormalize

from robosim.agents.evaluation.evaluator import Episode, EvaluationError, Evaluator
from robosim.agents.policies.normalise import Normaliser
from robosim.agents.storage.agent import save_agent
from robosim.agents.storage.card import EnvCard
from robosim.agents.training.checkpoint import Ended, FinishedEpisode, Progress, save_checkpoint
from robosim.agents.training.curve import Curve, Row
from robosim.agents.training.experiment import Experiment
from robosim.agents.training.learner import acting_space
from robosim.agents.training.mirrored import unfolded
from robosim.agents.training.run_folder import RunFolder
from robosim.agents.training.status import Status
from robosim.agents.training.validation import Validation, best_so_far, mean_metrics, validate

WINDOW = 100  # training episodes that the curve averages over, as SB3 does
LONG_WINDOW = 1000  # those it shows by level and by kind, of which there may be ten each


class StopRequestedError(Exception):
    """The caller wants the run to end; noticed between two validation episodes, or while a teacher is imitated."""


@dataclass
class RunLog:
    """Everything a run knows of itself. Between two updates the files are brought up to date in this order.

    1. Where a validation is due, the checkpoint first: a kill from here to 4. loses no training, and the resumed
       run begins by validating again.
    2. The validation, and the agent in best/ where it is the best so far.
    3. The row of the curve. The checkpoint holds it too, so that none is missing after a kill.
    4. The checkpoint and the agent in last/, where due.
    """

    run: RunFolder
    experiment: Experiment
    model: PPO
    envs: VecNormalize
    evaluator: Evaluator
    curve: Curve
    progress: Progress
    on_status: Callable[[Status], None]
    stop: Callable[[], bool]
    _best: Validation | None = field(init=False)
    _validation: Validation | None = field(init=False, default=None)
    _fps: float = field(init=False, default=0.0)

    def __post_init__(self) -> None:
        """Start the clocks."""
        self._best = best_so_far(self.run.best)
        self._began = self._saved = self._resumed = time.monotonic()
        self._before = self.progress.steps, self.progress.elapsed_s

    @property
    def best(self) -> Validation | None:
        """The validation of the agent in best/."""
        return self._best

    def begin(self) -> None:
        """Take up the curve at the checkpoint, and make up for a validation that a kill prevented or made forgotten.

        Before the first update, keep what imitation has made: what PPO brings is told beside it.
        """
        self.tell()
        if self.experiment.expert_steps and not self.progress.updates:
            self._save_agent(self.run.cloned)
        if self.progress.updates:
            validated = self._due() and self._validate()
            self.curve.append(self.progress.row)
            if validated:
                self._save()
            self._resumed = time.monotonic()
            self.tell()

    @property
    def finished(self) -> bool:
        """Whether all steps are made and validated."""
        return self.experiment.total_steps <= self.progress.steps == self.progress.validated_at

    def note_episode(self, info: Mapping[str, object]) -> None:
        """Keep what the last info of a training episode tells ("episode" is put there by VecMonitor)."""
        episode = info["episode"]
        assert isinstance(episode, dict)
        finished = FinishedEpisode.model_validate(
            {
                "ret": float(episode["r"]),
                "length": int(episode["l"]),
                "success": info.get("is_success"),
                "level": info.get("level"),
                "metrics": info.get("episode_metrics", {}),
            }
        )
        self.progress.episodes += 1
        self.progress.recent = [*self.progress.recent, finished][-WINDOW:]
        if finished.success is not None:
            kind = info.get("kind")
            ended = Ended(finished.success, finished.level, None if kind is None else str(kind))
            self.progress.ended = [*self.progress.ended, ended][-LONG_WINDOW:]

    def after_update(self) -> None:
        """Bring the run_log up to date; see the class."""
        progress, steps = self.progress, self.model.num_timesteps
        self._fps = (steps - progress.steps) / (time.monotonic() - self._resumed)
        progress.steps, progress.updates = steps, progress.updates + 1
        progress.elapsed_s = self._elapsed()
        progress.row = self._row()
        validated = self._due() and self._validate()
        self.curve.append(progress.row)
        if validated or time.monotonic() - self._saved >= self.experiment.checkpoint_every_s:
            self._save()
        self._resumed = time.monotonic()
        self.tell()

    def close(self) -> None:
        """Bring checkpoint and last/ up to date at the end, finished or stopped."""
        if self.progress.updates:
            self._save()

    def tell(self, validating: int | None = None) -> None:
        """Give out how the run stands."""
        progress, total = self.progress, self.experiment.total_steps
        done = progress.steps - self._before[0]
        pace = (time.monotonic() - self._began) / done if done else None
        train = _train_row(progress.recent)
        self.on_status(
            Status(
                steps=progress.steps,
                total_steps=total,
                updates=progress.updates,
                fps=self._fps,
                seconds_left=None if pace is None else max(total - progress.steps, 0) * pace,
                success=train.get("rollout/success"),
                ret=train.get("rollout/return"),
                validating=validating,
                validation=self._validation,
                best=self._best,
            )
        )

    def _row(self) -> Row:
        """The curve's row of the update that has just ended."""
        progress = self.progress
        learnt = {name: float(value) for name, value in self.model.logger.name_to_value.items()}
        self.model.logger.dump(progress.steps)  # which clears it
        counts = {
            "steps": progress.steps,
            "updates": progress.updates,
            "wall_clock_s": progress.elapsed_s,
            "episodes": progress.episodes,
            "fps": self._fps,
        }
        return {**counts, **_train_row(progress.recent), **success_rows(progress.ended), **learnt}

    def _due(self) -> bool:
        """Whether the agent as it is now is to be validated."""
        since = self.progress.steps - (self.progress.validated_at or 0)
        at_the_end = self.progress.steps >= self.experiment.total_steps
        return since >= self.experiment.validation.every_steps or (at_the_end and since > 0)

    def _validate(self) -> bool:
        """Judge the agent as it is now, keep it if it is the best; False where the run is to stop instead."""
        if self.stop():
            return False
        self._save()
        done = 0

        def count(episode: Episode) -> None:
            nonlocal done
            done += 1
            self.tell(validating=done)
            if self.stop():
                raise StopRequestedError

        try:
            self._validation = validate(self.evaluator, self.run.last, self.experiment, self.progress.steps, count)
        except (StopRequestedError, EvaluationError):
            if self.stop():  # in the latter case too: a SIGTERM may have ended the workers as well
                return False
            raise
        self.progress.validated_at = self.progress.steps
        self.progress.row |= self._validation.row()
        if self._validation.beats(self._best):
            self._best = self._validation
            self._save_agent(self.run.best)
        return True

    def _save(self) -> None:
        """Write the checkpoint and last/."""
        self.progress.elapsed_s = self._elapsed()
        save_checkpoint(self.run.checkpoint, self.model, self.envs, self.progress)
        self._save_agent(self.run.last)
        self._saved = time.monotonic()

    def _save_agent(self, folder: Path) -> None:
        experiment, steps = self.experiment, self.progress.steps
        judged = self._validation if self._validation and self._validation.steps == steps else None
        policy, network = unfolded(self.model.policy, experiment.network)
        save_agent(
            folder,
            policy,
            name=experiment.name,
            env=EnvCard(id=experiment.env.id, kwargs=dict(experiment.env.kwargs)),
            network=network,
            normaliser=Normaliser.from_vec_normalize(self.envs),
            seed=experiment.seed,
            steps=steps,
            wall_clock_s=self._elapsed(),
            scores=judged.scores(experiment) if judged else None,
            observation_space=acting_space(self.model, self.envs),
            start_from=self.progress.start_from,
        )

    def _elapsed(self) -> float:
        """Seconds since the run's start, over all its sessions."""
        return self._before[1] + time.monotonic() - self._began


def _train_row(recent: Sequence[FinishedEpisode]) -> Row:
    """Means over the latest training episodes; a column only where the env tells it."""
    if not recent:
        return {}
    row = {f"rollout/{name}": value for name, value in mean_metrics([one.metrics for one in recent]).items()}
    row["rollout/return"] = fmean(one.ret for one in recent)
    row["rollout/length"] = fmean(one.length for one in recent)
    for name in ("success", "level"):
        told = [getattr(one, name) for one in recent if getattr(one, name) is not None]
        if told:
            row[f"rollout/{name}"] = fmean(told)
    return row


def success_rows(ended: Sequence[Ended]) -> Row:
    """Success by level and by kind, each where there are several: a plateau is seen for what it is made of."""
    row: Row = {}
    for name, told in (
        ("level", [(f"{one.level:g}", one.success) for one in ended if one.level is not None]),
        ("kind", [(one.kind, one.success) for one in ended if one.kind is not None]),
    ):
        groups = sorted({group for group, _ in told})
        if len(groups) > 1:
            for group in groups:
                row[f"rollout/success_{name}_{group}"] = fmean(success for other, success in told if other == group)
    return row
