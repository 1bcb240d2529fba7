"""Whole episodes for others to learn from: every observation, action and reward, not only what came of them."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from robosim.agents.evaluation.episodes import EvaluationError
from robosim.agents.policies.policy import Array, Observation, Policy, State, seed_policy
from robosim.agents.storage.reading import AnyEnv

_FIRST, _LATER = np.ones(1, bool), np.zeros(1, bool)


@dataclass
class Demonstration:
    """One episode."""

    seed: int
    level: int | None = None
    """None where the env has no levels."""
    success: bool = False
    observations: list[Observation] = field(default_factory=list)
    """One more than there are actions: the last comes after the last action."""
    actions: list[Array] = field(default_factory=list)
    rewards: list[float] = field(default_factory=list)
    terminations: list[bool] = field(default_factory=list)
    truncations: list[bool] = field(default_factory=list)


def demonstrate(env: AnyEnv, policy: Policy, seed: int, told: AnyEnv | None = None) -> Demonstration:
    """Play one episode, fixed by its seed, with the policy's deterministic actions.

    Args:
        env: Whose observations are kept.
        policy: Who acts.
        seed: Of the episode.
        told: The same env with other observations, those by which the policy acts; both play the same episode. None:
            it acts by what is kept.

    Raises:
        EvaluationError: What the policy is told changed what happened.
    """
    seed_policy(policy, seed)
    seen, info = env.reset(seed=seed)
    known = seen if told is None else told.reset(seed=seed)[0]
    level = info.get("level")
    kept = Demonstration(seed, None if level is None else int(level), observations=[seen])
    state: State = None
    while not kept.actions or not (kept.terminations[-1] or kept.truncations[-1]):
        action, state = policy.predict(known, state, _LATER if kept.actions else _FIRST, deterministic=True)
        known, reward, terminated, truncated, info = env.step(action)
        kept.observations.append(known)
        if told is not None:
            known, its_reward, *_ = told.step(action)
            if its_reward != reward:
                raise EvaluationError(
                    f"{env.spec and env.spec.id}, seed {seed}: the policy's env played another episode"
                )
        kept.actions.append(np.asarray(action))
        kept.rewards.append(float(reward))
        kept.terminations.append(bool(terminated))
        kept.truncations.append(bool(truncated))
    kept.success = bool(info.get("is_success", False))
    return kept


def stacked(observations: list[Observation]) -> Array | dict[str, Array]:
    """Give observations as one array, time first, or one for each part."""
    first = observations[0]
    if isinstance(first, dict):
        return {key: np.stack([one[key] for one in observations if isinstance(one, dict)]) for key in first}
    return np.stack([one for one in observations if not isinstance(one, dict)])
