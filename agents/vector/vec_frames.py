"""A vector env whose pictures are as a network takes them: channel first, and several steps on one another."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
from stable_baselines3.common.vec_env import VecEnv, VecEnvWrapper
from stable_baselines3.common.vec_env.base_vec_env import VecEnvObs, VecEnvStepReturn

from robosim.agents.policies.frames import Frames
from robosim.agents.policies.policy import State


class VecFrames(VecEnvWrapper):
    """`Frames` around a vector env: the first observation of an episode sees nothing of the one before.

    Args:
        venv: What gives the pictures.
        count: Of so many steps, the last ones, they are stacked.
    """

    def __init__(self, venv: VecEnv, count: int) -> None:
        """Wraps; see the class."""
        self._frames = Frames(venv.observation_space, count)
        super().__init__(venv, observation_space=self._frames.space)
        self._state: State = None

    def reset(self) -> VecEnvObs:
        """Reset every env."""
        seen, self._state = self._frames(self.venv.reset())  # type: ignore[arg-type]  # no tuples here
        return seen

    def step_wait(self) -> VecEnvStepReturn:
        """Finish a step; what an episode saw last has its own earlier frames."""
        observation, rewards, dones, infos = self.venv.step_wait()
        for index in np.flatnonzero(dones):
            infos[index]["terminal_observation"] = self._last(int(index), infos[index]["terminal_observation"])
        seen, self._state = self._frames(observation, self._state, dones)  # type: ignore[arg-type]  # as above
        return seen, rewards, dones, infos

    def _last(self, index: int, observation: dict[str, npt.NDArray[Any]]) -> dict[str, npt.NDArray[Any]]:
        batch = {key: part[None] for key, part in observation.items()}
        state = None if self._state is None else tuple(kept[index : index + 1] for kept in self._state)
        seen, _ = self._frames(batch, state)
        assert isinstance(seen, dict)
        return {key: part[0] for key, part in seen.items()}
