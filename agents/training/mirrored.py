"""A policy that is right in the mirror whatever its weights are, for robots whose sides are alike.

Its network answers twice, to what is seen and to what a mirror shows of it. The second answer is mirrored back, and the
policy acts by the mean of the two: averaging over a symmetry's group, as in E. van der Pol et al. (2020), "MDP
homomorphic networks", NeurIPS. So it learns from each step for both sides. What is saved is one plain network that does
the same; see `unfolded`.
"""

from __future__ import annotations

import contextlib
from collections.abc import Mapping
from typing import Any

import gymnasium as gym
import numpy as np
import torch
from numpy.typing import NDArray
from stable_baselines3.common.distributions import DiagGaussianDistribution, Distribution
from stable_baselines3.common.policies import ActorCriticPolicy
from stable_baselines3.common.running_mean_std import RunningMeanStd
from stable_baselines3.common.torch_layers import CombinedExtractor, FlattenExtractor, MlpExtractor
from stable_baselines3.common.vec_env import VecEnv, VecNormalize

from robosim.agents.policies.network import NetworkConfig, build_policy
from robosim.agents.policies.normalise import statistics_of
from robosim.agents.training.experiment import Experiment
from robosim.errors import RobosimError
from robosim.mirror import Mirror, Mirrors, joined
from robosim.perception.pixels import Tensor


class MirrorError(RobosimError):
    """A task that has no mirror."""


class EvenStatistics(RunningMeanStd):
    """Running statistics of vectors and of what a mirror shows of them: what is normalised has the same mirror.

    Args:
        mirror: That of the vectors, shape (n,).
    """

    def __init__(self, mirror: Mirror) -> None:
        """Begins with mean 0 and variance 1."""
        super().__init__(shape=mirror.places.shape)
        self._mirror = mirror

    def update(self, arr: NDArray[np.float32]) -> None:
        """Takes in some vectors, shape (vectors, n)."""
        super().update(np.concatenate([arr, self._mirror(arr)]))


def keep_even(envs: VecNormalize, mirrors: Mirrors) -> None:
    """Lets a normaliser begin anew, with `EvenStatistics`."""
    seen = mirrors.observation
    if isinstance(seen, Mirror):
        envs.obs_rms = EvenStatistics(seen)  # type: ignore[assignment]  # SB3 means a dict
    else:
        envs.obs_rms = {key: EvenStatistics(seen[key]) for key in statistics_of(envs)}


class MirroredPolicy(ActorCriticPolicy):
    """SB3's policy over vectors, twice: beside the mirror and in it.

    Args:
        arguments: SB3's, of which the first is the space of what is observed: a vector, or a dict of them.
        mirrors: Of what is observed, whose normalisation has `EvenStatistics`, and of what is done.
        named: SB3's.
    """

    def __init__(
        self,
        space: gym.Space[Any],
        *arguments: Any,  # noqa: ANN401 (SB3's)
        mirrors: Mirrors,
        **named: Any,  # noqa: ANN401
    ) -> None:
        """Builds the network; see the class."""
        self._mirrors = mirrors
        parts = isinstance(space, gym.spaces.Dict)
        named["features_extractor_class"] = CombinedExtractor if parts else FlattenExtractor
        super().__init__(space, *arguments, **named)

    def _build_mlp_extractor(self) -> None:
        self.action_mirror = _MirrorLayer(self._mirrors.action)
        seen = self._mirrors.observation
        if not isinstance(seen, Mirror):  # in the order in which SB3 puts parts together
            assert isinstance(self.observation_space, gym.spaces.Dict)
            seen = joined(*(seen[key] for key in self.observation_space.spaces))
        self.mlp_extractor = _BothSides(seen, self.features_dim, self.net_arch, self.activation_fn, self.device)

    def _get_action_dist_from_latent(self, latent_pi: Tensor) -> Distribution:
        beside, within = self.action_net(latent_pi)
        assert isinstance(self.action_dist, DiagGaussianDistribution)
        return self.action_dist.proba_distribution(0.5 * (beside + self.action_mirror(within)), self.even_log_std())

    def even_log_std(self) -> Tensor:
        """Gives the logarithm of how far actions scatter, shape (actions,), as much on either side."""
        return 0.5 * (self.log_std + self.log_std[self.action_mirror.places])


class _MirrorLayer(torch.nn.Module):
    """A mirror that goes to the device of its network."""

    places: Tensor
    signs: Tensor

    def __init__(self, mirror: Mirror) -> None:
        super().__init__()
        self.register_buffer("places", torch.as_tensor(mirror.places), persistent=False)  # they are no weights
        self.register_buffer("signs", torch.as_tensor(mirror.signs), persistent=False)

    def forward(self, values: Tensor) -> Tensor:
        return values[..., self.places] * self.signs


class _BothSides(MlpExtractor):
    """The hidden layers: the actor's give one row beside the mirror and one in it, the critic's their mean.

    The critic's last layer is linear: of the mean it makes the mean of both values.
    """

    def __init__(self, mirror: Mirror, *arguments: Any) -> None:  # noqa: ANN401 (SB3's)
        super().__init__(*arguments)
        self.mirror = _MirrorLayer(mirror)

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
        return torch.stack([features, self.mirror(features)])


def unfolded(policy: ActorCriticPolicy, network: NetworkConfig) -> tuple[ActorCriticPolicy, NetworkConfig]:
    """Gives a policy that needs no mirror and does the same, and what describes its network; see `widened`.

    The mirror goes into the first weights and the last: it reorders their columns or rows, and is its own inverse. A
    policy that has no mirror is given back.
    """
    if not isinstance(policy, MirroredPolicy):
        return policy, network
    wide = widened(network)
    plain = build_policy(policy.observation_space, policy.action_space, wide)
    assert isinstance(policy.mlp_extractor, _BothSides)
    seen, done = policy.mlp_extractor.mirror, policy.action_mirror
    with torch.no_grad():
        for name in ("policy_net", "value_net"):
            narrow, to = _linear(getattr(policy.mlp_extractor, name)), _linear(getattr(plain.mlp_extractor, name))
            to[0].weight.copy_(torch.cat([narrow[0].weight, seen(narrow[0].weight)]))
            for one, other in zip(narrow[1:], to[1:], strict=True):
                other.weight.copy_(_twice(one.weight))
            for one, other in zip(narrow, to, strict=True):
                other.bias.copy_(torch.cat([one.bias, one.bias]))
        (acting,), (to_acting,) = _linear(policy.action_net), _linear(plain.action_net)
        to_acting.weight.copy_(0.5 * torch.cat([acting.weight, done(acting.weight.T).T], dim=1))
        to_acting.bias.copy_(0.5 * (acting.bias + done(acting.bias)))
        plain.value_net.weight.copy_(0.5 * torch.cat([policy.value_net.weight] * 2, dim=1))
        plain.value_net.bias.copy_(policy.value_net.bias)
        plain.log_std.copy_(policy.even_log_std())
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


def mirrors_of(experiment: Experiment, envs: VecEnv) -> Mirrors:
    """Gives the mirrors of an experiment's task.

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
        has, shown = _sizes(space), _sizes(mirror)
        if has != shown:
            raise MirrorError(
                f"ppo.mirror = True: the {name} of {experiment.env.id} is {_told(has)}, its mirror of {_told(shown)}"
            )
    return mirrors


def _sizes(of: gym.Space[Any] | Mirror | Mapping[str, Mirror]) -> dict[str, int | None]:
    """Gives how many numbers each part has, that of a plain vector named ""; None where a part is no vector."""
    if isinstance(of, Mirror):
        return {"": len(of.places)}
    if isinstance(of, gym.spaces.Dict | Mapping):
        parts = of.spaces if isinstance(of, gym.spaces.Dict) else of
        return {key: _sizes(part)[""] for key, part in parts.items()}
    return {"": of.shape[0] if isinstance(of, gym.spaces.Box) and len(of.shape) == 1 else None}


def _told(sizes: Mapping[str, int | None]) -> str:
    """Puts what `_sizes` gives into words."""
    parts = ("no vector" if size is None else f"{size} numbers" for size in sizes.values())
    return " and ".join(f"{key}: {part}" if key else part for key, part in zip(sizes, parts, strict=True))
