"""Weights to what an artifact stores: a type's own format, or a scheme that stores it, with the fit that was chosen."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from qrecipe.types.format import Fitted, TypeUse

if TYPE_CHECKING:
    from qrecipe.types.format import Fit, FloatArray, Format


def fitted(use: TypeUse, stored: Format, fit: Fit | None, rows: FloatArray, importance: FloatArray | None) -> Fitted:
    """Encode rows [n, cols] of a type that is stored as `stored`; without a fit, by rounding alone.

    A GGUF type that another family carries is encoded as in a GGUF file, its fit included, and laid out anew.
    """
    if fit is None:
        return Fitted(stored.encode(rows, use.args, None))
    scheme: Any = stored
    if getattr(stored, "carried", None) is None:
        return fit.encode(TypeUse(stored, use.args), rows, importance)
    found = fit.encode(use, rows, importance)
    return found if found.refused is not None else replace(found, data=scheme.relaid(found.data, rows.shape[1]))
