"""Files that are written whole or not at all (a kill leaves the old file or the new one), and over nothing foreign."""

import os
import re
from collections.abc import Callable
from pathlib import Path

from robosim.errors import RobosimError

_PARTIAL = re.compile(r"\..+\.\d+\.partial")


class KeptError(RobosimError):
    """A file that would have to be written over, or a place where none can be written."""


def write_whole(path: Path, data: bytes) -> None:
    """Writes a file through a temporary one beside it: flushed to the disk, then renamed over `path`."""
    temporary = path.with_name(f".{path.name}.{os.getpid()}.partial")
    with temporary.open("wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
    os.replace(temporary, path)


def remove_partial(folder: Path) -> None:
    """Deletes the temporary files that killed processes left in a folder (not in its subfolders)."""
    for leftover in filter(is_partial, folder.iterdir()):
        leftover.unlink(missing_ok=True)


def is_partial(path: Path) -> bool:
    """Says whether a file has the name that `write_whole` gives its temporary ones."""
    return _PARTIAL.fullmatch(path.name) is not None


def check_replaceable(path: Path, read: Callable[[bytes], object]) -> None:
    """Tells before the work is done whether its results can be written to `path`: only over older ones.

    Args:
        path: Where; its folder must be there.
        read: Raises ValueError for what is no file of this kind.

    Raises:
        KeptError: The folder is missing or read-only, or the file is something else.
    """
    folder = path.parent
    if not folder.is_dir():
        raise KeptError(f"{path}: cannot be written, there is no folder {folder}")
    if not os.access(folder, os.W_OK):
        raise KeptError(f"{path}: cannot be written, the folder is read-only")
    if path.is_file():
        try:
            read(path.read_bytes())
        except (OSError, ValueError):
            raise KeptError(f"{path}: holds something else; it is kept, choose another name") from None
    elif path.exists() or path.is_symlink():
        raise KeptError(f"{path}: is not a plain file; it is kept, choose another name")
