"""Properties of the codecs: exact sizes, the same bytes every time, independent rows, errors within their bounds.

The bound of a type is on a block: |decoded - weight| <= bound * the block's largest magnitude. Those of plain rounding
follow from the grid (half a step; Q4_0 and Q5_0 lose a whole one at the end that has one code less) and from rounding
the scale to F16. Those of the searches are wide enough that only a broken codec exceeds them.
"""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from qrecipe.codecs.finite import first_nonfinite
from qrecipe.codecs.ggml.format import GGML_FORMATS

SLOW = ("IQ1_S", "IQ1_M", "IQ2_XXS", "IQ2_XS", "IQ2_S")  # their tables alone take seconds
FAST = [format_.name for format_ in GGML_FORMATS if format_.type.kind == "block" and format_.name not in SLOW]
BY_NAME = {format_.name: format_ for format_ in GGML_FORMATS}

BOUNDS = {"Q8_0": 0.5 / 127, "Q4_0": 1 / 8, "Q5_0": 1 / 16, "TQ1_0": 0.5, "TQ2_0": 0.5, "Q2_0": 0.5, "MXFP4": 0.25}
F16_STEP = 2.0**-10  # of the scale, and of codes times it
MODEL_SIZED = st.floats(2.0**-10, 64, width=32)


@st.composite
def rows_of(draw, block):
    """Rows of one to three blocks, finite, of sizes that models have; many equal, zero and opposite values."""
    shape = (draw(st.integers(1, 3)), block * draw(st.integers(1, 2)))
    values = st.one_of(st.just(0.0), st.sampled_from([1.0, -1.0, 0.5]), MODEL_SIZED, MODEL_SIZED.map(lambda x: -x))
    return draw(arrays(np.float32, shape, elements=values, fill=st.one_of(st.just(0.0), MODEL_SIZED)))


@pytest.mark.parametrize("name", FAST)
@settings(max_examples=20, deadline=None)
@given(data=st.data())
def test_size_determinism_and_independence_of_rows(name, data):
    format_ = BY_NAME[name]
    rows = data.draw(rows_of(format_.block))
    importance = data.draw(st.sampled_from([None, "random"]))
    if importance is not None:
        importance = np.random.default_rng(rows.shape[1]).chisquare(1, rows.shape[1]).astype(np.float32)
    encoded = format_.encode(rows, (), importance)
    assert len(encoded) == format_.nbytes(rows.shape, ())
    assert format_.encode(rows.copy(), (), importance) == encoded
    assert b"".join(format_.encode(row[None], (), importance) for row in rows) == encoded
    decoded = format_.decode(encoded, rows.shape[1])
    assert decoded.shape == rows.shape
    assert decoded.dtype == np.float32
    assert first_nonfinite(decoded) is None


@pytest.mark.parametrize("name", BOUNDS)
@settings(max_examples=40, deadline=None)
@given(data=st.data())
def test_rounding_stays_within_half_a_step(name, data):
    format_ = BY_NAME[name]
    rows = data.draw(rows_of(format_.block))
    decoded = format_.decode(format_.encode(rows, (), None), rows.shape[1])
    error = np.abs(decoded - rows).reshape(-1, format_.block).max(axis=1)
    largest = np.abs(rows).reshape(-1, format_.block).max(axis=1)
    assert (error <= (BOUNDS[name] + F16_STEP) * largest).all()


@pytest.mark.parametrize("name", ["Q4_1", "Q5_1"])
@settings(max_examples=40, deadline=None)
@given(data=st.data())
def test_rounding_between_minimum_and_maximum_stays_within_half_a_step(name, data):
    format_ = BY_NAME[name]
    rows = data.draw(rows_of(32))
    decoded = format_.decode(format_.encode(rows, (), None), rows.shape[1])
    blocks, error = rows.reshape(-1, 32), np.abs(decoded - rows).reshape(-1, 32).max(axis=1)
    step = (blocks.max(axis=1) - blocks.min(axis=1)) / (15 if name == "Q4_1" else 31)
    assert (error <= 0.5 * step + 2 * F16_STEP * np.abs(blocks).max(axis=1)).all()


@pytest.mark.parametrize(
    ("name", "bound"),
    [("Q2_K", 0.60), ("Q3_K", 0.36), ("Q4_K", 0.16), ("Q5_K", 0.08), ("Q6_K", 0.05), ("IQ4_NL", 0.2), ("IQ4_XS", 0.2)],
)
@settings(max_examples=30, deadline=None)
@given(seed=st.integers(0, 2**32 - 1), scale=st.sampled_from([0.001, 0.02, 1.0, 100.0]))
def test_searches_stay_within_what_their_bits_allow(name, bound, seed, scale):
    """Gaussian weights: the searches minimise a sum, so a single weight may be farther off than half a step."""
    format_ = BY_NAME[name]
    rows = (np.random.default_rng(seed).standard_normal((4, 512)) * scale).astype(np.float32)
    decoded = format_.decode(format_.encode(rows, (), None), 512)
    largest = np.abs(rows).reshape(-1, 256).max(axis=1)
    error = np.abs(decoded - rows).reshape(-1, 256)
    assert (error.max(axis=1) <= bound * largest).all()


@settings(max_examples=60, deadline=None)
@given(arrays(np.float32, (2, 8), elements=st.floats(-65504, 65504, width=32)), st.sampled_from(["F16", "BF16", "F32"]))
def test_plain_floats_round_to_nearest(rows, name):
    format_ = BY_NAME[name]
    decoded = format_.decode(format_.encode(rows, (), None), 8)
    relative, smallest = {"F16": (2.0**-11, 2.0**-25), "BF16": (2.0**-8, 2.0**-134), "F32": (0, 0)}[name]
    assert (np.abs(decoded.astype(float) - rows) <= np.maximum(np.abs(rows.astype(float)) * relative, smallest)).all()
    assert format_.encode(decoded, (), None) == format_.encode(rows, (), None)


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_negative_scale_recovers_its_own_grid_and_is_stable(data):
    format_, args = BY_NAME["TQ2_0"], (("scale", "negative"),)
    rows = data.draw(rows_of(256))
    once = format_.decode(format_.encode(rows, args, None), rows.shape[1])
    assert (np.abs(once - rows) <= 0.51 * _negative_scales(rows)).all()
    assert (format_.decode(format_.encode(once, args, None), rows.shape[1]) == once).all()


def _negative_scales(rows):
    blocks = rows.reshape(-1, 256)
    scales = np.maximum(-blocks.min(axis=1) / 2, blocks.max(axis=1))
    return scales.repeat(256).reshape(rows.shape)


@given(
    shape=st.lists(st.integers(1, 5), max_size=2),
    blocks=st.integers(1, 9),
    format_=st.sampled_from(GGML_FORMATS),
    times=st.integers(2, 9),
)
def test_sizes_add_up(shape, blocks, format_, times):
    whole = (*shape, blocks * format_.block)
    assert format_.refuses(whole, ()) is None
    assert format_.nbytes((times, *whole), ()) == times * format_.nbytes(whole, ())
    assert format_.nbytes((*shape, times * whole[-1]), ()) == times * format_.nbytes(whole, ())


@given(cols=st.integers(1, 2000), rows=st.integers(1, 3), format_=st.sampled_from(GGML_FORMATS))
def test_a_row_is_refused_when_blocks_do_not_fill_it(cols, rows, format_):
    assert (format_.refuses((rows, cols), ()) is None) == (cols in range(0, 2001, format_.block))
