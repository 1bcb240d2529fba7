"""`compiled`: functions that Numba turns into machine code once, and keeps on disk for the next process."""

import contextlib
import functools
from collections.abc import Callable
from pathlib import Path
from types import FunctionType
from typing import Any, TypeVar, cast

import numba

F = TypeVar("F", bound=Callable[..., object])
_njit: Callable[..., Any] = numba.njit
_HERE = Path(__file__)
# Kernels make no arrays, so none needs counting: counting references took nine tenths of the time.
_OPTIONS: dict[str, Any] = {"nogil": True, "error_model": "numpy", "_nrt": False}


def compiled(function: F) -> F:
    """Compiles a kernel at its first call; it runs without the interpreter's lock, and in IEEE arithmetic.

    The machine code is kept beside the source or in the user's cache. Where neither can be written, every process
    compiles for itself.
    """
    try:
        kernel = _njit(cache=True, **_OPTIONS)(function)
    except RuntimeError:  # Numba finds no folder that it may write to
        return cast("F", _njit(**_OPTIONS)(function))
    source = Path(function.__code__.co_filename)
    _forget_stale(_folders(kernel.py_func), kernel.stats.cache_path, f"{source.stem}.{function.__qualname__}-*.nbi")
    return cast("F", kernel)


def inlined(function: F) -> F:
    """Compiles a kernel into those that call it, for what is called once a face or a pixel."""
    return cast("F", _njit(forceinline=True, **_OPTIONS)(function))


def _folders(function: FunctionType) -> frozenset[Path]:
    """Gives where the kernels are that a kernel may call: those that its file knows by name."""
    known = [value.py_func for value in function.__globals__.values() if hasattr(value, "py_func")]
    return frozenset(Path(other.__code__.co_filename).parent for other in (function, *known))


def _forget_stale(folders: frozenset[Path], cache: str, names: str) -> None:
    """Numba notices when a kernel's own file changes, not when one changes whose kernels it calls."""
    newest = max(_newest(folder) for folder in folders)
    for index in Path(cache).glob(names):
        with contextlib.suppress(OSError):  # another process was faster
            if index.stat().st_mtime < newest:
                index.unlink()


@functools.cache
def _newest(sources: Path) -> float:
    return max(source.stat().st_mtime for source in (_HERE, *sources.glob("*.py")))
