"""Input that ggml would abort the process for, or answer with NaN: errors in words, whole."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

sys.path.insert(0, str(Path(__file__).parent))
from codec_formats import named

from qrecipe.errors import BuildError

ONES = np.ones((1, 256), np.float32)
EQUAL = np.ones(256, np.float32)


def message(name, rows, importance):
    with pytest.raises(BuildError) as caught:
        named(name).encode(rows, (), importance)
    return str(caught.value)


@pytest.mark.parametrize("name", ["IQ2_XXS", "IQ2_XS", "IQ1_S"])
def test_a_type_that_requires_an_imatrix(name):
    assert message(name, ONES, None) == (
        f"error: {name} cannot be encoded without imatrix data\n"
        "why: its codebook search weighs the columns by it\n"
        'fix: set imatrix = "FILE" in the recipe, or choose a type that does without'
    )


@pytest.mark.parametrize(("value", "shown"), [(-1.0, "-1"), (np.nan, "nan"), (np.inf, "inf")])
@pytest.mark.parametrize("name", ["Q4_K", "IQ3_XXS"])
def test_an_importance_that_is_no_weight(name, value, shown):
    importance = EQUAL.copy()
    importance[7] = value
    assert message(name, ONES, importance) == (
        f"error: the imatrix says {shown} for column 7\n"
        "why: an importance is a mean of squares: finite, and not negative\n"
        "fix: make the imatrix again"
    )


@pytest.mark.parametrize("name", ["Q4_K", "IQ3_S"])
def test_an_importance_out_of_reach(name):
    assert message(name, 1000 * ONES, EQUAL * 1e18) == (
        f"error: {name} cannot encode weights as large as 1000 under an importance of 1e+18\n"
        "why: ggml's search for scales overflows there\n"
        "fix: make the imatrix again, or say fit=rtn for this tensor if the type does without"
    )


@pytest.mark.parametrize(
    ("name", "weight"),
    [
        ("F16", 65536),
        ("Q4_0", 1e6),
        ("Q4_K", 1e10),
        ("TQ2_0", 70000),
        ("IQ3_S", 2e7),
        ("BF16", 3.4e38),
        ("MXFP4", 2**-126),
        ("NVFP4", 2689),
    ],
)
def test_weights_that_a_type_cannot_hold(name, weight):
    assert message(name, ONES * np.float32(weight), None) == (
        f"error: {name} cannot hold these weights, the largest of which is {np.float32(weight):.6g}\n"
        "why: a stored value or scale would overflow, and with it every answer of the model\n"
        "fix: choose F32 or BF16 for this tensor, and look where weights of this size come from"
    )


@pytest.mark.parametrize("name", ["F16", "Q4_0", "Q4_K", "IQ3_S", "IQ3_XXS", "Q8_0"])
@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_values_that_are_not_finite_are_refused_where_they_would_abort_or_spread(name, value):
    rows = ONES.copy()
    rows[0, 9] = value
    assert message(name, rows, None).startswith(f"error: {name} cannot hold these weights")


@pytest.mark.parametrize("name", ["Q4_0", "Q6_K", "Q8_0", "F16"])
def test_large_weights_that_a_type_can_hold_are_encoded(name):
    rows = ONES * np.float32(60000)
    decoded = named(name).decode(named(name).encode(rows, (), None), 256)
    assert np.allclose(decoded, rows, rtol=0.01)


_HOSTILE = """
import numpy as np
from qrecipe.codecs.ggml.format import GGML_FORMATS
from qrecipe.errors import QrecipeError
format_ = next(f for f in GGML_FORMATS if f.name == "{name}")
bits = np.random.default_rng({seed})
for exponent in range(-45, 10):
    for spread in (0, 3, 30):
        rows = bits.standard_normal((2, 512)) * 10.0 ** (exponent - spread * bits.random((2, 512)))
        rows = rows.astype(np.float32)
        for top in (-40, -20, 0, 6, 12, 18, 25, 38):
            importance = np.minimum(10.0 ** (top - 20 * bits.random(512) * bits.integers(2)), 3e38).astype(np.float32)
            importance[: 512 * bits.integers(2) // 3] = 0
            try:
                assert np.isfinite(format_.decode(format_.encode(rows, (), importance), 512)).all()
            except QrecipeError:
                pass
print("survived")
"""


@pytest.mark.slow
@pytest.mark.parametrize("name", ["IQ1_M", "IQ2_XXS", "IQ2_XS", "IQ2_S", "IQ3_XXS", "IQ3_S", "Q3_K", "Q4_K", "IQ4_NL"])
def test_hostile_weights_and_importances_never_end_the_process(name):
    code = _HOSTILE.format(name=name, seed=5)
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=120)
    assert done.stdout.endswith("survived\n"), done.stderr[-2000:]
