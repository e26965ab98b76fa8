"""What both readers of imatrix files return, before the common checks: means, or the sums behind them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from qrecipe.types.format import FloatArray

MAKE_AGAIN = "give a file that llama-imatrix wrote, or make it again"


@dataclass(frozen=True, slots=True)
class ImatrixData:
    """Means by weight name, [matrices, cols], not yet known to be finite."""

    entries: Mapping[str, FloatArray]
    uncounted: Mapping[str, tuple[int, ...]] = field(default_factory=dict)
    datasets: tuple[str, ...] = ()
    chunk_count: int = 0


@dataclass(frozen=True, slots=True)
class ImatrixSums:
    """What a file holds before anything is divided, by weight name, not yet known to be finite.

    `sums` are [matrices, cols], `counts` [matrices]; in the legacy form all matrices are one row, the counts are calls,
    and `chunk_size` is 0.
    """

    file: str
    sums: Mapping[str, FloatArray]
    counts: Mapping[str, FloatArray]
    datasets: tuple[str, ...] = ()
    chunk_count: int = 0
    chunk_size: int = 0
    legacy: bool = False
