"""Files that are written whole or not at all: a kill at any moment leaves the old file or the new one."""

import os
from pathlib import Path

_SUFFIX = ".partial"


def write_whole(path: Path, data: bytes) -> None:
    """Write a file through a temporary one beside it: flushed to the disk, then renamed over `path`."""
    temporary = path.with_name(f".{path.name}.{os.getpid()}{_SUFFIX}")
    with temporary.open("wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
    os.replace(temporary, path)


def remove_partial(folder: Path) -> None:
    """Delete the temporary files that killed processes left in a folder (not in its subfolders)."""
    for leftover in folder.glob(f".*{_SUFFIX}"):
        leftover.unlink(missing_ok=True)
