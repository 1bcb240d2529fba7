"""Whether results may be written to a file; how they are written, whole or not at all: `robosim.whole_file`."""

import os
from collections.abc import Callable
from pathlib import Path

from robosim.errors import RobosimError
from robosim.whole_file import is_partial as is_partial
from robosim.whole_file import remove_partial as remove_partial
from robosim.whole_file import write_whole as write_whole


class KeptError(RobosimError):
    """A file that would have to be written over, or a place where none can be written."""


def check_replaceable(path: Path, read: Callable[[bytes], object]) -> None:
    """Learn before the work is done whether its results can be written to `path`: only over older ones.

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
