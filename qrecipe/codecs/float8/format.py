"""fp8: E4M3 codes of eight bits with one scale for a row.

A name and shapes, as the integers of `codecs.integer` are: the layout is the backend's that stores it; no GGUF does.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from qrecipe.codecs.elsewhere import no_codec
from qrecipe.codecs.shape import refuse_blocks
from qrecipe.types.format import Argument

if TYPE_CHECKING:
    from qrecipe.types.format import Args, FloatArray
    from qrecipe.types.tensor import Shape

_FIT = Argument("fit", "fit", "auto", meaning="how scale and codes are chosen")


@dataclass(frozen=True, slots=True)
class Float8Format:
    """The one eight-bit floating-point type."""

    @property
    def name(self) -> str:
        """`fp8`."""
        return "fp8"

    @property
    def family(self) -> str:
        """`float8`."""
        return "float8"

    @property
    def arguments(self) -> tuple[Argument, ...]:
        """`fit`."""
        return (_FIT,)

    @property
    def block(self) -> None:
        """The group or the row, so no number here."""
        return

    @property
    def bits(self) -> None:
        """Scales and padding are the backend's."""
        return

    @property
    def gguf_id(self) -> None:
        """No GGUF stores it."""
        return

    @property
    def is_float(self) -> bool:
        """It has a scale, so it is quantized."""
        return False

    @property
    def imatrix(self) -> Literal["unused"]:
        """No backend here weighs the columns."""
        return "unused"

    def refuses(self, shape: Shape, args: Args) -> str | None:  # noqa: ARG002 - no argument changes what fits
        """Refuse what has no rows."""
        return refuse_blocks(shape, 1, "its block")

    def nbytes(self, shape: Shape, args: Args) -> int:  # noqa: ARG002 - the layout is the backend's
        """Raise: the size is the backend's."""
        raise no_codec(self.name)

    def encode(self, rows: FloatArray, args: Args, importance: FloatArray | None) -> bytes:  # noqa: ARG002 - likewise
        """Raise: the bytes are the backend's."""
        raise no_codec(self.name)

    def decode(self, data: bytes | memoryview, cols: int) -> FloatArray:  # noqa: ARG002 - likewise
        """Raise: the bytes are the backend's."""
        raise no_codec(self.name)


FLOAT8_FORMATS: tuple[Float8Format, ...] = (Float8Format(),)
