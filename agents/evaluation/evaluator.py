"""Judging a policy on many episodes, with worker processes that live as long as the `Evaluator`."""

from __future__ import annotations

import contextlib
import multiprocessing
from collections import deque
from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from multiprocessing.connection import Connection, wait
from multiprocessing.context import BaseContext
from multiprocessing.process import BaseProcess
from pathlib import Path
from types import TracebackType
from typing import Any

import gymnasium as gym
import torch
from gymnasium.envs.registration import EnvSpec

from robosim.agents.evaluation.episodes import Episode, EvaluationError, Failure, Job, Player, serve
from robosim.agents.policies.find import BASELINES, kwargs_for, named_files
from robosim.agents.storage.team import AnyFiles

__all__ = ["Episode", "EvaluationError", "Evaluator", "check_agent", "find_env", "policy_source"]

OnEpisode = Callable[[Episode], None]


class Evaluator:
    """Plays episodes on a number of worker processes, with the same results for any number.

    Episode i is fixed by the seed `seed + i`: it resets the env, seeds the policy, and the policy starts
    without a state. The policy sees one observation at a time and torch runs on one thread, so that not even
    the last bit depends on who else is at work. One worker means this process itself.

    Workers are started from a fork server, which imports torch once and has no threads of its own. A plain
    fork is not safe here: the calling process may have trained, and OpenMP's and other libraries' threads do
    not survive a fork, but their locks do. As with every use of the `multiprocessing` module, a script that
    uses more than one worker needs its `if __name__ == "__main__":`, since workers import it again.
    """

    def __init__(self, workers: int = 1) -> None:
        """Start nothing yet.

        Args:
            workers: How many processes play; at least 1.

        Raises:
            EvaluationError: Fewer than one worker.
        """
        if workers < 1:
            raise EvaluationError(f"workers must be at least 1, got {workers}")
        self._limit = workers
        self._workers: list[_Worker] = []
        self._player = Player()

    def __enter__(self) -> Evaluator:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def run(
        self,
        agent: str | Path | AnyFiles,
        env_id: str,
        kwargs: Mapping[str, Any],
        episodes: int,
        seed: int = 0,
        on_episode: OnEpisode | None = None,
    ) -> list[Episode]:
        """Play episodes.

        Args:
            agent: What `robosim.agents.policies.find.load_policy` takes. Its files are read anew at every call: where
                it must be known which agent it is that was judged, give the files that were read.
            env_id: The env's id.
            kwargs: The env's keyword arguments.
            episodes: How many.
            seed: Of the first episode; the following ones count up from it.
            on_episode: Called in this process with every episode as it ends, in no certain order.

        Returns:
            The episodes in the order of their seeds.

        Raises:
            RobosimError: There is no such agent or env, they do not fit, the env raised an error (the message
                has its traceback and the episode's seed), or a worker process died.
        """
        if episodes < 1:
            raise EvaluationError(f"episodes must be at least 1, got {episodes}")
        job = _job(agent, env_id, kwargs)
        seeds = range(seed, seed + episodes)
        results = self._play_here(job, seeds) if self._limit == 1 else self._play_apart(job, seeds)
        found: dict[int, Episode] = {}
        with contextlib.closing(results):
            for episode in results:
                found[episode.seed] = episode
                if on_episode is not None:
                    on_episode(episode)
        return [found[one] for one in seeds]

    def close(self) -> None:
        """End the worker processes; `run` starts new ones."""
        for worker in self._workers:
            worker.stop()
        self._workers = []
        self._player.close()

    def _play_here(self, job: Job, seeds: Sequence[int]) -> Generator[Episode, None, None]:
        self._player.take(job)
        for seed in seeds:
            with _one_thread():
                answer = self._player.play(seed)
            yield _episode(answer)

    def _play_apart(self, job: Job, seeds: Sequence[int]) -> Generator[Episode, None, None]:
        waiting = deque(seeds)
        finished = False
        try:
            self._start(min(self._limit, len(waiting)))
            busy = self._workers[: len(waiting)]
            for worker in busy:
                worker.take(job)
                worker.play(waiting.popleft())
            while busy:
                for worker in _answering(busy):
                    answer = worker.answer()
                    if waiting:  # before anything else, so that the worker never waits
                        worker.play(waiting.popleft())
                    else:
                        busy = [other for other in busy if other is not worker]
                    yield _episode(answer)
            finished = True
        finally:
            if not finished:  # episodes are still being played that nobody will ask for
                self.close()

    def _start(self, number: int) -> None:
        context = _context()
        while len(self._workers) < number:
            self._workers.append(_Worker(context))


def check_agent(agent: str | Path | AnyFiles, env_id: str, kwargs: Mapping[str, Any]) -> None:
    """Make the env and load the agent once, to learn of a mistake before anything else is done.

    Raises:
        RobosimError: There is no such agent or env, or they do not fit.
    """
    with contextlib.closing(Player()) as player:
        player.take(_job(agent, env_id, kwargs))
        player.load()


def policy_source(agent: str | Path | AnyFiles) -> str | AnyFiles:
    """Give a baseline's name as it is, and read the files of every other agent.

    Raises:
        AgentError: There is no such agent.
    """
    if isinstance(agent, AnyFiles):
        return agent
    return str(agent) if str(agent) in BASELINES else named_files(agent)


def find_env(env_id: str) -> EnvSpec:
    """Look up an env.

    Raises:
        EvaluationError: It is not registered; the message lists robosim's own.
    """
    try:
        return gym.spec(env_id)
    except (gym.error.Error, ImportError) as error:
        known = ", ".join(sorted(known for known in gym.registry if known.startswith("robosim/")))
        raise EvaluationError(f"unknown env {env_id!r}: {error} (robosim has: {known or 'none'})") from error


def _job(agent: str | Path | AnyFiles, env_id: str, kwargs: Mapping[str, Any]) -> Job:
    return Job(policy_source(agent), find_env(env_id), kwargs_for(agent, env_id, kwargs))


class _Worker:
    """One worker process, seen from this side."""

    def __init__(self, context: BaseContext) -> None:
        self.connection, theirs = context.Pipe()
        self._seed: int | None = None
        self.process: BaseProcess = context.Process(  # type: ignore[attr-defined]  # every concrete one has it
            target=serve, args=(theirs,), name="robosim-evaluate", daemon=True
        )
        self.process.start()
        theirs.close()  # so that its death is the end of the pipe

    def take(self, job: Job) -> None:
        self._send(job)

    def play(self, seed: int) -> None:
        self._seed = seed
        self._send(seed)

    def answer(self) -> Episode | Failure:
        try:
            if not self.connection.poll():  # only its death woke us
                raise EOFError
            answer: Episode | Failure = self.connection.recv()
        except (EOFError, ConnectionError):
            raise self._died() from None
        return answer

    def stop(self) -> None:
        """End the process now: it holds nothing that could be lost."""
        self.connection.close()
        self.process.terminate()
        self.process.join(5)
        if self.process.is_alive():
            self.process.kill()
            self.process.join()
        self.process.close()

    def _send(self, message: Job | int) -> None:
        try:
            self.connection.send(message)
        except ConnectionError:
            raise self._died() from None

    def _died(self) -> EvaluationError:
        self.process.join(5)
        code = self.process.exitcode
        how = f"killed by signal {-code}, as by a lack of memory" if code and code < 0 else f"exit code {code}"
        return EvaluationError(f"a worker process died ({how}) at episode seed {self._seed}")


def _context() -> BaseContext:
    if "forkserver" not in multiprocessing.get_all_start_methods():
        return multiprocessing.get_context("spawn")
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["robosim.agents.evaluation.episodes"])
    return context


def _answering(workers: Sequence[_Worker]) -> list[_Worker]:
    """Wait until at least one worker has answered or died, and give those that did."""
    handles: dict[Connection | int, _Worker] = {worker.connection: worker for worker in workers}
    handles |= {worker.process.sentinel: worker for worker in workers}
    ready = {id(handles[handle]) for handle in wait(list(handles))}  # type: ignore[index]  # what it was given
    return [worker for worker in workers if id(worker) in ready]


@contextlib.contextmanager
def _one_thread() -> Iterator[None]:
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(threads)


def _episode(answer: Episode | Failure) -> Episode:
    if isinstance(answer, Failure):
        raise answer.error
    return answer
