"""Types of scales as the search knows them: bits of a mantissa, exponent of the smallest step, the largest number."""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

ScaleType = tuple[int, int, float]

F16: ScaleType = (11, -24, 65504.0)
BF16: ScaleType = (8, -133, 2.0**127 * (2 - 2.0**-7))
F32: ScaleType = (24, -149, 2.0**127 * (2 - 2.0**-23))

SCALES: Mapping[str, ScaleType] = MappingProxyType({"BF16": BF16, "F16": F16, "F32": F32})
