"""Q8_0, Q4_0, Q4_1, Q5_0 and Q5_1 without an imatrix: 32 weights to a block, its scale from its extremes.

There is no search, so nothing is transposed: the two vectors of a block are read, reduced and rounded as they lie, and
the scales of 16 blocks are computed together.
Weights l and 16 + l share byte l, except in Q8_0; bit l of the four bytes `qh` is the fifth bit of weight l. See
`block_q4_0` and the like in ggml-common.h.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from qrecipe.codecs.simd.lanes import (
    bits_of,
    flags_of,
    float_bits,
    float_of,
    largest,
    largest_int,
    load,
    lowest_bit,
    magnitude,
    select,
    smallest,
    splat,
    splat_int,
    store,
    store_bytes,
    store_ints,
    to_ints,
)
from qrecipe.codecs.simd.numbers import half_bits_of, inlined, jit, rounded_away
from qrecipe.codecs.simd.vectors import WIDTH

if TYPE_CHECKING:
    from qrecipe.codecs.kernels.tile import Bytes, Floats

_BLOCK = 32
_TILE = _BLOCK * WIDTH  # 16 blocks, whose scales are computed together


@jit
def encode_q8_0(rows: Floats, out: Bytes, importance: Floats) -> None:
    """Encode whole blocks: d = largest magnitude / 127, codes rounded half away from zero."""
    peaks, halves = np.zeros(WIDTH, np.float32), np.empty(WIDTH, np.int32)
    for start in range(0, rows.size, _TILE):
        n = min(WIDTH, (rows.size - start) // _BLOCK)
        for k in range(n):
            at = start + k * _BLOCK
            a, b = magnitude(load(rows, at)), magnitude(load(rows, at + WIDTH))
            peaks[k] = largest(select(a > b, a, b))
        _steps(peaks, halves, 127)
        for k in range(n):
            at, to, inverse = start + k * _BLOCK, (start // _BLOCK + k) * 34, splat(peaks[k])
            _write_half(out, to, halves[k])
            store_bytes(out, to + 2, rounded_away(load(rows, at) * inverse))
            store_bytes(out, to + 2 + WIDTH, rounded_away(load(rows, at + WIDTH) * inverse))


@jit
def encode_q4_0(rows: Floats, out: Bytes, importance: Floats) -> None:
    """Encode whole blocks: d = the first weight of largest magnitude / -8."""
    _encode_scales(rows, out, 18, 8)


@jit
def encode_q5_0(rows: Floats, out: Bytes, importance: Floats) -> None:
    """Encode whole blocks: d = the first weight of largest magnitude / -16."""
    _encode_scales(rows, out, 22, 16)


@jit
def encode_q4_1(rows: Floats, out: Bytes, importance: Floats) -> None:
    """Encode whole blocks: the smallest weight, and d = (largest - smallest) / 15."""
    _encode_minima(rows, out, 20, 15)


@jit
def encode_q5_1(rows: Floats, out: Bytes, importance: Floats) -> None:
    """Encode whole blocks: the smallest weight, and d = (largest - smallest) / 31."""
    _encode_minima(rows, out, 24, 31)


@inlined
def _encode_scales(rows: Floats, out: Bytes, nbytes: int, top: int) -> None:
    peaks, halves = np.zeros(WIDTH, np.float32), np.empty(WIDTH, np.int32)
    half = splat(np.float32(top) + np.float32(0.5))
    for start in range(0, rows.size, _TILE):
        n = min(WIDTH, (rows.size - start) // _BLOCK)
        for k in range(n):
            peaks[k] = _peak(rows, start + k * _BLOCK)
        _steps(peaks, halves, -top)
        for k in range(n):
            at, to, inverse = start + k * _BLOCK, (start // _BLOCK + k) * nbytes, splat(peaks[k])
            _write_half(out, to, halves[k])
            first = _least(to_ints(load(rows, at) * inverse + half), 2 * top - 1)
            second = _least(to_ints(load(rows, at + WIDTH) * inverse + half), 2 * top - 1)
            _write_codes(out, to + 2, first, second, top == 16)


@inlined
def _encode_minima(rows: Floats, out: Bytes, nbytes: int, top: int) -> None:
    spans, halves = np.zeros(WIDTH, np.float32), np.empty(WIDTH, np.int32)
    lows, low_halves = np.zeros(WIDTH, np.float32), np.empty(WIDTH, np.int32)
    half = splat(0.5)
    for start in range(0, rows.size, _TILE):
        n = min(WIDTH, (rows.size - start) // _BLOCK)
        for k in range(n):
            lows[k], spans[k] = _range(rows, start + k * _BLOCK)
        _steps(spans, halves, top)
        store_ints(low_halves, 0, half_bits_of(load(lows, 0)))
        for k in range(n):
            at, to = start + k * _BLOCK, (start // _BLOCK + k) * nbytes
            inverse, base = splat(spans[k]), splat(lows[k])
            _write_half(out, to, halves[k])
            _write_half(out, to + 2, low_halves[k])
            first = to_ints((load(rows, at) - base) * inverse + half)
            second = to_ints((load(rows, at + WIDTH) - base) * inverse + half)
            if top == 15:
                first, second = _least(first, 15), _least(second, 15)
            _write_codes(out, to + 4, first, second, top == 31)


@inlined
def _steps(spans: Floats, halves: Any, steps: int) -> None:
    """Divide 16 spans by the number of steps: d goes to `halves` as FP16, and its inverse takes the spans' place."""
    d, zero = load(spans, 0) / splat(steps), splat(0)
    store_ints(halves, 0, half_bits_of(d))
    store(spans, 0, select(d != zero, splat(1) / d, zero))


@inlined
def _write_half(out: Bytes, to: int, bits: Any) -> None:
    out[to], out[to + 1] = bits & 255, bits >> 8


@inlined
def _write_codes(out: Bytes, to: int, first: Any, second: Any, five: bool) -> None:
    if five:
        write_five_bits(out, to, first, second)
    else:
        store_bytes(out, to, first | (second << splat_int(4)))


@inlined
def write_five_bits(out: Bytes, to: int, first: Any, second: Any) -> None:
    """Write the fifth bits of 32 codes, then their nibbles."""
    zero, fifth, nibble = splat_int(0), splat_int(16), splat_int(15)
    low, high = flags_of((first & fifth) != zero), flags_of((second & fifth) != zero)
    out[to], out[to + 1], out[to + 2], out[to + 3] = low & 255, low >> 8, high & 255, high >> 8
    store_bytes(out, to + 4, (first & nibble) | ((second & nibble) << splat_int(4)))


@inlined
def _least(codes: Any, top: int) -> Any:
    """Clamp from above."""
    most = splat_int(top)
    return select(codes < most, codes, most)


@inlined
def _peak(rows: Floats, at: int) -> Any:
    """Return the first weight of largest magnitude, sign included; +0 where all are zeros."""
    first, second = bits_of(magnitude(load(rows, at))), bits_of(magnitude(load(rows, at + WIDTH)))
    most = splat_int(largest_int(select(first > second, first, second)))
    peak = rows[at + lowest_bit(flags_of(first == most) | (flags_of(second == most) << WIDTH))]
    return peak if peak != 0 else np.float32(0)


@inlined
def _range(rows: Floats, at: int) -> Any:
    """Return the smallest weight, of zeros the first, and how far the largest is from it."""
    first, second = load(rows, at), load(rows, at + WIDTH)
    high = largest(select(first > second, first, second))
    low = smallest(select(first < second, first, second))
    if low == 0:
        low = _first_zero(rows, at)
    if high == low:  # the sign of a zero is that of x - x, whichever zeros these are
        return low, np.float32(0)
    return low, high - low


@inlined
def _first_zero(rows: Floats, at: int) -> Any:
    """Return the first zero of a block; bits, since compilers take one zero for the other."""
    for i in range(at, at + _BLOCK):
        bits = float_bits(rows[i])
        if bits & 0x7FFFFFFF == 0:
            return float_of(bits)
    return np.float32(0)
