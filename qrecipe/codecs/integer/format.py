"""int1 … int8: integer codes with one scale for `group` columns of a row, or for the whole row.

These are names and shapes. How codes and scales are laid out, and so their size and bytes, is each backend's own
(compressed-tensors packs, torchao does not): their codecs come with those backends, and no GGUF stores them.
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

_GROUP = Argument("group", "int", meaning="columns that share a scale; the whole row if not given")
_FIT = Argument("fit", "fit", "auto", meaning="how scale and codes are chosen")


@dataclass(frozen=True, slots=True)
class IntegerFormat:
    """Integers of `width` bits."""

    width: int

    @property
    def name(self) -> str:
        """`int4`."""
        return f"int{self.width}"

    @property
    def family(self) -> str:
        """`integer`."""
        return "integer"

    @property
    def arguments(self) -> tuple[Argument, ...]:
        """`group` and `fit`."""
        return (_GROUP, _FIT)

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
        """It is quantized."""
        return False

    @property
    def imatrix(self) -> Literal["unused"]:
        """No backend here weighs the columns."""
        return "unused"

    def refuses(self, shape: Shape, args: Args) -> str | None:
        """Refuse a group that does not divide the columns."""
        group = dict(args).get("group")
        if group is None:
            return refuse_blocks(shape, 1, "its group")
        if not isinstance(group, int) or group < 1:
            return f"a group has at least one column, not {group}"
        return refuse_blocks(shape, group, "its group")

    def nbytes(self, shape: Shape, args: Args) -> int:  # noqa: ARG002 - the layout is the backend's
        """Raise: the size is the backend's."""
        raise no_codec(self.name)

    def encode(self, rows: FloatArray, args: Args, importance: FloatArray | None) -> bytes:  # noqa: ARG002 - likewise
        """Raise: the bytes are the backend's."""
        raise no_codec(self.name)

    def decode(self, data: bytes | memoryview, cols: int) -> FloatArray:  # noqa: ARG002 - likewise
        """Raise: the bytes are the backend's."""
        raise no_codec(self.name)


INTEGER_FORMATS: tuple[IntegerFormat, ...] = tuple(IntegerFormat(width) for width in range(1, 9))
