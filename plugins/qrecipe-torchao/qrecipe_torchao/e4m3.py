"""E4M3 (torch's `float8_e4m3fn`): one sign bit, four of exponent, three of mantissa; no infinity, largest 448.

Encoding rounds to nearest, ties to even, as torch casts. Values lie within ±448: who scales them clamps them.
"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from qrecipe.types.format import FloatArray

LARGEST = 448.0
_SUBNORMALS = 2.0**9  # of them in 1: below 2 ** -6 codes are the value in steps of 2 ** -9
_SMALLEST_NORMAL = 0x3C800000  # 2 ** -6 as bits of float32
_BIAS = (127 - 7) << 3  # between the exponents of float32 and of E4M3, above three bits of mantissa


def encode(values: FloatArray) -> NDArray[np.uint8]:
    """Return the codes of float32 values within ±448."""
    bits = np.ascontiguousarray(values).view(np.uint32)
    sign = (bits >> 24) & 0x80
    size = bits & 0x7FFFFFFF
    codes = size + 0x7FFFF + ((size >> 20) & 1)
    codes >>= 20
    codes -= _BIAS
    if (small := size < _SMALLEST_NORMAL).any():
        codes[small] = np.rint(size[small].view(np.float32) * _SUBNORMALS).astype(np.uint32)
    codes |= sign
    return codes.astype(np.uint8)


def decode(codes: NDArray[np.uint8]) -> FloatArray:
    """Return the float32 values of codes."""
    return _values()[codes]


@cache
def _values() -> FloatArray:
    codes = np.arange(256)
    exponent, mantissa = (codes >> 3) & 15, codes & 7
    normal = np.ldexp(1 + mantissa / 8, exponent - 7)
    values = np.where(exponent == 0, mantissa / _SUBNORMALS, normal)
    values[(codes & 0x7F) == 0x7F] = np.nan  # noqa: PLR2004 - all bits but the sign
    return np.where(codes & 0x80, -values, values).astype(np.float32)
