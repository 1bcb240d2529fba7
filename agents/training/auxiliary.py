"""What a network that imitates must tell besides what to do: what its teacher is told, and it has to see.

A further loss for the same features makes encoders of pictures learn what matters from fewer of them (M. Jaderberg et
al. (2017), "Reinforcement learning with unsupervised auxiliary tasks", ICLR; P. Mirowski et al. (2017), "Learning to
navigate in complex environments", ICLR, whose networks tell depth).
"""

import numpy as np
import torch
from numpy.typing import NDArray
from stable_baselines3.common.policies import ActorCriticPolicy
from torch import nn

from robosim.agents.policies.sight import Sight
from robosim.perception.pixels import Tensor

HIDDEN = 128
_MOST = 5.0  # standard deviations


class Auxiliary:
    """Two layers that tell what the teacher is told from the actor's features, for as long as the network imitates.

    Args:
        policy: Its features extractor is a `Sight`; what that gives is noted at each look.
        size: How many numbers the teacher is told.
        weight: Of the loss.

    Attributes:
        size: As given.
        layers: To be fitted with the policy.
    """

    def __init__(self, policy: ActorCriticPolicy, size: int, weight: float) -> None:
        """Makes the layers, with new weights; see the class."""
        sight = policy.features_extractor
        assert isinstance(sight, Sight)
        self.layers = nn.Sequential(nn.Linear(sight.acting, HIDDEN), nn.ELU(), nn.Linear(HIDDEN, size))
        self.layers.to(policy.device)
        self.size = size
        self._acting, self._weight, self._device = sight.acting, weight, policy.device
        self._features, self._wanted = torch.empty(0), torch.empty(0)
        self._noting = sight.register_forward_hook(lambda _, __, features: self._note(features))

    def close(self) -> None:
        """Looks on no longer."""
        self._noting.remove()

    def wants(self, told: NDArray[np.float32]) -> None:
        """Says what the teacher was told, shape (rows, size); each number is asked for in its own deviations."""
        middle, spread = told.mean(0), told.std(0)
        scaled = ((told - middle) / np.where(spread > 1e-6, spread, 1.0)).clip(-_MOST, _MOST)  # constants are no task
        self._wanted = torch.as_tensor(scaled, dtype=torch.float32, device=self._device)

    def loss(self, rows: Tensor) -> Tensor:
        """Gives the weighted mean square error of what is told of these rows, at which the policy has just looked."""
        told: Tensor = self.layers(self._features)
        return self._weight * ((told - self._wanted[rows]) ** 2).mean()

    def _note(self, features: Tensor) -> None:
        self._features = features[:, : self._acting]
