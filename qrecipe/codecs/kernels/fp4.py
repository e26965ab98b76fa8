"""MXFP4 and NVFP4: blocks of E2M1, values 0 to 6 with a sign, under a scale that is itself a small float.

MXFP4: 32 weights, a power of two as one byte, then nibbles; weights l and 16 + l share byte l. NVFP4: 64 weights in 4
sub-blocks, 4 scales in E4M3 without a sign, then nibbles; weights l and 8 + l of sub-block s share byte 8 s + l. A code
is the first whose distance is least, over doubled values and halved scales as ggml has them.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

from qrecipe.codecs.simd.lanes import (
    float_bits,
    float_of,
    largest,
    load,
    lower_halves,
    magnitude,
    select,
    splat,
    splat_int,
    store_bytes,
    upper_halves,
)
from qrecipe.codecs.simd.numbers import inlined, jit
from qrecipe.codecs.simd.vectors import WIDTH

if TYPE_CHECKING:
    from qrecipe.codecs.kernels.tile import Bytes, Floats

_MX_BLOCK, _MX_BYTES, _NV_BLOCK, _NV_BYTES = 32, 17, 64, 36
_NEAR_NEXT = 0x7FF000  # mantissas whose logarithm may be rounded up to the next whole number
_LARGEST_E4M3 = np.float32(448)


@jit
def encode_mxfp4(rows: Floats, out: Bytes, importance: Floats) -> None:
    """Encode whole blocks of MXFP4."""
    for at in range(0, rows.size, _MX_BLOCK):
        first, second, to = load(rows, at), load(rows, at + WIDTH), at // _MX_BLOCK * _MX_BYTES
        a, b = magnitude(first), magnitude(second)
        amax = largest(select(a > b, a, b))
        exponent = (_floor_log2(amax) + 125) & 255 if amax > 0 else 0
        out[to] = exponent
        scale = float_of(0x00200000 << exponent if exponent < 2 else (exponent - 1) << 23)
        store_bytes(out, to + 1, _codes(first, scale) | (_codes(second, scale) << splat_int(4)))


@jit
def encode_nvfp4(rows: Floats, out: Bytes, importance: Floats) -> None:
    """Encode whole blocks of NVFP4."""
    for at in range(0, rows.size, _NV_BLOCK):
        to = at // _NV_BLOCK * _NV_BYTES
        for pair in range(2):
            first = _nv_codes(rows, at + pair * 2 * WIDTH, out, to + 2 * pair)
            second = _nv_codes(rows, at + (pair * 2 + 1) * WIDTH, out, to + 2 * pair + 1)
            low, high = lower_halves(first, second), upper_halves(first, second)
            store_bytes(out, to + 4 + pair * WIDTH, low | (high << splat_int(4)))


@inlined
def _nv_codes(rows: Floats, at: int, out: Bytes, to: int) -> Any:
    """Write the scale of a sub-block; return its codes."""
    x = load(rows, at)
    scale = _to_e4m3(largest(magnitude(x)) / np.float32(6))
    out[to] = scale
    return _codes(x, _from_e4m3(scale))


@inlined
def _codes(x: Any, scale: Any) -> Any:
    """Return the codes of a vector of weights: 0 to 7, and 8 more for negative ones unless they are 0."""
    far = magnitude(x)
    best, code = far, splat_int(0)
    for index, doubled in ((1, 1.0), (2, 2.0), (3, 3.0), (4, 4.0), (5, 6.0), (6, 8.0), (7, 12.0)):
        off = magnitude(splat(np.float32(doubled) * scale) - far)
        closer = off < best
        best, code = select(closer, off, best), select(closer, splat_int(index), code)
    negative = (x < splat(0)) & (code != splat_int(0))
    return select(negative, code + splat_int(8), code)


@inlined
def _floor_log2(value: Any) -> Any:
    """Return floorf(log2f(value)), whose logarithm is rounded before it is floored."""
    bits = float_bits(value)
    exponent, mantissa = bits >> 23, bits & 0x7FFFFF
    if exponent == 0 or mantissa >= _NEAR_NEXT:
        return np.int64(math.floor(math.log2(np.float32(value))))
    return exponent - 127


@inlined
def _to_e4m3(value: Any) -> Any:
    """Round to E4M3, 0 to 448; the steps are those of ggml's `ggml_fp32_to_ue4m3` (ggml-impl.h)."""
    if not value > 0:
        return 0
    bits = float_bits(min(value, _LARGEST_E4M3))
    exponent, mantissa = (bits >> 23) - 120, (bits >> 20) & 7
    if exponent <= 0:
        return min(np.int64(value * np.float32(512) + np.float32(0.5)), 7)
    mantissa += (bits >> 19) & 1
    if mantissa > 7:
        mantissa, exponent = 0, exponent + 1
    return 0x7E if exponent >= 15 else (exponent << 3) | mantissa


@inlined
def _from_e4m3(bits: Any) -> Any:
    """Return half the value of an E4M3; 0 for the one that is no number."""
    exponent, mantissa = bits >> 3, bits & 7
    if bits == 0x7F:
        return np.float32(0)
    if exponent == 0:
        return np.float32(mantissa) * np.float32(2.0**-10)
    return float_of(((exponent + 119) << 23) | (mantissa << 20))
