"""A finished folder read back: every scheme as it was planned, and metadata that nobody believes."""

import json
import shutil
import struct

import numpy as np
import pytest
import qrecipe
import torchao_models
from qrecipe.api.opening import open_checkpoint
from qrecipe.backends.folder.backend import FolderBackend
from qrecipe.errors import SourceError
from qrecipe.host.catalog import make_catalog
from torchao_models import LINEAR

from qrecipe_torchao.family import Torchao
from qrecipe_torchao.float8 import Float8
from qrecipe_torchao.int4 import Int4
from qrecipe_torchao.int8 import Int8
from qrecipe_torchao.intx import Intx

Q = "model.layers.0.self_attn.q_proj"
MIXED = {
    "blk.0.attn_q": "int4(group=32)",
    "blk.0.attn_k": "Q6_K",
    "blk.0.attn_v": "fp8",
    "blk.0.attn_output": "Q8_0",
    "blk.1.attn_q": "int8",
}


def opened(folder):
    return open_checkpoint(str(folder), folder.parent, make_catalog(discover=False))


def schemes(folder):
    return Torchao().schemes(opened(folder))


EXPECTED = {
    "": {
        "model.layers.0.self_attn.q_proj": Intx(4, 32, "BF16", "BF16"),
        "model.layers.0.self_attn.k_proj": Intx(6, 16, "F32", "BF16"),
        "model.layers.0.self_attn.v_proj": Float8("BF16"),
        "model.layers.0.self_attn.o_proj": Intx(8, 32, "F16", "BF16"),
        "model.layers.1.self_attn.q_proj": Intx(8, None, "BF16", "BF16"),
    },
    'layout = "int8"\nshard_size = "99kB"': {
        "model.layers.0.self_attn.q_proj": Intx(4, 32, "BF16", "BF16"),
        "model.layers.0.self_attn.k_proj": Intx(6, 16, "F32", "BF16"),
        "model.layers.0.self_attn.v_proj": Float8("BF16"),
        "model.layers.0.self_attn.o_proj": Int8(32, "F16", "BF16"),
        "model.layers.1.self_attn.q_proj": Int8(None, "F32", "BF16"),
    },
    'layout = "int8"\ndtype = "float16"': {
        "model.layers.0.self_attn.q_proj": Intx(4, 32, "F16", "F16"),
        "model.layers.0.self_attn.k_proj": Intx(6, 16, "F32", "F16"),
        "model.layers.0.self_attn.v_proj": Float8("F16"),
        "model.layers.0.self_attn.o_proj": Int8(32, "F16", "F16"),
        "model.layers.1.self_attn.q_proj": Int8(None, "F32", "F16"),
    },
}
OTHERS = [
    ("int4(group=128)", 'layout = "int4"\ndevice = "cuda"', Int4(128)),
    ("int4(group=128)", 'layout = "int4"\ndevice = "cuda"\nactivations = "fp8"', Int4(128, dynamic=True)),
    ("fp8", 'device = "cuda"\nactivations = "fp8"', Float8("BF16", dynamic=True)),
    ("int8", 'layout = "int8"\nactivations = "int8"', Int8(None, "F32", "BF16", dynamic=True)),
    ("int3(group=64)", 'activations = "int8"\ndtype = "float32"', Intx(3, 64, "F32", "F32", dynamic=True)),
    ("Q8_0", 'layout = "int8"\nactivations = "int8"', Intx(8, 32, "F16", "BF16", dynamic=True)),
]


@pytest.mark.parametrize("options", EXPECTED)
def test_schemes_come_back(tmp_path, options):
    folder = torchao_models.build(torchao_models.llama(tmp_path / "model"), MIXED, options)
    assert {name: scheme.store for name, scheme in schemes(folder).items()} == EXPECTED[options]


@pytest.mark.parametrize(("kind", "options", "store"), OTHERS, ids=str)
def test_settings_come_back(tmp_path, kind, options, store):
    folder = torchao_models.build(torchao_models.llama(tmp_path / "model"), {"blk.0.attn_q": kind}, options)
    assert {name: scheme.store for name, scheme in schemes(folder).items()} == {Q: store}


@pytest.mark.parametrize("options", ["", 'layout = "int8"', 'layout = "int4"\ndevice = "cuda"'])
def test_an_artifact_verifies_against_lock_and_source(tmp_path, options):
    source = torchao_models.llama(tmp_path / "model")
    folder = torchao_models.build(source, {LINEAR: "int4(group=32)", "output": "int8"}, options)
    assert qrecipe.verify(folder).differences == ()
    values = {each.tensor: each for each in qrecipe.verify(folder, source=str(source)).values}
    assert values.keys() == opened(source).tensors.keys()


def test_other_folders_are_not_ours(tmp_path):
    assert schemes(torchao_models.llama(tmp_path / "model")) is None
    folder = torchao_models.llama(tmp_path / "other", quantization_config={"quant_method": "compressed-tensors"})
    assert schemes(folder) is None


@pytest.fixture(scope="module")
def built(tmp_path_factory):
    return torchao_models.build(
        torchao_models.llama(tmp_path_factory.mktemp("read") / "model"), {"blk.0.attn_q": "int8"}
    )


def damaged(built, tmp_path, change):
    """Copy a folder with another `__metadata__`."""
    folder = tmp_path / "damaged"
    shutil.copytree(built, folder)
    path = folder / "model.safetensors"
    data = path.read_bytes()
    (size,) = struct.unpack("<Q", data[:8])
    table = json.loads(data[8 : 8 + size])
    change(table)
    header = json.dumps(table).encode()
    header += b" " * (-len(header) % 8)
    path.write_bytes(struct.pack("<Q", len(header)) + header + data[8 + size :])
    return folder


def entry(**changes):
    def change(table):
        said = json.loads(table["__metadata__"][f"{Q}.weight"])
        said["_data"] |= changes
        said |= {key: value for key, value in changes.items() if key.startswith("_")}
        table["__metadata__"][f"{Q}.weight"] = json.dumps(said)

    return change


def text(value):
    def change(table):
        table["__metadata__"][f"{Q}.weight"] = value

    return change


DAMAGES = {
    "no JSON": (
        text("{"),
        "JSONDecodeError: Expecting property name enclosed in double quotes: line 1 column 2 (char 1)",
    ),
    "no object": (text("[]"), "TypeError: list indices must be integers or slices, not str"),
    "another class": (entry(_type="MXTensor"), "ValueError: its class is MXTensor"),
    "no dtype": (entry(dtype=None), "KeyError: ''"),
    "blocks of two rows": (entry(block_size=[2, 256]), "ValueError: its blocks are [2, 256]"),
    "blocks of nothing": (entry(block_size=[1, 0]), "ValueError: its blocks are [1, 0]"),
    "nine bits": (entry(target_dtype={"_type": "torch.dtype", "_data": "int9"}), "KeyError: 'int9'"),
}


@pytest.mark.parametrize("name", DAMAGES)
def test_metadata_that_says_what_we_never_write_is_refused(built, tmp_path, name):
    change, why = DAMAGES[name]
    folder = damaged(built, tmp_path, change)
    with pytest.raises(SourceError) as caught:
        schemes(folder)
    assert str(caught.value) == (
        f"error: tensor '{Q}.weight' of torchao cannot be read\n"
        f"  --> {opened(folder).reference}\n"
        f"why: {why}\n"
        "fix: qrecipe reads what its own torchao backend writes; build the folder anew"
    )


def test_deep_metadata_is_refused(built, tmp_path):
    with pytest.raises(SourceError):
        schemes(damaged(built, tmp_path, text("[" * 200_000)))


@pytest.mark.parametrize("group", [7, 128, 10**9])
def test_groups_that_the_arrays_do_not_have_are_found(built, tmp_path, group):
    folder = damaged(built, tmp_path, entry(block_size=[1, group]))
    with pytest.raises(SourceError) as caught:
        FolderBackend(Torchao()).artifact(opened(folder))
    assert f"module {Q} is not stored as config.json says" in str(caught.value)


def test_a_missing_array_is_found(built, tmp_path):
    def change(table):
        table[f"{Q}._weight_other"] = table.pop(f"{Q}._weight_scale")

    with pytest.raises(SourceError) as caught:
        schemes(damaged(built, tmp_path, change))
    assert f"why: KeyError: '{Q}._weight_scale'" in str(caught.value)


def test_decoding_what_was_read_back_gives_the_weights_near_their_source(built):
    checkpoint = opened(built)
    scheme = schemes(built)[Q]
    codes = np.frombuffer(checkpoint.read(f"{Q}._weight_qdata", 0, 256 * 256), np.uint8).reshape(256, 256)
    scales = np.frombuffer(checkpoint.read(f"{Q}._weight_scale", 0, 512), np.uint8).reshape(256, 2)
    zeros = np.zeros((256, 1), np.uint8)
    rows = scheme.decode(np.concatenate((codes, scales, zeros), axis=1).tobytes(), 256)
    assert 0.04 < rows.std() < 0.06
