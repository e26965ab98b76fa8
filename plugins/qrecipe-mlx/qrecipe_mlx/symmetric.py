"""Affine arrays around zero: the grid that `fit=lattice` and `fit=mse` choose from."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from qrecipe.types.scheme import Grid

from qrecipe_mlx.scheme import Affine

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray
    from qrecipe.types.format import Args, FloatArray


@dataclass(frozen=True, slots=True)
class Symmetric(Affine):
    """Affine arrays whose bias is always -2^(width-1) × scale.

    A power of two times a scale is a number of its dtype. With scales of 16 bits, scale × code is exact in float32, and
    so is the sum with the bias: MLX's scale × code + bias is one product, scale × (code - 2^(width-1)). With float32
    scales the first product rounds, so there is no grid.
    """

    @property
    def grid(self) -> Grid | None:
        """All codes of the width, times a scale of either sign."""
        if self.dtype == "F32":
            return None
        return Grid(self.width, self.group, self.dtype, -self.zero, self.zero - 1)

    @property
    def zero(self) -> int:
        """The stored code that stands for zero."""
        return 1 << (self.width - 1)

    def encode(self, rows: FloatArray, args: Args, importance: FloatArray | None) -> bytes:
        """Encode by rounding; the weight of a group that is furthest from zero has the least code."""
        from qrecipe_mlx import records, rounding

        weights = records.rounded(rows, self.dtype)
        scales = records.rounded(rounding.furthest(weights, self.group) * (-1 / self.zero), self.dtype)
        return self.joined(rounding.nearest(weights, scales, self.zero), scales)

    def joined(self, codes: NDArray[np.int8], scales: FloatArray) -> bytes:
        """Return records of codes around zero and their scales."""
        from qrecipe_mlx import records

        near = records.rounded(scales, self.dtype)
        return records.joined(codes.view("u1") + self.zero, near, near * -self.zero, (self.width, self.dtype))

    def parted(self, records: bytes, cols: int) -> tuple[NDArray[np.int8], FloatArray]:
        """Return the codes around zero and the scales of records."""
        from qrecipe_mlx import records as rows

        codes, scales, _ = rows.parted(records, cols, cols // self.group, (self.width, self.dtype))
        return (codes - self.zero).view("i1"), scales
