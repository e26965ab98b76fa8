"""TQ2_0 with a negative scale, against a plain definition of it and against ggml's decoder."""

import math
import struct
import sys
from pathlib import Path

import numpy as np
import pytest

sys.path.insert(0, str(Path(__file__).parent))
from codec_formats import named
from codec_inputs import COLS, inputs

from qrecipe.errors import BuildError

TQ2_0 = named("TQ2_0")
NEGATIVE = (("scale", "negative"),)


def encode(rows):
    return TQ2_0.encode(np.asarray(rows, np.float32), NEGATIVE, None)


def reference_block(weights):
    """One block, number by number."""
    wanted = max(-min(weights) / 2, *weights)
    (s,) = struct.unpack("<e", struct.pack("<e", wanted))
    codes = [1] * 256
    if s:
        codes = [1 - max(-2, min(1, rounded(x))) for x in quotients(weights, s)]
    packed = bytearray(64)
    for i, code in enumerate(codes):
        half, field, place = i // 128, i % 128 // 32, i % 32
        packed[32 * half + place] |= code << (2 * field)
    return bytes(packed) + struct.pack("<e", -s if s else 0.0)


def rounded(x):
    """Half away from zero; exact, as a Python float holds the sum of a float32 and a half."""
    return math.floor(x + 0.5) if x >= 0 else -math.floor(0.5 - x)


def quotients(weights, s):
    return (np.asarray(weights, np.float32) / np.float32(s)).tolist()


@pytest.mark.parametrize("name", inputs())
def test_bytes_are_those_of_the_plain_definition(name):
    rows = inputs()[name]
    assert encode(rows) == b"".join(reference_block(block.tolist()) for block in rows.reshape(-1, 256))


def test_weights_on_the_grid_come_back_from_ggml_exactly():
    random = np.random.default_rng(1)
    scales = random.uniform(0.001, 0.1, (64, 1)).astype(np.float16).astype(np.float32)
    codes = random.integers(-2, 2, (64, 256)).astype(np.float32)
    codes[:, 0] = -2
    weights = scales * codes
    assert (TQ2_0.decode(encode(weights), 256) == weights).all()


def test_code_three_is_minus_two_and_the_scale_is_stored_negative():
    row = np.zeros((1, 256), np.float32)
    row[0, :4] = (-2, -1, 1, 0)
    encoded = encode(row)
    assert encoded[:4] == bytes([0b01010111, 0b01010110, 0b01010100, 0b01010101])
    assert struct.unpack("<e", encoded[64:]) == (-1.0,)


def test_a_block_of_zeros_has_the_scale_plus_zero():
    assert encode(np.zeros((1, 256))) == bytes([0b01010101] * 64 + [0, 0])


def test_halves_are_rounded_away_from_zero_and_what_is_just_below_is_not():
    row = np.zeros((1, 256), np.float32)
    row[0, :5] = (1, 0.5, np.nextafter(np.float32(0.5), np.float32(0)), -0.5, -1.5)
    assert TQ2_0.decode(encode(row), 256)[0, :5].tolist() == [1, 1, 0, -1, -2]


def test_an_importance_makes_no_difference():
    rows = inputs()["gaussian"]
    assert TQ2_0.encode(rows, NEGATIVE, np.ones(COLS, np.float32)) == encode(rows)


def test_the_symmetric_scale_is_the_default():
    rows = inputs()["gaussian"]
    assert TQ2_0.encode(rows, (("scale", "symmetric"),), None) == TQ2_0.encode(rows, (), None) != encode(rows)


@pytest.mark.parametrize("weight", [1e6, -1e6, np.nan])
def test_a_scale_that_overflows_is_an_error(weight):
    shown = {1e6: "1e+06", -1e6: "500000"}.get(weight, "nan")
    with pytest.raises(BuildError) as caught:
        encode(np.full((1, 256), weight))
    assert str(caught.value) == (
        f"error: TQ2_0(scale=negative) would need a scale of {shown}\n"
        "why: a scale is stored as F16, which ends at 65504\n"
        "fix: keep this tensor, or choose F32 or BF16 for it"
    )
