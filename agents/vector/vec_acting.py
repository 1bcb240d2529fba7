"""A vector env in which a learner's actions are not carried out as they are; see `robosim.agents.policies.acting`."""

import numpy as np
from stable_baselines3.common.vec_env import VecEnv, VecEnvWrapper, unwrap_vec_wrapper
from stable_baselines3.common.vec_env.base_vec_env import VecEnvObs, VecEnvStepReturn

from robosim.agents.policies.acting import Acting
from robosim.agents.policies.policy import Array, Observation


class VecActing(VecEnvWrapper):
    """`Acting` around a vector env.

    Args:
        venv: What is acted in.
        acting: What becomes of actions.

    Attributes:
        sent: What became of the last ones, (envs, size).
    """

    def __init__(self, venv: VecEnv, acting: Acting) -> None:
        """Wraps; see the class."""
        super().__init__(venv)
        self._acting = acting
        self._seen: Observation = np.empty(0)
        self.sent: Array = np.empty(0)

    def reset(self) -> VecEnvObs:
        """Reset every env."""
        return self._see(self.venv.reset())

    def step_async(self, actions: Array) -> None:
        """Begin a step with what becomes of the actions that are given."""
        self.sent = self._acting(self._seen, actions)
        self.venv.step_async(self.sent)

    def step_wait(self) -> VecEnvStepReturn:
        """Finish a step."""
        seen, rewards, dones, infos = self.venv.step_wait()
        return self._see(seen), rewards, dones, infos

    def _see(self, seen: VecEnvObs) -> VecEnvObs:
        assert isinstance(seen, np.ndarray | dict)  # no tuples here
        self._seen = seen
        return seen


def carried_out(envs: VecEnv, actions: Array) -> Array:
    """Gives what has become of actions, (envs, size), with which envs, however wrapped, have just begun a step."""
    acting = unwrap_vec_wrapper(envs, VecActing)
    return actions if acting is None else acting.sent
