"""Files that are written whole or not at all: a kill at any moment leaves the old file or the new one."""

import os
import re
from pathlib import Path

_PARTIAL = re.compile(r"\..+\.\d+\.partial")


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
