"""The three fits that are the reference encoder itself, and differ in whether it is given the imatrix.

`auto`: where there is data, as llama-quantize does. `rtn`: never. `imatrix`: always, so data is required. The bytes are
those of `Format.encode`, which is the reference tool's own arithmetic.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from qrecipe.types.format import Fitted

if TYPE_CHECKING:
    from qrecipe.types.format import Argument, FloatArray, TypeUse


@dataclass(frozen=True, slots=True)
class ReferenceFit:
    """The reference encoder, with or without importance."""

    name: str
    importance: Literal["never", "if present", "required"]
    meaning: str

    @property
    def arguments(self) -> tuple[Argument, ...]:
        """None."""
        return ()

    def refuses(self, use: TypeUse) -> str | None:
        """Refuse a promise about the imatrix that the type's encoder cannot keep."""
        name, imatrix = use.format.name, use.format.imatrix
        if self.importance == "never" and imatrix == "required":
            return f"{name} cannot be encoded without imatrix data"
        if self.importance == "required" and imatrix == "unused":
            return f"the encoder of {name} makes no use of an imatrix"
        return None

    def encode(self, use: TypeUse, rows: FloatArray, importance: FloatArray | None) -> Fitted:
        """Call the format's encoder."""
        return Fitted(use.format.encode(rows, use.args, None if self.importance == "never" else importance))


FITS: tuple[ReferenceFit, ...] = (
    ReferenceFit("auto", "if present", "with imatrix data where there is any, as llama-quantize"),
    ReferenceFit("rtn", "never", "never with imatrix data"),
    ReferenceFit("imatrix", "required", "always with imatrix data"),
)
REFERENCE = frozenset(fit.name for fit in FITS)
