"""A checkpoint under canonical names: reading, digests, and what cannot be mapped."""

import json
import pickle
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import save_file

from qrecipe.errors import SourceError
from qrecipe.sources.local import LocalSource
from qrecipe.sources.mapped import mapped
from qrecipe.types.architecture import Conversion, MappedTensor
from qrecipe.types.metadata import MetadataEntry, MetadataKind
from qrecipe.types.transform import Add, Constant, Permute, Stack, Stored

ENTRY = MetadataEntry.of("general.architecture", MetadataKind.STRING, "toy")
Q = np.arange(32, dtype=np.float32).reshape(8, 4)
CONVERSION = Conversion(
    tensors=(
        MappedTensor("attn_q.weight", Permute(Stored("q"), 2)),
        MappedTensor("experts.weight", Stack((Stored("q"), Stored("e")))),
        MappedTensor("norm.weight", Add(Stored("n"), 1.0), "F32"),
        MappedTensor("rope_freqs.weight", Constant((1.0, 1e30))),
    ),
    metadata=(ENTRY,),
)


@pytest.fixture
def original(tmp_path: Path):
    save_file({"q": Q, "e": Q + 100, "n": np.array([0.5, -1.0], np.float32)}, tmp_path / "model.safetensors")
    (tmp_path / "config.json").write_text(json.dumps({"model_type": "toy"}))
    return LocalSource().open(str(tmp_path), tmp_path)


def test_tensors_are_read_under_canonical_names(original):
    found = mapped(original, CONVERSION)
    assert {name: (t.dtype, t.shape, t.nbytes) for name, t in found.tensors.items()} == {
        "attn_q.weight": ("F32", (8, 4), 128),
        "experts.weight": ("F32", (2, 8, 4), 256),
        "norm.weight": ("F32", (2,), 8),
        "rope_freqs.weight": ("F32", (2,), 8),
    }
    rows = np.frombuffer(found.read("attn_q.weight", 0, 128), np.float32).reshape(8, 4)
    assert [int(row[0]) // 4 for row in rows] == [0, 2, 1, 3, 4, 6, 5, 7]
    assert found.read("experts.weight", 128, 128) == (Q + 100).tobytes()
    assert found.read("norm.weight", 0, 8) == np.array([1.5, 0.0], np.float32).tobytes()


def test_any_bytes_can_be_read(original):
    found = mapped(original, CONVERSION)
    for name, tensor in found.tensors.items():
        whole = found.read(name, 0, tensor.nbytes)
        for start in range(0, tensor.nbytes, 5):
            for size in (0, 1, 7, 33):
                assert found.read(name, start, min(size, tensor.nbytes - start)) == whole[start : start + size]


def test_it_points_into_the_files_of_the_original_and_can_be_sent_elsewhere(original):
    found = pickle.loads(pickle.dumps(mapped(original, CONVERSION)))  # noqa: S301 - our own bytes
    assert (found.reference, found.container, found.files) == (original.reference, "safetensors", original.files)
    assert (found.config, found.folder) == ({"model_type": "toy"}, original.folder)
    assert found.tensors["experts.weight"].offset == original.tensors["q"].offset
    assert found.read_file(0, 0, 8) == original.read_file(0, 0, 8)


def test_the_digest_covers_headers_metadata_and_constants(original):
    first = mapped(original, CONVERSION).header_digest
    other = MetadataEntry.of("general.architecture", MetadataKind.STRING, "toys")
    assert first == mapped(original, CONVERSION).header_digest != original.header_digest
    assert mapped(original, replace(CONVERSION, metadata=(other,))).header_digest != first
    assert mapped(replace(original, header_digest="0" * 64), CONVERSION).header_digest != first
    *rest, constant = CONVERSION.tensors
    moved = (*rest, replace(constant, value=Constant((1.0, 8.0))))
    assert mapped(original, replace(CONVERSION, tensors=moved)).header_digest != first, "config.json alone says it"


def test_two_tensors_of_one_name_are_refused(original):
    twice = replace(CONVERSION, tensors=CONVERSION.tensors + CONVERSION.tensors[:1])
    with pytest.raises(SourceError) as caught:
        mapped(original, twice)
    assert str(caught.value) == (
        "error: two tensors of the checkpoint would be attn_q.weight\n"
        f"  --> {original.reference}\n"
        "why: names are unique in a model\n"
        "fix: compare config.json with the weights, or report this to the architecture plug-in's author"
    )
