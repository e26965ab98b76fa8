"""How close two encodings are: against plain numpy, with values that are not finite, and types that nothing decodes."""

import tracemalloc
from math import inf, sqrt

import numpy as np
import pytest

from qrecipe.codecs.builtin import FORMATS
from qrecipe.codecs.closeness import Closeness, closeness
from qrecipe.codecs.floats import encode_float

BY_NAME = {found.name: found for found in FORMATS}
ROWS = np.random.default_rng(1).standard_normal((6, 512)).astype(np.float32)


def encoded(name, rows):
    """Encode rows; plain floats unchecked, as a file may hold them."""
    rows = np.atleast_2d(rows)
    return encode_float(name, rows) if BY_NAME[name].is_float else BY_NAME[name].encode(rows, (), None)


def compared(ours, theirs, output="F32", source="F32"):
    formats = BY_NAME[output], BY_NAME[source]
    return closeness(encoded(output, ours), encoded(source, theirs), formats, np.shape(ours)[-1])


@pytest.mark.parametrize("source", ["F32", "F16", "BF16", "Q8_0"])
@pytest.mark.parametrize("output", ["F32", "F16", "BF16", "Q4_K", "IQ4_NL"])
def test_sums_are_those_of_numpy(output, source):
    found = compared(ROWS, ROWS, output, source)
    ours, theirs = (
        BY_NAME[name].decode(BY_NAME[name].encode(ROWS, (), None), 512).astype(np.float64) for name in (output, source)
    )
    assert found.weights == ROWS.size
    assert found.rmse == pytest.approx(sqrt(np.mean((ours - theirs) ** 2)), rel=1e-12)
    assert found.worst == np.abs(ours - theirs).max()
    if found.squares:
        assert found.relative == pytest.approx(sqrt(np.sum((ours - theirs) ** 2) / np.sum(theirs**2)), rel=1e-12)


def test_identical_is_counted_after_rounding_to_the_source_s_type():
    theirs = np.array([1, 2, 3, 4], np.float32)
    ours = theirs * np.array([1, 1.0009765625, 1.001, 1.01], np.float32)  # BF16 has 8 bits of precision
    assert compared(ours, theirs, "F32", "BF16").identical == 3
    assert compared(ours, theirs, "F32", "F16").identical == 1
    assert compared(ours, theirs, "F32", "F32").identical == 1


def test_a_quantized_source_is_compared_as_it_decodes():
    found = compared(ROWS, ROWS, "Q8_0", "Q8_0")
    assert (found.identical, found.squares) == (ROWS.size, 0)
    assert compared(ROWS, ROWS, "F32", "Q8_0").identical < ROWS.size / 10


def test_equal_bytes_are_equal_whatever_they_hold():
    odd = np.array([np.nan, inf, -inf, 0.0], np.float32)
    found = compared(odd, odd)
    assert (found.identical, found.squares, found.worst, found.relative) == (4, 0, 0, 0)


@pytest.mark.parametrize("source", ["F32", "F16", "BF16"])
def test_zeros_of_two_signs_are_identical(source):
    ours, theirs = np.array([-0.0, 0.0, 1.0, -1.0], np.float32), np.array([0.0, -0.0, 1.0, 1.0], np.float32)
    found = compared(ours, theirs, "F32", source)
    assert (found.identical, found.squares, found.worst) == (3, 4, 2)


@pytest.mark.parametrize("value", [np.nan, inf, -inf])
@pytest.mark.parametrize("which", [0, 1])
def test_what_is_not_finite_is_infinitely_far_from_what_is(value, which):
    pair = [np.array([1.0, 2.0], np.float32), np.array([1.0, 2.0], np.float32)]
    pair[which][1] = value
    found = compared(*pair)
    assert (found.identical, found.squares, found.worst, found.rmse, found.relative) == (1, inf, inf, inf, inf)


def test_two_equal_infinities_are_near():
    found = compared(np.array([inf, 2.0], np.float32), np.array([inf, 1.0], np.float32))
    assert (found.identical, found.squares, found.worst) == (1, 1, 1)


def test_types_that_nothing_decodes_are_equal_or_infinitely_far():
    whole = BY_NAME["I32"]
    same = closeness(bytes(16), bytes(16), (whole, whole), 2)
    assert (same.weights, same.identical, same.squares) == (4, 4, 0)
    other = closeness(bytes(16), bytes(15) + b"\1", (whole, whole), 2)
    assert (other.weights, other.identical, other.rmse) == (4, 0, inf)


def test_pieces_add_up():
    whole = compared(ROWS, ROWS, "Q4_K", "BF16")
    parts = [compared(ROWS[i : i + 2], ROWS[i : i + 2], "Q4_K", "BF16") for i in (0, 2, 4)]
    total = sum(parts, Closeness())
    assert (total.weights, total.identical, total.worst) == (whole.weights, whole.identical, whole.worst)
    assert (total.squares, total.energy) == pytest.approx((whole.squares, whole.energy), rel=1e-12)


@pytest.mark.parametrize("source", ["F32", "F16", "BF16", "Q4_K"])
@pytest.mark.parametrize("output", ["F32", "F16", "BF16", "Q8_0", "Q4_K", "TQ2_0"])
def test_no_more_is_held_than_tasks_say(output, source):
    rows = np.random.default_rng(3).standard_normal((512, 512)).astype(np.float32)
    formats = BY_NAME[output], BY_NAME[source]
    data = [format_.encode(rows, (), None) for format_ in formats]
    closeness(*data, formats, 512)
    tracemalloc.start()
    try:
        closeness(*data, formats, 512)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak <= 32 * rows.size + 100_000


def test_blocks_are_certified_where_each_of_their_weights_is_identical():
    rows = np.tile(np.arange(-8, 8, dtype=np.float32), 4).reshape(1, 64)
    found = compared(rows, rows, "Q4_0", "BF16")
    assert (found.blocks, found.certified, found.identical) == (2, 2, 64)
    spoiled = rows.copy()
    spoiled[0, 40] = 0.3
    found = compared(rows, spoiled, "Q4_0", "BF16")
    assert (found.blocks, found.certified, found.identical) == (2, 1, 63)
    assert (compared(rows, rows, "F16", "BF16").blocks, compared(rows, rows, "Q8_0", "Q8_0").certified) == (0, 2)
