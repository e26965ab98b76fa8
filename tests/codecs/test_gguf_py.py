"""ggml against gguf-py, an implementation in numpy by other hands: the same bytes, and the same floats bit for bit.

gguf-py encodes a few types, without an imatrix; it decodes all but Q1_0 and Q2_0, which have plain definitions here.
Its encoders differ from ggml's in one point: the sign of the scale of a block of zeros of both signs.
"""

import sys
from pathlib import Path

import gguf
import numpy as np
import pytest

sys.path.insert(0, str(Path(__file__).parent))
from codec_formats import BLOCK, PLAIN, formats, named
from codec_inputs import COLS, ROWS, importances, inputs, inputs_within

ENCODED_BY_GGUF = ("Q4_0", "Q4_1", "Q5_0", "Q5_1", "Q8_0", "TQ1_0", "TQ2_0", "MXFP4", "F32", "F16", "BF16")
DEFINED_HERE = ("Q1_0", "Q2_0")
SIGN_DIFFERS = ("Q4_0", "Q4_1", "Q5_0", "Q5_1")

pytestmark = pytest.mark.oracle


@formats(*(named(name) for name in ENCODED_BY_GGUF))
@pytest.mark.filterwarnings("ignore::RuntimeWarning")
def test_encoding(format_):
    cases = {
        name: rows for name, rows in inputs().items() if name != "signed zeros" or format_.name not in SIGN_DIFFERS
    }
    theirs = {name: gguf.quantize(rows, quantization(format_)).tobytes() for name, rows in cases.items()}
    assert {name: format_.encode(rows, (), None) for name, rows in cases.items()} == theirs


@formats(*(named(name) for name in SIGN_DIFFERS))
def test_signed_zeros_differ_in_the_sign_of_the_scale_and_decode_to_zero(format_):
    rows = inputs()["signed zeros"]
    ours, theirs = format_.encode(rows, (), None), gguf.quantize(rows, quantization(format_)).tobytes()
    assert ours != theirs
    assert not format_.decode(ours, COLS).any()
    assert not format_.decode(theirs, COLS).any()


@formats(*(format_ for format_ in (*BLOCK, *PLAIN) if format_.name not in DEFINED_HERE))
@pytest.mark.filterwarnings("ignore::RuntimeWarning")
def test_decoding(format_):
    for name, rows in inputs_within(format_).items():
        data = format_.encode(rows, (), importances()["squares"])
        theirs = gguf.dequantize(stored(format_, data), quantization(format_)).reshape(ROWS, COLS)
        assert same_bits(format_.decode(data, COLS), theirs), name


@formats(*(format_ for format_ in BLOCK if format_.name not in (*DEFINED_HERE, "NVFP4", "MXFP4")))
@pytest.mark.filterwarnings("ignore::RuntimeWarning")
def test_decoding_of_bytes_that_no_encoder_wrote(format_):
    """Random bytes reach every code and scale; NaN and infinite scales are compared as such."""
    random = np.random.default_rng(3)
    data = random.integers(0, 256, 64 * format_.type.block_bytes, np.uint8).tobytes()
    theirs = gguf.dequantize(np.frombuffer(data, np.uint8).reshape(1, -1), quantization(format_))
    ours = format_.decode(data, 64 * format_.type.block)
    assert np.array_equal(ours, theirs, equal_nan=True)


@pytest.mark.parametrize("name", inputs())
def test_decoding_of_one_and_two_plain_bits(name):
    for format_, block, bits in ((named("Q1_0"), 128, 1), (named("Q2_0"), 64, 2)):
        data = format_.encode(inputs()[name], (), None)
        blocks = np.frombuffer(data, np.uint8).reshape(-1, 2 + block * bits // 8)
        scales = blocks[:, :2].copy().view(np.float16).astype(np.float32)
        shifts = np.arange(0, 8, bits, dtype=np.uint8)
        codes = ((blocks[:, 2:, None] >> shifts) & (2**bits - 1)).reshape(-1, block).astype(np.float32)
        values = scales * (2 * codes - 1 if bits == 1 else codes - 1)
        assert np.array_equal(format_.decode(data, COLS), values.reshape(ROWS, COLS))


def quantization(format_):
    return gguf.GGMLQuantizationType(format_.gguf_id)


def stored(format_, data):
    dtype = {"F32": np.float32, "F16": np.float16}.get(format_.name, np.uint8)
    return np.frombuffer(data, dtype).reshape(ROWS, -1)


def same_bits(ours, theirs):
    return np.array_equal(ours.view(np.uint32), np.ascontiguousarray(theirs, np.float32).view(np.uint32))
