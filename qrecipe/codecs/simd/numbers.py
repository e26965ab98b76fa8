"""Roundings and conversions as ggml does them, on vectors and on single numbers.

Importing this module makes the operators known to numba, so kernels begin here: `jit` and `inlined` compile them.
`nearest` forms: ggml adds 1.5 * 2^23 to a float and reads the low bits, which rounds to nearest, ties to even, and
wraps beyond 2^22. `wrapped` does just that, `clamped` is faster and right for values that do not wrap.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import njit

import qrecipe.codecs.simd.operators  # noqa: F401 - defines them
from qrecipe.codecs.simd.lanes import (
    bits_of,
    float_bits,
    float_of,
    from_bits,
    select,
    splat,
    splat_int,
    to_floats,
    to_ints,
)

jit = njit(nogil=True, error_model="numpy")  # numpy's error model: no test for zero before each division
inlined = njit(nogil=True, error_model="numpy", forceinline=True)
_INFINITY, _ALL_ONES = 0xFF000000, 31  # a float32 without its sign, doubled; the exponent of FP16's infinity
ROUNDER = 12582912.0  # 1.5 * 2^23: a float32 this large has no fraction
FAR = 4e6  # |v| up to 4194303 does not wrap; the margin is for roundings on the way


@inlined
def clamped(value: Any, low: Any, high: Any) -> Any:
    """Round to whole floats between two whole floats. A NaN becomes `low`."""
    value = select(value > low, value, low)
    value = select(value < high, value, high)
    rounder = splat(ROUNDER)
    return (value + rounder) - rounder


@inlined
def wrapped(value: Any) -> Any:
    """Round to integers as ggml's nearest_int does, whatever the value."""
    return (bits_of(value + splat(ROUNDER)) & splat_int(0x7FFFFF)) - splat_int(0x400000)


@inlined
def bounded(value: Any, low: int, high: int) -> Any:
    """Clamp integers."""
    least, most = splat_int(low), splat_int(high)
    value = select(value < most, value, most)
    return select(value > least, value, least)


@inlined
def wrapped_clamped(value: Any, low: Any, high: Any) -> Any:
    """Round as ggml's nearest_int does, then clamp; whole floats."""
    value = to_floats(wrapped(value))
    value = select(value < high, value, high)
    return select(value > low, value, low)


@inlined
def rounded_away(value: Any) -> Any:
    """Round half away from zero, as C's roundf; |value| must be below 2^23."""
    sign = bits_of(value) & splat_int(-0x80000000)
    return to_ints(value + from_bits(bits_of(splat(np.float32(0.49999997))) | sign))


@inlined
def nearest_int(value: Any) -> Any:
    """Round one float32 as ggml's nearest_int does."""
    return (float_bits(np.float32(value) + np.float32(ROUNDER)) & 0x7FFFFF) - 0x400000


@inlined
def half_bits(value: Any) -> Any:
    """Return one float32 as FP16's bits: to nearest, ties to even, with subnormals; what is too large becomes infinite.

    The steps are those of ggml's `ggml_compute_fp32_to_fp16` (ggml-impl.h, after Maratyszcza's FP16).
    """
    bits = float_bits(value)
    base = (float_of(bits & 0x7FFFFFFF) * np.float32(2.0**112)) * np.float32(2.0**-110)
    doubled = (bits + bits) & 0xFFFFFFFF
    bias = max(doubled & 0xFF000000, 0x71000000)
    summed = float_bits(float_of((bias >> 1) + 0x07800000) + base)
    plain = ((summed >> 13) & 0x7C00) + (summed & 0x0FFF)
    return ((bits >> 16) & 0x8000) | (0x7E00 if doubled > _INFINITY else plain)


@inlined
def half_bits_of(values: Any) -> Any:
    """Return the FP16 bits of a vector, as `half_bits` does; none may be a NaN."""
    bits, least = bits_of(values), splat_int(113)
    base = (from_bits(bits & splat_int(0x7FFFFFFF)) * splat(2.0**112)) * splat(2.0**-110)
    exponent = (bits >> splat_int(23)) & splat_int(255)
    exponent = select(exponent > least, exponent, least)
    summed = bits_of(from_bits((exponent << splat_int(23)) + splat_int(0x07800000)) + base)
    plain = ((summed >> splat_int(13)) & splat_int(0x7C00)) + (summed & splat_int(0x0FFF))
    return ((bits >> splat_int(16)) & splat_int(0x8000)) | plain


@inlined
def half_value(bits: Any) -> Any:
    """Return the float32 of an FP16's bits."""
    exponent, mantissa = (bits >> 10) & 31, bits & 0x3FF
    if exponent == 0:
        value = np.float32(mantissa) * np.float32(2.0**-24)
    elif exponent == _ALL_ONES:
        value = float_of(0x7F800000 | (mantissa << 13))
    else:
        value = float_of(((exponent + 112) << 23) | (mantissa << 13))
    return -value if bits & 0x8000 else value


@inlined
def write_half(out: Any, at: int, value: Any) -> Any:
    """Write FP16 to two bytes of `out`; return the float32 that was written."""
    bits = half_bits(value)
    out[at], out[at + 1] = bits & 255, bits >> 8
    return half_value(bits)
