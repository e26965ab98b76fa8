"""rtn: scales and codes of compressed-tensors itself, bit for bit, on usual and on hostile rows."""

from __future__ import annotations

import numpy as np
import pytest
from hostile_rows import hostile_rows
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from qrecipe.errors import BuildError

from qrecipe_compressed_tensors import float8
from qrecipe_compressed_tensors.arithmetic import (
    float8_codes,
    float8_scales,
    integer_codes,
    integer_scales,
    multiplied,
    rounded_scales,
)
from qrecipe_compressed_tensors.packing import pack

DTYPES = ("BF16", "F16", "F32")
ROWS = hostile_rows()


def their_compression(rows, args, format_, dtype):
    """Compress with compressed-tensors, as backends are told to: scales rounded first, arithmetic in float32."""
    torch = pytest.importorskip("torch")
    pytest.importorskip("compressed_tensors")
    from compressed_tensors.compressors import BaseCompressor
    from compressed_tensors.quantization import QuantizationScheme
    from compressed_tensors.quantization.utils import calculate_qparams

    torch_dtype = {"BF16": torch.bfloat16, "F16": torch.float16, "F32": torch.float32}[dtype]
    weight = torch.from_numpy(rows.copy())
    groups = weight.view(len(weight), -1, args.group_size or weight.shape[1])
    scale, zero = calculate_qparams(groups.amin(-1), groups.amax(-1), args)
    scale = scale.to(torch_dtype).float()
    state = {"weight": weight, "weight_scale": scale, "weight_zero_point": zero}
    scheme = QuantizationScheme(targets=["x"], weights=args, format=format_)
    return BaseCompressor.get_value_from_registry(format_).compress(state, scheme)


def int_args(width, group):
    quantization = pytest.importorskip("compressed_tensors.quantization")
    strategy = "channel" if group is None else "group"
    return quantization.QuantizationArgs(num_bits=width, type="int", strategy=strategy, group_size=group)


@pytest.mark.oracle
@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("group", [None, 32, 64, 128])
@pytest.mark.parametrize("width", range(1, 9))
def test_integers_are_those_of_compressed_tensors(width, group, dtype):
    args = int_args(width, group)
    for name, rows in ROWS.items():
        scales = integer_scales(rows, width, group or rows.shape[1], dtype)
        theirs = their_compression(rows, args, "pack-quantized", dtype)
        their_scales = theirs["weight_scale"].numpy()
        if (their_scales == 0).any():
            continue  # F16 loses the scale: they divide by zero
        assert (scales.view(np.uint32) == their_scales.view(np.uint32)).all(), name
        ours = pack(integer_codes(rows, scales, width), width)
        assert (ours == theirs["weight_packed"].numpy()).all(), name


@pytest.mark.oracle
@pytest.mark.parametrize("dtype", DTYPES)
def test_int8_beside_its_scale_is_that_of_compressed_tensors(dtype):
    for name, rows in ROWS.items():
        scales = integer_scales(rows, 8, rows.shape[1], dtype)
        theirs = their_compression(rows, int_args(8, None), "int-quantized", dtype)
        if (theirs["weight_scale"].numpy() != 0).all():
            assert (integer_codes(rows, scales, 8) == theirs["weight"].numpy()).all(), name


@pytest.mark.oracle
@pytest.mark.parametrize("dtype", DTYPES)
def test_fp8_is_that_of_compressed_tensors(dtype):
    torch = pytest.importorskip("torch")
    quantization = pytest.importorskip("compressed_tensors.quantization")
    args = quantization.QuantizationArgs(num_bits=8, type="float", strategy="channel")
    for name, rows in ROWS.items():
        scales = float8_scales(rows, dtype)
        theirs = their_compression(rows, args, "float-quantized", dtype)
        if (theirs["weight_scale"].numpy() == 0).any():
            continue
        assert (scales.view(np.uint32) == theirs["weight_scale"].numpy().view(np.uint32)).all(), name
        assert (float8_codes(rows, scales) == theirs["weight"].view(torch.uint8).numpy()).all(), name


@pytest.mark.oracle
def test_every_e4m3_code_decodes_as_in_torch():
    torch = pytest.importorskip("torch")
    codes = np.arange(256, dtype=np.uint8)
    theirs = torch.from_numpy(codes).view(torch.float8_e4m3fn).float().numpy()
    assert (float8.decode(codes).view(np.uint32)[~np.isnan(theirs)] == theirs.view(np.uint32)[~np.isnan(theirs)]).all()
    assert np.flatnonzero(np.isnan(float8.decode(codes))).tolist() == [127, 255]


@pytest.mark.oracle
def test_e4m3_rounds_as_torch_does_over_all_bf16_values():
    torch = pytest.importorskip("torch")
    values = (np.arange(1 << 16, dtype=np.uint32) << 16).view(np.float32)
    values = np.concatenate([values, (np.arange(1 << 16, dtype=np.uint32) << 16 | 0x8000).view(np.float32)])
    values = values[np.isfinite(values)]
    theirs = (torch.from_numpy(values).clamp(-448, 448) + 0.0).to(torch.float8_e4m3fn).view(torch.uint8).numpy()
    assert (float8.encode(values.copy()) == theirs).all()


@given(arrays(np.float32, (2, 32), elements=st.floats(-1e4, 1e4, width=32)), st.integers(2, 8), st.sampled_from(DTYPES))
@settings(deadline=None)
def test_no_weight_is_off_by_more_than_half_a_step_of_its_scale(rows, width, dtype):
    scales = integer_scales(rows, width, 32, dtype)
    back = multiplied(integer_codes(rows, scales, width), scales)
    # the largest code falls half a step short of the largest weight, and a scale that was rounded down adds to that
    short = np.abs(rows).max(axis=1, keepdims=True) * 2.0**-8
    least = 2.0**-16  # F16 has coarse steps near zero
    assert (np.abs(back - rows) <= scales * 0.5001 + short + least).all()


@pytest.mark.parametrize(("dtype", "rows", "scale"), [("F16", 1e6, "2e+06"), ("BF16", 3.4e38, "inf")])
def test_a_scale_that_the_runtime_cannot_hold_is_an_error(dtype, rows, scale):
    with pytest.raises(BuildError) as caught:
        integer_scales(np.full((1, 32), rows, np.float32), 1, 32, dtype)
    assert str(caught.value) == (
        f"error: a scale of {scale} is too large for {dtype}\n"
        f"why: the runtime holds the scales of this target as {dtype}, where it would be infinite\n"
        'fix: set dtype = "float32" on the target, or keep this tensor'
    )


def test_a_scale_that_f16_rounds_to_zero_is_the_epsilon():
    rows = np.full((1, 32), 1e-9, np.float32)
    assert integer_scales(rows, 4, 32, "F16").tolist() == [[2**-23]]
    assert not integer_codes(rows, integer_scales(rows, 4, 32, "F16"), 4).any()


def test_negative_scales_are_rounded_too():
    assert rounded_scales(np.array([[-1.0009766]], np.float32), "BF16").tolist() == [[-1.0]]
