"""Codes and scales of ggml blocks decode to ggml's own float32 values, bit for bit."""

import numpy as np
import pytest
from qrecipe.codecs.ggml.format import GGML_FORMATS

from qrecipe_torchao.carried import TYPES
from qrecipe_torchao.int8 import Int8
from qrecipe_torchao.intx import Intx
from qrecipe_torchao.scheme import TorchaoScheme

pytestmark = pytest.mark.oracle

FORMATS = {each.name: each for each in GGML_FORMATS}
COLS = 1024
HALVES = {"Q4_0": 0, "Q5_0": 0, "Q8_0": 0, "TQ1_0": 52, "TQ2_0": 64, "Q3_K": 108, "Q6_K": 208}
"""Where a block has its F16 scale."""


def scheme_of(name):
    found = TYPES[name]
    return TorchaoScheme(Intx(found.width, found.group, found.scale, "BF16"), FORMATS[name])


def random_blocks(name, rows=64):
    """Return blocks of any bytes, with scales that are finite; of TQ1_0 only what encoders write."""
    found, rng = TYPES[name], np.random.default_rng(5)
    if name == "TQ1_0":
        codes = rng.integers(-1, 2, (rows, COLS)).astype(np.float32)
        return FORMATS[name].encode(codes * rng.normal(0, 0.1, (rows, 1)).astype(np.float32), (), None)
    blocks = rng.integers(0, 256, (rows * COLS // found.block, found.block_bytes), dtype=np.uint8)
    at = HALVES[name]
    blocks[:, at : at + 2] = rng.normal(0, 0.01, (len(blocks), 1)).astype("<f2").view(np.uint8)
    return blocks.tobytes()


@pytest.mark.parametrize("name", TYPES)
def test_decoded_values_are_ggmls(name):
    blocks, scheme = random_blocks(name), scheme_of(name)
    ours = scheme.decode(scheme.relaid(blocks, COLS), COLS)
    theirs = FORMATS[name].decode(blocks, COLS)
    if name == "TQ2_0":  # where signs of codes and scale turn, a zero changes its sign
        ours, theirs = ours + np.float32(0), theirs + np.float32(0)
    assert np.array_equal(ours.view(np.uint32), theirs.view(np.uint32))


@pytest.mark.parametrize("name", TYPES)
def test_codes_are_in_the_range_of_their_width(name):
    scheme = scheme_of(name)
    codes, scales = scheme.parted(scheme.relaid(random_blocks(name), COLS), COLS)
    assert scheme.grid.low <= codes.min()
    assert codes.max() <= scheme.grid.high
    assert scales.shape == (64, COLS // TYPES[name].group)


def test_a_negative_scale_of_tq2_0_stays_exact():
    """Codes 2, 1, 0 and -1 with a negative scale are -2, -1, 0 and 1 with a positive one."""
    rows = np.tile(np.array([-2, -1, 0, 1], np.float32), COLS // 4)[None] * np.float32(0.25)
    blocks = FORMATS["TQ2_0"].encode(rows, (("scale", "negative"),), None)
    scheme = scheme_of("TQ2_0")
    codes, scales = scheme.parted(scheme.relaid(blocks, COLS), COLS)
    assert (sorted(set(codes.ravel().tolist())), set(scales.ravel().tolist())) == ([-2, -1, 0, 1], {0.25})
    assert np.array_equal(scheme.decode(scheme.relaid(blocks, COLS), COLS), rows)


def test_q8_0_goes_into_int8tensor_too():
    blocks, scheme = random_blocks("Q8_0"), TorchaoScheme(Int8(32, "F16", "BF16"), FORMATS["Q8_0"])
    theirs = FORMATS["Q8_0"].decode(blocks, COLS)
    assert np.array_equal(scheme.decode(scheme.relaid(blocks, COLS), COLS).view(np.uint32), theirs.view(np.uint32))


@pytest.mark.parametrize("name", TYPES)
def test_the_table_has_ggmls_blocks(name):
    assert (TYPES[name].block, TYPES[name].block_bytes) == (FORMATS[name].type.block, FORMATS[name].type.block_bytes)
