"""A vector env in which a controller acts, and a learner adds to its actions."""

from typing import Any

import gymnasium as gym
import numpy as np
from stable_baselines3.common.vec_env import VecEnv, VecEnvWrapper
from stable_baselines3.common.vec_env.base_vec_env import VecEnvObs, VecEnvStepReturn

from robosim.agents.policies.policy import Array, Observation
from robosim.agents.policies.residual import Residual


class VecResidual(VecEnvWrapper):
    """`Residual` around a vector env: 0 is what the controller would do.

    Args:
        venv: What is acted in.
        name: Of the controller, as `NetworkConfig.residual` has it.
        observes: What who acts observes; None: all of the observation. The controller is told no more than that.

    Raises:
        ValueError: The controller is for other spaces.
    """

    def __init__(self, venv: VecEnv, name: str, observes: gym.Space[Any] | None = None) -> None:
        """Wraps; see the class."""
        super().__init__(venv)
        self._residual = Residual(name, venv.observation_space if observes is None else observes, venv.action_space)
        self._seen: Observation = np.empty(0)

    def reset(self) -> VecEnvObs:
        """Reset every env."""
        return self._see(self.venv.reset())

    def step_async(self, actions: Array) -> None:
        """Begin a step with the sum of what the controller does and of what is given."""
        self.venv.step_async(self._residual(self._seen, actions))

    def step_wait(self) -> VecEnvStepReturn:
        """Finish a step."""
        seen, rewards, dones, infos = self.venv.step_wait()
        return self._see(seen), rewards, dones, infos

    def _see(self, seen: VecEnvObs) -> VecEnvObs:
        assert isinstance(seen, np.ndarray | dict)  # no tuples here
        self._seen = seen
        return seen
