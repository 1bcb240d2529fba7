"""`compiled`: functions that Numba turns into machine code once, and keeps on disk for the next process."""

import ast
import contextlib
import functools
import sys
from collections.abc import Callable, Iterable
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
    _forget_stale(_sources(kernel.py_func), kernel.stats.cache_path, f"{source.stem}.{function.__qualname__}-*.nbi")
    return cast("F", kernel)


def inlined(function: F) -> F:
    """Compiles a kernel into those that call it, for what is called once a face or a pixel."""
    return cast("F", _njit(forceinline=True, **_OPTIONS)(function))


def _sources(function: FunctionType) -> frozenset[Path]:
    """Gives what a kernel is made of: folders of it and of kernels that its file knows, and files it has names from."""
    known = [value.py_func for value in function.__globals__.values() if hasattr(value, "py_func")]
    folders = {Path(other.__code__.co_filename).parent for other in (function, *known)}
    tree = ast.parse(Path(function.__code__.co_filename).read_text(encoding="utf-8"))
    told = [node.module for node in ast.walk(tree) if isinstance(node, ast.ImportFrom) and node.module]
    files = [getattr(sys.modules.get(name), "__file__", None) for name in told]
    return frozenset(folders | {Path(file) for file in files if file})


def _forget_stale(sources: frozenset[Path], cache: str, names: str) -> None:
    """Numba notices when a kernel's own file changes, not when that of a kernel or of a constant it uses does."""
    newest = max(_newest(source) for source in sources)
    for index in Path(cache).glob(names):
        with contextlib.suppress(OSError):  # another process was faster
            if index.stat().st_mtime < newest:
                index.unlink()


@functools.cache
def _newest(sources: Path) -> float:
    files: Iterable[Path] = sources.glob("*.py") if sources.is_dir() else [sources]
    return max(file.stat().st_mtime for file in (_HERE, *files))
