"""The bytes before the data of a GGUF v3 file: counts, metadata, tensor table, padding. Little-endian.

Spec: ggml `docs/gguf.md`. `header_nbytes` and `encode_header` walk the same pieces, so the size that a plan shows is
the size that a build writes. Metadata values arrive encoded and are passed on unchanged.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from qrecipe.backends.gguf.metadata import ALIGNMENT
from qrecipe.types.metadata import MetadataEntry
from qrecipe.types.tensor import Shape


@dataclass(frozen=True, slots=True)
class TableRow:
    """A tensor as the table lists it. `shape` is outermost first; `offset` counts from the start of the data."""

    name: str
    shape: Shape
    type_id: int
    offset: int


def padded(nbytes: int) -> int:
    """Round up to the alignment of data."""
    return -(-nbytes // ALIGNMENT) * ALIGNMENT


def header_nbytes(metadata: Sequence[MetadataEntry], table: Sequence[TableRow]) -> int:
    """Return the size of the header with its padding: where data starts."""
    return padded(sum(len(piece) for piece in _pieces(metadata, table)))


def encode_header(metadata: Sequence[MetadataEntry], table: Sequence[TableRow]) -> bytes:
    """Return the header with its padding."""
    header = b"".join(_pieces(metadata, table))
    return header.ljust(padded(len(header)), b"\0")


def file_dimensions(shape: Shape) -> tuple[int, ...]:
    """Return what the table says of a shape: fastest first, leading 1s dropped as ggml does, never empty."""
    first = next((i for i, n in enumerate(shape) if n != 1), len(shape))
    return shape[first:][::-1] or (1,)


def _pieces(metadata: Sequence[MetadataEntry], table: Sequence[TableRow]) -> Iterator[bytes]:
    yield struct.pack("<4sIqq", b"GGUF", 3, len(table), len(metadata))
    for entry in metadata:
        yield _string(entry.key) + struct.pack("<I", entry.kind)
        yield entry.payload
    for row in table:
        dims = file_dimensions(row.shape)
        yield _string(row.name) + struct.pack(f"<I{len(dims)}qiQ", len(dims), *dims, row.type_id, row.offset)


def _string(text: str) -> bytes:
    raw = text.encode("utf-8", errors="surrogateescape")
    return struct.pack("<Q", len(raw)) + raw
