"""compressed-tensors' own arithmetic (`rtn`): scales from the largest magnitude, codes by rounding, all in float32.

A scale is absmax / ((2^width - 1) / 2) of its group, or of the row, and 2^-23 where that is zero. It is rounded to the
dtype that the runtime uses first, and codes are chosen for the rounded scale: w / scale, clipped to the codes' range,
rounded to the nearest, ties to even. Sources: `calculate_qparams` and `quantize` of compressed-tensors 0.20; the tests
compare with them bit for bit. Where these would divide by a scale that rounds to zero in F16, 2^-23 is taken here too.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from qrecipe.codecs.floats import decode_float, encode_float
from qrecipe.errors import BuildError, Diagnostic

from qrecipe_compressed_tensors import float8

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from qrecipe.types.format import FloatArray

_EPSILON = np.float32(2**-23)


def integer_scales(rows: FloatArray, width: int, group: int, dtype: str) -> FloatArray:
    """Return the scales [n, cols / group] of rows [n, cols] as numbers of `dtype` (`BF16`, `F16`, `F32`)."""
    return _scales(rows, group, (2**width - 1) / 2, dtype)


def integer_codes(rows: FloatArray, scales: FloatArray, width: int) -> NDArray[np.int8]:
    """Return the codes [n, cols] of rows for scales [n, groups of a row]."""
    half = 1 << (width - 1)
    return np.clip(_rounded(_divided(rows, scales)), -half, half - 1).astype(np.int8).reshape(rows.shape)


def float8_scales(rows: FloatArray, dtype: str) -> FloatArray:
    """Return the scales [n, 1] with which E4M3 reaches the largest weight of each row."""
    return _scales(rows, rows.shape[1], float8.LARGEST, dtype)


def float8_codes(rows: FloatArray, scales: FloatArray) -> NDArray[np.uint8]:
    """Return the E4M3 codes [n, cols] of rows for scales [n, 1]."""
    return float8.encode(_divided(rows, scales)).reshape(rows.shape)


def multiplied(codes: NDArray[np.int8] | FloatArray, scales: FloatArray) -> FloatArray:
    """Return scale * code in float32, [n, cols]: what the runtime rounds to its own dtype."""
    n, cols = codes.shape
    grouped = codes.reshape(n, scales.shape[1], cols // scales.shape[1]).astype(np.float32)
    grouped *= scales[:, :, None]
    return grouped.reshape(n, cols)


def rounded_scales(scales: FloatArray, dtype: str) -> FloatArray:
    """Return the nearest numbers of `dtype`, ties to even.

    Raises:
        BuildError: One of them would be infinite.
    """
    rounded = decode_float(dtype, encode_float(dtype, scales), scales.shape[-1])
    if not np.isfinite(rounded).all():
        raise BuildError(_overflow(float(np.abs(scales).max()), dtype))
    return rounded


def _scales(rows: FloatArray, group: int, reach: float, dtype: str) -> FloatArray:
    n, cols = rows.shape
    grouped = rows.reshape(n, cols // group, group)
    largest = np.maximum(grouped.max(axis=2), -grouped.min(axis=2))
    with np.errstate(over="ignore", under="ignore"):
        scales = largest / np.float32(reach)
    scales[scales == 0] = _EPSILON
    rounded = rounded_scales(scales, dtype)
    rounded[rounded == 0] = _EPSILON
    return rounded


def _divided(rows: FloatArray, scales: FloatArray) -> FloatArray:
    n, cols = rows.shape
    with np.errstate(over="ignore", under="ignore"):
        quotients: FloatArray = rows.reshape(n, scales.shape[1], cols // scales.shape[1]) / scales[:, :, None]
    return quotients


def _rounded(quotients: FloatArray) -> FloatArray:
    return np.rint(quotients, out=quotients)


def _overflow(scale: float, dtype: str) -> Diagnostic:
    return Diagnostic(
        "scale-overflow",
        f"a scale of {scale:.6g} is too large for {dtype}",
        why=f"the runtime holds the scales of this target as {dtype}, where it would be infinite",
        fix='set dtype = "float32" on the target, or keep this tensor',
    )
