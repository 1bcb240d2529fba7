"""The two files of an agent as bytes: read whole and within bounds, written all or nothing.

Replacing a folder takes two renames, and a process may be killed between them:

    .NAME.new   is written and flushed to disk
    NAME        is renamed to .NAME.old     (only if there was one)
    .NAME.new   is renamed to NAME
    .NAME.old   is deleted

So at every moment NAME or .NAME.old is a whole agent. Reading takes .NAME.old where NAME is missing, and the
next write moves it back first. One process may write a folder at a time; any number may read it meanwhile.
"""

from __future__ import annotations

import os
import shutil
import stat
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, TypeAlias

from robosim.errors import RobosimError

CARD_NAME = "agent.yaml"
WEIGHTS_NAME = "policy.safetensors"
MAX_CARD_BYTES = 2**18  # 256 KiB; a card of a robot with fifty observations has 4
MAX_WEIGHTS_BYTES = 2**28  # 256 MiB; a 64x64 MLP has 0.05
Lack: TypeAlias = Literal["", "sight", "network"]
_ATTEMPTS = 50  # one is enough, unless a writer replaces the agent during its half millisecond
_READ_FLAGS = sum(getattr(os, name, 0) for name in ("O_RDONLY", "O_NOFOLLOW", "O_NONBLOCK", "O_BINARY"))
_EXPECTED = f"an agent is a folder with {CARD_NAME} and {WEIGHTS_NAME}"


class AgentError(RobosimError):
    """An agent cannot be read, written or used; the message says which, what was found and expected."""


@dataclass(frozen=True)
class AgentFiles:
    """An agent as it lies on disk."""

    source: Path
    """Where it was read, for messages."""
    card: bytes
    weights: bytes
    lacks: Lack = ""
    """What it is to act without; see `robosim.agents.policies.blind` and `robosim.agents.policies.alone`."""


def is_agent(folder: Path) -> bool:
    """Whether there is an agent to read at `folder`, judged by the presence of its card alone."""
    return (_present(folder) / CARD_NAME).is_file()


def read_files(folder: Path) -> AgentFiles:
    """Read both files of an agent, of one and the same version even while another process replaces it.

    Raises:
        AgentError: There is no such folder, a file is missing, too large, or not a regular file.
    """
    folder = Path(folder)
    for attempt in range(_ATTEMPTS):
        present = _present(folder)
        before = _version(present)
        try:
            files = AgentFiles(
                folder,
                _read(present / CARD_NAME, MAX_CARD_BYTES),
                _read(present / WEIGHTS_NAME, MAX_WEIGHTS_BYTES),
            )
        except FileNotFoundError as error:
            if attempt == _ATTEMPTS - 1:
                raise AgentError(f"{folder}: {_found(folder)}; {_EXPECTED}") from error
            continue  # perhaps only between two renames
        except OSError as error:
            raise AgentError(f"{folder}: cannot be read ({error.strerror}); {_EXPECTED}") from error
        if before == _version(_present(folder)):
            return files
    raise AgentError(f"{folder}: replaced again and again while being read")


def write_files(folder: Path, card: bytes, weights: bytes) -> None:
    """Write an agent, in place of the one that may be there, see above.

    Raises:
        AgentError: `folder` is something other than an agent; nothing is touched then.
    """
    folder = Path(os.path.realpath(folder))  # a link to a folder stays one
    folder.parent.mkdir(parents=True, exist_ok=True)
    new, old = _beside(folder, "new"), _beside(folder, "old")
    if not folder.exists() and old.exists():
        old.rename(folder)
    _refuse_foreign(folder)
    for leftover in (new, old):
        shutil.rmtree(leftover, ignore_errors=True)
    new.mkdir()
    _write(new / CARD_NAME, card)
    _write(new / WEIGHTS_NAME, weights)
    _flush_folder(new)
    if folder.exists():
        folder.rename(old)
    new.rename(folder)
    _flush_folder(folder.parent)
    shutil.rmtree(old, ignore_errors=True)


def _beside(folder: Path, role: str) -> Path:
    return folder.parent / f".{folder.name}.{role}"


def _present(folder: Path) -> Path:
    """The folder itself, or where a killed writer left the version before."""
    old = _beside(Path(os.path.realpath(folder)), "old")
    return old if not folder.exists() and old.exists() else folder


def _version(folder: Path) -> tuple[int, int] | None:
    """Something that differs between two versions of an agent; None where there is none."""
    try:
        status = (folder / CARD_NAME).stat()
    except OSError:
        return None
    return status.st_ino, status.st_mtime_ns


def _read(path: Path, limit: int) -> bytes:
    """Read a regular file of at most `limit` bytes; not through a link, and never waiting on a pipe."""
    if path.is_symlink():
        raise AgentError(f"{path}: is a symbolic link; an agent's files must be plain files")
    descriptor = os.open(path, _READ_FLAGS)
    with os.fdopen(descriptor, "rb") as file:
        status = os.fstat(descriptor)
        if not stat.S_ISREG(status.st_mode):
            raise AgentError(f"{path}: is not a plain file")
        if status.st_size > limit:
            raise AgentError(f"{path}: has {status.st_size} bytes, at most {limit} are read")
        content = file.read(limit + 1)
    if len(content) > limit:
        raise AgentError(f"{path}: grew beyond {limit} bytes while being read")
    return content


def _write(path: Path, content: bytes) -> None:
    with path.open("xb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())


def _flush_folder(folder: Path) -> None:
    """Make renames in the folder survive a power cut; only POSIX can (and needs to) be asked."""
    if os.name == "posix":
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


def _refuse_foreign(folder: Path) -> None:
    if not folder.exists():
        return
    if not folder.is_dir():
        raise AgentError(f"{folder}: is a file; an agent is written to a folder of its own")
    foreign = sorted(set(os.listdir(folder)) - {CARD_NAME, WEIGHTS_NAME})
    if foreign:
        raise AgentError(f"{folder}: holds {_few(foreign)}, which would be lost; nothing was written")


def _found(folder: Path) -> str:
    if not folder.exists():
        return "does not exist"
    if not folder.is_dir():
        return "is a file"
    return f"holds {_few(sorted(os.listdir(folder))) or 'nothing'}"


def _few(names: list[str]) -> str:
    return ", ".join(names[:5]) + (f" and {len(names) - 5} more" if len(names) > 5 else "")
