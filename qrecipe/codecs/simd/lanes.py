"""Vectors from and to memory and numbers: load, store, splat, select, convert, and questions about all lanes.

All of these are intrinsics: names for one or a few instructions, which only compiled code can call. Arrays are
C-contiguous of one dimension, `at` is an index of an element; nothing checks that `WIDTH` elements follow.
"""

from __future__ import annotations

from typing import Any

from llvmlite import ir
from numba.core import cgutils, types
from numba.np.arrayobj import make_array

from qrecipe.codecs.simd.vectors import FLOATS, INTS, IR_FLOATS, IR_INTS, IR_MASK, MASK, WIDTH, word

_I32, _I64, _BYTE = ir.IntType(32), ir.IntType(64), ir.IntType(8)
_LONGS = ir.VectorType(_I64, WIDTH)
_BYTES = ir.VectorType(_BYTE, WIDTH)
_HALVES = ir.VectorType(ir.HalfType(), WIDTH)
_HALF = ir.VectorType(ir.FloatType(), 8)


@word
def load(typing: Any, array: Any, at: Any) -> Any:
    """Return `array[at : at + WIDTH]`, float32."""

    def emit(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        return builder.load(_address(context, builder, signature, args, IR_FLOATS), align=4)

    return FLOATS(array, types.intp), emit


@word
def store(typing: Any, array: Any, at: Any, value: Any) -> Any:
    """Write to `array[at : at + WIDTH]`, float32."""

    def emit(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        builder.store(args[2], _address(context, builder, signature, args, IR_FLOATS), align=4)
        return context.get_dummy_value()

    return types.void(array, types.intp, FLOATS), emit


@word
def load_ints(typing: Any, array: Any, at: Any) -> Any:
    """Return `array[at : at + WIDTH]`, int32."""

    def emit(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        return builder.load(_address(context, builder, signature, args, IR_INTS), align=4)

    return INTS(array, types.intp), emit


@word
def store_ints(typing: Any, array: Any, at: Any, value: Any) -> Any:
    """Write to `array[at : at + WIDTH]`, int32."""

    def emit(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        builder.store(args[2], _address(context, builder, signature, args, IR_INTS), align=4)
        return context.get_dummy_value()

    return types.void(array, types.intp, INTS), emit


@word
def gather(typing: Any, array: Any, places: Any) -> Any:
    """Return for each lane the element of `array`, int32, at its place."""

    def emit(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        data = make_array(signature.args[0])(context, builder, args[0]).data
        start = _spread(builder, builder.ptrtoint(data, _I64), _LONGS)
        offsets = builder.shl(builder.zext(args[1], _LONGS), ir.Constant(_LONGS, [2] * WIDTH))
        pointers = builder.inttoptr(builder.add(start, offsets), ir.VectorType(_I32.as_pointer(), WIDTH))
        everywhere = ir.Constant(IR_MASK, [1] * WIDTH)
        nothing = ir.Constant(IR_INTS, ir.Undefined)
        args = (pointers, ir.Constant(_I32, 4), everywhere, nothing)
        return _call(builder, f"llvm.masked.gather.v{WIDTH}i32.v{WIDTH}p0", IR_INTS, args)

    return INTS(array, INTS), emit


@word
def look_up(typing: Any, table: Any, places: Any) -> Any:
    """Return for each lane one of the first 8 of `table`, at the place that its three lowest bits say; AVX2."""

    def emit(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        eight = builder.shuffle_vector(args[0], args[0], _eight(0))
        halves = [
            _call(builder, "llvm.x86.avx2.permps", _HALF, (eight, builder.shuffle_vector(args[1], args[1], _eight(k))))
            for k in (0, 8)
        ]
        return builder.shuffle_vector(*halves, ir.Constant(IR_INTS, list(range(WIDTH))))

    return FLOATS(FLOATS, INTS), emit


@word
def store_bytes(typing: Any, array: Any, at: Any, value: Any) -> Any:
    """Write the low byte of each lane to `array[at : at + WIDTH]`, uint8."""

    def emit(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        bytes_ = builder.trunc(args[2], _BYTES)
        builder.store(bytes_, _address(context, builder, signature, args, _BYTES), align=1)
        return context.get_dummy_value()

    return types.void(array, types.intp, INTS), emit


@word
def load_bytes(typing: Any, array: Any, at: Any) -> Any:
    """Return `array[at : at + WIDTH]`, uint8, as int32."""

    def emit(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        return builder.zext(builder.load(_address(context, builder, signature, args, _BYTES), align=1), IR_INTS)

    return INTS(array, types.intp), emit


@word
def load_halves(typing: Any, array: Any, at: Any) -> Any:
    """Return the `WIDTH` FP16 numbers that begin with byte `array[at]`, uint8, as floats; F16C."""

    def emit(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        halves = builder.load(_address(context, builder, signature, args, _HALVES), align=1)
        return builder.fpext(halves, IR_FLOATS)

    return FLOATS(array, types.intp), emit


@word
def splat(typing: Any, value: Any) -> Any:
    """Return the number, as float32, in all lanes."""

    def emit(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        number = context.cast(builder, args[0], signature.args[0], types.float32)
        return _spread(builder, number, IR_FLOATS)

    return FLOATS(value), emit


@word
def splat_int(typing: Any, value: Any) -> Any:
    """Return the number, as int32, in all lanes."""

    def emit(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        number = context.cast(builder, args[0], signature.args[0], types.int32)
        return _spread(builder, number, IR_INTS)

    return INTS(value), emit


@word
def select(typing: Any, mask: Any, yes: Any, no: Any) -> Any:
    """Return `yes` in the lanes of the mask, `no` in the others."""

    def emit(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        return builder.select(*args)

    return yes(MASK, yes, yes), emit


@word
def lane(typing: Any, vector: Any, index: Any) -> Any:
    """Return one lane as a number."""

    def emit(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        return builder.extract_element(args[0], builder.trunc(args[1], _I32))

    return (types.float32 if vector == FLOATS else types.int32)(vector, types.intp), emit


@word
def to_ints(typing: Any, floats: Any) -> Any:
    """Truncate towards zero."""

    def emit(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        return builder.fptosi(args[0], IR_INTS)

    return INTS(FLOATS), emit


@word
def to_floats(typing: Any, ints: Any) -> Any:
    """Convert; exact below 2^24."""

    def emit(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        return builder.sitofp(args[0], IR_FLOATS)

    return FLOATS(INTS), emit


@word
def bits_of(typing: Any, floats: Any) -> Any:
    """Return the bits of floats, as integers."""

    def emit(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        return builder.bitcast(args[0], IR_INTS)

    return INTS(FLOATS), emit


@word
def from_bits(typing: Any, ints: Any) -> Any:
    """Return the floats that have these bits."""

    def emit(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        return builder.bitcast(args[0], IR_FLOATS)

    return FLOATS(INTS), emit


@word
def root(typing: Any, floats: Any) -> Any:
    """Return square roots, correctly rounded."""

    def emit(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        return _call(builder, f"llvm.sqrt.v{WIDTH}f32", IR_FLOATS, args)

    return FLOATS(FLOATS), emit


@word
def magnitude(typing: Any, floats: Any) -> Any:
    """Clear the signs."""

    def emit(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        return _call(builder, f"llvm.fabs.v{WIDTH}f32", IR_FLOATS, args)

    return FLOATS(FLOATS), emit


@word
def largest(typing: Any, floats: Any) -> Any:
    """Return the largest lane as a number; there must be no NaN, and a zero may have either sign."""

    def emit(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        return _call(builder, f"llvm.vector.reduce.fmax.v{WIDTH}f32", ir.FloatType(), args, "nnan")

    return types.float32(FLOATS), emit


@word
def smallest(typing: Any, floats: Any) -> Any:
    """Return the smallest lane, as `largest` does."""

    def emit(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        return _call(builder, f"llvm.vector.reduce.fmin.v{WIDTH}f32", ir.FloatType(), args, "nnan")

    return types.float32(FLOATS), emit


@word
def largest_int(typing: Any, ints: Any) -> Any:
    """Return the largest lane as a number."""

    def emit(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        return builder.sext(_call(builder, f"llvm.vector.reduce.smax.v{WIDTH}i32", _I32, args), _I64)

    return types.int64(INTS), emit


@word
def smallest_int(typing: Any, ints: Any) -> Any:
    """Return the smallest lane as a number."""

    def emit(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        return builder.sext(_call(builder, f"llvm.vector.reduce.smin.v{WIDTH}i32", _I32, args), _I64)

    return types.int64(INTS), emit


@word
def any_of(typing: Any, mask: Any) -> Any:
    """Say if a lane is true."""

    def emit(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        flags = builder.bitcast(args[0], ir.IntType(WIDTH))
        return builder.icmp_unsigned("!=", flags, ir.Constant(ir.IntType(WIDTH), 0))

    return types.boolean(MASK), emit


@word
def all_of(typing: Any, mask: Any) -> Any:
    """Say if all lanes are true."""

    def emit(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        flags = builder.bitcast(args[0], ir.IntType(WIDTH))
        return builder.icmp_unsigned("==", flags, ir.Constant(ir.IntType(WIDTH), -1))

    return types.boolean(MASK), emit


@word
def flags_of(typing: Any, mask: Any) -> Any:
    """Return the mask as a number: bit k is lane k."""

    def emit(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        return builder.zext(builder.bitcast(args[0], ir.IntType(WIDTH)), ir.IntType(64))

    return types.int64(MASK), emit


@word
def first_of(typing: Any, mask: Any) -> Any:
    """Return the number of the first lane that is true; one must be."""

    def emit(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        flags = builder.zext(builder.bitcast(args[0], ir.IntType(WIDTH)), ir.IntType(64))
        return builder.cttz(flags, ir.Constant(ir.IntType(1), 1))

    return types.int64(MASK), emit


@word
def lowest_bit(typing: Any, bits: Any) -> Any:
    """Return the place of the lowest bit of an int64 that is set; one must be."""

    def emit(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        return builder.cttz(args[0], ir.Constant(ir.IntType(1), 1))

    return types.int64(types.int64), emit


@word
def lower_halves(typing: Any, first: Any, second: Any) -> Any:
    """Return the lower half of the lanes of `first`, then that of `second`."""

    def emit(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        return builder.shuffle_vector(*args, _halves(0))

    return first(first, first), emit


@word
def upper_halves(typing: Any, first: Any, second: Any) -> Any:
    """Return the upper half of the lanes of `first`, then that of `second`."""

    def emit(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        return builder.shuffle_vector(*args, _halves(WIDTH // 2))

    return first(first, first), emit


@word
def float_bits(typing: Any, value: Any) -> Any:
    """Return the bits of one float32, as a number from 0 to 2^32 - 1."""

    def emit(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        number = context.cast(builder, args[0], signature.args[0], types.float32)
        return builder.zext(builder.bitcast(number, _I32), ir.IntType(64))

    return types.int64(value), emit


@word
def float_of(typing: Any, bits: Any) -> Any:
    """Return the float32 that has the low 32 of these bits."""

    def emit(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        number = context.cast(builder, args[0], signature.args[0], types.int64)
        return builder.bitcast(builder.trunc(number, _I32), ir.FloatType())

    return types.float32(bits), emit


def _address(context: Any, builder: Any, signature: Any, args: Any, vector: Any) -> Any:
    array = make_array(signature.args[0])(context, builder, args[0])
    return builder.bitcast(builder.gep(array.data, [args[1]]), vector.as_pointer())


def _halves(start: int) -> Any:
    lanes = range(start, start + WIDTH // 2)
    return ir.Constant(IR_INTS, [*lanes, *(WIDTH + lane for lane in lanes)])


def _eight(start: int) -> Any:
    return ir.Constant(ir.VectorType(_I32, 8), list(range(start, start + 8)))


def _spread(builder: Any, number: Any, vector: Any) -> Any:
    one = builder.insert_element(ir.Constant(vector, ir.Undefined), number, ir.Constant(_I32, 0))
    return builder.shuffle_vector(one, one, ir.Constant(IR_INTS, [0] * WIDTH))


def _call(builder: Any, name: str, result: Any, args: Any, *promises: str) -> Any:
    signature = ir.FunctionType(result, [arg.type for arg in args])
    return builder.call(cgutils.get_or_insert_function(builder.module, signature, name), args, fastmath=promises)
