"""ggml's blocks as codes and scales: the decoded values are ggml's own, to the bit."""

from __future__ import annotations

import numpy as np
import pytest
from hostile_rows import hostile_rows
from qrecipe.codecs.ggml.format import GGML_FORMATS

from qrecipe_compressed_tensors.arithmetic import multiplied
from qrecipe_compressed_tensors.carried import carried_type
from qrecipe_compressed_tensors.packing import pack, unpack
from qrecipe_compressed_tensors.relaying import codes_and_scales

TYPES = ("Q4_0", "Q5_0", "Q8_0", "TQ1_0", "TQ2_0", "Q6_K", "Q3_K")
FORMATS = {format_.name: format_ for format_ in GGML_FORMATS}


def held(name, blocks, cols):
    """Return codes and scales, having held the codes against their width."""
    codes, scales = codes_and_scales(name, blocks, cols)
    type_ = carried_type(name)
    assert (unpack(pack(codes, type_.width), type_.width, cols) == codes).all()
    assert scales.shape == (len(codes), cols // type_.group)
    return codes, scales


@pytest.mark.oracle
@pytest.mark.parametrize("name", TYPES)
def test_encoded_rows_decode_to_ggmls_values(name):
    for what, rows in hostile_rows().items():
        blocks = FORMATS[name].encode(rows, (), None)
        back = multiplied(*held(name, blocks, rows.shape[1]))
        assert (back == FORMATS[name].decode(blocks, rows.shape[1])).all(), what


@pytest.mark.oracle
@pytest.mark.parametrize("name", TYPES)
def test_any_bytes_decode_to_ggmls_values(name):
    format_ = FORMATS[name]
    rng = np.random.default_rng(5)
    blocks = rng.integers(0, 256, (4 * 512 // format_.block, format_.type.block_bytes), np.uint8)
    _finite_scales(name, blocks)
    back = multiplied(*codes_and_scales(name, blocks.tobytes(), 512))
    assert (back == format_.decode(blocks.tobytes(), 512)).all()


@pytest.mark.oracle
def test_negative_grids_of_tq2_0_are_held():
    rows = np.random.default_rng(3).standard_normal((3, 512)).astype(np.float32)
    rows[rows < 0] *= 4
    blocks = FORMATS["TQ2_0"].encode(rows, (("scale", "negative"),), None)
    codes, scales = held("TQ2_0", blocks, 512)
    assert codes.min() == -2
    assert (multiplied(codes, scales) == FORMATS["TQ2_0"].decode(blocks, 512)).all()


@pytest.mark.oracle
def test_half_of_the_scales_of_q4_0_are_negative():
    rows = np.random.default_rng(3).standard_normal((4, 1024)).astype(np.float32)
    _, scales = held("Q4_0", FORMATS["Q4_0"].encode(rows, (), None), 1024)
    assert 0.3 < (scales < 0).mean() < 0.7


@pytest.mark.oracle
@pytest.mark.parametrize("name", ["Q4_0", "Q5_0", "Q8_0", "TQ1_0", "TQ2_0"])
def test_the_share_of_weights_that_bf16_scales_keep_is_the_one_that_is_told(name):
    rows = np.random.default_rng(11).standard_normal((256, 4096)).astype(np.float32) * np.float32(0.02)
    codes, scales = codes_and_scales(name, FORMATS[name].encode(rows, (), None), 4096)
    rounded = multiplied(codes, _bf16(scales))
    kept = (_bf16(rounded) == _bf16(multiplied(codes, scales))).mean()
    assert kept * 100 == pytest.approx(float(carried_type(name).kept or 100), abs=0.2 if carried_type(name).kept else 0)


def _bf16(values):
    from qrecipe.codecs.floats import decode_float, encode_float

    return decode_float("BF16", encode_float("BF16", values), values.shape[-1])


def _finite_scales(name, blocks):
    """Put an F16 that is no NaN where a block has its scale."""
    at = {"TQ1_0": 52, "TQ2_0": 64, "Q6_K": 208, "Q3_K": 108}.get(name, 0)
    blocks[:, at + 1] &= 0xBB
