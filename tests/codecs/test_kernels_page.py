"""The page on kernels: its example computes what it says, and it names all parts."""

from pathlib import Path

import numpy as np
import pytest

from qrecipe.codecs import kernels, simd
from qrecipe.codecs.compiled.machine import unusable
from tests.codecs import hostile
from tests.docs.markdown import blocks_of

PAGE = Path(__file__).parents[2] / "docs" / "explanation" / "kernels.md"
TEXT = PAGE.read_text(encoding="utf-8")


@pytest.mark.skipif(unusable() is not None, reason="no kernels on this machine")
def test_the_example_sums_in_order():
    names: dict = {}
    (example,) = [block.text for block in blocks_of(PAGE) if block.language == "python"]
    exec(example, names)  # noqa: S102 - the page's own code
    rows = hostile.weights_of("t(2)", 3, (1, 32 * 16 * 3))
    found = np.empty(16 * 3, np.float32)
    names["mean_squares"](rows.reshape(-1), found)
    expected = np.zeros(16 * 3, np.float32)
    for column in rows.reshape(-1, 32).T:
        expected += column * column
    assert found.tobytes() == (expected / np.float32(32)).tobytes()


@pytest.mark.parametrize("package", [simd, kernels], ids=lambda package: package.__name__)
def test_modules_that_it_names_are_there(package):
    present = {path.name for path in Path(package.__file__).parent.glob("*.py")}
    parts = {"affine.py", "symmetric.py", "descent.py", "positive.py", "uneven.py", "catalog.py", "q6_k.py"}
    named = {"vectors.py", "operators.py", "lanes.py", "numbers.py"} if package is simd else parts
    assert named <= present
    assert all(f"`{name}`" in TEXT for name in named)


def test_it_counts_the_kinds():
    assert f"{len(hostile.KINDS)} kinds" in TEXT
    assert len(hostile.IMPORTANCES) == 5
