"""How MLX stores a quantized matrix: `weight` (codes in words of 32 bits), `scales` and `biases`, one record a row.

Nothing here loads numpy before the first weight: plans need shapes alone.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from math import prod
from typing import TYPE_CHECKING, Literal

from qrecipe.types.format import Argument, Format
from qrecipe.types.scheme import ITEM_BITS, Array, Grid

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray
    from qrecipe.types.format import Args, FloatArray
    from qrecipe.types.source import StoredTensor
    from qrecipe.types.tensor import Shape

WIDTHS = (2, 3, 4, 5, 6, 8)
"""Bits of a code that MLX has kernels for."""
GROUPS = (32, 64, 128)
"""Columns that may share a scale there."""


@dataclass(frozen=True, slots=True)
class Affine:
    """Integer codes with a scale and a bias for each group of columns.

    Attributes:
        width: Bits of a code, one of `WIDTHS`.
        group: Columns that share a scale and a bias, one of `GROUPS`.
        dtype: What scales and biases are stored in, and the model computes in: `BF16`, `F16` or `F32`.
    """

    width: int
    group: int
    dtype: str

    @property
    def name(self) -> str:
        """`int4(group=64)`."""
        return f"int{self.width}(group={self.group})"

    @property
    def family(self) -> str:
        """`mlx`."""
        return "mlx"

    @property
    def arguments(self) -> tuple[Argument, ...]:
        """None: a scheme is what a type's arguments have led to."""
        return ()

    @property
    def block(self) -> int:
        """The group."""
        return self.group

    @property
    def bits(self) -> float:
        """Of a weight, with its share of scale and bias."""
        return self.width + 2 * ITEM_BITS[self.dtype] / self.group

    @property
    def gguf_id(self) -> None:
        """No GGUF stores it."""
        return

    @property
    def is_float(self) -> bool:
        """It is quantized."""
        return False

    @property
    def imatrix(self) -> Literal["unused"]:
        """MLX weighs all columns alike."""
        return "unused"

    def refuses(self, shape: Shape, args: Args) -> str | None:
        """Refuse what is no matrix of whole groups."""
        if len(shape) < 2 or not all(shape):
            return "it is no matrix"
        return f"{shape[-1]} columns are no multiple of {self.group}, its group" if shape[-1] % self.group else None

    def nbytes(self, shape: Shape, args: Args) -> int:
        """Return the bytes of the records of all rows."""
        return prod(shape[:-1]) * sum(array.row_bytes for array in self.arrays(1, shape[-1]))

    def arrays(self, rows: int, cols: int) -> tuple[Array, ...]:
        """Return codes, scales and biases."""
        groups = (rows, cols // self.group)
        return (
            Array(".weight", "U32", (rows, cols * self.width // 32)),
            Array(".scales", self.dtype, groups),
            Array(".biases", self.dtype, groups),
        )

    def shape_of(self, stored: Mapping[str, StoredTensor], read: Callable[[str], bytes]) -> tuple[int, int]:
        """Return the rows of the codes, and the columns of all groups."""
        codes, scales = stored[".weight"].shape, stored[".scales"].shape
        if len(codes) != 2 or len(scales) != 2:
            raise ValueError("its codes or scales are no matrix")
        return codes[0], scales[1] * self.group

    def encode(self, rows: FloatArray, args: Args, importance: FloatArray | None) -> bytes:
        """Encode as `mlx.core.quantize` does with weights of this dtype."""
        from qrecipe_mlx import affine, records

        weights = records.rounded(rows, self.dtype)
        return records.joined(*affine.quantized(weights, self.width, self.group), (self.width, self.dtype))

    def decode(self, data: bytes | memoryview, cols: int) -> FloatArray:
        """Return scale × code + bias in float32; in a 16-bit model MLX computes the same and rounds both steps."""
        from qrecipe_mlx import affine, records

        return affine.dequantized(*records.parted(data, cols, cols // self.group, (self.width, self.dtype)))

    @property
    def carried(self) -> Format | None:
        """None: codes and scales are MLX's choice."""
        return None

    def relaid(self, blocks: bytes, cols: int) -> bytes:
        """Not asked: nothing is carried."""
        raise NotImplementedError

    @property
    def grid(self) -> Grid | None:
        """None: a bias may be any number."""
        return None

    def joined(self, codes: NDArray[np.int8], scales: FloatArray) -> bytes:
        """Not asked: there is no grid."""
        raise NotImplementedError

    def parted(self, records: bytes, cols: int) -> tuple[NDArray[np.int8], FloatArray]:
        """Not asked either."""
        raise NotImplementedError
