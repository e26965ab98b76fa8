"""The formats that tests of codecs run over, as parameters; those whose tables ggml takes seconds to make are slow."""

import pytest

from qrecipe.codecs.ggml.format import GGML_FORMATS

SLOW = ("IQ1_S", "IQ1_M", "IQ2_XXS", "IQ2_XS", "IQ2_S")  # 1 to 10 s before the first block
BLOCK = tuple(format_ for format_ in GGML_FORMATS if format_.type.kind == "block")
PLAIN = tuple(format_ for format_ in GGML_FORMATS if format_.name in {"F32", "F16", "BF16"})
CARRIED = tuple(format_ for format_ in GGML_FORMATS if format_.name in {"F64", "I8", "I16", "I32", "I64"})


def formats(*chosen):
    """Parametrize over formats, named in the test's id."""
    return pytest.mark.parametrize("format_", [_parameter(format_) for format_ in chosen])


def named(name):
    """Return the format of this name."""
    return next(format_ for format_ in GGML_FORMATS if format_.name == name)


def _parameter(format_):
    return pytest.param(format_, id=format_.name, marks=pytest.mark.slow if format_.name in SLOW else ())
