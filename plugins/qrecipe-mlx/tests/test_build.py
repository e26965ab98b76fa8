"""What is built of a small model: files of the planned sizes, arrays, config.json, and what reads it back."""

import json

import numpy as np
import pytest
import qrecipe
from test_affine import arrays_of
from tiny import MODEL, recipe, stored

from qrecipe_mlx.records import rounded
from qrecipe_mlx.scheme import Affine

RULES = {
    "token_embd": "int8(group=64)",
    "per_layer_token_embd": "int3(group=128)",
    "blk.*.ffn_*": "int4(group=32,fit=lattice)",
    "**": "int6(group=64)",
}


@pytest.fixture(scope="module")
def built(tmp_path_factory):
    folder = tmp_path_factory.mktemp("built")
    return qrecipe.build(recipe(folder / "tiny.toml", MODEL, RULES), output=folder), folder / "out"


@pytest.fixture(scope="module")
def source(tmp_path_factory):
    """The model's own weights, in float32."""
    folder = tmp_path_factory.mktemp("kept")
    qrecipe.build(recipe(folder / "kept.toml", MODEL, {"**": "keep"}), output=folder)
    return {
        name: (np.frombuffer(data, "<u2").astype("<u4") << 16).view("<f4").reshape(shape)
        for name, (_, shape, data) in stored(folder / "out").items()
    }


def test_files_have_the_sizes_that_were_planned(built, tmp_path):
    planned = qrecipe.plan(recipe(tmp_path / "tiny.toml", MODEL, RULES)).targets[0].files
    sizes = {path.name: path.stat().st_size for path in built[1].iterdir()}
    assert sizes == {file.path.removeprefix("out/"): file.nbytes for file in planned}


@pytest.mark.parametrize(
    ("module", "width", "group"),
    [
        ("model.embed_tokens", 8, 64),
        ("model.embed_tokens_per_layer", 3, 128),
        ("model.layers.0.self_attn.q_proj", 6, 64),
    ],
)
def test_arrays_are_mlxs(built, source, module, width, group):
    weights, scheme = source[f"{module}.weight"], Affine(width, group, "BF16")
    wanted = arrays_of(scheme.encode(weights, (), None), scheme, weights.shape[1])
    found = stored(built[1])
    for array, data in zip(scheme.arrays(*weights.shape), wanted, strict=True):
        assert found[module + array.suffix] == (array.dtype, array.shape, data)


def test_weights_of_a_4_bit_grid_come_back_bit_for_bit(built, source):
    found, module = stored(built[1]), "model.layers.2.mlp.up_proj"
    weights, scheme = source[f"{module}.weight"], Affine(4, 32, "BF16")
    columns = [
        np.frombuffer(found[module + array.suffix][2], np.uint8).reshape(len(weights), -1)
        for array in scheme.arrays(*weights.shape)
    ]
    decoded = scheme.decode(np.concatenate(columns, axis=1).tobytes(), weights.shape[1])
    assert np.array_equal(rounded(decoded, "BF16"), weights)


def test_config_json_says_bits_and_group_of_each_module(built):
    config = json.loads((built[1] / "config.json").read_text())
    section = config["quantization"]
    assert section == config["quantization_config"]
    assert (section["bits"], section["group_size"], section["mode"]) == (6, 64, "affine")
    assert section["model.embed_tokens"] == {"bits": 8, "group_size": 64}
    assert section["model.layers.3.mlp.down_proj"] == {"bits": 4, "group_size": 32}
    quantized = {name.removesuffix(".scales") for name in stored(built[1]) if name.endswith(".scales")}
    assert quantized == section.keys() - {"bits", "group_size", "mode"}


def test_it_verifies_alone_and_against_its_source(built):
    found = qrecipe.verify(built[1], source=MODEL)
    assert found.differences == ()
    assert {values.tensor for values in found.values} == {tensor.name for tensor in found.lock.tensors}


def test_bytes_do_not_depend_on_threads(built, tmp_path):
    qrecipe.build(recipe(tmp_path / "tiny.toml", MODEL, RULES), output=tmp_path, threads=2)
    for path in built[1].iterdir():
        assert (tmp_path / "out" / path.name).read_bytes() == path.read_bytes(), path.name


@pytest.mark.parametrize(("dtype", "stored_as"), [("float16", "F16"), ("float32", "F32")])
def test_q4_0_is_carried_where_the_dtype_holds_its_scales_and_all_else_is_in_that_dtype(dtype, stored_as, tmp_path):
    qrecipe.build(recipe(tmp_path / "tiny.toml", MODEL, {"**": "Q4_0"}, dtype=dtype), output=tmp_path)
    found = stored(tmp_path / "out")
    assert {kind for kind, _, _ in found.values()} == {"U32", stored_as}
    assert json.loads((tmp_path / "out" / "config.json").read_text())["dtype"] == dtype
    assert qrecipe.verify(tmp_path / "out", source=MODEL).differences == ()
