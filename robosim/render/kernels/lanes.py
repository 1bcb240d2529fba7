"""Eight pixels of a row at once: written for LLVM by hand, which finds it by itself only where rows are long.

In small pictures a face covers a few pixels of a row. A loop over them ends each time where no processor expects it,
and waits there; a block of eight of which some are left as they were does not.
"""

from collections.abc import Callable
from typing import Any

from llvmlite import ir
from numba import extending
from numba.core import types

LANES = 8
"""Pixels of a block. It may reach so far beyond the last one that arrays must have as many more elements."""

Untyped = Any  # Numba's and LLVM's own objects
_intrinsic: Callable[..., Callable[..., Any]] = extending.intrinsic
_INT, _LONG, _FLOAT, _DOUBLE = ir.IntType(32), ir.IntType(64), ir.FloatType(), ir.DoubleType()


@_intrinsic
def fill_block(
    _: Untyped, nearness: Untyped, winner: Untyped, row: Untyped, column: Untyped, last: Untyped, start: Untyped,
    along: Untyped, face: Untyped,
) -> tuple[Untyped, Callable[..., Untyped]]:  # fmt: skip
    """Writes where a face is nearer than what was there, in eight pixels of a row from ``column`` on, none after ``last``.

    Args:
        nearness: float32 (height, width), as in `Buffers`.
        winner: int32 (height, width), the same.
        row: Of the picture.
        column: int32, the first; a block begins at the row's end at the latest.
        last: int32, of the picture's columns.
        start: float64, the face's nearness at column 0.
        along: float64, by how much it grows from column to column.
        face: int32, number to write.
    """

    def generate(context: Untyped, builder: ir.IRBuilder, signature: Untyped, given: Untyped) -> Untyped:
        kept = [context.make_array(signature.args[k])(context, builder, given[k]) for k in range(2)]
        row, column, last, start, along, face = given[2:]
        place = builder.add(builder.mul(row, builder.extract_value(kept[0].shape, 1)), builder.sext(column, _LONG))
        near_at, face_at = (
            builder.bitcast(builder.gep(array.data, [place]), _lanes(kind).as_pointer())
            for array, kind in zip(kept, (_FLOAT, _INT), strict=True)
        )
        columns = builder.add(_spread(builder, column), ir.Constant(_lanes(_INT), list(range(LANES))))
        steps = builder.fmul(_spread(builder, along), builder.sitofp(columns, _lanes(_DOUBLE)))
        # As it is kept, or equal faces would take turns.
        near = builder.fptrunc(builder.fadd(_spread(builder, start), steps), _lanes(_FLOAT))
        before, owner = builder.load(near_at, align=4), builder.load(face_at, align=4)
        within = builder.icmp_signed("<=", columns, _spread(builder, last))
        closer = builder.and_(builder.fcmp_ordered(">", near, before), within)
        builder.store(builder.select(closer, near, before), near_at, align=4)
        builder.store(builder.select(closer, _spread(builder, face), owner), face_at, align=4)
        return context.get_dummy_value()

    numbers = types.intp, types.int32, types.int32, types.float64, types.float64, types.int32
    return types.void(nearness, winner, *numbers), generate


def _lanes(kind: Untyped) -> Untyped:
    return ir.VectorType(kind, LANES)


def _spread(builder: ir.IRBuilder, value: Untyped) -> Untyped:
    """Gives a block that has one value everywhere."""
    nothing = ir.Constant(_lanes(value.type), ir.Undefined)
    one = builder.insert_element(nothing, value, ir.Constant(_INT, 0))
    return builder.shuffle_vector(one, nothing, ir.Constant(_lanes(_INT), [0] * LANES))
