"""E4M3 without infinities (`F8_E4M3`): sign, four bits of exponent (bias 7), three of mantissa; 448 is the largest.

Rounding is to the nearest, ties to even, subnormals (multiples of 2^-9) included, after clipping to ±448; the zero of
what rounds to nothing keeps its sign, a zero weight gets +0. Source: OCP 8-bit floating point specification, revision
1.0; the tests compare with torch's `float8_e4m3fn` bit for bit.
"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from qrecipe.types.format import FloatArray

LARGEST = 448.0
_DROPPED = 20  # bits of float32's mantissa that E4M3 has not
_BIAS = (127 - 7) << 3
_LEAST_NORMAL = np.float32(2**-6)


def encode(values: FloatArray) -> NDArray[np.uint8]:
    """Return the codes of finite or infinite float32 values; the values are overwritten."""
    np.clip(values, -LARGEST, LARGEST, out=values)
    values += np.float32(0)  # as the reference adds a zero point: -0 becomes +0
    negative = np.signbit(values)
    np.abs(values, out=values)
    codes = np.where(values < _LEAST_NORMAL, np.rint(values * np.float32(512)), 0).astype(np.uint8)
    normal = values >= _LEAST_NORMAL
    codes[normal] = _normal(values[normal])
    codes |= negative.astype(np.uint8) << 7
    return codes


def decode(codes: NDArray[np.uint8]) -> FloatArray:
    """Return the float32 values of codes; the two codes of NaN give NaN."""
    return _table()[codes]


def _normal(values: FloatArray) -> NDArray[np.uint32]:
    """Return the codes of magnitudes from 2^-6 to 448; a carry out of the mantissa raises the exponent, rightly."""
    bits = values.view(np.uint32)
    even = (bits >> _DROPPED) & 1
    return (((bits + ((1 << (_DROPPED - 1)) - 1) + even) >> _DROPPED) - _BIAS).astype(np.uint32)


@cache
def _table() -> FloatArray:
    codes = np.arange(128, dtype=np.int32)
    exponents, mantissas = codes >> 3, codes & 7
    normal = np.ldexp(1 + mantissas / 8, exponents - 7)
    magnitudes = np.where(exponents == 0, np.ldexp(mantissas / 8, -6), normal)
    magnitudes[127] = np.nan
    table: FloatArray = np.concatenate([magnitudes, -magnitudes]).astype(np.float32)
    table.flags.writeable = False
    return table
