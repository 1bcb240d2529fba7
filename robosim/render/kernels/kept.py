"""Arrays that kernels are handed once: taking fifty of them from Python takes longer than drawing a small scene.

`keep` writes what Numba knows of them, their addresses and shapes, into one array, and `kept_in` reads it in a kernel.
Nobody counts references to what `kept_in` gives: kernels are compiled without that (`robosim.compiled`), and could not
use it otherwise.
"""

from collections.abc import Callable
from typing import Any, Literal, NamedTuple

import numba
import numpy as np
from numba import extending
from numba.core import cgutils, types
from numpy.typing import DTypeLike, NDArray

from robosim.compiled import compiled
from robosim.render.kernels.arrays import (
    Array,
    Buffers,
    Geometry,
    Light,
    Looks,
    Palette,
    make_buffers,
    make_palette,
)  # fmt: skip

Untyped = Any  # Numba's and LLVM's own objects
_intrinsic: Callable[..., Callable[..., Any]] = extending.intrinsic
_typeof: Callable[..., Untyped] = numba.typeof
Intrinsic = tuple[Untyped, Callable[..., Untyped]]  # a signature, and what generates the code


class Kept(NamedTuple):
    """What stays in its place from frame to frame, while what it holds changes.

    Attributes:
        geometry: What there is.
        looks: How it looks.
        poses: float64 (links, 3, 4), from each link's frame to the world.
        buffers: Room to work in.
        palette: The same, the sky and the light.
    """

    geometry: Geometry
    looks: Looks
    poses: NDArray[np.float64]
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
    room = np.zeros(_size(kept) // 8 + 1, np.int64)
    _write(room, kept)
    return room


@_intrinsic
def kept_in(_: Untyped, room: Untyped) -> Intrinsic:
    """Gives, in a kernel, what an array of `keep` stands for."""

    def generate(context: Untyped, builder: Untyped, signature: Untyped, given: Untyped) -> Untyped:
        kind = context.get_value_type(signature.return_type)
        return builder.load(_address(context, builder, signature.args[0], given[0], kind))

    return _typeof(_EXAMPLE)(room), generate


@compiled
def _write(room: Array, kept: Kept) -> None:
    _store(room, kept)


@compiled
def _size(kept: Kept) -> int:
    """Gives the bytes that it takes."""
    return int(_size_of(kept))


@_intrinsic
def _store(_: Untyped, room: Untyped, kept: Untyped) -> Intrinsic:
    def generate(context: Untyped, builder: Untyped, signature: Untyped, given: Untyped) -> Untyped:
        builder.store(given[1], _address(context, builder, signature.args[0], given[0], given[1].type))
        return context.get_dummy_value()

    return types.void(room, kept), generate


@_intrinsic
def _size_of(_: Untyped, kept: Untyped) -> Intrinsic:
    def generate(context: Untyped, _: Untyped, __: Untyped, given: Untyped) -> Untyped:
        return cgutils.intp_t(context.get_abi_sizeof(given[0].type))

    return types.intp(kept), generate


def _address(context: Untyped, builder: Untyped, array_kind: Untyped, array: Untyped, kind: Untyped) -> Untyped:
    """Gives where an array's data begin, as the address of something of another kind."""
    return builder.bitcast(context.make_array(array_kind)(context, builder, array).data, kind.as_pointer())


def _arrays(group: Untyped) -> list[NDArray[Any]]:
    return [group] if isinstance(group, np.ndarray) else [array for part in group for array in _arrays(part)]


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
    light = Light(black, black, black, black, black, black, 1.0)
    return Kept(
        geometry, looks, made(np.float64, 3), make_buffers(2, 2, geometry), make_palette(2, geometry, looks, light)
    )


_EXAMPLE = _example()
