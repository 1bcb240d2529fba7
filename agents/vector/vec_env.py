"""`WorkerVecEnv`: many envs in a few processes, as a Stable-Baselines3 `VecEnv`.

SB3's `SubprocVecEnv` gives every env a process, and pickles every observation, action and info. With 16 envs
on a few cores most of the time then goes to waking processes up. Here each worker steps several envs at one
wake-up, and what has a fixed size lies in shared memory. The processes are in `pool.py`, what they do
in `worker.py`.
"""

from collections.abc import Callable, Sequence
from typing import Any, Literal

import gymnasium as gym
import numpy as np
import numpy.typing as npt
from gymnasium import spaces
from stable_baselines3.common.vec_env import VecEnv
from stable_baselines3.common.vec_env.base_vec_env import VecEnvIndices, VecEnvObs, VecEnvStepReturn

from robosim.agents.storage.provenance import usable_cores
from robosim.agents.vector.pool import WorkerDied, WorkerPool
from robosim.agents.vector.worker import (
    ACTION,
    BUSY,
    DONE,
    OBSERVATION,
    REWARD,
    SEED,
    Env,
    Info,
    observation_rows,
)

__all__ = ["WorkerDied", "WorkerVecEnv"]

_Spaces = tuple[spaces.Space[Any], spaces.Space[Any]]
_Field = tuple[tuple[int, ...], np.dtype[Any]]


class WorkerVecEnv(VecEnv):
    """Envs shared out among a few worker processes.

    Same seed and same actions give the same numbers, bit for bit, for any number of workers, and the same as
    SB3's `DummyVecEnv`. The arrays it returns are the caller's own. Needs a POSIX system.

    Args:
        env_fns: one function for each env, which makes it. `functools.partial(gym.make, id, ...)` is best:
            the worker imports only what the env needs. Lambdas work too.
        workers: processes; by default the usable cores. Never more than there are envs.
        start_method: "fork", "forkserver" or "spawn". By default "fork" on Linux: workers start in
            milliseconds, share the memory of what is already imported, and scripts need no
            `if __name__ == "__main__"`. Its price: a lock that another thread holds at that moment stays
            locked in the worker, so make the vector env before you start threads; and an env must not use
            CUDA if the parent does. Elsewhere "spawn".
        infos: "episode" sends the info of a step only where it ends an episode, and gives {} otherwise;
            "all" sends every one.

    Raises:
        ValueError: If env_fns is empty, workers or infos is not allowed, the spaces of two envs differ, or a
            space has no fixed size.
        WorkerDied: If making an env fails; and from every method, if a worker dies or its env raises in
            reset or step. Never a hang.
    """

    def __init__(
        self,
        env_fns: Sequence[Callable[[], Env]],
        workers: int | None = None,
        start_method: str | None = None,
        infos: Literal["episode", "all"] = "episode",
    ) -> None:
        if not env_fns:
            raise ValueError("env_fns is empty: one function for each env is needed")
        if workers is not None and workers < 1:
            raise ValueError(f"workers = {workers}: at least 1 is needed")
        if infos not in ("episode", "all"):
            raise ValueError(f"infos = {infos!r}: choose 'episode' or 'all'")
        self.waiting = False
        processes = min(workers or usable_cores(), len(env_fns))
        self._pool = WorkerPool(env_fns, processes, start_method, infos == "all")
        try:
            observation_space, action_space = _common(self._pool.spaces)
            self._pool.share(_layout(observation_space, action_space, len(env_fns), processes))
            self._observations = observation_rows(self._pool.arrays)
            # SB3's policies give floats to MultiBinary spaces; elsewhere a float would lose its fraction.
            binary = isinstance(action_space, spaces.MultiBinary)
            self._casting: Literal["unsafe", "same_kind"] = "unsafe" if binary else "same_kind"
            super().__init__(len(env_fns), observation_space, action_space)
        except BaseException:
            self._pool.kill()
            raise

    @property
    def closed(self) -> bool:
        """Whether the workers have been ended, by `close` or because one of them died."""
        return self._pool.closed

    def reset(self) -> VecEnvObs:
        """Reset every env, with the seeds and options set since the last reset. Abandons a step under way.

        Returns:
            Observations [envs, ...], or a dict of them.
        """
        self.waiting = False
        self.reset_infos = self._pool.reset(list(zip(self._seeds, self._options, strict=True)))
        self._reset_seeds()
        self._reset_options()
        return self._observation()

    def step_async(self, actions: npt.NDArray[Any]) -> None:
        """Start a step of every env.

        Args:
            actions: [envs, *action shape], as the action space has them; not clipped.

        Raises:
            ValueError: If the shape is another one.
            TypeError: If the numbers are of another kind, such as float for int.
        """
        self._pool.settle()  # else a worker might still be reading the rows
        rows = self._pool.arrays[ACTION]
        if np.shape(actions) != rows.shape:
            raise ValueError(f"actions have shape {np.shape(actions)}: {rows.shape}, a row per env, is needed")
        np.copyto(rows, actions, casting=self._casting)
        self._pool.step()
        self.waiting = True

    def step_wait(self) -> VecEnvStepReturn:
        """Finish the step that `step_async` started.

        Returns:
            Observations [envs, ...], rewards [envs] float32, dones [envs] bool, infos. An env whose episode
            has ended is reset: its observation is the first of the next episode, and the last one is
            `info["terminal_observation"]`.

        Raises:
            RuntimeError: If no step is under way.
        """
        if not self.waiting:
            raise RuntimeError("no step is under way: call step_async first")
        self.waiting = False
        infos: list[Info] = [{} for _ in range(self.num_envs)]
        for answer in self._pool.answers():
            for index, info, reset_info in answer:
                infos[index] = info
                if reset_info is not None:
                    self.reset_infos[index] = reset_info
        arrays = self._pool.arrays
        return self._observation(), arrays[REWARD].copy(), arrays[DONE].copy(), infos

    def close(self) -> None:
        """Close the envs and end the workers. Twice is fine."""
        self.waiting = False
        self._pool.close()

    def has_attr(self, attr_name: str) -> bool:
        """Whether every env has the attribute."""
        return all(self._each("has_attr", None, attr_name))

    def get_attr(self, attr_name: str, indices: VecEnvIndices = None) -> list[Any]:
        """The attribute of each env, looked for through its wrappers."""
        return self._each("get_attr", indices, attr_name)

    def set_attr(self, attr_name: str, value: object, indices: VecEnvIndices = None) -> None:
        """Set an attribute of each env's outermost wrapper, as SB3 does. To reach the env, call a method."""
        self._each("set_attr", indices, attr_name, value)

    def env_method(
        self, method_name: str, *method_args: object, indices: VecEnvIndices = None, **method_kwargs: object
    ) -> list[Any]:
        """Call a method of each env. What it raises is raised here, and the workers go on."""
        return self._each("env_method", indices, method_name, method_args, method_kwargs)

    def env_is_wrapped(
        self, wrapper_class: type[gym.Wrapper[Any, Any, Any, Any]], indices: VecEnvIndices = None
    ) -> list[bool]:
        """Whether each env has a wrapper of this class."""
        return self._each("is_wrapped", indices, wrapper_class.__module__, wrapper_class.__qualname__)

    def get_images(self) -> Sequence[npt.NDArray[np.uint8] | None]:
        """The picture of each env, [height, width, 3]; None if the render mode is not "rgb_array"."""
        return self.env_method("render") if self.render_mode == "rgb_array" else [None] * self.num_envs

    def _each(self, command: str, indices: VecEnvIndices, *arguments: object) -> list[Any]:
        """Carry out a command in the named envs; -1 is the last one, as in a list."""
        envs = [range(self.num_envs)[index] for index in self._get_indices(indices)]
        return self._pool.ask(command, envs, *arguments)

    def _observation(self) -> VecEnvObs:
        if isinstance(self.observation_space, spaces.Dict):
            return {key: rows.copy() for key, rows in self._observations.items()}
        return self._observations[""].copy()


def _common(pairs: Sequence[_Spaces]) -> _Spaces:
    """The spaces of all envs, which must be the same."""
    for index, pair in enumerate(pairs):
        if pair != pairs[0]:
            raise ValueError(f"env {index} has the spaces {pair}, env 0 has {pairs[0]}: they must be equal")
    return pairs[0]


def _layout(
    observation_space: spaces.Space[Any], action_space: spaces.Space[Any], envs: int, workers: int
) -> dict[str, _Field]:
    """What lies in shared memory."""
    if isinstance(observation_space, spaces.Dict):
        parts = {OBSERVATION + key: space for key, space in observation_space.spaces.items()}
    else:
        parts = {OBSERVATION: observation_space}
    return {
        **{name: _rows(space, envs) for name, space in parts.items()},
        ACTION: _rows(action_space, envs),
        REWARD: ((envs,), np.dtype(np.float32)),
        DONE: ((envs,), np.dtype(np.bool_)),
        SEED: ((envs,), np.dtype(np.int64)),
        BUSY: ((workers,), np.dtype(np.int64)),
    }


def _rows(space: spaces.Space[Any], envs: int) -> _Field:
    """A row for each env."""
    if space.shape is None or space.dtype is None:
        raise ValueError(f"{space} has no fixed size: use Box, Discrete, ... or a Dict of them, one level deep")
    return (envs, *space.shape), space.dtype
