"""The worker processes of `WorkerVecEnv` as their parent sees them: started, asked, watched, ended.

What the messages mean to an env is in `worker.py`, what they mean to a learner in `vec_env.py`.
"""

import contextlib
import multiprocessing
import os
import pickle
import signal
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from multiprocessing import connection, reduction
from multiprocessing.connection import Connection
from multiprocessing.process import BaseProcess
from typing import Any

import cloudpickle
import numpy as np

from robosim.agents.vector import shared_arrays
from robosim.agents.vector.process import thread_caps
from robosim.agents.vector.worker import BUSY, SEED, STEP, Env, Failure, Info, Job, Rows, run

_PATIENCE_S = 0.5  # how long to wait for one worker before looking whether all of them live
_GRACE_S = 5.0  # how long the workers may take to close their envs


class WorkerDied(RuntimeError):  # noqa: N818  # says what happened, as BrokenPipe says it
    """A worker ended, or its env raised in reset or step. The vector env is closed by then.

    Attributes:
        envs: indices of the envs that the worker had.
        busy: the env that was being reset or stepped, None where that is not known.
        seeds: by env, the seed of the episode it was in, None where that is not known. With it
            `env.reset(seed=...)` plays the same episode again.
        exit_code: of the process, negative for a signal; None where it was still running.
        traceback: of the exception in the worker, None where there was none.
    """

    def __init__(
        self,
        envs: Sequence[int],
        busy: int | None,
        seeds: Mapping[int, int | None],
        exit_code: int | None,
        traceback: str | None,
    ) -> None:
        super().__init__(envs, busy, seeds, exit_code, traceback)
        self.envs, self.busy, self.seeds = envs, busy, seeds
        self.exit_code, self.traceback = exit_code, traceback

    def __str__(self) -> str:
        how = "raised an exception" if self.traceback else _ending(self.exit_code)
        where = "" if self.busy is None else f" in env {self.busy}, episode seed {self.seeds.get(self.busy)}"
        lines = [f"the worker of envs {self.envs[0]} to {self.envs[-1]} {how}{where}"]
        if self.seeds:
            seeds = ", ".join(f"env {env}: {seed}" for env, seed in self.seeds.items())
            lines.append(f"its episode seeds: {seeds}")
        if self.traceback:
            lines.append(self.traceback)
        return "\n".join(lines)


class WorkerTraceback(Exception):  # noqa: N818  # the cause of an error, not one itself
    """Where in a worker an exception came from: the `__cause__` of what an env method raises."""

    def __str__(self) -> str:
        return f"\n{self.args[0]}"


@dataclass
class _Member:
    """One worker."""

    process: BaseProcess
    pipe: Connection
    envs: range
    owed: int
    """Messages that it has not answered yet."""


class WorkerPool:
    """Worker processes with consecutive shares of the envs.

    Args:
        env_fns: one function for each env.
        workers: how many processes, at most one for each env.
        start_method: of multiprocessing; None for "fork" on Linux and "spawn" elsewhere.
        every_info: whether the info of every step is sent.

    Attributes:
        spaces: (observation space, action space) of every env.
        arrays: what all processes share, after `share`.
        closed: whether the workers have been ended.

    Raises:
        WorkerDied: From here and from every method, if a worker ends or fails. All others are ended first.
    """

    def __init__(
        self, env_fns: Sequence[Callable[[], Env]], workers: int, start_method: str | None, every_info: bool
    ) -> None:
        self.arrays: Rows = {}
        self.closed = False
        self._members: list[_Member] = []
        method = start_method or ("fork" if sys.platform == "linux" else "spawn")
        try:
            with contextlib.nullcontext() if method == "fork" else thread_caps():
                for share in np.array_split(np.arange(len(env_fns)), workers):
                    self._start(method, [env_fns[index] for index in share], int(share[0]), every_info)
            self.spaces = [pair for answer in self.answers() for pair in answer]
        except BaseException:
            self.kill()
            raise

    def _start(self, method: str, env_fns: list[Callable[[], Env]], first: int, every_info: bool) -> None:
        context = multiprocessing.get_context(method)
        envs = range(first, first + len(env_fns))
        pipe, theirs = context.Pipe()
        job = Job(len(self._members), first, cloudpickle.dumps(env_fns), every_info)
        process = context.Process(  # type: ignore[attr-defined]  # every concrete context has it
            target=run, args=(theirs, job), name=f"envs-{envs[0]}-{envs[-1]}", daemon=True
        )
        process.start()
        # At once: a worker forked later must not hold this end too, or the pipe would outlive this worker.
        theirs.close()
        self._members.append(_Member(process, pipe, envs, owed=1))  # it begins by telling its spaces

    def share(self, layout: shared_arrays.Layout) -> None:
        """Lay out the memory that all processes see; it includes the int64 arrays SEED and BUSY."""
        descriptor = shared_arrays.create(layout)
        try:
            self.arrays = shared_arrays.attach(descriptor, layout)
            self.arrays[SEED].fill(-1)
            self.arrays[BUSY].fill(-1)
            for member in self._members:
                try:
                    member.pipe.send_bytes(pickle.dumps(layout))
                    reduction.send_handle(member.pipe, descriptor, member.process.pid or 0)
                except OSError:
                    raise self._died(member) from None
        finally:
            os.close(descriptor)

    def step(self) -> None:
        """Wake every worker to step its envs. `answers` waits for them."""
        for member in self._members:
            self._send(member, STEP)

    def answers(self) -> list[list[Any]]:
        """What each worker has to tell about its last message."""
        return [self._receive_success(member) for member in self._members]

    def settle(self) -> None:
        """Wait for what is still under way, and forget it: Ctrl-C may have come before `answers` was done."""
        for member in self._members:
            while member.owed:
                self._receive_success(member)

    def reset(self, how: Sequence[tuple[int | None, dict[str, Any]]]) -> list[Info]:
        """Reset every env with its (seed, options), and return the infos."""
        self.settle()
        for member in self._members:
            self._send(member, cloudpickle.dumps(("reset", how[member.envs.start : member.envs.stop])))
        return [info for answer in self.answers() for info in answer]

    def ask(self, command: str, envs: Sequence[int], *arguments: object) -> list[Any]:
        """Carry out a command in some envs, all workers at once.

        Returns:
            The result of each of `envs`.

        Raises:
            Exception: What an env raises, here too. The workers go on.
        """
        self.settle()
        asked = [(member, [env for env in envs if env in member.envs]) for member in self._members]
        asked = [(member, share) for member, share in asked if share]
        for member, share in asked:
            self._send(member, cloudpickle.dumps((command, (share, *arguments))))
        answers = [self._receive(member) for member, _ in asked]  # all, before one of them is raised
        results: dict[int, Any] = {}
        for (_, share), answer in zip(asked, answers, strict=True):
            if isinstance(answer, Failure):
                error = answer.error or RuntimeError("an env raised what cannot be pickled")
                raise error from WorkerTraceback(answer.traceback)
            results.update(zip(share, answer, strict=True))
        return [results[env] for env in envs]

    def close(self) -> None:
        """Let the workers close their envs and end, and end those that do not. Twice is fine."""
        if not self.closed:
            for member in self._members:
                with contextlib.suppress(OSError):  # it is dead already
                    member.pipe.send_bytes(pickle.dumps(("close", ())))
            deadline = time.monotonic() + _GRACE_S
            for member in self._members:
                _let_end(member, deadline)
            self.kill()

    def kill(self) -> None:
        """End the workers at once, whatever they are doing."""
        self.closed = True
        for member in self._members:
            member.process.terminate()
        for member in self._members:
            member.process.join(1.0)
            if member.process.is_alive():
                member.process.kill()
                member.process.join()
            member.pipe.close()

    def _send(self, member: _Member, message: bytes) -> None:
        self._check_open()
        try:
            member.pipe.send_bytes(message)
        except OSError:
            raise self._died(member) from None
        member.owed += 1

    def _receive(self, member: _Member) -> list[Any] | Failure:
        self._check_open()
        while not member.pipe.poll(_PATIENCE_S):
            for other in self._members:
                if not other.process.is_alive():
                    raise self._died(other)
        try:
            reply = member.pipe.recv_bytes()
        except (EOFError, OSError):
            raise self._died(member) from None
        member.owed -= 1
        answer: list[Any] | Failure = pickle.loads(reply) if reply else []
        return answer

    def _receive_success(self, member: _Member) -> list[Any]:
        """The answer to a message whose failure ends the run."""
        answer = self._receive(member)
        if isinstance(answer, Failure):
            raise self._died(member, answer) from answer.error
        return answer

    def _check_open(self) -> None:
        if self.closed:
            raise RuntimeError("the vector env is closed")

    def _died(self, member: _Member, failure: Failure | None = None) -> WorkerDied:
        """End all workers, and return the error that tells about this one."""
        if failure is None:
            member.process.join(1.0)  # its pipe closes a moment before it ends
        exit_code = member.process.exitcode
        self.kill()
        seeds: dict[int, int | None] = {}
        busy = None
        if self.arrays:
            seeds = {env: _known(self.arrays[SEED][env]) for env in member.envs}
            busy = _known(self.arrays[BUSY][self._members.index(member)])
        return WorkerDied(member.envs, busy, seeds, exit_code, failure.traceback if failure else None)


def _known(number: np.int64) -> int | None:
    return None if number < 0 else int(number)


def _ending(exit_code: int | None) -> str:
    """How a process ended, in words."""
    if exit_code is None:
        return "no longer answers"
    if exit_code >= 0:
        return f"ended with exit code {exit_code}"
    hint = " (out of memory?)" if exit_code == -signal.SIGKILL else ""
    return f"was ended by {signal.Signals(-exit_code).name}{hint}"


def _let_end(member: _Member, deadline: float) -> None:
    """Wait for a process to end, and read what it still sends, since it may be waiting for that."""
    with contextlib.suppress(EOFError, OSError):
        while (left := deadline - time.monotonic()) > 0:
            ready = connection.wait([member.pipe, member.process.sentinel], left)
            if member.process.sentinel in ready:
                return
            if ready:
                member.pipe.recv_bytes()
    member.process.join(max(0.0, deadline - time.monotonic()))
