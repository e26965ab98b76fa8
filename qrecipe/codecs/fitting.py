"""Weights to what an artifact stores: a type's own format, or a scheme that stores it, with the fit that was chosen."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from qrecipe.codecs.fit.reference import REFERENCE
from qrecipe.types.format import Fitted, TypeUse

if TYPE_CHECKING:
    from qrecipe.types.format import Fit, FloatArray, Format


def expect(use: TypeUse, fit: Fit | None, *, weighted: bool, weights: int) -> None:
    """Tell the encoders that so many weights of a type are going to be encoded: it may pay to compile one for them."""
    if fit is not None and fit.name in REFERENCE:
        from qrecipe.codecs.kernels import engine  # noqa: PLC0415 - loads numpy, which a plan does not need

        engine.expect(use.format.name, weighted=weighted, weights=weights)


def expect_decoding(format_: Format, weights: int) -> None:
    """Tell the decoders that so many weights are going to be decoded."""
    from qrecipe.codecs.kernels import engine  # noqa: PLC0415 - as above

    engine.expect_decoding(format_.name, weights)


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
