"""TQ2_0 and TQ1_0: super-blocks of 256 weights in -1, 0, 1, rounded by the largest magnitude.

TQ2_0: 64 bytes of 2 bits, weights 128 h + 32 k + l in byte 32 h + l, then d as FP16. TQ1_0: 5 weights a byte as digits
of base 3, scaled so that the byte times 3 gives the first digit in its carry: weights 32 k + l in byte l (of 32),
160 + 16 k + l in byte 32 + l (of 16), 240 + 4 k + l in byte 48 + l (of 4, 4 digits), then d. See `block_tq1_0` in
ggml-common.h.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from qrecipe.codecs.simd.lanes import largest, load, magnitude, select, splat, splat_int, store_bytes
from qrecipe.codecs.simd.numbers import inlined, jit, rounded_away, write_half
from qrecipe.codecs.simd.vectors import WIDTH

if TYPE_CHECKING:
    from qrecipe.codecs.kernels.tile import Bytes, Floats

_SUPER, _TQ2_BYTES, _TQ1_BYTES = 256, 66, 54
_RECIPROCAL = 69043  # of 243, times 2^24: right for all numbers below 2^16


@jit
def encode_tq2_0(rows: Floats, out: Bytes, importance: Floats) -> None:
    """Encode whole super-blocks of TQ2_0."""
    for at in range(0, rows.size, _SUPER):
        to = at // _SUPER * _TQ2_BYTES
        inverse = _scale(rows, at, out, to + 64)
        for half in range(2):
            for column in range(0, 32, WIDTH):
                packed = splat_int(0)
                for k in range(4):
                    digit = _digits(rows, at + half * 128 + k * 32 + column, inverse)
                    packed = packed | (digit << splat_int(2 * k))
                store_bytes(out, to + half * 32 + column, packed)


@jit
def encode_tq1_0(rows: Floats, out: Bytes, importance: Floats) -> None:
    """Encode whole super-blocks of TQ1_0."""
    digits = np.empty(WIDTH, np.uint8)
    for at in range(0, rows.size, _SUPER):
        to = at // _SUPER * _TQ1_BYTES
        inverse = _scale(rows, at, out, to + 52)
        for start, step, place in ((0, 32, 0), (16, 32, 16), (160, 16, 32)):
            number = splat_int(0)
            for k in range(5):
                number = number * splat_int(3) + _digits(rows, at + start + k * step, inverse)
            store_bytes(out, to + place, _scaled(number))
        store_bytes(digits, 0, _digits(rows, at + 240, inverse))
        for j in range(4):
            four = ((np.int64(digits[j]) * 3 + digits[j + 4]) * 3 + digits[j + 8]) * 3 + digits[j + 12]
            out[to + 48 + j] = (four * 3 * 256 + 242) // 243


@inlined
def _scale(rows: Floats, at: int, out: Bytes, to: int) -> Any:
    """Write d, the largest magnitude; return its inverse, 0 for zeros."""
    most = splat(0)
    for i in range(at, at + _SUPER, WIDTH):
        x = magnitude(load(rows, i))
        most = select(most > x, most, x)
    d = largest(most)
    write_half(out, to, d)
    return splat(np.float32(1) / d if d != 0 else np.float32(0))


@inlined
def _digits(rows: Floats, at: int, inverse: Any) -> Any:
    """Return 0, 1 or 2 for a vector of weights; what cannot be rounded counts as 0, which is 1."""
    return (rounded_away(load(rows, at) * inverse) + splat_int(1)) & splat_int(3)


@inlined
def _scaled(number: Any) -> Any:
    """Return number * 256 / 243, rounded up; the low byte counts."""
    return ((number * splat_int(256) + splat_int(242)) * splat_int(_RECIPROCAL)) >> splat_int(24)
