"""Pixels of three bytes, read and written as 32-bit words, which takes a third of the time; Numba cannot by itself.

A pixel's word is red + 256 green + 65,536 blue, on a processor that is little-endian, as x86 and ARM are.
"""

from collections.abc import Callable
from typing import Any

import numpy as np
from numba import extending
from numba.core import cgutils, types

from robosim.compiled import inlined
from robosim.render.kernels.arrays import Array

Untyped = Any  # Numba's and LLVM's own objects
intrinsic: Callable[..., Callable[..., Any]] = extending.intrinsic
Intrinsic = tuple[Untyped, Callable[..., Untyped]]  # a signature, and what generates the code
_THREE, _FOUR, _EIGHT = np.uintp(3), np.uintp(4), np.uintp(8)
_ONE, _TWO = np.uintp(1), np.uintp(2)
_BYTE, _TWO_BYTES, _THREE_BYTES = np.uint32(8), np.uint32(16), np.uint32(24)


@inlined
def pixel(table: Array, place: np.uintp) -> np.uint32:
    """Gives the word of a pixel in a table, uint8 (n, 3), and in its upper eighth what comes next: n - 1 is not one."""
    return np.uint32(_load(table, place * _THREE))


@inlined
def write_row(words: Array, line: np.uintp, rgb: Array) -> None:
    """Writes a row of a picture, uint8 (height, width, 3), from its pixels' words, uint32 (width,)."""
    width = np.uintp(rgb.shape[1])
    fours, at = width // _FOUR, line * width * _THREE
    for four in range(fours):
        first = four * _FOUR
        a, b, c, d = words[first], words[first + _ONE], words[first + _TWO], words[first + _THREE]
        a, b, c = a & np.uint32(0xFFFFFF), b & np.uint32(0xFFFFFF), c & np.uint32(0xFFFFFF)
        _store(rgb, at, np.uint32(a | (b << _THREE_BYTES)))
        _store(rgb, at + _FOUR, np.uint32((b >> _BYTE) | (c << _TWO_BYTES)))
        _store(rgb, at + _EIGHT, np.uint32((c >> _TWO_BYTES) | (d << _BYTE)))
        at += _FOUR * _THREE
    for column in range(fours * _FOUR, width):
        word = words[column]
        rgb[line, column, 0], rgb[line, column, 1] = np.uint8(word), np.uint8(word >> _BYTE)
        rgb[line, column, 2] = np.uint8(word >> _TWO_BYTES)


@intrinsic
def _load(_: Untyped, array: Untyped, place: Untyped) -> Intrinsic:
    """Gives the four bytes from a place on."""

    def generate(context: Untyped, builder: Untyped, signature: Untyped, given: Untyped) -> Untyped:
        word = builder.load(_word_at(context, builder, signature.args[0], given[0], given[1]))
        word.align = 1
        return word

    return types.uint32(array, types.uintp), generate


@intrinsic
def _store(_: Untyped, array: Untyped, place: Untyped, word: Untyped) -> Intrinsic:
    """Writes four bytes from a place on."""

    def generate(context: Untyped, builder: Untyped, signature: Untyped, given: Untyped) -> Untyped:
        builder.store(given[2], _word_at(context, builder, signature.args[0], given[0], given[1])).align = 1
        return context.get_dummy_value()

    return types.void(array, types.uintp, types.uint32), generate


def _word_at(context: Untyped, builder: Untyped, kind: Untyped, array: Untyped, place: Untyped) -> Untyped:
    data = data_of(context, builder, kind, array)
    return builder.bitcast(builder.gep(data, [place]), cgutils.int32_t.as_pointer())


def data_of(context: Untyped, builder: Untyped, kind: Untyped, array: Untyped) -> Untyped:
    """Gives the address of an array's data, while code is generated."""
    return context.make_array(kind)(context, builder, array).data
