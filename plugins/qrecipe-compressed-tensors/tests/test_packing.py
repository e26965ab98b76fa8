"""Packed words: a row of codes is one stream of bits, as compressed-tensors has it."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from qrecipe_compressed_tensors.packing import pack, unpack, words_of


@st.composite
def codes_of_some_width(draw):
    width = draw(st.integers(1, 8))
    shape = draw(st.tuples(st.integers(1, 4), st.integers(1, 130)))
    half = 1 << (width - 1)
    return width, draw(arrays(np.int8, shape, elements=st.integers(-half, half - 1)))


@given(codes_of_some_width())
@settings(deadline=None)
def test_codes_come_back(case):
    width, codes = case
    packed = pack(codes, width)
    assert packed.shape == (len(codes), words_of(codes.shape[1], width))
    assert (unpack(packed, width, codes.shape[1]) == codes).all()


@given(codes_of_some_width())
@settings(deadline=None)
def test_a_row_is_one_little_endian_stream_of_bits(case):
    width, codes = case
    for row, words in zip(codes.tolist(), pack(codes, width), strict=True):
        stream = sum((code + (1 << (width - 1))) << (i * width) for i, code in enumerate(row))
        assert int.from_bytes(words.tobytes(), "little") == stream


@pytest.mark.oracle
@pytest.mark.parametrize("width", range(1, 9))
@pytest.mark.parametrize("cols", [1, 7, 31, 32, 33, 96, 100, 256])
def test_words_are_those_of_compressed_tensors(width, cols):
    torch = pytest.importorskip("torch")
    helpers = pytest.importorskip("compressed_tensors.compressors.pack_quantized.helpers")
    half = 1 << (width - 1)
    codes = np.random.default_rng(width * 1000 + cols).integers(-half, half, (5, cols), np.int8)
    theirs = helpers.pack_to_int32(torch.from_numpy(codes), width).numpy()
    ours = pack(codes, width)
    assert ours.dtype == theirs.dtype
    assert (ours == theirs).all()
    assert (unpack(theirs, width, cols) == codes).all()
