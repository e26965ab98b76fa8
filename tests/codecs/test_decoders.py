"""Every decoder makes ggml's floats, of all codes and of random ones; F16's makes numpy's."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from qrecipe.codecs.compiled.machine import unusable
from qrecipe.codecs.floats import decode_float
from qrecipe.codecs.ggml import library
from qrecipe.codecs.ggml.format import GGML_FORMATS
from qrecipe.codecs.ggml.table import type_named
from qrecipe.codecs.kernels import engine
from qrecipe.codecs.kernels.catalog import DECODER_OF, DECODERS
from qrecipe.codecs.kernels.check import decodes_like
from qrecipe.codecs.kernels.engine import Engine, KernelNote
from tests.codecs.kernel_bytes import decoded_alike, decoding

pytestmark = [pytest.mark.oracle, pytest.mark.skipif(unusable() is not None, reason="no kernels on this machine")]
EACH = pytest.mark.parametrize("kernel", DECODERS, ids=lambda kernel: kernel.type)
FORMATS = {format_.name: format_ for format_ in GGML_FORMATS}


def size_of(kernel, cols):
    type_ = type_named(kernel.type)
    return cols // type_.block * type_.block_bytes


@EACH
def test_random_bytes_are_blocks_too(kernel):
    random = np.random.default_rng(1)
    for _ in range(20):
        assert decoded_alike(kernel, random.bytes(400 * size_of(kernel, 512)), 512)


@EACH
@settings(deadline=None)
@given(data=st.data())
def test_any_blocks(kernel, data):
    rows = data.draw(st.integers(1, 3))
    assert decoded_alike(
        kernel, data.draw(st.binary(min_size=rows * size_of(kernel, 256), max_size=rows * size_of(kernel, 256))), 256
    )


def test_every_half():
    codes = np.arange(1 << 16, dtype="<u2")
    for cols in (1 << 16, 1 << 15):
        assert decoded_alike(DECODER_OF["F16"], codes.tobytes(), cols)
    assert decoded_alike(DECODER_OF["F16"], codes[:37].tobytes(), 37)


@EACH
def test_it_passes_its_own_check_and_a_wrong_one_does_not(kernel):
    otherwise = library.decode if kernel.type != "F16" else lambda type_, data, cols: decode_float("F16", data, cols)

    def wrong(data, rows):
        decoding(kernel)(data, rows)
        rows[0] += 1

    assert decodes_like(otherwise, type_named(kernel.type), decoding(kernel))
    assert not decodes_like(otherwise, type_named(kernel.type), wrong)


@pytest.fixture
def alone(monkeypatch):
    own = Engine()
    monkeypatch.setattr(engine, "engine", lambda: own)
    monkeypatch.setattr(engine, "_is_kept", lambda kernel: False)
    return own


def test_a_few_weights_are_for_ggml(alone):
    data = bytes(66 * 4)
    assert not FORMATS["IQ2_XXS"].decode(data, 1024).any()
    assert alone.ready == {}


def test_many_weights_compile_it(alone):
    kernel = DECODER_OF["IQ2_XXS"]
    engine.expect_decoding("IQ2_XXS", kernel.pays_from)
    engine.expect_decoding("Q4_0", 10**12)
    data = np.random.default_rng(2).bytes(66 * 4)
    theirs = library.decode(type_named("IQ2_XXS"), data, 512)
    assert np.array_equal(FORMATS["IQ2_XXS"].decode(data, 512), theirs, equal_nan=True)
    assert alone.ready[kernel] is not None
    assert alone.expected == {kernel: kernel.pays_from}


def test_wrong_floats_are_never_given(alone, monkeypatch):
    monkeypatch.setattr(engine, "compile_decoder", lambda kernel: lambda data, rows: rows.fill(1))
    engine.expect_decoding("Q6_K", 10**12)
    with pytest.warns(KernelNote, match="the fast decoder of Q6_K is not used"):
        assert not FORMATS["Q6_K"].decode(bytes(210), 256).any()
