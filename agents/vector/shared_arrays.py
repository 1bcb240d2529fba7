"""NumPy arrays that several processes see, in memory without a name; nothing here knows what they hold."""

import mmap
import os
import sys
import tempfile
from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

# Shape and dtype of every array by its name, in the order in which they lie in memory.
Layout = Mapping[str, tuple[tuple[int, ...], np.dtype[Any]]]

_ALIGNMENT = 64  # bytes, a cache line: two arrays never share one


def create(layout: Layout) -> int:
    """Make a file without a name, filled with zeros and large enough for the layout.

    A block with a name (`multiprocessing.shared_memory`) stays behind when its owner is killed, unless yet
    another process tidies up. This one is gone with the last process that maps it, however that ends.

    Returns:
        The file's descriptor, which belongs to the caller. It may be closed once `attach` has been called.
    """
    if sys.platform == "linux":
        descriptor = os.memfd_create("robosim")  # not /dev/shm, which containers often limit to 64 MB
    else:
        with tempfile.TemporaryFile() as file:
            descriptor = os.dup(file.fileno())
    os.ftruncate(descriptor, sum(_size(shape, dtype) for shape, dtype in layout.values()))
    return descriptor


def attach(descriptor: int, layout: Layout) -> dict[str, npt.NDArray[Any]]:
    """Map the arrays of a layout, the one given to `create`, onto its file. They outlive the descriptor."""
    memory = mmap.mmap(descriptor, 0)
    arrays = {}
    offset = 0
    for name, (shape, dtype) in layout.items():
        flat = np.frombuffer(memory, dtype, int(np.prod(shape)), offset)
        arrays[name] = flat.reshape(shape)
        offset += _size(shape, dtype)
    return arrays


def _size(shape: tuple[int, ...], dtype: np.dtype[Any]) -> int:
    """Bytes that an array takes with its padding; never 0, since nothing can be mapped onto nothing."""
    used = max(int(np.prod(shape)) * dtype.itemsize, 1)
    return -(-used // _ALIGNMENT) * _ALIGNMENT
