"""Layouts of any model: aligned, in order, apart from each other, and what an independent reader finds in the file."""

import tempfile
from itertools import pairwise
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from qrecipe.backends.gguf.header import encode_header
from qrecipe.backends.gguf.layout import gguf_layout, table
from qrecipe.sources.byte_string import open_bytes
from qrecipe.sources.gguf import open_gguf
from qrecipe.types.decision import Decision
from qrecipe.types.metadata import MetadataEntry, MetadataKind
from qrecipe.types.target import Layout, Part
from tests.backends.gguf.model_in_memory import BY_NAME, tensor, use

STORED = sorted(name for name, found in BY_NAME.items() if found.family == "ggml")
UNITS = st.integers(1, 5)


@st.composite
def decision(draw: st.DrawFn, name: str) -> Decision:
    """A tensor of one to four dimensions whose rows are whole blocks of its type (all blocks divide 256)."""
    type_ = draw(st.sampled_from(STORED))
    block = 256 // draw(st.sampled_from([1, 2, 8, 16, 256]))
    cols = draw(UNITS) * (block if BY_NAME[type_].refuses((block,), ()) is None else 256)
    return Decision(tensor(name, (*draw(st.lists(UNITS, max_size=3)), cols), type_), use(type_))


@st.composite
def decisions(draw: st.DrawFn) -> list[Decision]:
    names = draw(st.lists(st.text("abz_.0ä", min_size=1, max_size=31), unique=True, max_size=8))
    return [draw(decision(name)) for name in names]


METADATA = st.dictionaries(st.text("abz_.0", min_size=1).filter(lambda key: "." not in key), st.text(), max_size=5).map(
    lambda pairs: tuple(MetadataEntry.of(key, MetadataKind.STRING, value) for key, value in pairs.items())
)


def in_order(layout: Layout) -> list[Part]:
    return [part for parts in layout.parts.values() for part in parts]


@given(METADATA, decisions())
def test_parts_are_aligned_ordered_and_apart(metadata: tuple[MetadataEntry, ...], model: list[Decision]):
    layout = gguf_layout(metadata, model, "m.gguf")
    (file,), parts = layout.files, in_order(layout)
    assert [part.name for part in parts] == [decision.tensor.name for decision in model]
    assert all(part.offset % 32 == 0 for part in parts)
    assert all(0 <= right.offset - (left.offset + left.nbytes) < 32 for left, right in pairwise(parts))
    assert file.nbytes == file.header_bytes + layout.tensor_bytes
    if parts:
        assert parts[0].offset == file.header_bytes
        assert 0 <= file.nbytes - (parts[-1].offset + parts[-1].nbytes) < 32


@given(METADATA, decisions())
def test_a_reader_finds_what_was_laid_out(metadata: tuple[MetadataEntry, ...], model: list[Decision]):
    layout = gguf_layout(metadata, model, "m.gguf")
    (file,), parts = layout.files, in_order(layout)
    header = encode_header(metadata, table(model, parts, header_bytes=file.header_bytes))
    assert len(header) == file.header_bytes
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "m.gguf")
        path.write_bytes(header + bytes(layout.tensor_bytes))
        found = open_gguf(open_bytes([path]), "m.gguf")
    assert found.warnings == ()
    assert found.metadata == metadata
    read = [(t.name, t.dtype, t.offset, t.nbytes) for t in found.tensors.values()]
    assert read == [(part.name, part.dtype, part.offset, part.nbytes) for part in parts]


@given(METADATA, decisions())
def test_the_data_does_not_depend_on_what_is_known_of_the_metadata(
    metadata: tuple[MetadataEntry, ...], model: list[Decision]
):
    known, unknown = gguf_layout(metadata, model, "m.gguf"), gguf_layout(None, model, "m.gguf")
    assert known.tensor_bytes == unknown.tensor_bytes
    start = known.files[0].header_bytes
    assert [part.offset - start for part in in_order(known)] == [part.offset for part in in_order(unknown)]
