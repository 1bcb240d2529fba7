"""Validation while training: always the same episodes of the validation split; which agent is the better."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from pydantic import JsonValue

from robosim.agents.evaluation.evaluator import Episode, Evaluator
from robosim.agents.storage.agent import read_card
from robosim.agents.storage.files import is_agent
from robosim.agents.training.experiment import Experiment

VALIDATION_SEED = 0
"""Seed of the first validation episode: the same episodes at every validation of every run."""
_SCORE = "validation"


@dataclass(frozen=True)
class Validation:
    """How good an agent is on the validation split."""

    steps: int
    """Env steps the agent was trained for."""
    success: float
    """Share of the episodes, 0 to 1."""
    ret: float
    """Mean return."""
    metrics: dict[str, float]
    """Mean of each metric over the episodes that have it."""
    success_by_level: dict[int, float]
    success_by_kind: dict[str, float] = field(default_factory=dict)

    def beats(self, other: "Validation | None") -> bool:
        """Whether it is the better agent: by success, then by mean return."""
        return other is None or (self.success, self.ret) > (other.success, other.ret)

    def row(self) -> dict[str, float]:
        """Columns for the curve; success by level and by kind only where there are several."""
        levels = self.success_by_level if len(self.success_by_level) > 1 else {}
        kinds = self.success_by_kind if len(self.success_by_kind) > 1 else {}
        return {
            **{f"validation/{name}": value for name, value in self.metrics.items()},
            **{f"validation/success_level_{level}": value for level, value in sorted(levels.items())},
            **{f"validation/success_kind_{kind}": value for kind, value in sorted(kinds.items())},
            "validation/success": self.success,
            "validation/return": self.ret,
        }

    def scores(self, experiment: Experiment) -> dict[str, JsonValue]:
        """What the agent's card says of it."""
        level = experiment.env_kwargs("val").get("level")
        return {
            _SCORE: {
                "split": "val" if experiment.env.splits else None,
                "level": level,
                "episodes": experiment.validation.episodes,
                "seed": VALIDATION_SEED,
                "success": self.success,
                "return": self.ret,
                "metrics": dict(self.metrics),
            }
        }


def validate(
    evaluator: Evaluator,
    agent: Path,
    experiment: Experiment,
    steps: int,
    on_episode: Callable[[Episode], None] | None = None,
) -> Validation:
    """Judge the agent in a folder on the experiment's validation episodes; the test split has no way in here.

    Args:
        evaluator: Where the episodes are run.
        agent: The agent's folder.
        experiment: Says which env, level and how many episodes.
        steps: Env steps the agent was trained for.
        on_episode: Called after every episode.
    """
    episodes = evaluator.run(
        str(agent),
        experiment.env.id,
        experiment.env_kwargs("val"),
        experiment.validation.episodes,
        VALIDATION_SEED,
        on_episode=on_episode,
    )
    return summarise(episodes, steps)


def summarise(episodes: Sequence[Episode], steps: int) -> Validation:
    """Means over episodes."""
    by_level: dict[int, list[bool]] = {}
    by_kind: dict[str, list[bool]] = {}
    for episode in episodes:
        if episode.level is not None:
            by_level.setdefault(episode.level, []).append(episode.success)
        if episode.kind is not None:
            by_kind.setdefault(episode.kind, []).append(episode.success)
    return Validation(
        steps=steps,
        success=_mean([float(episode.success) for episode in episodes]),
        ret=_mean([episode.ret for episode in episodes]),
        metrics=mean_metrics([episode.metrics for episode in episodes]),
        success_by_level={level: _mean([float(one) for one in ones]) for level, ones in by_level.items()},
        success_by_kind={kind: _mean([float(one) for one in ones]) for kind, ones in by_kind.items()},
    )


def mean_metrics(metrics: Sequence[dict[str, float]]) -> dict[str, float]:
    """Mean of each metric over the episodes in which it is finite, sorted by name."""
    names = sorted({name for one in metrics for name in one})
    finite = {name: [one[name] for one in metrics if math.isfinite(one.get(name, math.nan))] for name in names}
    return {name: _mean(values) for name, values in finite.items() if values}


def best_so_far(folder: Path) -> Validation | None:
    """The validation of the agent in best/, from its card; None where there is none yet.

    Raises:
        AgentError: The agent in the folder is damaged.
    """
    if not is_agent(folder):
        return None
    card = read_card(folder)
    score = card.scores.get(_SCORE)
    if not isinstance(score, dict):
        return None
    success, ret = score.get("success"), score.get("return")
    if not isinstance(success, int | float) or not isinstance(ret, int | float):
        return None
    return Validation(card.steps, float(success), float(ret), {}, {})


def _mean(values: Sequence[float]) -> float:
    return math.fsum(values) / len(values)
