"""Floats of fewer bits in numpy alone: rounding float32 values to a dtype, and the bytes of a dtype.

dtypes are spelled as safetensors spells them: `BF16`, `F16`, `F32`. Rounding is to nearest, ties to even, as torch
casts; a value too large for F16 becomes infinite. Bytes are little-endian. Values are finite: callers check that.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from qrecipe.types.format import FloatArray

SMALLEST_NORMAL = {"BF16": 2.0**-126, "F16": 2.0**-14, "F32": 2.0**-126}


def round_in_place(values: FloatArray, dtype: str) -> None:
    """Round contiguous float32 values to a dtype, where they stand."""
    if dtype == "F16":
        with np.errstate(over="ignore"):
            values[...] = values.astype(np.float16)
    elif dtype == "BF16":
        bits = values.view(np.uint32)
        odd = bits >> 16
        odd &= 1
        odd += 0x7FFF
        bits += odd
        bits &= 0xFFFF0000


def rounded(values: FloatArray, dtype: str) -> FloatArray:
    """Return a copy, rounded to a dtype and contiguous."""
    copy = np.array(values, np.float32, order="C")
    round_in_place(copy, dtype)
    return copy


def to_bytes(values: FloatArray, dtype: str) -> NDArray[np.uint8]:
    """Return the bytes of values that are numbers of the dtype: uint8 [..., last · bytes of one]."""
    if dtype == "BF16":
        stored: NDArray[np.generic] = (np.ascontiguousarray(values).view(np.uint32) >> 16).astype("<u2")
    else:
        stored = np.ascontiguousarray(values, "<f2" if dtype == "F16" else "<f4")
    return stored.view(np.uint8)


def from_bytes(data: NDArray[np.uint8], dtype: str) -> FloatArray:
    """Return the values of bytes [n, m · bytes of one]: float32 [n, m]."""
    data = np.ascontiguousarray(data)
    if dtype == "BF16":
        return (data.view("<u2").astype(np.uint32) << 16).view(np.float32)
    return data.view("<f2" if dtype == "F16" else "<f4").astype(np.float32)
