"""Q8_0, Q4_0, Q4_1, Q5_0 and Q5_1 without an imatrix: 32 weights to a block, its scale from its extremes.

There is no search, so nothing is transposed: the two vectors of a block are read, reduced and rounded as they lie.
Weights l and 16 + l share byte l, except in Q8_0; bit l of the four bytes `qh` is the fifth bit of weight l. See
`block_q4_0` and the like in ggml-common.h.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from qrecipe.codecs.simd.lanes import (
    flags_of,
    float_bits,
    float_of,
    largest,
    load,
    magnitude,
    select,
    smallest,
    splat,
    splat_int,
    store_bytes,
    to_ints,
)
from qrecipe.codecs.simd.numbers import inlined, jit, rounded_away, write_half
from qrecipe.codecs.simd.vectors import WIDTH

if TYPE_CHECKING:
    from qrecipe.codecs.kernels.tile import Bytes, Floats

_BLOCK = 32


@jit
def encode_q8_0(rows: Floats, out: Bytes, importance: Floats) -> None:
    """Encode whole blocks: d = largest magnitude / 127, codes rounded half away from zero."""
    for at in range(0, rows.size, _BLOCK):
        first, second, to = load(rows, at), load(rows, at + WIDTH), at // _BLOCK * 34
        a, b = magnitude(first), magnitude(second)
        d = largest(select(a > b, a, b)) / np.float32(127)
        inverse = splat(_inverse(d))
        write_half(out, to, d)
        store_bytes(out, to + 2, rounded_away(first * inverse))
        store_bytes(out, to + 2 + WIDTH, rounded_away(second * inverse))


@jit
def encode_q4_0(rows: Floats, out: Bytes, importance: Floats) -> None:
    """Encode whole blocks: d = the first weight of largest magnitude / -8."""
    for at in range(0, rows.size, _BLOCK):
        first, second, to = load(rows, at), load(rows, at + WIDTH), at // _BLOCK * 18
        d = _peak(rows, at, first, second) / np.float32(-8)
        inverse, half = splat(_inverse(d)), splat(8.5)
        write_half(out, to, d)
        a, b = _least(to_ints(first * inverse + half), 15), _least(to_ints(second * inverse + half), 15)
        store_bytes(out, to + 2, a | (b << splat_int(4)))


@jit
def encode_q5_0(rows: Floats, out: Bytes, importance: Floats) -> None:
    """Encode whole blocks: d = the first weight of largest magnitude / -16."""
    for at in range(0, rows.size, _BLOCK):
        first, second, to = load(rows, at), load(rows, at + WIDTH), at // _BLOCK * 22
        d = _peak(rows, at, first, second) / np.float32(-16)
        inverse, half = splat(_inverse(d)), splat(16.5)
        write_half(out, to, d)
        a, b = _least(to_ints(first * inverse + half), 31), _least(to_ints(second * inverse + half), 31)
        write_five_bits(out, to + 2, a, b)


@jit
def encode_q4_1(rows: Floats, out: Bytes, importance: Floats) -> None:
    """Encode whole blocks: the smallest weight, and d = (largest - smallest) / 15."""
    for at in range(0, rows.size, _BLOCK):
        first, second, to = load(rows, at), load(rows, at + WIDTH), at // _BLOCK * 20
        low, d = _range(rows, at, first, second, 15)
        inverse, half, base = splat(_inverse(d)), splat(0.5), splat(low)
        write_half(out, to, d)
        write_half(out, to + 2, low)
        a = _least(to_ints((first - base) * inverse + half), 15)
        b = _least(to_ints((second - base) * inverse + half), 15)
        store_bytes(out, to + 4, a | (b << splat_int(4)))


@jit
def encode_q5_1(rows: Floats, out: Bytes, importance: Floats) -> None:
    """Encode whole blocks: the smallest weight, and d = (largest - smallest) / 31."""
    for at in range(0, rows.size, _BLOCK):
        first, second, to = load(rows, at), load(rows, at + WIDTH), at // _BLOCK * 24
        low, d = _range(rows, at, first, second, 31)
        inverse, half, base = splat(_inverse(d)), splat(0.5), splat(low)
        write_half(out, to, d)
        write_half(out, to + 2, low)
        a, b = to_ints((first - base) * inverse + half), to_ints((second - base) * inverse + half)
        write_five_bits(out, to + 4, a, b)


@inlined
def write_five_bits(out: Bytes, to: int, first: Any, second: Any) -> None:
    """Write the fifth bits of 32 codes, then their nibbles."""
    zero, fifth, nibble = splat_int(0), splat_int(16), splat_int(15)
    low, high = flags_of((first & fifth) != zero), flags_of((second & fifth) != zero)
    out[to], out[to + 1], out[to + 2], out[to + 3] = low & 255, low >> 8, high & 255, high >> 8
    store_bytes(out, to + 4, (first & nibble) | ((second & nibble) << splat_int(4)))


@inlined
def _inverse(d: Any) -> Any:
    return np.float32(1) / d if d != 0 else np.float32(0)


@inlined
def _least(codes: Any, top: int) -> Any:
    """Clamp from above."""
    most = splat_int(top)
    return select(codes < most, codes, most)


@inlined
def _peak(rows: Floats, at: int, first: Any, second: Any) -> Any:
    """Return the first weight of largest magnitude, sign included; 0 where all are zeros."""
    high = largest(select(first > second, first, second))
    low = smallest(select(first < second, first, second))
    if high > -low:
        return high
    if high < -low:
        return low
    for i in range(at, at + _BLOCK):  # both signs: it matters which comes first
        if abs(rows[i]) == high and high != 0:
            return rows[i]
    return np.float32(0)


@inlined
def _range(rows: Floats, at: int, first: Any, second: Any, steps: int) -> Any:
    """Return the smallest weight and a step; of zeros of both signs the first is the smallest."""
    high = largest(select(first > second, first, second))
    low = smallest(select(first < second, first, second))
    if low == 0:
        low = _first_zero(rows, at)
    if high == low:  # the sign of a zero step is that of x - x, whichever zeros these are
        return low, np.float32(0)
    return low, (high - low) / np.float32(steps)


@inlined
def _first_zero(rows: Floats, at: int) -> Any:
    """Return the first zero of a block; bits, since compilers take one zero for the other."""
    for i in range(at, at + _BLOCK):
        bits = float_bits(rows[i])
        if bits & 0x7FFFFFFF == 0:
            return float_of(bits)
    return np.float32(0)
