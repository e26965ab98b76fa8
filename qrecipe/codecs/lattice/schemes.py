"""`fit=lattice` for types that a folder stores as codes and scales: the grid with scales of the runtime's own dtype.

A block is certified if bf16(scale * code) is every one of its weights, the scale being a number that the runtime can
hold: what is stored is then what it computes with. Blocks on no grid, and near ones with `else=error`, are told of as
for GGUF types; with `else=rtn` they are encoded as the type's own `rtn` does.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal, cast

import numpy as np

from qrecipe.codecs.lattice.arrays import GridArrays, grid_arrays
from qrecipe.codecs.lattice.many import CERTIFIED, NEAR, NONE
from qrecipe.types.format import BlockCounts, Fitted

if TYPE_CHECKING:
    from qrecipe.types.format import FloatArray, TypeUse
    from qrecipe.types.scheme import Grid

_Scale = Literal["BF16", "F16", "F32"]


def encode_scheme(use: TypeUse, grid: Grid, rows: FloatArray) -> Fitted:
    """Encode rows of a scheme that has a grid."""
    symmetric = grid.low > -(1 << (grid.width - 1)) or not grid.negative
    found = grid_arrays(rows, grid.width, group=grid.group, scale=cast("_Scale", grid.scale), symmetric=symmetric)
    certified, near = (int(np.count_nonzero(found.kinds == kind)) for kind in (CERTIFIED, NEAR))
    counts = BlockCounts(found.kinds.size, certified, near)
    if dict(use.fit.args).get("else") == "error" and certified < counts.blocks:
        return Fitted(b"", counts, int((found.kinds != CERTIFIED).argmax()))
    return Fitted(_records(use, rows, found), counts)


def _records(use: TypeUse, rows: FloatArray, found: GridArrays) -> bytes:
    scheme: Any = use.format
    on_grid = found.kinds != NONE
    if on_grid.all():
        joined: bytes = scheme.joined(found.codes, found.scales)
        return joined
    codes, scales = (np.array(part) for part in scheme.parted(scheme.encode(rows, use.args, None), rows.shape[1]))
    scales[on_grid] = found.scales[on_grid]
    blocks = codes.reshape(*found.kinds.shape, -1)
    blocks[on_grid] = found.codes.reshape(blocks.shape)[on_grid]
    records: bytes = scheme.joined(codes, scales)
    return records
