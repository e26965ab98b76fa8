"""F16 and BF16 against ggml's own conversions and against definitions that numpy does not share."""

import ctypes
import struct

import numpy as np
import pytest

from qrecipe.codecs.floats import decode_float, encode_float, to_bf16
from qrecipe.codecs.ggml import library

ROUNDED = (1.0, 1.00390625, 1.01171875, 2049.0, 2051.0, 65504.0, 65519.996)
SMALL = (0.0, -0.0, 6.1e-5, 1e-8, 2.0**-24, 2.0**-25, 1.0000001 * 2.0**-25, 1e-40)


def ggml(function, values):
    call = getattr(library._library(), function)
    call.argtypes = (ctypes.c_void_p, ctypes.c_void_p, ctypes.c_int64)
    out = np.zeros(values.size, np.uint16)
    call(values.ctypes.data, out.ctypes.data, values.size)
    return out


def bit_patterns():
    """Every float32 whose low 12 bits are on or beside what a conversion rounds at."""
    high = np.arange(1 << 20, dtype=np.uint32) << np.uint32(12)
    low = np.array([0, 1, 0x7FF, 0x800, 0x801, 0xFFF], np.uint32)
    bits = (high[:, None] | low).ravel()
    values = bits.view(np.float32)
    return values[~np.isnan(values)]


@pytest.mark.oracle
@pytest.mark.parametrize(
    ("name", "function"), [("F16", "ggml_fp32_to_fp16_row"), ("BF16", "ggml_fp32_to_bf16_row_ref")]
)
def test_all_kinds_of_values_are_rounded_as_ggml_does(name, function):
    values = bit_patterns()
    ours = np.frombuffer(encode_float(name, values.reshape(-1, 2)), np.uint16)
    assert (ours == ggml(function, values)).all()


def test_f16_is_the_half_precision_of_the_standard_library():
    values = np.array([*ROUNDED, *SMALL], np.float32)
    expected = b"".join(struct.pack("<e", float(value)) for value in values)
    assert encode_float("F16", values[None]) == expected


@pytest.mark.parametrize(
    ("value", "code"),
    [
        (1.0, 0x3F80),
        (1.00390625, 0x3F80),  # halfway, to even: down
        (1.01171875, 0x3F82),  # halfway, to even: up
        (-1.00390637, 0xBF81),
        (3.3895314e38, 0x7F7F),
        (3.4e38, 0x7F80),
        (1e-40, 0x0001),
        (-0.0, 0x8000),
        (np.inf, 0x7F80),
        (np.nan, 0x7FC0),
    ],
)
def test_bf16_rounds_to_nearest_even(value, code):
    assert to_bf16(np.array([value], np.float32)).tolist() == [code]


def test_a_nan_stays_one_even_if_its_payload_is_lost():
    signalling = np.array([0x7F800001, 0xFF800001], np.uint32).view(np.float32)
    assert to_bf16(signalling).tolist() == [0x7FC0, 0xFFC0]


@pytest.mark.parametrize("name", ["F32", "F16", "BF16"])
def test_what_was_decoded_encodes_to_the_same_bytes(name):
    width = 4 if name == "F32" else 2
    codes = np.arange(1 << 16, dtype=np.uint32 if width == 4 else np.uint16)
    values = decode_float(name, codes.tobytes(), 256)
    finite = values[np.isfinite(values).all(axis=1)]
    assert finite.dtype == np.float32
    assert encode_float(name, finite) == codes.reshape(-1, 256)[np.isfinite(values).all(axis=1)].tobytes()


def test_decoding_gives_arrays_that_may_be_written_to():
    for name in ("F32", "F16", "BF16"):
        decode_float(name, bytes(8), 2)[:] = 1
