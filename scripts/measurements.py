"""What `robosim speed` measures: a function for each measurement, and the table that names them.

A measurement is prepared once and then played in rounds. Within a round its contenders take turns, so that
whatever else the machine does hits them alike; ratios are formed within a round.
"""

import contextlib
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property, partial
from typing import Any, ParamSpec, Protocol, TypeVar

import gymnasium as gym
import numpy as np
import torch
from stable_baselines3.common.utils import set_random_seed
from stable_baselines3.common.vec_env import SubprocVecEnv, VecEnv

from robosim.agents.training.experiment import Experiment
from robosim.agents.training.learner import NEVER, make_model, normalised
from robosim.agents.vector.vec_env import WorkerVecEnv
from robosim.physics import Physics


class Closable(Protocol):
    """What is to be closed at the end."""

    def close(self) -> None:
        """Close it."""


Closes = TypeVar("Closes", bound=Closable)
P = ParamSpec("P")
T = TypeVar("T")
Round = Callable[[], dict[str, float]]
"""Plays one round, and returns the rate of each contender, in env steps, frames or scans per second."""


@dataclass(frozen=True)
class Measurement:
    """One row of the table."""

    what: str
    ratio: tuple[str, str]
    """The contenders whose rates are divided by one another."""
    prepare: Callable[["Bench"], Round]
    parts: tuple[str, ...] = ()
    """Contenders that together make up the first of the ratio's: their shares of its time are told."""


class Bench:
    """What measurements share: the experiment, how long a turn lasts, and vector envs, which are slow to start.

    Args:
        experiment: says the env, how many of them, and PPO's settings.
        workers: processes of our vector env.
        seconds: how long one turn lasts, where it is not counted in updates.
        stack: closes what was opened.
    """

    def __init__(self, experiment: Experiment, workers: int, seconds: float, stack: contextlib.ExitStack) -> None:
        self.experiment, self.seconds = experiment, seconds
        self.workers, self._stack = workers, stack

    def make_env(self) -> Callable[[], gym.Env[object, object]]:
        """A function that makes one training env; it can be pickled."""
        # The spec, not the id: processes that only unpickle this need not know our ids.
        spec = gym.spec(self.experiment.env.id)
        kwargs = {"disable_env_checker": True, **self.experiment.env_kwargs("train")}
        return partial(gym.make, spec, **kwargs)  # type: ignore[arg-type]  # of the env, whatever they are

    def close_later(self, thing: Closes) -> Closes:
        """Gives a thing back, and closes it at the end."""
        self._stack.callback(thing.close)
        return thing

    @cached_property
    def vector_envs(self) -> Mapping[str, VecEnv]:
        """SB3's vector env and ours, with the same envs, as each is by default."""
        makers = [self.make_env()] * self.experiment.envs
        ours = WorkerVecEnv(makers, self.workers)
        self._stack.callback(ours.close)
        theirs = SubprocVecEnv(makers)
        self._stack.callback(_close, theirs)
        return {"SubprocVecEnv": theirs, "WorkerVecEnv": ours}


def one_env(bench: Bench) -> Round:
    """One env in this process, and what its rate would be if nothing but PyBullet's physics took time."""
    env = bench.make_env()()
    env.action_space.seed(0)
    env.reset(seed=0)

    def play() -> dict[str, float]:
        steps = 0
        with time_in((Physics, "step")) as spent:
            end = (start := time.perf_counter()) + bench.seconds
            while (now := time.perf_counter()) < end:
                _, _, terminated, truncated, _ = env.step(env.action_space.sample())
                if terminated or truncated:
                    env.reset()
                steps += 1
        rates = {"whole env step": steps / (now - start)}
        if spent[0] > 0:  # an env of another package has other physics
            rates["stepSimulation alone"] = steps / spent[0]
        return rates

    return play


def sampling(bench: Bench) -> Round:
    """Random actions through a vector env."""
    for envs in bench.vector_envs.values():
        envs.seed(0)
        envs.reset()
        envs.action_space.seed(0)
    actions = [np.stack([envs.action_space.sample() for _ in range(envs.num_envs)]) for _ in range(101)]

    def sample(envs: VecEnv) -> float:
        steps = 0
        end = (start := time.perf_counter()) + bench.seconds
        while (now := time.perf_counter()) < end:
            envs.step(actions[steps % len(actions)])
            steps += 1
        return steps * envs.num_envs / (now - start)

    return lambda: {name: sample(envs) for name, envs in bench.vector_envs.items()}


def training(bench: Bench) -> Round:
    """Whole updates of PPO: sampling with the policy, and learning.

    The contenders learn the very same: from the same seeds both vector envs give the same numbers. So neither
    has the shorter update when PPO stops one early.
    """
    torch.set_num_threads(1)  # as training has it with small networks
    experiment = bench.experiment
    models = {
        name: make_model(experiment, normalised(envs, experiment), "cpu", 0) for name, envs in bench.vector_envs.items()
    }

    def learn(name: str) -> float:
        set_random_seed(models[name].num_timesteps)  # torch has one generator, which they take turns to use
        start = time.perf_counter()
        models[name].learn(experiment.rollout_steps, log_interval=NEVER, reset_num_timesteps=False)
        return experiment.rollout_steps / (time.perf_counter() - start)

    return lambda: {name: learn(name) for name in models}


MEASUREMENTS = {
    "env": Measurement("one env in one process, random actions", ("whole env step", "stepSimulation alone"), one_env),
    "sampling": Measurement("a vector env, random actions", ("WorkerVecEnv", "SubprocVecEnv"), sampling),
    "training": Measurement("PPO, whole updates", ("WorkerVecEnv", "SubprocVecEnv"), training),
}


def clock(env: gym.Env[Any, Any], act: Callable[[], object], seconds: float) -> tuple[int, float]:
    """Steps an env for so many seconds; gives the number of steps and the seconds they took, resets left out."""
    steps, whole = 0, 0.0
    while whole < seconds:
        action = act()
        start = time.perf_counter()
        _, _, terminated, truncated, _ = env.step(action)
        whole += time.perf_counter() - start
        steps += 1
        if terminated or truncated:
            env.reset()
    return steps, whole


@contextlib.contextmanager
def time_in(*methods: tuple[type, str]) -> Iterator[list[float]]:
    """Add up the seconds that some classes' methods take inside the block, in every env of this process."""
    spent = [0.0]
    with contextlib.ExitStack() as stack:
        for owner, name in methods:
            method = getattr(owner, name)
            stack.callback(setattr, owner, name, method)
            setattr(owner, name, _timed(method, spent))
        yield spent


def _timed(method: Callable[P, T], spent: list[float]) -> Callable[P, T]:
    def timed(*args: P.args, **kwargs: P.kwargs) -> T:
        start = time.perf_counter()
        result = method(*args, **kwargs)
        spent[0] += time.perf_counter() - start
        return result

    return timed


def _close(envs: SubprocVecEnv) -> None:
    with contextlib.suppress(EOFError, OSError):  # after Ctrl-C, which its processes heard too
        envs.close()
