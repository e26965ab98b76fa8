"""What ggml's encoders must not be given, and what of their output must not reach a file.

ggml ends the process where a type requires an imatrix and gets none, and where the codebook searches (IQ1, IQ2, IQ3)
overflow or meet an importance that is no weight; the other searches then write NaN. It reads past an importance that is
too short, and writes a scale that overflows F16 as infinity (llama-quantize finds that afterwards, and stops). Each is
an error here.

The searches sum importance * weight² * code over a few dozen weights. `_REACH` keeps such sums far from float32's end,
with real models many orders of magnitude below; what it lets through was fuzzed without one abort or NaN.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from qrecipe.errors import BuildError, Diagnostic

if TYPE_CHECKING:
    from qrecipe.codecs.ggml.table import GgmlType
    from qrecipe.types.format import FloatArray

_CODEBOOKS = ("IQ1", "IQ2", "IQ3")
_REACH = 1e20  # of importance * weight², and of importance
_LARGEST_OF_CODEBOOKS = 1e7
_LARGEST_OF_NVFP4 = 2688.0  # the largest E4M3 scale times the largest code; ggml clips what is above, silently
_LARGEST = 1e9  # an F16 scale times the largest codes ends below this
_SAFE = 8192.0  # F16 ends at 65504, and no scale or minimum is eight times the largest weight


def checked_importance(type_: GgmlType, rows: FloatArray, importance: FloatArray | None) -> FloatArray | None:
    """Return the importance as ggml wants it, None where the type makes no use of it."""
    if type_.imatrix == "unused":
        return None
    if importance is None:
        if type_.imatrix == "required":
            raise BuildError(_starved(type_.name))
        return None
    if importance.shape != rows.shape[1:]:
        raise ValueError(f"an importance of shape {importance.shape} does not go with rows of {rows.shape[1]} columns")
    importance = np.ascontiguousarray(importance, np.float32)
    bad = ~(np.isfinite(importance) & (importance >= 0))
    if bad.any():
        column = int(bad.argmax())
        raise BuildError(_no_weight(column, float(importance[column])))
    return importance


def check_reach(type_: GgmlType, rows: FloatArray, importance: FloatArray | None) -> float:
    """Return the largest magnitude of `rows`; raise if this type's encoder would overflow over them."""
    largest = float(max(rows.max(), -rows.min())) if rows.size else 0.0
    if not largest <= _limit(type_):
        raise not_finite(type_.name, largest)
    if importance is not None and not float(importance.max()) * max(largest, 1) ** 2 <= _REACH:
        raise BuildError(_out_of_reach(type_.name, largest, float(importance.max())))
    return largest


def _limit(type_: GgmlType) -> float:
    """Return the largest weight that a type may be given."""
    if type_.kind != "block" or type_.name == "MXFP4":
        return math.inf
    if type_.name == "NVFP4":
        return _LARGEST_OF_NVFP4
    return _LARGEST_OF_CODEBOOKS if type_.name.startswith(_CODEBOOKS) else _LARGEST


def needs_check(type_: GgmlType, largest: float) -> bool:
    """Say whether a stored scale or value might not be finite, where the weights go up to `largest`.

    MXFP4's scales also wrap around to NaN in blocks whose largest weight is about 2^-126.
    """
    return not largest <= _SAFE or type_.name == "MXFP4"


def not_finite(name: str, largest: float) -> BuildError:
    """Return the error for a scale, or a value, that was stored as an infinity or NaN."""
    return BuildError(
        Diagnostic(
            "value-overflow",
            f"{name} cannot hold these weights, the largest of which is {largest:.6g}",
            why="a stored value or scale would overflow, and with it every answer of the model",
            fix="choose F32 or BF16 for this tensor, and look where weights of this size come from",
        )
    )


def _starved(name: str) -> Diagnostic:
    return Diagnostic(
        "imatrix-missing",
        f"{name} cannot be encoded without imatrix data",
        why="its codebook search weighs the columns by it",
        fix='set imatrix = "FILE" in the recipe, or choose a type that does without',
    )


def _no_weight(column: int, value: float) -> Diagnostic:
    return Diagnostic(
        "imatrix-value",
        f"the imatrix says {value:.6g} for column {column}",
        why="an importance is a mean of squares: finite, and not negative",
        fix="make the imatrix again",
    )


def _out_of_reach(name: str, weight: float, importance: float) -> Diagnostic:
    return Diagnostic(
        "importance-out-of-reach",
        f"{name} cannot encode weights as large as {weight:.6g} under an importance of {importance:.6g}",
        why="ggml's search for scales overflows there",
        fix="make the imatrix again, or say fit=rtn for this tensor if the type does without",
    )
