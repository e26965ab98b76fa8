"""Finding what no model may hold: the first value that is not finite, in an array or as a file stores it."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from qrecipe.types.format import FloatArray

_SLICE = 1 << 16
_EXPONENTS: Mapping[str, tuple[str, int]] = MappingProxyType(
    {"F32": ("<u4", 0x7F800000), "F16": ("<u2", 0x7C00), "BF16": ("<u2", 0x7F80)}
)


def first_nonfinite(rows: FloatArray) -> int | None:
    """Return the flat index of the first NaN or infinity in a float32 array, None if all values are finite."""
    flat = rows.reshape(-1)
    for start in range(0, flat.size, _SLICE):
        finite = np.isfinite(flat[start : start + _SLICE])
        if not finite.all():
            return start + int(finite.argmin())
    return None


def first_nonfinite_stored(dtype: str, data: bytes) -> int | None:
    """Return the same for values as a file stores them: those whose exponent is all ones; None for other dtypes."""
    if dtype not in _EXPONENTS:
        return None
    integers, exponent = _EXPONENTS[dtype]
    flat = np.frombuffer(data, integers)
    for start in range(0, flat.size, _SLICE):
        finite = (flat[start : start + _SLICE] & exponent) != exponent
        if not finite.all():
            return start + int(finite.argmin())
    return None
