"""Records, sizes, the grid, and GGUF's blocks carried over."""

import numpy as np
import pytest
from hostile import COLS, hostile_rows
from qrecipe.codecs.builtin import FORMATS
from qrecipe.errors import BuildError
from qrecipe.types.scheme import Grid
from test_affine import arrays_of

from qrecipe_mlx.carried import CARRIED, Carried
from qrecipe_mlx.scheme import GROUPS, WIDTHS, Affine
from qrecipe_mlx.symmetric import Symmetric

GGML = {format_.name: format_ for format_ in FORMATS}


@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("group", GROUPS)
@pytest.mark.parametrize("dtype", ["BF16", "F16", "F32"])
def test_encoded_size_is_what_nbytes_promised(width, group, dtype):
    scheme = Affine(width, group, dtype)
    rows = hostile_rows(dtype)
    data = scheme.encode(rows, (), None)
    assert len(data) == scheme.nbytes(rows.shape, ()) == sum(a.nbytes for a in scheme.arrays(len(rows), COLS))
    assert scheme.bits == len(data) * 8 / rows.size


def test_rows_do_not_depend_on_each_other():
    scheme = Affine(4, 64, "BF16")
    rows = hostile_rows("BF16")
    parts = [scheme.encode(rows[i : i + 7], (), None) for i in range(0, len(rows), 7)]
    assert b"".join(parts) == scheme.encode(rows, (), None)


def test_arrays_are_named_and_shaped_as_mlx_wants_them():
    codes, scales, biases = Affine(3, 64, "BF16").arrays(10, 128)
    assert (codes.suffix, codes.dtype, codes.shape) == (".weight", "U32", (10, 12))
    assert (scales.suffix, scales.dtype, scales.shape) == (".scales", "BF16", (10, 2))
    assert (biases.suffix, biases.dtype, biases.shape) == (".biases", "BF16", (10, 2))


@pytest.mark.parametrize(
    ("shape", "said"),
    [
        ((4, 96), "96 columns are no multiple of 64, its group"),
        ((64,), "it is no matrix"),
        ((0, 64), "it is no matrix"),
        ((4, 128), None),
    ],
)
def test_shapes_without_whole_groups_are_refused(shape, said):
    assert Affine(4, 64, "BF16").refuses(shape, ()) == said


@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("dtype", ["BF16", "F16"])
def test_the_grid_is_decoded_to_scale_times_code_exactly(width, dtype):
    scheme = Symmetric(width, 32, dtype)
    half = 1 << (width - 1)
    assert scheme.grid == Grid(width, 32, dtype, -half, half - 1)
    rng = np.random.default_rng(3)
    codes = rng.integers(-half, half, (50, 64)).astype(np.int8)
    sizes = np.ldexp(rng.normal(0, 1, (50, 2)), rng.integers(-20, 5, (50, 2))).astype(np.float32)
    records = scheme.joined(codes, sizes)
    got, scales = scheme.parted(records, 64)
    assert np.array_equal(got, codes)
    assert np.array_equal(scheme.joined(codes, scales), records)
    exact = codes.reshape(50, 2, 32) * scales.astype(np.float64)[..., None]
    assert np.array_equal(scheme.decode(records, 64), exact.reshape(50, 64))


def test_a_scale_whose_bias_is_too_large_is_refused():
    with pytest.raises(BuildError, match=r"^error: -128000 is too large for F16\n"):
        Symmetric(8, 32, "F16").joined(np.zeros((1, 32), np.int8), np.full((1, 1), 1000, np.float32))


def test_in_float32_there_is_no_grid_since_a_product_may_round_before_the_bias_is_added():
    assert Symmetric(4, 32, "F32").grid is None
    scheme = Symmetric(8, 32, "F32")
    codes = np.arange(-128, 128, dtype=np.int8)[None]
    scales = np.full((1, 8), np.pi, np.float32)
    assert not np.array_equal(scheme.decode(scheme.joined(codes, scales), 256), codes * scales[0, 0])


def test_any_affine_records_are_no_grid():
    assert Affine(4, 32, "BF16").grid is None


@pytest.mark.parametrize("width", WIDTHS)
def test_symmetric_rounding_meets_the_furthest_weight_of_each_group(width):
    rows = hostile_rows("BF16")
    back = Symmetric(width, 32, "BF16").decode(Symmetric(width, 32, "BF16").encode(rows, (), None), COLS)
    groups = rows.reshape(len(rows), -1, 32)
    furthest = groups.max(axis=-1, where=np.abs(groups) == np.abs(groups).max(axis=-1, keepdims=True), initial=-np.inf)
    met = (back.reshape(groups.shape) == furthest[..., None]).any(axis=-1)
    assert met[np.abs(furthest) > 1e-30].all()


@pytest.mark.parametrize("name", CARRIED)
@pytest.mark.parametrize("dtype", ["F16", "F32"])
def test_carried_blocks_decode_to_what_ggml_decodes(name, dtype):
    rows = hostile_rows("F16")
    blocks = GGML[name].encode(rows, (), None)
    scheme = Carried(CARRIED[name], 32, dtype, blocks=GGML[name])
    records = scheme.relaid(blocks, COLS)
    assert len(records) == scheme.nbytes(rows.shape, ())
    assert np.array_equal(scheme.decode(records, COLS), GGML[name].decode(blocks, COLS))
    assert scheme.grid is None


def test_carried_scales_are_ggmls():
    blocks = GGML["Q4_0"].encode(hostile_rows("F16"), (), None)
    scheme = Carried(4, 32, "F16", blocks=GGML["Q4_0"])
    _, scales, _ = arrays_of(scheme.relaid(blocks, COLS), scheme, COLS)
    assert scales == np.frombuffer(blocks, np.uint8).reshape(-1, 18)[:, :2].tobytes()
