"""The ggml types as formats. Nothing heavy loads before `encode` or `decode` is called.

`encode` gives ggml's bytes. It raises where ggml would end the process, or would write what no runtime can use: a type
that requires an imatrix and gets none, weights or an importance out of the encoder's reach, a scale that overflows.
Plain integers and F64 have a size, so that files may hold them, and are carried as they are.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import prod
from typing import TYPE_CHECKING, Literal

from qrecipe.codecs.ggml.table import TYPES, GgmlType
from qrecipe.codecs.shape import refuse_blocks
from qrecipe.errors import Diagnostic, PlanError
from qrecipe.types.format import Argument

if TYPE_CHECKING:
    from qrecipe.types.format import Args, FloatArray
    from qrecipe.types.tensor import Shape

FIT = Argument("fit", "fit", "auto", meaning="how scale and codes are chosen")
_SCALE = Argument(
    "scale", "word", "symmetric", ("symmetric", "negative"), "codes -1 to 1, or -2 to 1 with a negative scale"
)
_CONVERTED = ("F32", "F16", "BF16")


@dataclass(frozen=True, slots=True)
class GgmlFormat:
    """One type of ggml; every promise of `types.format.Format`."""

    type: GgmlType
    arguments: tuple[Argument, ...]

    @property
    def name(self) -> str:
        """`Q4_K`."""
        return self.type.name

    @property
    def family(self) -> str:
        """`ggml`."""
        return "ggml"

    @property
    def block(self) -> int:
        """As the table has it."""
        return self.type.block

    @property
    def bits(self) -> float:
        """Bits of a block, scales included, by its weights."""
        return 8 * self.type.block_bytes / self.type.block

    @property
    def gguf_id(self) -> int:
        """The type's number in a GGUF file."""
        return self.type.id

    @property
    def is_float(self) -> bool:
        """F64, F32, F16, BF16."""
        return self.type.kind == "float"

    @property
    def imatrix(self) -> Literal["unused", "used", "needed", "required"]:
        """As the table has it."""
        return self.type.imatrix

    def refuses(self, shape: Shape, args: Args) -> str | None:  # noqa: ARG002 - no argument changes the block
        """Refuse rows that are no whole number of blocks; plain dtypes store any shape."""
        return None if self.type.block == 1 else refuse_blocks(shape, self.type.block, "its block")

    def nbytes(self, shape: Shape, args: Args) -> int:  # noqa: ARG002 - no argument changes the block
        """Return the number of blocks times the bytes of one."""
        return prod(shape) // self.type.block * self.type.block_bytes

    def encode(self, rows: FloatArray, args: Args, importance: FloatArray | None) -> bytes:
        """Return ggml's bytes for `rows`."""
        if self.type.kind != "block" and self.name not in _CONVERTED:
            raise PlanError(_carried_only(self.name, "nothing is converted to it"))
        from qrecipe.codecs.ggml.encode import encode  # noqa: PLC0415 - numpy and ggml load at the first use

        return encode(self.type, rows, args, importance)

    def decode(self, data: bytes | memoryview, cols: int) -> FloatArray:
        """Return the float32 values of whole rows."""
        if self.type.kind != "block" and self.name not in _CONVERTED:
            raise PlanError(_carried_only(self.name, "it is not converted to anything else"))
        from qrecipe.codecs.ggml.encode import decode  # noqa: PLC0415 - numpy and ggml load at the first use

        return decode(self.type, data, cols)


def _carried_only(name: str, why: str) -> Diagnostic:
    what = f"{name} is only carried from file to file"
    return Diagnostic("carried-only", what, why=f"{why}: it is no type of weights", fix="say keep for this tensor")


def _arguments(type_: GgmlType) -> tuple[Argument, ...]:
    if type_.kind != "block":
        return ()
    return (FIT, _SCALE) if type_.name == "TQ2_0" else (FIT,)


GGML_FORMATS: tuple[GgmlFormat, ...] = tuple(GgmlFormat(type_, _arguments(type_)) for type_ in TYPES)
