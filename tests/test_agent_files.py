"""An agent's folder is written all or nothing, and read whole while it is being replaced."""

import os
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from robosim.agents.storage.files import CARD_NAME, WEIGHTS_NAME, read_files, write_files


class Killed(BaseException):
    """What a process feels of a kill -9."""


def write_until(step: int, folder: Path, content: bytes, monkeypatch: pytest.MonkeyPatch) -> bool:
    """Write an agent's files and die before the given change of the file system; whether it came to that."""
    count = 0

    def counted(function: Callable[..., Any]) -> Callable[..., Any]:
        def call(*args: Any, **kwargs: Any) -> Any:  # noqa: ANN401
            nonlocal count
            if count == step:
                raise Killed
            count += 1
            return function(*args, **kwargs)

        return call

    with monkeypatch.context() as patch:
        for owner, name in ((os, "rename"), (os, "mkdir"), (os, "unlink"), (os, "rmdir"), (os, "fsync")):
            patch.setattr(owner, name, counted(getattr(owner, name)))
        try:
            write_files(folder, content, content)
        except Killed:
            return True
    return False


def test_a_kill_at_any_moment_leaves_the_old_agent_or_the_new_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder, step, found = tmp_path / "agent", 0, set()
    while True:
        write_files(folder, b"old", b"old")
        killed = write_until(step, folder, b"new", monkeypatch)
        files = read_files(folder)
        assert files.card == files.weights
        found.add(files.card)
        if not killed:
            break
        write_until(step, folder, b"newer", monkeypatch)  # and killed again at the same place
        files = read_files(folder)
        assert files.card == files.weights
        step += 1
    assert step > 8
    assert found == {b"old", b"new"}
    write_files(folder, b"last", b"last")
    assert sorted(path.name for path in tmp_path.rglob("*")) == ["agent", CARD_NAME, WEIGHTS_NAME]


def test_readers_see_one_whole_agent_while_another_is_written(tmp_path: Path) -> None:
    folder = tmp_path / "agent"
    write_files(folder, b"0", b"0")
    stop = threading.Event()

    def write() -> None:
        for number in range(10**6):
            if stop.is_set():
                return
            write_files(folder, str(number).encode(), str(number).encode())
            time.sleep(0.005)  # file times are no finer than this, and no trainer saves as often

    writer = threading.Thread(target=write)
    writer.start()
    try:
        seen = set()
        for _ in range(1000):
            files = read_files(folder)
            assert files.card == files.weights
            seen.add(files.card)
    finally:
        stop.set()
        writer.join()
    assert len(seen) > 1
