"""Schemes: how a matrix is stored as several arrays, codes beside scales, in a folder of safetensors files.

A scheme is a `Format` whose encoded rows are *records*: for each row of the matrix, that row of every array that has
rows, one behind the other. So fits, digests and comparisons work on records as they do on GGUF blocks,
and whoever writes cuts a record into its arrays. Rows are independent of each other.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from math import prod
from typing import TYPE_CHECKING, Protocol

from qrecipe.types.format import Format

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from qrecipe.types.format import FloatArray
    from qrecipe.types.source import StoredTensor
    from qrecipe.types.tensor import Shape

ITEM_BITS = {
    "BOOL": 8, "I8": 8, "U8": 8, "F8_E4M3": 8, "F8_E5M2": 8, "F16": 16, "BF16": 16, "I16": 16, "U16": 16,
    "F32": 32, "I32": 32, "U32": 32, "F64": 64, "I64": 64, "U64": 64,
}  # fmt: skip
"""Bits of an element, by safetensors' names of dtypes (safetensors' `tensor.rs`)."""


@dataclass(frozen=True, slots=True)
class Array:
    """One array of a module.

    Attributes:
        suffix: What stands behind the module's name: `.weight_packed`.
        dtype: As safetensors spells it.
        shape: Outermost dimension first.
        along: The dimension that the matrix's rows run along, 0 or 1; None for an array that no weight changes.
        constant: What such an array holds.

    >>> Array(".weight_scale", "BF16", (4096, 32)).row_bytes
    64
    """

    suffix: str
    dtype: str
    shape: Shape
    along: int | None = 0
    constant: bytes = b""

    @property
    def nbytes(self) -> int:
        """Bytes of all of it."""
        return prod(self.shape) * ITEM_BITS[self.dtype] // 8

    @property
    def row_bytes(self) -> int:
        """Bytes that a row of the matrix has in it; 0 where no weight changes it."""
        return 0 if self.along is None else self.nbytes // max(self.shape[self.along], 1)


@dataclass(frozen=True, slots=True)
class Grid:
    """What fits may choose among: weight = scale × code.

    Attributes:
        width: Bits of a code.
        group: Columns that share a scale; None for the whole row.
        scale: The dtype in which the runtime uses scales: `BF16`, `F16` or `F32`. Fits choose among its numbers.
        low: The least code.
        high: The greatest.
        negative: Scales below 0 are allowed.
    """

    width: int
    group: int | None
    scale: str
    low: int
    high: int
    negative: bool = True


class Scheme(Format, Protocol):
    """How a matrix is stored as several arrays.

    `encode` gives records, with the reference library's own arithmetic; `decode` takes records and gives what the
    runtime computes with, before it casts to its own dtype. `nbytes` is about records alone.
    """

    def arrays(self, rows: int, cols: int) -> tuple[Array, ...]:
        """Return the arrays of a matrix, in the order in which a record has their rows."""

    def shape_of(self, stored: Mapping[str, StoredTensor], read: Callable[[str], bytes]) -> tuple[int, int]:
        """Return rows and columns of a matrix whose arrays a file holds.

        Args:
            stored: The arrays' headers, by suffix; what the scheme needs may be missing.
            read: Returns an array's bytes, by suffix; for small ones that say a shape.

        Raises:
            KeyError: An array is missing that says the shape.
            ValueError: What is there cannot be a shape; the text says why.
        """

    @property
    def carried(self) -> Format | None:
        """The GGUF format whose codes and scales are stored in another layout; None where there is none."""

    def relaid(self, blocks: bytes, cols: int) -> bytes:
        """Return rows of the carried format as records; asked only where there is one."""

    @property
    def grid(self) -> Grid | None:
        """What fits may choose among; None where the type is no such grid."""

    def joined(self, codes: NDArray[np.int8], scales: FloatArray) -> bytes:
        """Return records of codes [n, cols] and scales [n, groups of a row]; asked only where there is a grid."""

    def parted(self, records: bytes, cols: int) -> tuple[NDArray[np.int8], FloatArray]:
        """Return the codes and scales of records; asked only where there is a grid."""
