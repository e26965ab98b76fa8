"""The arithmetic is MLX's, bit for bit: held to digests that MLX itself has made."""

import hashlib
import json
from pathlib import Path

import numpy as np
import pytest
from hostile import COLS, hostile_rows
from hypothesis import given
from hypothesis import strategies as st
from qrecipe.errors import BuildError

from qrecipe_mlx.affine import dequantized, quantized
from qrecipe_mlx.packing import packed, unpacked
from qrecipe_mlx.records import rounded
from qrecipe_mlx.scheme import Affine

GOLDEN = json.loads((Path(__file__).parent / "golden" / "quantized.json").read_text())["digests"]


def arrays_of(records, scheme, cols):
    """Cut records into the bytes of each array, as whoever writes them does."""
    arrays = scheme.arrays(1, cols)
    table = np.frombuffer(records, np.uint8).reshape(-1, sum(array.row_bytes for array in arrays))
    ends = np.cumsum([array.row_bytes for array in arrays])
    return [table[:, end - array.row_bytes : end].tobytes() for array, end in zip(arrays, ends, strict=True)]


@pytest.mark.parametrize("case", GOLDEN)
def test_the_arrays_are_those_that_mlx_makes(case):
    dtype, bits, group = case.split()
    scheme = Affine(int(bits), int(group), dtype)
    arrays = arrays_of(scheme.encode(hostile_rows(dtype), (), None), scheme, COLS)
    assert hashlib.sha256(b"".join(arrays)).hexdigest() == GOLDEN[case]


def test_every_width_group_and_dtype_has_a_digest():
    assert len(GOLDEN) == 3 * 6 * 3


def test_weights_are_rounded_to_the_models_dtype_first():
    rows = np.linspace(-1, 1, COLS, dtype=np.float32).reshape(1, -1)
    scheme = Affine(4, 64, "F16")
    assert scheme.encode(rows, (), None) == scheme.encode(rounded(rows, "F16"), (), None)
    assert scheme.encode(rows, (), None) != Affine(4, 64, "BF16").encode(rows, (), None)


def test_the_far_end_of_a_group_and_zero_come_back_exactly():
    rows = np.array([[-1.5, 1.0, 0.0, 0.25] * 8], np.float32)
    back = dequantized(*quantized(rows, 4, 32))
    assert back[0, 0] == -1.5
    assert back[0, 2] == 0.0


@given(st.sampled_from([2, 3, 4, 5, 6, 8]), st.integers(0, 2**32 - 1))
def test_unpacking_gives_back_what_was_packed(bits, seed):
    codes = np.random.default_rng(seed).integers(0, 1 << bits, (3, 64), np.uint8)
    data = packed(codes, bits)
    assert data.shape == (3, 64 * bits // 8)
    assert np.array_equal(unpacked(data, bits), codes)


def test_bits_run_on_from_byte_to_byte_lowest_first():
    assert packed(np.array([[1, 0, 0, 0, 0, 0, 0, 4]], np.uint8), 3).tolist() == [[1, 0, 0b10000000]]
    assert packed(np.array([[1, 2, 3, 4, 5, 6, 7, 8]], np.uint8), 4).tobytes() == bytes.fromhex("21436587")


def test_weights_too_large_for_the_dtype_are_refused():
    with pytest.raises(BuildError) as caught:
        Affine(4, 32, "F16").encode(np.full((1, 32), 70000, np.float32), (), None)
    assert str(caught.value) == (
        "error: 70000 is too large for F16\n"
        "why: the target's dtype is what MLX stores scales and biases in, and computes in\n"
        'fix: set dtype = "bfloat16" or "float32" on the target, or let a rule keep the tensor'
    )


def test_a_range_too_wide_for_float32_is_refused():
    rows = np.array([[3e38, -3e38] * 16], np.float32)
    with pytest.raises(BuildError, match="inf is too large for F32"):
        Affine(4, 32, "BF16").encode(rows, (), None)
