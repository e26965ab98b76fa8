"""MLX itself: what it makes of weights, what it reads, and what it decodes."""

import numpy as np
import pytest
from hostile import COLS, hostile_rows
from test_affine import arrays_of

mx = pytest.importorskip("mlx.core", reason="pip install 'mlx[cpu]'")

import gguf
from qrecipe.codecs.builtin import FORMATS

from qrecipe_mlx.carried import CARRIED, Carried
from qrecipe_mlx.records import rounded
from qrecipe_mlx.scheme import GROUPS, WIDTHS, Affine

pytestmark = pytest.mark.oracle

DTYPES = {"BF16": mx.bfloat16, "F16": mx.float16, "F32": mx.float32}
GGML = {format_.name: format_ for format_ in FORMATS}


def loaded(records, scheme):
    """Return the arrays of records as MLX's."""
    arrays = scheme.arrays(1, COLS)
    for array, data in zip(arrays, arrays_of(records, scheme, COLS), strict=True):
        plain = np.frombuffer(data, np.uint16 if array.dtype in {"BF16", "F16"} else np.uint32)
        found = mx.array(plain.reshape(-1, array.shape[1]))
        yield found if array.dtype == "U32" else found.view(DTYPES[array.dtype])


def same(ours, theirs):
    return bool(mx.array_equal(ours, theirs)) and ours.dtype == theirs.dtype


@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("group", GROUPS)
@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("seed", [1, 2])
def test_random_weights_are_quantized_as_mlx_does(width, group, dtype, seed):
    rng = np.random.default_rng(seed)
    rows = rounded((rng.standard_t(4, (64, COLS)) * 0.02 * seed**3).astype(np.float32), dtype)
    scheme = Affine(width, group, dtype)
    theirs = mx.quantize(mx.array(rows).astype(DTYPES[dtype]), group_size=group, bits=width)
    ours = loaded(scheme.encode(rows, (), None), scheme)
    assert all(same(one, other) for one, other in zip(ours, theirs, strict=True))


@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("dtype", DTYPES)
def test_decoding_is_what_mlx_computes_in_float32(width, dtype):
    scheme = Affine(width, 64, dtype)
    records = scheme.encode(hostile_rows(dtype), (), None)
    codes, scales, biases = loaded(records, scheme)
    wide = mx.dequantize(codes, scales.astype(mx.float32), biases.astype(mx.float32), group_size=64, bits=width)
    assert np.array_equal(np.array(wide), scheme.decode(records, COLS))


@pytest.mark.parametrize("dtype", ["BF16", "F16"])
def test_in_a_16_bit_model_mlx_rounds_the_product_and_the_sum(dtype):
    scheme = Affine(4, 64, dtype)
    records = scheme.encode(hostile_rows(dtype), (), None)
    codes, scales, biases = loaded(records, scheme)
    theirs = np.array(mx.dequantize(codes, scales, biases, group_size=64, bits=4).astype(mx.float32))
    numbers = [np.array(part.astype(mx.float32)) for part in (scales, biases)]
    raw = np.frombuffer(arrays_of(records, scheme, COLS)[0], np.uint8)
    nibbles = np.stack((raw & 15, raw >> 4), axis=1).reshape(-1, COLS).astype(np.float32)
    steps = rounded(nibbles * np.repeat(numbers[0], 64, axis=1), dtype)
    assert np.array_equal(rounded(steps + np.repeat(numbers[1], 64, axis=1), dtype), theirs)


@pytest.mark.parametrize("name", ["Q4_0", "Q4_1", "Q8_0"])
def test_carried_blocks_are_what_mlx_makes_of_a_gguf_file(name, tmp_path):
    blocks = GGML[name].encode(hostile_rows("F16"), (), None)
    writer = gguf.GGUFWriter(tmp_path / "model.gguf", "llama")
    kind = gguf.GGMLQuantizationType[name]
    row = len(blocks) // len(hostile_rows("F16"))
    writer.add_tensor("m.weight", np.frombuffer(blocks, np.uint8).reshape(-1, row), raw_dtype=kind)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    theirs = mx.load(str(tmp_path / "model.gguf"))
    scheme = Carried(CARRIED[name], 32, "F16", blocks=GGML[name])
    codes, scales, biases = loaded(scheme.relaid(blocks, COLS), scheme)
    assert same(codes, theirs["m.weight"])
    assert same(scales, theirs["m.scales"])
    assert same(biases, theirs["m.biases"])
