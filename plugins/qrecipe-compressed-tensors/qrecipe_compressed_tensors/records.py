"""Records: for each row of a matrix, its bytes in every array that has rows, one array behind the other."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from qrecipe.codecs.floats import decode_float, encode_float

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from qrecipe.types.format import FloatArray

    Bytes = NDArray[np.uint8]
    """[rows, bytes of one]"""


def join(codes: Bytes, scales: FloatArray, dtype: str) -> bytes:
    """Return records of the stored codes and of scales that `dtype` holds exactly."""
    stored = np.frombuffer(encode_float(dtype, scales), np.uint8).reshape(len(scales), -1)
    return np.concatenate([codes, stored], axis=1).tobytes()


def part(records: bytes | memoryview, code_bytes: int, groups: int, dtype: str) -> tuple[Bytes, FloatArray]:
    """Return the stored codes, and the scales [rows, groups]."""
    item = {"BF16": 2, "F16": 2, "F32": 4}[dtype]
    rows = np.frombuffer(records, np.uint8).reshape(-1, code_bytes + groups * item)
    scales = decode_float(dtype, np.ascontiguousarray(rows[:, code_bytes:]).tobytes(), groups)
    return np.ascontiguousarray(rows[:, :code_bytes]), scales
