"""PyBullet, imported without the line that it prints in every process: the only file that imports it."""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress


@contextmanager
def _silence() -> Iterator[None]:
    """Lets nothing through to the process's own output, where C code writes."""
    kept = {}
    for fd, stream in ((1, sys.stdout), (2, sys.stderr)):
        if stream is not None:  # a service may have closed it
            stream.flush()
        with suppress(OSError):
            kept[fd] = os.dup(fd)
    nowhere = os.open(os.devnull, os.O_WRONLY)
    try:
        for fd in kept:
            os.dup2(nowhere, fd)
        yield
    finally:
        for fd, copy in kept.items():
            os.dup2(copy, fd)
            os.close(copy)
        os.close(nowhere)


with _silence():
    import pybullet

__all__ = ["pybullet"]
