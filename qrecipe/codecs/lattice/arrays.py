"""Grids as arrays: codes and scales, for whoever stores them in a way of its own (`int2` … `int8`) or only looks.

A block is a group of columns of a row, or the whole row. Scales are positive or, where positive weights have the last
code, negative; with `symmetric` the last code is not used, and all are positive.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np

from qrecipe.codecs.lattice.compiled import search_many
from qrecipe.codecs.lattice.many import CERTIFIED
from qrecipe.codecs.lattice.scales import SCALES

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from qrecipe.types.format import FloatArray


@dataclass(frozen=True, slots=True, eq=False)
class GridArrays:
    """What the search found; `kinds` are those of `lattice.many`. Blocks on no grid have scale 0 and codes 0.

    Attributes:
        codes: q, int8 [n, cols].
        scales: Numbers of the asked type, float32 [n, blocks of a row].
        kinds: uint8, likewise.
    """

    codes: NDArray[np.int8]
    scales: FloatArray
    kinds: NDArray[np.uint8]

    @property
    def certified(self) -> NDArray[np.bool_]:
        """Which blocks give every weight back: by bf16(float32(scale * q)), or exactly where BF16 does not hold all."""
        found: NDArray[np.bool_] = self.kinds == CERTIFIED
        return found


def grid_arrays(
    rows: FloatArray,
    width: int,
    *,
    group: int | None = None,
    scale: Literal["BF16", "F16", "F32"] = "F32",
    symmetric: bool = False,
) -> GridArrays:
    """Search rows [n, cols] for the grid of integers of `width` bits, 2 to 8, with one scale for `group` columns.

    Complete: a block that is not certified has no such scale and codes.

    Raises:
        ValueError: The group does not divide the columns, or the width is no such.
    """
    cols = rows.shape[1]
    size = group or cols
    half = 1 << (width - 1)
    if not 2 <= width <= 8 or not size or cols % size:  # noqa: PLR2004 - said above
        raise ValueError(f"no grid of {width} bits with groups of {size} in rows of {cols}")
    blocks = np.require(rows, np.float32, ["C", "W"]).reshape(-1, size)
    n = len(blocks)
    kinds, scales, codes = np.empty(n, np.uint8), np.empty(n, np.float32), np.full(blocks.shape, half, np.uint8)
    given, grid = (blocks, blocks.view(np.uint32)), (half, half - symmetric)
    search_many()(given, grid, SCALES[scale], (kinds, scales, codes))
    parts = (len(rows), cols // size)
    signed = (codes.astype(np.int16) - half).astype(np.int8)
    return GridArrays(signed.reshape(rows.shape), scales.reshape(parts), kinds.reshape(parts))
