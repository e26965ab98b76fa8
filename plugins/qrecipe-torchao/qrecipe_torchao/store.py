"""What a tensor class of torchao is to the rest of this package: which arrays it has, and how codes become their bytes.

A store is a value: the class with everything that its metadata says (bits, group, dtypes, activations). `schemes` makes
qrecipe's schemes of stores.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray
    from qrecipe.types.format import FloatArray

    from qrecipe_torchao.arithmetic import Quantized
    from qrecipe_torchao.described import Json

    Field = NDArray[np.uint8]
    """The bytes of one array, row by row: [n, bytes of a row]."""


@dataclass(frozen=True, slots=True)
class Part:
    """One array of a tensor class.

    Attributes:
        name: As the class calls it: `qdata`.
        dtype: As safetensors spells it.
        row: Elements that a row of the matrix has in it.
        turned: The matrix's rows run along its second dimension.
    """

    name: str
    dtype: str
    row: int
    turned: bool = False


class Store(Protocol):
    """A tensor class of torchao with its settings."""

    @property
    def kind(self) -> str:
        """The class's name: `Int8Tensor`."""

    @property
    def name(self) -> str:
        """As people read it: `int4(group=32)`."""

    @property
    def group(self) -> int | None:
        """Columns that share a scale; None: the row."""

    @property
    def width(self) -> int | None:
        """Bits of a code; None where codes are no integers."""

    @property
    def scale(self) -> str:
        """The dtype of scales, as safetensors spells it."""

    def refuses(self, rows: int, cols: int) -> str | None:
        """Say why a matrix cannot be stored; None if it can."""

    def parts(self, cols: int) -> tuple[Part, ...]:
        """Return the arrays of a matrix with rows of `cols` weights."""

    def columns(self, codes: int) -> int:
        """Return the weights of a row whose `qdata` has this many elements."""

    def quantize(self, rows: FloatArray) -> Quantized:
        """Choose codes as torchao does."""

    def fields(self, quantized: Quantized) -> tuple[Field, ...]:
        """Return the bytes of each part, row by row; scales are rounded to what is stored."""

    def quantized(self, fields: tuple[Field, ...]) -> Quantized:
        """Return what `fields` came from."""

    def entry(self, rows: int, cols: int) -> dict[str, Json]:
        """Return the metadata that makes the arrays of a matrix one tensor again."""

    def config(self) -> dict[str, Json]:
        """Return the configuration with which `quantize_` gives this class."""
