"""A policy that is right in the mirror whatever its weights are, for robots whose sides are alike.

Its network answers twice, to what is seen and to what a mirror shows of it. The second answer is mirrored back, and the
policy acts by the mean of the two: averaging over a symmetry's group, as in E. van der Pol et al. (2020), "MDP
homomorphic networks", NeurIPS. So it learns from each step for both sides. What is saved is one plain network that does
the same; see `unfolded`.
"""

from __future__ import annotations

import contextlib
from typing import Any

import gymnasium as gym
import numpy as np
import torch
from stable_baselines3.common.distributions import DiagGaussianDistribution, Distribution
from stable_baselines3.common.policies import ActorCriticPolicy
from stable_baselines3.common.torch_layers import MlpExtractor
from stable_baselines3.common.vec_env import VecNormalize

from robosim.agents.policies.network import NetworkConfig, build_policy
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
        shown = self.shifted(seen)
        return shown.clamp(-self._envs.clip_obs, self._envs.clip_obs) if self._envs.norm_obs else shown

    def shifted(self, seen: Tensor) -> Tensor:
        """Gives the same without a limit: sums of what was seen, and a shift."""
        mirror, mean, scale = self._mirrors.observation, *self._statistics(seen)
        return (_shown(mirror, seen * scale + mean) - mean) / scale

    def actions(self, actions: Tensor) -> Tensor:
        """Gives actions."""
        return _shown(self._mirrors.action, actions)

    def spreads(self, spreads: Tensor) -> Tensor:
        """Gives what has no sign, such as how far actions scatter."""
        return spreads[..., torch.as_tensor(self._mirrors.action.places)]

    def _statistics(self, like: Tensor) -> tuple[Tensor, Tensor]:
        if not self._envs.norm_obs:
            return torch.zeros_like(like[0]), torch.ones_like(like[0])
        running: Any = self._envs.obs_rms  # of one vector: what is a dict has no mirror
        scale = np.sqrt(running.var + self._envs.epsilon)
        mean = torch.as_tensor(running.mean, dtype=like.dtype, device=like.device)
        return mean, torch.as_tensor(scale, dtype=like.dtype, device=like.device)


def _shown(mirror: Mirror, values: Tensor) -> Tensor:
    return values[..., torch.as_tensor(mirror.places)] * torch.as_tensor(mirror.signs).to(values)


class MirroredPolicy(ActorCriticPolicy):
    """SB3's policy over vectors, twice: beside the mirror and in it.

    Args:
        arguments: SB3's.
        reflection: The mirror.
        named: SB3's.
    """

    def __init__(self, *arguments: Any, reflection: Reflection, **named: Any) -> None:  # noqa: ANN401 (SB3's)
        """Builds the network; see the class."""
        self.reflection = reflection
        super().__init__(*arguments, **named)

    def _build_mlp_extractor(self) -> None:
        self.mlp_extractor = _BothSides(
            self.reflection, self.features_dim, self.net_arch, self.activation_fn, self.device
        )

    def _get_action_dist_from_latent(self, latent_pi: Tensor) -> Distribution:
        beside, within = self.action_net(latent_pi)
        assert isinstance(self.action_dist, DiagGaussianDistribution)
        mean = 0.5 * (beside + self.reflection.actions(within))
        return self.action_dist.proba_distribution(mean, 0.5 * (self.log_std + self.reflection.spreads(self.log_std)))


class _BothSides(MlpExtractor):
    """The hidden layers: the actor's give one row beside the mirror and one in it, the critic's their mean.

    The critic's last layer is linear: of the mean it makes the mean of both values.
    """

    def __init__(self, reflection: Reflection, *arguments: Any) -> None:  # noqa: ANN401 (SB3's)
        super().__init__(*arguments)
        self._reflection = reflection

    def forward(self, features: Tensor) -> tuple[Tensor, Tensor]:
        both = self._both(features)
        actor: Tensor = self.policy_net(both)
        return actor, self.value_net(both).mean(0)

    def forward_actor(self, features: Tensor) -> Tensor:
        actor: Tensor = self.policy_net(self._both(features))
        return actor

    def forward_critic(self, features: Tensor) -> Tensor:
        critic: Tensor = self.value_net(self._both(features)).mean(0)
        return critic

    def _both(self, features: Tensor) -> Tensor:
        return torch.stack([features, self._reflection.observations(features)])


def unfolded(policy: ActorCriticPolicy, network: NetworkConfig) -> tuple[ActorCriticPolicy, NetworkConfig]:
    """Gives a policy that needs no mirror and does the same, and what describes its network; see `widened`.

    The mirror goes into the first weights and the last. The two policies differ only where a mirrored observation would
    be beyond the normaliser's clip: training cuts it there, this does not. A policy that has no mirror is given back.
    """
    if not isinstance(policy, MirroredPolicy):
        return policy, network
    wide = widened(network)
    plain, reflection = build_policy(policy.observation_space, policy.action_space, wide), policy.reflection
    with torch.no_grad():
        like = torch.eye(policy.features_dim, dtype=torch.float64)
        shift = reflection.shifted(torch.zeros_like(like))[0]
        mirror = (reflection.shifted(like) - shift).T.float()
        for name in ("policy_net", "value_net"):
            narrow, to = _linear(getattr(policy.mlp_extractor, name)), _linear(getattr(plain.mlp_extractor, name))
            weight, bias = narrow[0].weight.cpu(), narrow[0].bias.cpu()
            to[0].weight.copy_(torch.cat([weight, weight @ mirror]))
            to[0].bias.copy_(torch.cat([bias, bias + weight @ shift.float()]))
            for one, other in zip(narrow[1:], to[1:], strict=True):
                other.weight.copy_(_twice(one.weight))
                other.bias.copy_(torch.cat([one.bias, one.bias]))
        (acting,), (to_acting,) = _linear(policy.action_net), _linear(plain.action_net)
        to_acting.weight.copy_(0.5 * torch.cat([acting.weight, reflection.actions(acting.weight.T).T], dim=1))
        to_acting.bias.copy_(0.5 * (acting.bias + reflection.actions(acting.bias)))
        plain.value_net.weight.copy_(0.5 * torch.cat([policy.value_net.weight] * 2, dim=1))
        plain.value_net.bias.copy_(policy.value_net.bias)
        plain.log_std.copy_(0.5 * (policy.log_std + reflection.spreads(policy.log_std)))
    return plain, wide


def widened(network: NetworkConfig) -> NetworkConfig:
    """Gives what describes the network of an agent that was trained with a mirror: one half for each side."""
    return network.model_copy(update={"hidden": tuple(2 * width for width in network.hidden)})


def _twice(weight: Tensor) -> Tensor:
    """Gives the weights of two layers side by side, which know nothing of each other."""
    nothing = torch.zeros_like(weight)
    return torch.cat([torch.cat([weight, nothing], dim=1), torch.cat([nothing, weight], dim=1)])


def _linear(layers: torch.nn.Module) -> list[torch.nn.Linear]:
    return [layer for layer in layers.modules() if isinstance(layer, torch.nn.Linear)]


def reflection_of(experiment: Experiment, envs: VecNormalize) -> Reflection:
    """Gives the mirror of an experiment's task.

    Raises:
        MirrorError: It has none, or the observation is not a vector, or one of another length.
    """
    with contextlib.closing(gym.make(experiment.env.id, **experiment.env_kwargs("train"))) as env:  # type: ignore[arg-type]
        mirrors = getattr(env.unwrapped, "mirrors", None)
    if not isinstance(mirrors, Mirrors):
        raise MirrorError(
            f"ppo.mirror = True: {experiment.env.id} with {dict(experiment.env.kwargs)} has no mirror: "
            "it does not say how its two sides are alike"
        )
    for name, space, mirror in (
        ("observation", envs.observation_space, mirrors.observation), ("action", envs.action_space, mirrors.action),
    ):  # fmt: skip
        if not isinstance(space, gym.spaces.Box) or space.shape != mirror.places.shape:
            raise MirrorError(
                f"ppo.mirror = True: the {name} of {experiment.env.id} is a {type(space).__name__} "
                f"of shape {space.shape}, and its mirror is of vectors of {len(mirror.places)} numbers"
            )
    return Reflection(mirrors, envs)
