"""Every built-in format keeps the contract of formats: a class for each, `TestQ4_K`."""

import pytest

from qrecipe.codecs.builtin import FORMATS
from qrecipe.testing import FormatContract

SLOW = ("IQ1_S", "IQ1_M", "IQ2_XXS", "IQ2_XS", "IQ2_S")  # their tables take seconds
CARRIED = ("F64", "I8", "I16", "I32", "I64")  # from file to file
NAMES = ("integer", "float8")  # families that backends encode

ROUNDED = {
    "F32": 0, "F16": 2**-11, "BF16": 2**-8,
    "Q8_0": 0.5 / 127, "Q4_0": 1 / 8, "Q5_0": 1 / 16, "MXFP4": 0.25, "TQ1_0": 0.5, "TQ2_0": 0.5, "Q2_0": 0.5,
}  # fmt: skip
"""Half a step, a whole one at the end that has one code less."""
SEARCHED = {
    "Q2_K": 0.6, "Q3_K": 0.36, "Q4_K": 0.16, "Q5_K": 0.08, "Q6_K": 0.05, "IQ4_NL": 0.2, "IQ4_XS": 0.2,
}  # fmt: skip
"""The encoder minimises a sum: what only a broken one exceeds."""
FROM_A_TABLE = dict.fromkeys(("IQ1_S", "IQ1_M", "IQ2_XXS", "IQ2_XS", "IQ2_S", "IQ3_XXS", "IQ3_S"), 2.0)
"""Few patterns of codes: a single weight may be far off."""


def contract_of(format_):
    """Return the suite of one format."""
    members = {
        "format": format_,
        "encodes": format_.name not in CARRIED and format_.family not in NAMES,
        "bound": {**ROUNDED, **SEARCHED, **FROM_A_TABLE}.get(format_.name, 1.0),
        "__module__": __name__,
    }
    suite = type(f"Test{format_.name}", (FormatContract,), members)
    return pytest.mark.slow(suite) if format_.name in SLOW else suite


globals().update({f"Test{format_.name}": contract_of(format_) for format_ in FORMATS})
