"""float32 arithmetic in plain Python, one rounding a step, as torch does it on one number."""

from __future__ import annotations

import struct

from qrecipe.types.metadata import SCALARS, MetadataKind

_FLOAT32 = struct.Struct(SCALARS[MetadataKind.FLOAT32])


def rounded(value: float) -> float:
    """Return the float32 nearest to a number that is within float32's range; infinity beyond."""
    try:
        return float(_FLOAT32.unpack(_FLOAT32.pack(value))[0])
    except OverflowError:
        return float("inf") if value > 0 else float("-inf")


def inverse(value: float) -> float:
    """Return 1 / value for a float32."""
    return rounded(1.0 / value) if value else float("inf")
