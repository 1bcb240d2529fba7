"""Several episodes filmed at once, each in a process of its own, and seen side by side."""

from __future__ import annotations

import contextlib
import multiprocessing
import traceback
from collections.abc import Generator, Iterator, Sequence
from dataclasses import dataclass
from itertools import zip_longest
from multiprocessing.connection import Connection
from types import TracebackType
from typing import Any

import numpy as np

from robosim.agents.evaluation.episodes import EvaluationError
from robosim.agents.showing.film import Shot, shots, stage
from robosim.agents.vector.process import settle, thread_caps
from robosim.errors import RobosimError
from robosim.render.overlay import Picture


@dataclass(frozen=True)
class Take:
    """An episode to be filmed."""

    agent: str
    """What `robosim.agents.policies.find.load_policy` takes."""
    title: str
    """What the viewer reads."""
    env: str
    kwargs: dict[str, Any]
    """Of the env; without `render_mode`."""
    seed: int
    seconds: float | None = None
    """Where to cut the episode; None: at its end."""


def side_by_side(takes: Sequence[Take]) -> Generator[Picture, None, None]:
    """Film several episodes at once, each in a process of its own, next to one another in each picture.

    Args:
        takes: At least one; all of envs with the same rate. Where one ends before another, its last picture stays.

    Yields:
        RGB, as high as the highest of them.

    Raises:
        RobosimError: A take cannot be filmed.
    """
    with contextlib.ExitStack() as stack:
        films = [stack.enter_context(_Apart(take)) for take in takes]
        latest: list[Shot | None] = [None] * len(films)
        for row in zip_longest(*films):
            latest = [new or old for new, old in zip(row, latest, strict=True)]
            yield _row([shot.picture for shot in latest if shot is not None])


class _Apart:
    """The shots of a take, made in another process: iterate over it inside its `with`."""

    def __init__(self, take: Take) -> None:
        # No plain fork: this process may have trained, and locks of its threads would be copied without the threads.
        forkserver = "forkserver" in multiprocessing.get_all_start_methods()
        context: Any = multiprocessing.get_context("forkserver" if forkserver else "spawn")
        self._title = take.title
        self._shots, theirs = context.Pipe(duplex=False)
        self._process = context.Process(target=_film, args=(theirs, take), name="robosim-film", daemon=True)
        with thread_caps():
            self._process.start()
        theirs.close()  # so that its death is the end of the pipe

    def __enter__(self) -> _Apart:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._shots.close()
        self._process.terminate()  # it holds nothing that could be lost
        self._process.join()
        self._process.close()

    def __iter__(self) -> Iterator[Shot]:
        while True:
            try:
                message: Shot | RobosimError | None = self._shots.recv()
            except EOFError:
                self._process.join()
                how = f"exit code {self._process.exitcode}"
                raise EvaluationError(f"the process that filmed {self._title} died ({how})") from None
            if message is None:
                return
            if isinstance(message, RobosimError):
                raise message
            yield message


def _film(connection: Connection, take: Take) -> None:
    """The life of a filming process: every shot is sent, then None, or the error that ended it."""
    settle()
    try:
        with stage(take.agent, take.env, take.kwargs) as (env, policy):
            for shot in shots(env, policy, take.title, take.seed, take.seconds):
                connection.send(shot)
        connection.send(None)
    except ConnectionError:  # nobody looks on
        return
    except RobosimError as error:
        connection.send(error)
    except Exception:  # whatever an env raises, the other side is to tell it
        where = f"{take.env} with {take.kwargs}, episode seed {take.seed}"
        connection.send(EvaluationError(f"{where}:\n{traceback.format_exc()}"))


def _row(pictures: Sequence[Picture]) -> Picture:
    height = max(picture.shape[0] for picture in pictures)
    padded = [np.pad(one, ((0, height - one.shape[0]), (0, 0), (0, 0))) for one in pictures]
    line = np.full((height, 2, 3), 255, np.uint8)
    return np.concatenate([part for one in padded for part in (line, one)][1:], axis=1)
