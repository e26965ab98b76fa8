"""Finding what encoders cannot take: the first value that is not finite."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from qrecipe.types.format import FloatArray

_SLICE = 1 << 16


def first_nonfinite(rows: FloatArray) -> int | None:
    """Return the flat index of the first NaN or infinity in a float32 array, None if all values are finite."""
    flat = rows.reshape(-1)
    for start in range(0, flat.size, _SLICE):
        finite = np.isfinite(flat[start : start + _SLICE])
        if not finite.all():
            return start + int(finite.argmin())
    return None
