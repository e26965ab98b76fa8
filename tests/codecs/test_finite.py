"""The search for values that are not finite."""

import numpy as np
import pytest

from qrecipe.codecs.finite import first_nonfinite


@pytest.mark.parametrize("at", [0, 1, 65535, 65536, 70000, 199999])
@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_the_first_one_is_found_wherever_it_is(at, value):
    rows = np.ones((2, 100000), np.float32)
    rows.flat[at] = value
    rows.flat[-1] = np.nan
    assert first_nonfinite(rows) == at


def test_finite_rows_have_none():
    assert first_nonfinite(np.full((3, 5), 3.4e38, np.float32)) is None
    assert first_nonfinite(np.zeros((0, 32), np.float32)) is None
