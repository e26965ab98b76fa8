import json
import pickle
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import save_file

from qrecipe.sources.local import LocalSource
from tests.sources.safetensors_bytes import entry, index, one, raw, safetensors

INDEX = "model.safetensors.index.json"
S1, S2 = "model-00001-of-00002.safetensors", "model-00002-of-00002.safetensors"


def opened(name: str = "."):
    return LocalSource().open(name, Path())


def test_dtypes_shapes_and_bytes(folder):
    Path("model.safetensors").write_bytes(
        safetensors(
            {
                "__metadata__": {"format": "pt"},
                "w8": entry("F8_E4M3", [2, 3], 8, 14),
                "none": entry("BF16", [0, 3], 14, 14),
                "w16": entry("BF16", [2, 2], 0, 8),
                "scalar": entry("I64", [], 14, 22),
            },
            bytes(range(22)),
        )
    )
    checkpoint = opened()
    facts = {t.name: (t.dtype, t.shape, checkpoint.read(t.name, 0, t.nbytes)) for t in checkpoint.tensors.values()}
    assert facts == {
        "w16": ("BF16", (2, 2), bytes(range(8))),
        "w8": ("F8_E4M3", (2, 3), bytes(range(8, 14))),
        "none": ("BF16", (0, 3), b""),
        "scalar": ("I64", (), bytes(range(14, 22))),
    }
    assert list(facts) == ["w16", "w8", "none", "scalar"]
    assert (checkpoint.container, checkpoint.metadata, checkpoint.config) == ("safetensors", None, None)
    assert pickle.loads(pickle.dumps(checkpoint)) == checkpoint  # noqa: S301 - our own bytes


def test_shards_are_read_in_the_order_of_their_names(folder):
    Path(S2).write_bytes(one("a", 2))
    Path(S1).write_bytes(one("b", 1))
    Path(INDEX).write_bytes(index({"a": S2, "b": S1}))
    Path("config.json").write_text(json.dumps({"model_type": "gemma4"}))
    checkpoint = opened()
    assert list(checkpoint.tensors) == ["b", "a"]
    assert [file.name for file in checkpoint.files] == [S1, S2]
    assert checkpoint.config == {"model_type": "gemma4"}
    assert [checkpoint.read(name, 0, 1) for name in "ab"] == [b"\x02", b"\x01"]
    assert opened(INDEX) == checkpoint.__class__(**{**fields(checkpoint), "reference": str(Path(INDEX).absolute())})
    assert checkpoint.warnings == ()


def fields(checkpoint) -> dict[str, object]:
    return {name: getattr(checkpoint, name) for name in checkpoint.__slots__}


def test_one_shard_by_itself_is_read_with_a_warning(folder):
    Path(S1).write_bytes(one())
    assert opened(S1).warnings == (
        f"{S1} looks like one of several shards, and is read alone; name the folder to read all",
    )


def test_header_may_be_padded_with_blanks(folder):
    Path("model.safetensors").write_bytes(raw(b'{"a":{"dtype":"U8","shape":[1],"data_offsets":[0,1]}}      ', b"z"))
    assert opened("model.safetensors").read("a", 0, 1) == b"z"


@pytest.mark.oracle
def test_reads_what_the_reference_writes(folder):
    rng = np.random.default_rng(7)
    dtypes = ("float64", "float32", "float16", "int64", "int32", "int16", "int8", "uint8", "bool")
    arrays = {f"t.{dtype}": (rng.random((3, 5)) * 100).astype(dtype) for dtype in dtypes}
    save_file(arrays, "model.safetensors")
    checkpoint = opened()
    assert {t.name: t.shape for t in checkpoint.tensors.values()} == dict.fromkeys(arrays, (3, 5))
    for name, array in arrays.items():
        assert checkpoint.read(name, 0, array.nbytes) == array.tobytes()
