"""The worker's side of `WorkerVecEnv`: one process that steps several envs. Imports neither torch nor SB3.

What crosses the pipe, one message each way at a time:

- to the worker: `STEP`, which is empty, the actions being in shared memory; or a pickled `(command, data)`.
- from the worker: an empty message where there is nothing to tell, as after most steps; or a pickled list,
  an element for each env it tells about; or a pickled `Failure` where an env raised.
"""

import contextlib
import gc
import os
import pickle
import select
import time
import traceback
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from multiprocessing import reduction
from multiprocessing.connection import Connection
from typing import Any

import gymnasium as gym
import numpy as np
import numpy.typing as npt

from robosim.agents.policies.policy import Observation
from robosim.agents.vector import shared_arrays
from robosim.agents.vector.process import settle

STEP = b""
_WATCH_S = 0.003
"""How long a worker looks for its next message before it sleeps: a policy's time to act. Waking a core that fell asleep
between two steps takes longer on a virtual machine than stepping an env."""

# Names of the shared arrays, which have a row for each env. A Dict space has OBSERVATION + key for every key.
OBSERVATION, ACTION, REWARD, DONE = "observation/", "action", "reward", "done"
SEED = "seed"  # of the episode the env is in; -1 where it is not known
BUSY = "busy"  # a number for each worker: the env it is resetting or stepping, else -1

Env = gym.Env[Any, Any]
Info = dict[str, Any]
Rows = dict[str, npt.NDArray[Any]]


@dataclass(frozen=True)
class Job:
    """What a worker is told when it starts."""

    worker: int
    first: int
    """Index of its first env among all; the others follow."""
    env_fns: bytes
    """A list of the functions that make its envs, pickled, so that nothing is imported before `settle`."""
    every_info: bool
    """Whether the info of every step is sent, not only that of an episode's last."""


@dataclass(frozen=True)
class Failure:
    """An exception in a worker."""

    traceback: str
    error: Exception | None
    """The exception itself; None where it cannot be pickled."""


def run(pipe: Connection, job: Job) -> None:
    """Make the envs, tell their spaces, attach the shared arrays, and serve until told to close."""
    settle()
    with contextlib.suppress(EOFError, OSError):  # the parent is gone: nobody is left to tell
        try:
            envs = _make(pickle.loads(job.env_fns))
            spaces = pickle.dumps([(env.observation_space, env.action_space) for env in envs])
        except Exception as error:
            pipe.send_bytes(_failure(error))
            return
        pipe.send_bytes(spaces)
        layout = pickle.loads(pipe.recv_bytes())
        descriptor = reduction.recv_handle(pipe)
        arrays = shared_arrays.attach(descriptor, layout)
        os.close(descriptor)
        gc.freeze()  # what is here now, of a forked parent too, stays: no need to look through it again and again
        _Worker(job, envs, arrays).serve(pipe)
        for env in envs:
            env.close()


def observation_rows(arrays: Rows) -> Rows:
    """The arrays that hold observations, by key; the only one has the key "" where the space is no Dict."""
    return {name.removeprefix(OBSERVATION): rows for name, rows in arrays.items() if name.startswith(OBSERVATION)}


class _Worker:
    """Several envs and their rows of the shared arrays."""

    def __init__(self, job: Job, envs: list[Env], arrays: Rows) -> None:
        self._envs = envs
        self._first = job.first
        self._every_info = job.every_info
        self._observations = observation_rows(arrays)
        self._actions, self._rewards, self._dones = arrays[ACTION], arrays[REWARD], arrays[DONE]
        self._seeds = arrays[SEED]
        self._busy = arrays[BUSY][job.worker : job.worker + 1]

    def serve(self, pipe: Connection) -> None:
        """Answer messages until one says close.

        Raises:
            EOFError, OSError: If the parent is gone.
        """
        inbox = select.poll()
        inbox.register(pipe.fileno(), select.POLLIN)
        while True:
            _watch(inbox)
            message = pipe.recv_bytes()
            try:
                command, data = ("step", ()) if message == STEP else pickle.loads(message)
                if command == "close":
                    return
                answer = self._step() if command == "step" else self._obey(command, data)
                reply = pickle.dumps(answer) if answer else b""
            except Exception as error:  # what it means for the run, the parent decides
                reply = _failure(error)
            pipe.send_bytes(reply)

    def _step(self) -> list[tuple[int, Info, Info | None]]:
        """Step every env once, and reset those whose episode ends.

        Returns:
            (index of the env, info of the step, info of the reset after it) of each env with news.
        """
        news = []
        for index, env in enumerate(self._envs, self._first):
            self._busy[0] = index
            # A copy, since an env may keep its last action, and the next one comes to the same place.
            observation, reward, terminated, truncated, info = env.step(self._actions[index].copy())
            done = bool(terminated or truncated)
            reset_info = None
            if done or self._every_info:
                info["TimeLimit.truncated"] = truncated and not terminated
                if done:
                    info["terminal_observation"] = _copied(observation)
                    observation, reset_info = self._reset_env(index, env, None, {})
                news.append((index, info, reset_info))
            self._write(index, observation)
            self._rewards[index] = reward
            self._dones[index] = done
        self._busy[0] = -1
        return news

    def _obey(self, command: str, data: Sequence[Any]) -> list[Any]:
        """Carry out a command other than step."""
        if command == "reset":
            return self._reset(data)
        indices, *arguments = data
        return [_COMMANDS[command](self._envs[index - self._first], *arguments) for index in indices]

    def _reset(self, how: Sequence[tuple[int | None, dict[str, Any]]]) -> list[Info]:
        """Reset every env with its (seed, options), and return the infos."""
        infos = []
        for index, (env, (seed, options)) in enumerate(zip(self._envs, how, strict=True), self._first):
            self._busy[0] = index
            observation, info = self._reset_env(index, env, seed, options)
            self._write(index, observation)
            infos.append(info)
        self._busy[0] = -1
        return infos

    def _reset_env(self, index: int, env: Env, seed: int | None, options: dict[str, Any]) -> tuple[Observation, Info]:
        """Reset one env and note the seed of its new episode."""
        if seed is not None:
            self._seeds[index] = _storable(seed)  # before the reset, in case that is what fails
        observation, info = env.reset(seed=seed, options=options) if options else env.reset(seed=seed)
        self._seeds[index] = _storable(info.get("seed", seed))
        return observation, info

    def _write(self, index: int, observation: Observation) -> None:
        if isinstance(observation, dict):
            for key, rows in self._observations.items():
                rows[index] = observation[key]
        else:
            self._observations[""][index] = observation


def _watch(inbox: select.poll) -> None:
    """Wait awake for a message, `_WATCH_S` at most, and let whoever else wants this core have it."""
    end = time.perf_counter() + _WATCH_S
    while not inbox.poll(0) and time.perf_counter() < end:
        os.sched_yield()


def _make(env_fns: Sequence[Callable[[], Env]]) -> list[Env]:
    envs = [make() for make in env_fns]
    if len({id(env.unwrapped) for env in envs}) < len(envs):
        raise ValueError("two of the env_fns return the same env: each call must make a new one")
    return envs


def _failure(error: Exception) -> bytes:
    """An exception as a pickled `Failure`."""
    text = "".join(traceback.format_exception(error))
    try:
        pickle.loads(pickle.dumps(error))  # some exceptions can be pickled, but not back
    except Exception:  # anything, since classes define how they are pickled
        return pickle.dumps(Failure(text, None))
    return pickle.dumps(Failure(text, error))


def _copied(observation: Observation) -> Observation:
    """The observation in memory of its own, since the reset may write the next one into the same arrays."""
    if isinstance(observation, dict):
        return {key: np.copy(value) for key, value in observation.items()}
    return np.copy(observation)


def _storable(seed: object) -> int:
    """The seed if it fits into 64 bits, else -1: in a foreign env `info["seed"]` may be anything."""
    return int(seed) if isinstance(seed, int | np.integer) and 0 <= seed < 2**63 else -1


def _call(env: Env, method: str, args: Sequence[object], kwargs: dict[str, object]) -> object:
    return env.get_wrapper_attr(method)(*args, **kwargs)


def _has_attr(env: Env, name: str) -> bool:
    try:
        env.get_wrapper_attr(name)
    except AttributeError:
        return False
    return True


def _is_wrapped(env: Env, module: str, name: str) -> bool:
    """Whether a wrapper is of the class named so: sending SB3's Monitor itself would import torch here."""
    kinds = {(kind.__module__, kind.__qualname__) for layer in _wrappers(env) for kind in type(layer).__mro__}
    return (module, name) in kinds


def _wrappers(env: Env) -> Iterator[Env]:
    while isinstance(env, gym.Wrapper):
        yield env
        env = env.env


_COMMANDS: dict[str, Callable[..., object]] = {
    "has_attr": _has_attr,
    "get_attr": lambda env, name: env.get_wrapper_attr(name),
    "set_attr": setattr,  # on the outermost wrapper, as SB3's own vector envs do
    "env_method": _call,
    "is_wrapped": _is_wrapped,
}
