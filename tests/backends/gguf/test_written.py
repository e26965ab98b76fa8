"""Locks read back: what was written, and every way in which one may be damaged. Nothing in a file is believed."""

import struct
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from qrecipe.backends.gguf.backend import GgufBackend
from qrecipe.errors import SourceError
from qrecipe.sources.byte_string import open_bytes
from qrecipe.sources.gguf import open_gguf
from qrecipe.types.lock import Lock
from qrecipe.types.metadata import MetadataEntry, MetadataKind
from qrecipe.types.source import Checkpoint
from tests.backends.gguf.model_in_memory import build, model, tensor, use

LOCK = Lock(
    name="r",
    recipe='qrecipe = 1\nname = "r ä"\n',
    source="m.gguf",
    source_digest="5" * 64,
    target="gguf",
    plan_digest="a" * 64,
    versions=("a 1", "qrecipe 0.1.0"),
    types=("F32 copied", "Q4_0(fit=rtn)"),
)
ROWS = [
    (tensor("output_norm.weight", (32,)), np.ones(32), use("F32")),
    (tensor("output.weight", (4, 32)), np.ones((4, 32)), use("Q4_0", fit="rtn")),
]


@pytest.fixture
def written(tmp_path: Path) -> Checkpoint:
    path = build(model(ROWS), tmp_path, lock=LOCK).rename(tmp_path / "model.gguf")
    return open_gguf(open_bytes([path]), str(path))


def test_what_was_written_is_read(written: Checkpoint):
    found = GgufBackend().read_lock(written)
    assert found is not None
    assert found.lock == LOCK
    assert found.sealed
    assert [(t.name, t.type, t.stored) for t in found.tensors] == [
        ("output_norm.weight", "F32 copied", "F32"),
        ("output.weight", "Q4_0(fit=rtn)", "Q4_0"),
    ]
    norm, output = found.tensors
    assert norm.source_digest == norm.digest
    assert output.source_digest != output.digest


def test_the_layout_knew_the_size(written: Checkpoint, tmp_path: Path):
    assert written.files[0].nbytes == (tmp_path / "model.gguf").stat().st_size
    assert written.warnings == ()


def test_other_files_have_no_lock(written: Checkpoint):
    metadata = tuple(entry for entry in written.metadata or () if not entry.key.startswith("qrecipe."))
    assert GgufBackend().read_lock(replace(written, metadata=metadata)) is None
    assert GgufBackend().read_lock(replace(written, container="safetensors", metadata=None)) is None


def test_a_header_that_was_changed_is_not_sealed(written: Checkpoint):
    changed = written.read_file(0, 0, 1000).replace(b"qrecipe 0.1.0", b"qrecipe 0.1.1")
    path = Path(written.reference)
    path.write_bytes(changed + path.read_bytes()[1000:])
    found = GgufBackend().read_lock(open_gguf(open_bytes([path]), str(path)))
    assert found is not None
    assert not found.sealed


Change = Callable[[MetadataEntry], MetadataEntry | None]


def number(entry: MetadataEntry, value: int = 2) -> MetadataEntry:
    return MetadataEntry.of(entry.key, MetadataKind.UINT32, value)


def string(raw: bytes) -> Change:
    return lambda entry: MetadataEntry(entry.key, MetadataKind.STRING, struct.pack("<Q", len(raw)) + raw)


def strings(*raws: bytes) -> Change:
    elements = b"".join(struct.pack("<Q", len(raw)) + raw for raw in raws)
    return lambda entry: MetadataEntry.array(entry.key, MetadataKind.STRING, len(raws), elements)


def array(kind: MetadataKind, count: int, size: int = 1) -> Change:
    return lambda entry: MetadataEntry.array(entry.key, kind, count, bytes(count * size))


@pytest.mark.parametrize("key", ["lock", "name", "recipe", "versions", "tensor_types", "tensor_digests"])
def test_a_key_that_is_missing(written: Checkpoint, key: str):
    assert complaint(written, key, lambda _: None) == damaged(key, "it is missing")


@pytest.mark.parametrize(
    ("key", "change", "why"),
    [
        ("lock", string(b"1"), "it is a value of kind string, not uint32"),
        ("recipe", number, "it is a value of kind uint32, not string"),
        ("recipe", string(b"a\xff"), "it is no UTF-8"),
        ("recipe", string(b"a\x1b[0m"), "it holds control characters, which no rendered recipe does"),
        ("recipe", string("a\u202e".encode()), "it holds control characters, which no rendered recipe does"),
        ("recipe", string(bytes((4 << 20) + 1)), "it has 4194305 bytes"),
        ("plan_digest", string(b"a" * 63), "it is no SHA-256 of 64 digits"),
        ("plan_digest", string(b"A" * 64), "it is no SHA-256 of 64 digits"),
        ("source_digest", string(b""), "it is no SHA-256 of 64 digits"),
        ("source_digest", string(b"a" * 64 + b"\n"), "it is no SHA-256 of 64 digits"),
        ("imatrix_digest", string(b"x"), "it is no SHA-256 of 64 digits"),
        ("header_digest", string("٣".encode() * 64), "it is no SHA-256 of 64 digits"),
        ("versions", string(b"x"), "it is a value of kind string, not array"),
        ("versions", array(MetadataKind.UINT8, 4), "it is no array of string"),
        ("versions", strings(b"\xff"), "it is no UTF-8"),
        ("tensor_types", strings(b"F32"), "it has 1 elements, and the file's tensors need 2"),
        ("tensor_digests", array(MetadataKind.INT8, 64), "it is no array of uint8"),
        ("tensor_digests", array(MetadataKind.UINT8, 63), "it has 63 elements, and the file's tensors need 64"),
        ("source_tensor_digests", array(MetadataKind.UINT8, 0), "it has 0 elements, and the file's tensors need 64"),
    ],
)
def test_a_value_that_qrecipe_does_not_write(written: Checkpoint, key: str, change: Change, why: str):
    assert complaint(written, key, change) == damaged(key, why)


def test_another_version(written: Checkpoint):
    assert complaint(written, "lock", number) == (
        "error: the lock is of version 2; this release reads version 1\n"
        "  --> model.gguf, qrecipe.lock\n"
        "why: another release of qrecipe made the file, or the number is damaged\n"
        "fix: update qrecipe; if no release reads it, download the file again"
    )


def complaint(written: Checkpoint, key: str, change: Change) -> str:
    entries = [change(entry) if entry.key == f"qrecipe.{key}" else entry for entry in written.metadata or ()]
    assert entries != list(written.metadata or ())
    with pytest.raises(SourceError) as caught:
        GgufBackend().read_lock(replace(written, metadata=tuple(entry for entry in entries if entry is not None)))
    return str(caught.value)


def damaged(key: str, why: str) -> str:
    return (
        f"error: the lock of this file is damaged at qrecipe.{key}\n"
        f"  --> model.gguf, qrecipe.{key}\n"
        f"why: {why}\n"
        "fix: download or build the file again; a tool that edits metadata may have taken or changed the key"
    )
