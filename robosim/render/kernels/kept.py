"""Arrays that kernels are handed once: taking fifty of them from Python takes longer than drawing a small scene.

`keep` writes what Numba knows of them, their addresses and shapes, into one array, and `kept_in` reads it in a kernel.
Nobody counts references to what `kept_in` gives: kernels are compiled without that (`robosim.compiled`), and could not
use it otherwise. The numbers of light and lens stay as they were when it was written.
"""

from collections.abc import Callable
from typing import Any, Literal, NamedTuple

import numba
import numpy as np
from numba import extending
from numpy.typing import DTypeLike, NDArray

from robosim.render.kernels.arrays import Buffers, Geometry, Lens6, Light, Looks, Palette, make_buffers, make_palette

Untyped = Any  # Numba's and LLVM's own objects
_intrinsic: Callable[..., Callable[..., Any]] = extending.intrinsic
_typeof: Callable[..., Untyped] = numba.typeof


class Kept(NamedTuple):
    """What stays in its place from frame to frame, while what it holds changes.

    Attributes:
        geometry: What there is.
        looks: How it looks.
        poses: float64 (links, 3, 4), from each link's frame to the world.
        light: What lights it.
        lens: Through which it is seen; see `Camera`.
        buffers: Room to work in.
        palette: The same, and the sky.
    """

    geometry: Geometry
    looks: Looks
    poses: NDArray[np.float64]
    light: Light
    lens: Lens6
    buffers: Buffers
    palette: Palette


def keep(kept: Kept) -> NDArray[np.int64]:
    """Gives the array that stands for all of them in kernels; whoever uses it must keep them alive.

    Raises:
        TypeError: An array is of another type or order than kernels take it for.
    """
    for array, example in zip(_arrays(kept), _arrays(_EXAMPLE), strict=True):
        fits = array.flags.c_contiguous if example.flags.c_contiguous else array.flags.f_contiguous
        if (array.dtype, array.ndim) != (example.dtype, example.ndim) or not fits:
            raise TypeError(f"{array.dtype}, {array.ndim} dimensions: {example.dtype}, {example.ndim} were expected")
    return np.array(_words(kept), np.int64)


@_intrinsic
def kept_in(_: Untyped, room: Untyped) -> tuple[Untyped, Callable[..., Untyped]]:
    """Gives, in a kernel, what an array of `keep` stands for."""

    def generate(context: Untyped, builder: Untyped, signature: Untyped, given: Untyped) -> Untyped:
        data = context.make_array(signature.args[0])(context, builder, given[0]).data
        return builder.load(builder.bitcast(data, context.get_value_type(signature.return_type).as_pointer()))

    return _typeof(_EXAMPLE)(room), generate


def _words(group: Untyped) -> list[int]:
    """Gives what a group is in a kernel's memory; an array is there as in Numba's ``_arraystruct.h``."""
    if isinstance(group, np.ndarray):
        return [0, 0, group.size, group.itemsize, group.ctypes.data, *group.shape, *group.strides]
    if isinstance(group, tuple):
        return [word for part in group for word in _words(part)]
    return [int(np.float64(group).view(np.int64))]


def _arrays(group: Untyped) -> list[NDArray[Any]]:
    if isinstance(group, np.ndarray):
        return [group]
    return [array for part in group for array in _arrays(part)] if isinstance(group, tuple) else []


def _example() -> Kept:
    """Gives arrays of the types that kernels take those of a `Kept` for; `Geometry` and `Looks` tell them."""

    def made(kind: DTypeLike, dimensions: int, order: Literal["C", "F"] = "C") -> NDArray[Any]:
        return np.zeros((2,) * dimensions, kind, order)

    columns, maps, indices = made(np.float32, 2, "F"), made(np.float32, 3), made(np.int32, 1)
    numbers, levels, labels = made(np.float64, 2), made(np.int32, 2), made(np.int16, 2)
    geometry = Geometry(
        columns, made(np.int32, 2), columns, indices, indices, maps, indices, maps, indices, indices, indices, indices,
        numbers, numbers, numbers, indices, labels,
    )  # fmt: skip
    looks = Looks(
        made(np.float32, 2), made(np.bool_, 1), indices, made(np.uint32, 1), levels, indices, made(np.float32, 1),
        made(np.uint8, 1),
    )  # fmt: skip
    black = (0.0, 0.0, 0.0)
    light, lens = Light(black, black, black, black, black, black, 1.0), (1.0, 1.0, 0.0, 0.0, 0.0, 1.0)
    buffers, palette = make_buffers(2, 2, geometry), make_palette(2, geometry, looks, light)
    return Kept(geometry, looks, made(np.float64, 3), light, lens, buffers, palette)


_EXAMPLE = _example()
