"""What the codecs offer by hook: every ggml type, the names of the integer and float8 families, and the fits."""

from __future__ import annotations

from typing import TYPE_CHECKING

from qrecipe.codecs.fit.mse import MSE
from qrecipe.codecs.fit.reference import FITS as REFERENCE_FITS
from qrecipe.codecs.float8.format import FLOAT8_FORMATS
from qrecipe.codecs.ggml.format import GGML_FORMATS
from qrecipe.codecs.integer.format import INTEGER_FORMATS
from qrecipe.codecs.lattice.fit import LATTICE

if TYPE_CHECKING:
    from qrecipe.types.format import Fit, Format

FORMATS: tuple[Format, ...] = (*GGML_FORMATS, *INTEGER_FORMATS, *FLOAT8_FORMATS)
FITS: tuple[Fit, ...] = (*REFERENCE_FITS, LATTICE, MSE)
