"""PPO that learns from each step twice: as it was, and as a mirror shows it, for robots whose sides are alike.

M. Mittal et al. (2024), "Symmetry considerations for learning task symmetric robot policies", ICRA, section III-A. They
take what the mirror shows to have been as likely as what was done; here the policy says how likely it was, so that
every ratio begins at 1. Until the policy has become symmetric, some of it was most unlikely, and such ratios soon leave
1: `target_kl`, which goes by all rows, then ends updates earlier.
"""

from __future__ import annotations

import contextlib
from typing import Any

import gymnasium as gym
import numpy as np
import torch
from numpy.typing import NDArray
from stable_baselines3.common.buffers import RolloutBuffer
from stable_baselines3.common.policies import ActorCriticPolicy
from stable_baselines3.common.type_aliases import RolloutBufferSamples
from stable_baselines3.common.vec_env import VecNormalize

from robosim.agents.training.experiment import Experiment
from robosim.errors import RobosimError
from robosim.mirror import Mirror, Mirrors
from robosim.perception.pixels import Tensor


class MirrorError(RobosimError):
    """A task that has no mirror."""


class Reflection:
    """Shows normalised observations, and actions, in a task's mirror.

    Args:
        mirrors: The task's.
        envs: Whose running statistics normalise.
    """

    def __init__(self, mirrors: Mirrors, envs: VecNormalize) -> None:
        """Keeps them."""
        self._mirrors, self._envs = mirrors, envs

    def observations(self, seen: Tensor) -> Tensor:
        """Gives observations as they would be normalised: what is mirrored is what they were before."""
        mirror, mean, scale = self._mirrors.observation, *self._statistics(seen)
        shown = (_shown(mirror, seen * scale + mean) - mean) / scale
        return shown.clamp(-self._envs.clip_obs, self._envs.clip_obs) if self._envs.norm_obs else shown

    def actions(self, actions: Tensor) -> Tensor:
        """Gives actions."""
        return _shown(self._mirrors.action, actions)

    def _statistics(self, like: Tensor) -> tuple[Tensor, Tensor]:
        if not self._envs.norm_obs:
            return torch.zeros_like(like[0]), torch.ones_like(like[0])
        running: Any = self._envs.obs_rms  # of one vector: what is a dict has no mirror
        scale = np.sqrt(running.var + self._envs.epsilon)
        mean = torch.as_tensor(running.mean, dtype=like.dtype, device=like.device)
        return mean, torch.as_tensor(scale, dtype=like.dtype, device=like.device)


def _shown(mirror: Mirror, values: Tensor) -> Tensor:
    return values[..., torch.as_tensor(mirror.places)] * torch.as_tensor(mirror.signs).to(values)


class MirroredBuffer(RolloutBuffer):
    """A rollout whose minibatches also hold what a mirror shows of them, twice as many rows as were asked for.

    Args:
        reflection: What the mirror shows.
        arguments: SB3's.
        named: SB3's.

    Attributes:
        policy: The policy that has acted; it says how likely it had been to act as the mirror shows.
    """

    policy: ActorCriticPolicy

    def __init__(self, *arguments: Any, reflection: Reflection, **named: Any) -> None:  # noqa: ANN401 (SB3's)
        """Makes room; see the class."""
        self.reflection = reflection
        self._shown: tuple[Tensor, Tensor, Tensor] | None = None
        super().__init__(*arguments, **named)

    def reset(self) -> None:
        """Begins a new rollout."""
        super().reset()
        self._shown = None

    def _get_samples(self, batch_inds: NDArray[Any], env: VecNormalize | None = None) -> RolloutBufferSamples:
        if self._shown is None:  # before the first update from this rollout
            self._shown = self._reflect()
        plain = super()._get_samples(batch_inds, env)
        rows = torch.as_tensor(batch_inds, device=plain.actions.device)
        seen, actions, likely = (part[rows] for part in self._shown)
        shown = plain._replace(observations=seen, actions=actions, old_log_prob=likely)
        return RolloutBufferSamples(*(torch.cat(pair) for pair in zip(plain, shown, strict=True)))

    def _reflect(self) -> tuple[Tensor, Tensor, Tensor]:
        """Gives the rollout as the mirror shows it: observations, actions, and the log of how likely these were."""
        seen = self.reflection.observations(self.to_torch(self.observations))
        actions = self.reflection.actions(self.to_torch(self.actions))
        with torch.no_grad():
            _, likely, _ = self.policy.evaluate_actions(seen, actions)
        return seen, actions, likely


def reflection_of(experiment: Experiment, envs: VecNormalize) -> Reflection:
    """Gives the mirror of an experiment's task.

    Raises:
        MirrorError: It has none.
    """
    with contextlib.closing(gym.make(experiment.env.id, **experiment.env_kwargs("train"))) as env:  # type: ignore[arg-type]
        mirrors = getattr(env.unwrapped, "mirrors", None)
    if not isinstance(mirrors, Mirrors):
        raise MirrorError(
            f"ppo.mirror = True: {experiment.env.id} with {dict(experiment.env.kwargs)} has no mirror: "
            "it does not say how its two sides are alike"
        )
    return Reflection(mirrors, envs)
