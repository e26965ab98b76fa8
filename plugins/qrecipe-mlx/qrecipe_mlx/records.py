"""A matrix's rows as records: packed codes, then scales, then biases of each row."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from qrecipe.codecs.floats import decode_float, encode_float
from qrecipe.errors import BuildError, Diagnostic

from qrecipe_mlx.packing import packed, unpacked

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from qrecipe.types.format import FloatArray


def rounded(values: FloatArray, dtype: str) -> FloatArray:
    """Round to the numbers of a dtype, `BF16`, `F16` or `F32`.

    Raises:
        BuildError: One is too large for it.
    """
    near = decode_float(dtype, encode_float(dtype, values), values.shape[-1])
    if not np.isfinite(near).all():
        raise BuildError(_too_large(values, near, dtype))
    return near


def joined(codes: NDArray[np.uint8], scales: FloatArray, biases: FloatArray, storage: tuple[int, str]) -> bytes:
    """Return records of codes [n, cols], and scales and biases [n, groups of a row].

    Args:
        codes: From 0 on.
        scales: These and the biases are rounded here.
        biases: What the code 0 stands for.
        storage: Bits of a code, and the dtype of scales and biases.

    Raises:
        BuildError: A scale or bias is too large for the dtype, or a scale times a code for float32.
    """
    bits, dtype = storage
    with np.errstate(over="ignore"):
        rounded(scales * np.float32((1 << bits) - 1), "F32")  # what MLX computes first
    lines = [encode_float(dtype, rounded(values, dtype)) for values in (scales, biases)]
    columns = (packed(codes, bits), *(np.frombuffer(line, np.uint8).reshape(len(codes), -1) for line in lines))
    return np.concatenate(columns, axis=1).tobytes()


def parted(
    records: bytes | memoryview, cols: int, groups: int, storage: tuple[int, str]
) -> tuple[NDArray[np.uint8], FloatArray, FloatArray]:
    """Return the codes, scales and biases of records; `storage` as above, `groups` of a row."""
    bits, dtype = storage
    item = {"BF16": 2, "F16": 2, "F32": 4}[dtype]
    first = cols * bits // 8
    second = first + groups * item
    rows = np.frombuffer(records, np.uint8).reshape(-1, second + groups * item)
    lines = (rows[:, first:second], rows[:, second:])
    scales, biases = (decode_float(dtype, line.tobytes(), groups) for line in lines)
    return unpacked(rows[:, :first], bits), scales, biases


def _too_large(values: FloatArray, near: FloatArray, dtype: str) -> Diagnostic:
    worst = float(values[~np.isfinite(near)][0])
    return Diagnostic(
        "mlx-overflow",
        f"{worst:.6g} is too large for {dtype}",
        why="the target's dtype is what MLX stores scales and biases in, and computes in",
        fix='set dtype = "bfloat16" or "float32" on the target, or let a rule keep the tensor',
    )
