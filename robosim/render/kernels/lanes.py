"""Blocks of eight pixels of a row, written for LLVM by hand: by itself it makes such only of long rows.

In small pictures a face covers a few pixels of a row. A loop over them ends each time where no processor expects it,
and waits there; a block of eight of which some are left as they were, or are painted over, does not.
"""

from collections.abc import Callable
from typing import Any

from llvmlite import ir
from numba import extending
from numba.core import cgutils, types

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
    """Writes where a face is nearer than what was there: in the block from ``column`` on, and not after ``last``.

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


@_intrinsic
def print_block(
    _: Untyped, inks: Untyped, nearness: Untyped, row: Untyped, column: Untyped, end: Untyped, own: Untyped,
    level: Untyped, texels: Untyped,
) -> tuple[Untyped, Callable[..., Untyped]]:  # fmt: skip
    """Paints the block from ``column`` on with a texture; what comes after ``end`` is painted with anything.

    Args:
        inks: uint32 (width,), as in `Palette`.
        nearness: float32 (height, width), as in `Buffers`.
        row: int64, of the picture.
        column: int64, the first.
        end: int64, the column behind the last that counts.
        own: 9 float64: what the face sends back of red, green and blue, and for u and then v at a column x and a depth
            z, what they are: (a x + b) z + c.
        level: 3 int64, of the texture: its first texel, height and width.
        texels: uint32, as in `Looks`.
    """

    def generate(context: Untyped, b: ir.IRBuilder, signature: Untyped, given: Untyped) -> Untyped:
        def array(k: int) -> Untyped:
            return context.make_array(signature.args[k])(context, b, given[k])

        kept, first, near_of = array(0), given[3], array(1)
        own = [_spread(b, number) for number in cgutils.unpack_tuple(b, given[5])]
        begin, height, width = (_spread(b, b.trunc(number, _INT)) for number in cgutils.unpack_tuple(b, given[6]))
        place = b.add(b.mul(given[2], b.extract_value(near_of.shape, 1)), first)
        near = b.load(b.bitcast(b.gep(near_of.data, [place]), _lanes(_FLOAT).as_pointer()), align=4)
        columns = b.add(_spread(b, b.trunc(first, _INT)), _same(_INT, range(LANES)))
        counts = b.icmp_signed("<", columns, _spread(b, b.trunc(given[4], _INT)))
        near = b.fpext(b.select(counts, near, _same(_FLOAT, [1.0] * LANES)), _lanes(_DOUBLE))
        depth, x = b.fdiv(_same(_DOUBLE, [1.0] * LANES), near), b.sitofp(columns, _lanes(_DOUBLE))
        u = b.fadd(b.fmul(b.fadd(b.fmul(own[3], x), own[4]), depth), own[5])
        v = b.fadd(b.fmul(b.fadd(b.fmul(own[6], x), own[7]), depth), own[8])
        i = _texel(b, b.fsub(u, _floor(b, u)), width)
        j = _texel(b, b.fsub(_same(_DOUBLE, [1.0] * LANES), b.fsub(v, _floor(b, v))), height)
        ink = _gathered(b, array(7).data, b.add(b.add(begin, b.mul(j, width)), i), counts)
        painted = _same(_INT, [0] * LANES)
        for number, shift in enumerate((0, 8, 16)):
            byte = b.and_(b.lshr(ink, _same(_INT, [shift] * LANES)), _same(_INT, [255] * LANES))
            share = b.fptoui(own[number], _lanes(_INT))
            # sRGB is nearly a power: the code of a product is the product of the codes.
            dim = b.lshr(b.add(b.mul(byte, share), _same(_INT, [32768] * LANES)), _same(_INT, [16] * LANES))
            painted = b.or_(painted, b.shl(dim, _same(_INT, [shift] * LANES)))
        b.store(painted, b.bitcast(b.gep(kept.data, [first]), _lanes(_INT).as_pointer()), align=4)
        return context.get_dummy_value()

    return types.void(inks, nearness, types.int64, types.int64, types.int64, own, level, texels), generate


def _texel(b: ir.IRBuilder, share: Untyped, count: Untyped) -> Untyped:
    """Gives which of ``count`` texels is at a share of them in [0, 1]."""
    number = b.fptosi(b.fmul(share, b.sitofp(count, _lanes(_DOUBLE))), _lanes(_INT))
    return _clipped(b, number, _same(_INT, [0] * LANES), b.sub(count, _same(_INT, [1] * LANES)))


def _clipped(b: ir.IRBuilder, number: Untyped, least: Untyped, most: Untyped) -> Untyped:
    number = b.select(b.icmp_signed("<", number, least), least, number)
    return b.select(b.icmp_signed(">", number, most), most, number)


def _floor(b: ir.IRBuilder, number: Untyped) -> Untyped:
    return b.call(_declared(b, "llvm.floor", [number.type], number.type, f"v{LANES}f64"), [number])


def _gathered(b: ir.IRBuilder, data: Untyped, places: Untyped, wanted: Untyped) -> Untyped:
    """Gives 32 bits each from some places of an array, and 0 where they are not wanted."""
    pointers = ir.VectorType(data.type, LANES)
    bytes_on = b.mul(b.sext(places, _lanes(_LONG)), _same(_LONG, [4] * LANES))
    where = b.inttoptr(b.add(_spread(b, b.ptrtoint(data, _LONG)), bytes_on), pointers)
    result, mask = _lanes(_INT), _lanes(ir.IntType(1))
    gather = _declared(b, "llvm.masked.gather", [pointers, _INT, mask, result], result, f"v{LANES}i32.v{LANES}p0i32")
    return b.call(gather, [where, ir.Constant(_INT, 4), wanted, _same(_INT, [0] * LANES)])


def _declared(b: ir.IRBuilder, name: str, takes: list[Untyped], gives: Untyped, kinds: str) -> Untyped:
    return cgutils.get_or_insert_function(b.module, ir.FunctionType(gives, takes), f"{name}.{kinds}")


def _same(kind: Untyped, values: Untyped) -> Untyped:
    return ir.Constant(_lanes(kind), list(values))


def _lanes(kind: Untyped) -> Untyped:
    return ir.VectorType(kind, LANES)


def _spread(builder: ir.IRBuilder, value: Untyped) -> Untyped:
    """Gives a block that has one value everywhere."""
    nothing = ir.Constant(_lanes(value.type), ir.Undefined)
    one = builder.insert_element(nothing, value, ir.Constant(_INT, 0))
    return builder.shuffle_vector(one, nothing, ir.Constant(_lanes(_INT), [0] * LANES))
