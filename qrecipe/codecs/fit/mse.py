"""The fit `mse`: for each block the scale with the least sum of squared errors, among many near the largest weight's.

For types of codes and one scale a block (`int2` … `int8` with or without `group`). The candidates are ± the largest
magnitude over 41 divisors, rounded to the dtype of the scales, and what `rtn` takes: so no block gets worse. Ties go to
the first. Errors are summed in float64, in the order of the columns: the same bytes on every machine.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from qrecipe.errors import Diagnostic, PlanError
from qrecipe.types.format import Fitted

if TYPE_CHECKING:
    from qrecipe.types.format import Argument, FloatArray, TypeUse
    from qrecipe.types.scheme import Grid

_WIDTHS = tuple(f"int{width}" for width in range(2, 9))


@dataclass(frozen=True, slots=True)
class LeastSquares:
    """The search for the scale of least squared error."""

    name: str = "mse"
    importance: Literal["never"] = "never"
    arguments: tuple[Argument, ...] = ()

    def refuses(self, use: TypeUse) -> str | None:
        """Refuse types whose weights are not codes times one scale, or whose encoders search already."""
        if use.format.name in _WIDTHS or getattr(use.format, "grid", None) is not None:
            return None
        return f"mse chooses the scales of int2 to int8, not of {use.format.name}"

    def encode(self, use: TypeUse, rows: FloatArray, importance: FloatArray | None) -> Fitted:  # noqa: ARG002 - never asked for
        """Search, and store the best."""
        grid: Grid | None = getattr(use.format, "grid", None)
        if grid is None:
            raise PlanError(_no_grid(use))
        from qrecipe.codecs.fit.mse_search import encode_mse  # noqa: PLC0415 - numba loads at the first use

        return Fitted(encode_mse(use, grid, rows))


MSE = LeastSquares()


def _no_grid(use: TypeUse) -> Diagnostic:
    return Diagnostic(
        "fit-without-grid",
        f"{use} has no scales to choose",
        why=f"what stores {use.format.name} here takes its scales from elsewhere",
        fix="say fit=rtn",
    )
