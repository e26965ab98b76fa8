"""Plain floating-point dtypes: F32, F16 and BF16 from and to float32 arrays, in numpy alone.

Rounding is to nearest, ties to even, subnormals included; what is too large becomes infinite; a NaN stays a quiet NaN
of its sign. The same bytes as ggml's `ggml_fp32_to_fp16_row` and `ggml_fp32_to_bf16_row_ref`, which a test holds.
Decoding is exact. Bytes are little-endian.
"""

from __future__ import annotations

from functools import cache
from types import MappingProxyType
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from numpy.typing import NDArray

    from qrecipe.types.format import FloatArray


_AT_ONCE = 1 << 15


def encode_float(name: str, rows: FloatArray) -> bytes:
    """Encode to `F32`, `F16` or `BF16`."""
    return _ENCODERS[name](rows)


def decode_float(name: str, data: bytes | memoryview, cols: int) -> FloatArray:
    """Decode `F32`, `F16` or `BF16` to float32 [n, cols]."""
    return _DECODERS[name](data).reshape(-1, cols)


def to_bf16(values: FloatArray) -> NDArray[np.uint16]:
    """Round to the codes of BF16."""
    bits = np.ascontiguousarray(values, "<f4").view("<u4")
    rounded = bits >> 16
    rounded &= 1
    rounded += 0x7FFF
    rounded += bits
    rounded >>= 16
    if (nan := np.isnan(values)).any():
        rounded[nan] = (bits[nan] >> 16) | 0x40
    return rounded.astype("<u2")


def _encode_f32(rows: FloatArray) -> bytes:
    return rows.astype("<f4", copy=False).tobytes()


def _encode_f16(rows: FloatArray) -> bytes:
    with np.errstate(over="ignore", under="ignore", invalid="ignore"):
        return rows.astype("<f2").tobytes()


def _encode_bf16(rows: FloatArray) -> bytes:
    return to_bf16(rows).tobytes()


def _decode_f32(data: bytes | memoryview) -> FloatArray:
    return np.frombuffer(data, "<f4").astype(np.float32)


def _decode_f16(data: bytes | memoryview) -> FloatArray:
    codes = np.frombuffer(data, "<u2")
    found = np.empty(codes.size, np.float32)
    for start in range(0, codes.size, _AT_ONCE):  # numpy makes indices of 8 bytes of them
        stop = start + _AT_ONCE
        np.take(_f16_values(), codes[start:stop], out=found[start:stop], mode="clip")  # the mode that checks nothing
    return found


@cache
def _f16_values() -> FloatArray:
    """Return the value of every code: looking one up takes half the time of converting it."""
    return np.arange(1 << 16, dtype=np.uint16).view(np.float16).astype(np.float32)


def _decode_bf16(data: bytes | memoryview) -> FloatArray:
    wide = np.frombuffer(data, "<u2").astype("<u4")
    wide <<= 16
    return wide.view("<f4").astype(np.float32, copy=False)


_ENCODERS: Mapping[str, Callable[[FloatArray], bytes]] = MappingProxyType(
    {"F32": _encode_f32, "F16": _encode_f16, "BF16": _encode_bf16}
)
_DECODERS: Mapping[str, Callable[[bytes | memoryview], FloatArray]] = MappingProxyType(
    {"F32": _decode_f32, "F16": _decode_f16, "BF16": _decode_bf16}
)
