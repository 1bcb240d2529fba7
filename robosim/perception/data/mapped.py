"""A safetensors file mapped into memory: rows are read from the disk when they are looked at."""

import contextlib
import json
import mmap
import sys
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

if sys.platform != "win32":  # where nothing of the kind is limited
    import resource

# https://huggingface.co/docs/safetensors: eight bytes, the header's length; the header, JSON; the arrays' bytes
_LENGTH = 8
_KINDS = {"U8": "u1", "I8": "i1", "U16": "<u2", "I32": "<i4", "F32": "<f4"}


def map_shard(path: Path) -> dict[str, NDArray[Any]]:
    """Gives the arrays of a file that has been checked before; they cannot be written to."""
    with path.open("rb") as opened:
        mapped = mmap.mmap(opened.fileno(), 0, access=mmap.ACCESS_READ)
    if hasattr(mmap, "MADV_RANDOM"):  # not on Windows
        mapped.madvise(mmap.MADV_RANDOM)  # pictures are drawn: what comes after one would be read for nothing
    file = np.frombuffer(mapped, np.uint8)
    length = int.from_bytes(file[:_LENGTH].tobytes(), "little")
    header = json.loads(file[_LENGTH : _LENGTH + length].tobytes())
    header.pop("__metadata__", None)
    arrays = {}
    for name, told in header.items():
        start, end = (_LENGTH + length + offset for offset in told["data_offsets"])
        arrays[name] = file[start:end].view(_KINDS[told["dtype"]]).reshape(told["shape"])
    return arrays


def make_room(files: int) -> None:
    """Lets this process have so many more files open, as far as it may: each mapped one stays open.

    Many systems allow 1,024, macOS 256, and more to whoever asks.
    """
    if sys.platform != "win32":
        allowed, most = resource.getrlimit(resource.RLIMIT_NOFILE)
        unlimited = resource.RLIM_INFINITY
        if allowed != unlimited:
            wanted = allowed + files if most == unlimited else min(allowed + files, most)
            with contextlib.suppress(OSError, ValueError):  # then it has to do with what it has
                resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, most))
