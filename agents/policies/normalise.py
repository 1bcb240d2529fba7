"""The observation statistics an agent was trained with, frozen: what `VecNormalize` did, as plain data."""

from __future__ import annotations

from collections.abc import Container, Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from stable_baselines3.common.running_mean_std import RunningMeanStd
from stable_baselines3.common.vec_env import VecNormalize

from robosim.agents.policies.policy import Array, Observation

BOX_KEY = "observation"
"""The name under which the statistics of a plain Box observation are kept; those of a Dict have its keys."""


def statistics_of(env: VecNormalize) -> dict[str, RunningMeanStd]:
    """The running statistics of what a `VecNormalize` normalises of observations, by part; empty where it does not."""
    if not env.norm_obs:
        return {}
    return env.obs_rms if isinstance(env.obs_rms, dict) else {BOX_KEY: env.obs_rms}


@dataclass(frozen=True)
class Normaliser:
    """Scales observations as (x - mean) / sqrt(var + epsilon), clipped to [-clip, clip].

    Calculated in float64 and given out as float32, bit for bit what `VecNormalize.normalize_obs` gives.
    Keys of a Dict observation without statistics pass through untouched.
    """

    mean: Mapping[str, npt.NDArray[np.float64]]
    var: Mapping[str, npt.NDArray[np.float64]]
    clip: float
    epsilon: float

    def __post_init__(self) -> None:
        """Check the statistics and prepare the divisor.

        Raises:
            ValueError: Statistics are not finite, negative, or do not belong together.
        """
        if set(self.mean) != set(self.var):
            raise ValueError(f"mean has keys {sorted(self.mean)}, var has {sorted(self.var)}")
        for key, mean in self.mean.items():
            if mean.shape != self.var[key].shape:
                raise ValueError(f"{key}: mean has shape {mean.shape}, var has {self.var[key].shape}")
            if not np.isfinite(mean).all() or not np.isfinite(self.var[key]).all():
                raise ValueError(f"{key}: mean and var must be finite")
            if (self.var[key] < 0).any():
                raise ValueError(f"{key}: var must not be negative")
        if not (self.clip > 0 and self.epsilon > 0):
            raise ValueError(f"clip and epsilon must be positive, got {self.clip} and {self.epsilon}")
        std = {key: np.sqrt(var + self.epsilon) for key, var in self.var.items()}
        object.__setattr__(self, "_std", std)

    @classmethod
    def from_vec_normalize(cls, env: VecNormalize) -> Normaliser | None:
        """Freeze what a `VecNormalize` knows now; None where it does not normalise observations."""
        if not env.norm_obs:
            return None
        statistics = statistics_of(env)
        return cls(
            mean={key: rms.mean.astype(np.float64) for key, rms in statistics.items()},
            var={key: rms.var.astype(np.float64) for key, rms in statistics.items()},
            clip=float(env.clip_obs),
            epsilon=float(env.epsilon),
        )

    def without(self, keys: Container[str]) -> Normaliser:
        """Give the same without the statistics of some keys."""
        mean, var = ({key: part for key, part in parts.items() if key not in keys} for parts in (self.mean, self.var))
        return Normaliser(mean, var, self.clip, self.epsilon)

    def __call__(self, observation: Observation) -> Observation:
        """Normalise one observation or a batch of them; the argument is left as it was."""
        if isinstance(observation, dict):
            return {k: self._scale(k, v) if k in self.mean else v for k, v in observation.items()}
        return self._scale(BOX_KEY, observation)

    def _scale(self, key: str, value: Array) -> Array:
        std: dict[str, npt.NDArray[np.float64]] = self._std  # type: ignore[attr-defined]  # __post_init__
        scaled: npt.NDArray[np.float64] = (value - self.mean[key]) / std[key]
        # In place, and not np.clip, which takes three times as long on a small array.
        np.maximum(scaled, -self.clip, out=scaled)
        np.minimum(scaled, self.clip, out=scaled)
        return scaled.astype(np.float32)
