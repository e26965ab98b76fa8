"""Whatever a file holds, reading it succeeds or raises SourceError; what is written reads back as it was."""

import json
import tempfile
from collections.abc import Callable
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from qrecipe.errors import SourceError
from qrecipe.inventory.build import inventory_of
from qrecipe.sources.byte_string import open_bytes
from qrecipe.sources.fault import Place
from qrecipe.sources.gguf import open_gguf
from qrecipe.sources.imatrix import read_imatrix
from qrecipe.sources.json_text import parse_object
from qrecipe.sources.safetensors import open_safetensors
from tests.sources.gguf_bytes import FLOAT, Q4_0, Q4_K, Row, array, gguf, string, strings, text, u32
from tests.sources.imatrix_bytes import imatrix, legacy, legacy_entry, legacy_notes
from tests.sources.safetensors_bytes import entry, safetensors

GGUF = gguf(
    [Row(b"a.weight"), Row(b"blk.0.b.weight", (2, 3, 32), Q4_0), Row(b"blk.1.c.weight", (1, 256), Q4_K)],
    [
        text(b"general.architecture", b"llama"),
        u32(b"general.alignment", 32),
        u32(b"llama.block_count", 2),
        strings(b"tokens", [b"a", b"", b"\xff"]),
        array(b"scores", FLOAT, 3, bytes(12)),
    ],
)
SAFETENSORS = safetensors(
    {"__metadata__": {"a": "b"}, "x": entry("BF16", [2, 3], 0, 12), "y": entry("F8_E4M3", [4], 12, 16)}, bytes(16)
)
IMATRIX = imatrix({"w.in_sum2": ((2, 3), range(6)), "w.counts": ((2, 1), (2, 0))})
LEGACY = legacy(legacy_entry(b"a", 2, (1, 2)), legacy_entry(b"b", 0, (1, 2)), notes=legacy_notes(3, b"w"))

positions = st.integers(min_value=0, max_value=10_000)
edits = st.lists(st.tuples(positions, st.integers(0, 255)), min_size=1, max_size=6)
words = st.tuples(positions, st.sampled_from([b"\xff" * 8, b"\0" * 8, b"\0" * 7 + b"\x80", b"\xff" * 4, b"\0\0\0\x40"]))


def edited(data: bytes, flips: list[tuple[int, int]], word: tuple[int, bytes] | None, keep: int) -> bytes:
    out = bytearray(data)
    for position, value in flips:
        out[position % len(out)] = value
    if word is not None:
        start = word[0] % len(out)
        out[start : start + len(word[1])] = word[1]
    return bytes(out[: len(out) - keep])


def refusal(action: Callable[[], object]) -> SourceError | None:
    try:
        action()
    except SourceError as error:
        return error
    return None


def survives(data: bytes, opener: Callable[[Path], None]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "file")
        path.write_bytes(data)
        error = refusal(lambda: opener(path))
    if error is not None:
        assert all(d.code and d.what and d.fix for d in error.diagnostics)
        assert str(error).replace("\n", "").isprintable()


def read_all_gguf(path: Path) -> None:
    checkpoint = open_gguf(open_bytes([path]), "file")
    for tensor in checkpoint.tensors.values():
        assert len(checkpoint.read(tensor.name, 0, tensor.nbytes)) == tensor.nbytes
    for item in checkpoint.metadata:
        item.first()
    inventory_of(checkpoint)


def read_all_safetensors(path: Path) -> None:
    checkpoint = open_safetensors([open_bytes([path])], "file")
    for tensor in checkpoint.tensors.values():
        assert len(checkpoint.read(tensor.name, 0, tensor.nbytes)) == tensor.nbytes
    inventory_of(checkpoint)


def broken(data: bytes) -> st.SearchStrategy[bytes]:
    return st.builds(edited, st.just(data), edits, st.none() | words, st.sampled_from([0, 0, 0, 1, 7, 60, 200]))


@settings(max_examples=300, deadline=1000)
@given(broken(GGUF))
def test_edited_gguf_opens_or_is_refused(data):
    survives(data, read_all_gguf)


@settings(max_examples=300, deadline=1000)
@given(broken(SAFETENSORS))
def test_edited_safetensors_opens_or_is_refused(data):
    survives(data, read_all_safetensors)


@settings(max_examples=200, deadline=1000)
@given(broken(IMATRIX))
def test_edited_imatrix_opens_or_is_refused(data):
    survives(data, lambda path: read_imatrix(path) and None)


@settings(max_examples=200, deadline=1000)
@given(broken(LEGACY) | st.binary(max_size=200))
def test_edited_legacy_imatrix_opens_or_is_refused(data):
    survives(data, lambda path: read_imatrix(path) and None)


@settings(max_examples=200, deadline=1000)
@given(st.binary(max_size=200).map(lambda tail: b"GGUF\x03\0\0\0" + tail))
def test_any_bytes_behind_the_magic_are_refused_or_open(data):
    survives(data, read_all_gguf)


names = st.lists(st.text("abc.0123é", min_size=1, max_size=20), min_size=1, max_size=6, unique=True)


@settings(max_examples=100, deadline=1000)
@given(names, st.sampled_from([1, 16, 32, 128]), st.binary(max_size=40))
def test_what_is_written_reads_back(found, alignment, value):
    rows = [Row(name.encode(), (1 + i, 32), Q4_0 if i % 2 else 0) for i, name in enumerate(found)]
    data = [bytes([i + 1]) * row.nbytes for i, row in enumerate(rows)]
    pairs = [u32(b"general.alignment", alignment), text(b"note", value)]
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "model.gguf")
        path.write_bytes(gguf(rows, pairs, data=data, alignment=alignment))
        checkpoint = open_gguf(open_bytes([path]), "model.gguf")
        assert [(t.name, t.shape) for t in checkpoint.tensors.values()] == [(r.name.decode(), r.shape) for r in rows]
        assert [checkpoint.read(t.name, 0, t.nbytes) for t in checkpoint.tensors.values()] == data
        assert checkpoint.metadata[1].payload == string(value)


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text('ab"\\[{}]', max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text('a"\\[', max_size=3), inner, max_size=3),
    max_leaves=12,
)


@given(st.dictionaries(st.text('ab"\\]', max_size=4), json_values, max_size=4))
def test_json_that_python_writes_is_read_as_it_was(value):
    assert parse_object(json.dumps(value).encode(), Place("x"), "it") == value


@given(st.binary(max_size=60) | st.text('{}[]":,\\0123456789eE.- ', max_size=60).map(str.encode))
def test_any_bytes_as_json_are_read_or_refused(raw):
    error = refusal(lambda: parse_object(raw, Place("x"), "it"))
    assert error is None or error.diagnostics[0].code.startswith("json-")
