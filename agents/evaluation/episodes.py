"""One episode of evaluation: a policy in an env from one seed to the end, here or in a worker process."""

from __future__ import annotations

import signal
import traceback
from dataclasses import dataclass, field
from multiprocessing.connection import Connection
from typing import Any

import gymnasium as gym
import numpy as np
import torch
from gymnasium.envs.registration import EnvSpec

from robosim.agents.policies.find import load_policy, policy_from_files
from robosim.agents.policies.policy import Policy, State, seed_policy
from robosim.agents.storage.reading import AnyEnv
from robosim.agents.storage.team import AnyFiles
from robosim.errors import RobosimError

_FIRST, _LATER = np.ones(1, bool), np.zeros(1, bool)


class EvaluationError(RobosimError):
    """An evaluation that cannot be done, or that an env or a worker process brought to an end."""


@dataclass(frozen=True)
class Episode:
    """What came of one episode."""

    seed: int
    level: int | None
    """None where the env has no levels."""
    success: bool
    length: int
    """In control steps."""
    ret: float
    """Sum of the rewards."""
    metrics: dict[str, float]
    """The env's `episode_metrics`; NaN where this episode has no such value."""
    rates: dict[str, tuple[float, float]] = field(default_factory=dict)
    """The env's `episode_rates`, such as collisions per 100 m: this episode's share of numerator and denominator."""
    kind: str | None = None
    """What the env calls this episode's kind, such as that of the ground; None where it tells none."""


@dataclass(frozen=True)
class Job:
    """Who acts and where. Holds the agent itself, not where it lies: all workers judge one and the same."""

    policy: str | AnyFiles
    """The name of a baseline, or an agent."""
    env: EnvSpec
    """Itself and not its id, which may be registered in one process only."""
    kwargs: dict[str, Any]


@dataclass(frozen=True)
class Failure:
    """An episode that could not be played."""

    error: RobosimError


class Player:
    """Plays episodes of one job after another, and keeps the env where the next job has the same."""

    def __init__(self) -> None:
        """Nothing is loaded before it is needed."""
        self._job: Job | None = None
        self._policy: Policy | None = None
        self._env: AnyEnv | None = None

    def take(self, job: Job) -> None:
        """Play this job from now on."""
        if self._job is not None and (job.env, job.kwargs) != (self._job.env, self._job.kwargs):
            self.close()
        self._job, self._policy = job, None

    def load(self) -> tuple[AnyEnv, Policy]:
        """Make the env and load the policy, unless they are there already.

        Raises:
            RobosimError: The env cannot be made, or the policy cannot act in it.
        """
        assert self._job is not None
        if self._env is None:
            self._env = _make(self._job)
        if self._policy is None:
            self._policy = _policy(self._job.policy, self._env)
        return self._env, self._policy

    def play(self, seed: int) -> Episode | Failure:
        """Play the episode of one seed; errors come back instead of being raised, to be sent on."""
        try:
            return play(*self.load(), seed)
        except RobosimError as error:
            return Failure(error)
        except Exception:  # whatever an env raises is reported with the seed that shows it again
            assert self._job is not None
            where = f"{self._job.env.id} with {self._job.kwargs}, episode seed {seed}"
            return Failure(EvaluationError(f"{where}:\n{traceback.format_exc()}"))

    def close(self) -> None:
        """Close the env."""
        if self._env is not None:
            self._env.close()
        self._env = None


def play(env: AnyEnv, policy: Policy, seed: int) -> Episode:
    """Play one episode, fixed by its seed, with the policy's deterministic actions.

    Raises:
        EvaluationError: The env does not say whether the episode was a success, or the episode did not end by itself.
    """
    seed_policy(policy, seed)
    observation, info = env.reset(seed=seed)
    level = info.get("level")
    state: State = None
    ret, length, done = 0.0, 0, False
    while not done:
        start = _LATER if length else _FIRST
        action, state = policy.predict(observation, state, start, deterministic=True)
        observation, reward, terminated, truncated, info = env.step(action)
        ret += float(reward)
        length += 1
        done = terminated or truncated
    if "is_success" not in info:
        raise EvaluationError(f"{env.spec and env.spec.id}: has no info['is_success'], hence no success rate")
    if "episode_metrics" not in info and any(key.startswith("metric/") for key in info):
        raise EvaluationError(
            f"{env.spec and env.spec.id}: the episode of seed {seed} was cut short after {length} steps, without "
            "info['episode_metrics']: by a wrapper such as that of gym.make's max_episode_steps"
        )
    metrics = {name: float(value) for name, value in info.get("episode_metrics", {}).items()}
    rates = {name: (float(of), float(per)) for name, (of, per) in info.get("episode_rates", {}).items()}
    return Episode(
        seed=seed,
        level=None if level is None else int(level),
        success=bool(info["is_success"]),
        length=length,
        ret=ret,
        metrics=metrics,
        rates=rates,
        kind=None if info.get("kind") is None else str(info["kind"]),
    )


def serve(connection: Connection) -> None:
    """Live as a worker process: a `Job` says what to play, every seed after it is answered with its episode.

    Ends when the other side hangs up, whichever way it ended.
    """
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches every process: the first one decides
    torch.set_num_threads(1)
    player = Player()
    try:
        while True:
            message: Job | int = connection.recv()
            if isinstance(message, Job):
                player.take(message)
            else:
                connection.send(player.play(message))
    except (EOFError, ConnectionError):
        player.close()


def _policy(source: str | AnyFiles, env: AnyEnv) -> Policy:
    return policy_from_files(source, env) if not isinstance(source, str) else load_policy(source, env)


def _make(job: Job) -> AnyEnv:
    try:
        env: AnyEnv = gym.make(job.env, disable_env_checker=True, **job.kwargs)
    except RobosimError:
        raise
    except (gym.error.Error, ImportError, TypeError) as error:  # TypeError: an argument it does not take
        raise EvaluationError(f"{job.env.id} cannot be made with {job.kwargs}: {error}") from error
    return env
