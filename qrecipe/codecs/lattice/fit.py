"""The fit `lattice`: the scale and codes with which a block gives its weights back bit for bit, where there are any.

For weights that quantization-aware training left on a grid. A block is certified if bf16(float32(scale) * code) is
every one of its weights (-0 counts as 0); each block for which F16 has such a scale gets one, zeros the scale 0. Where
a block has none but is near a grid, no weight more than one step of BF16 off, the scale that hits most weights is
taken. All others are encoded as `rtn` does with `else=rtn`; `else=error` refuses whatever is not certified.

Each is complete: where a block is not certified, no F16 scale of any sign gives it back. Scales below 2^-14 have fewer
bits in F16 and those below 2^-25 none, so such blocks are often not certified, though trained on a grid.

Where a backend stores codes and scales apart (`int2` … `int8`), scales are numbers of the dtype that its runtime uses.

In a block with weights that BF16 does not hold (F32 and F16 sources), nothing is rounded: scale * code itself must be
every weight, or the block is not certified, nor near.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from qrecipe.codecs.compiled.machine import need_compiler
from qrecipe.types.format import Argument

if TYPE_CHECKING:
    from qrecipe.types.format import Fitted, FloatArray, TypeUse
    from qrecipe.types.scheme import Grid

_TYPES = ("Q4_0", "Q5_0", "Q8_0", "TQ1_0", "TQ2_0")
_ARRAYS = tuple(f"int{width}" for width in range(2, 9))  # by the schemes of backends that store them


@dataclass(frozen=True, slots=True)
class LatticeFit:
    """The recovery of a grid."""

    name: str = "lattice"
    importance: Literal["never"] = "never"
    arguments: tuple[Argument, ...] = (
        Argument("else", "word", "rtn", ("rtn", "error"), "what to do with a block that is on no grid"),
    )

    def refuses(self, use: TypeUse) -> str | None:
        """Refuse types whose codes are not multiples of one scale, or which no training aims at."""
        if use.format.name in (*_TYPES, *_ARRAYS) or getattr(use.format, "grid", None) is not None:
            return None
        known = f"{', '.join(_TYPES)} and {_ARRAYS[0]} to {_ARRAYS[-1]}"
        return f"the grids that lattice recovers are those of {known}, not of {use.format.name}"

    def encode(self, use: TypeUse, rows: FloatArray, importance: FloatArray | None) -> Fitted:  # noqa: ARG002 - never asked for
        """Search, count, and encode what is on no grid as the recipe says."""
        need_compiler()
        from qrecipe.codecs.lattice.encode import encode_lattice  # noqa: PLC0415 - numba loads at the first use
        from qrecipe.codecs.lattice.schemes import encode_scheme  # noqa: PLC0415 - likewise

        grid: Grid | None = getattr(use.format, "grid", None)
        return encode_lattice(use, rows) if grid is None else encode_scheme(use, grid, rows)


LATTICE = LatticeFit()
