"""GGUF files as checkpoints: one file, a file cut into bytes (`*.partNN`), or a model split into several GGUF files.

Headers are read and checked whole (`gguf_header`), weights only when asked for. Of a split model the first file's
metadata counts, whichever part was named.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

from qrecipe.sources.byte_string import ByteString, open_bytes
from qrecipe.sources.checkpoint import FileCheckpoint, digest_of
from qrecipe.sources.fault import Place
from qrecipe.sources.gguf_header import GgufHeader, read_header
from qrecipe.sources.gguf_split import check_parts, parts_beside, split_count
from qrecipe.sources.gguf_tensors import stored
from qrecipe.types.source import StoredFile

Beside = Callable[[str, int], Sequence[ByteString]]
"""Opens all files of a split model, given the name of one of them and how many there are."""


def open_gguf(string: ByteString, reference: str, beside: Beside | None = None) -> FileCheckpoint:
    """Open the GGUF file in `string`, with its siblings where it is one of several."""
    header = read_header(string)
    count = split_count(header.metadata, Place(string.name))
    if count == 1:
        return _checkpoint((string,), (header,), reference)
    strings = (beside or _beside)(string.name, count)
    headers = [read_header(part) for part in strings]
    check_parts(headers, [part.name for part in strings])
    return _checkpoint(strings, headers, reference)


def _beside(name: str, count: int) -> Sequence[ByteString]:
    return [open_bytes([path]) for path in parts_beside(Path(name), count)]


def _checkpoint(strings: Sequence[ByteString], headers: Sequence[GgufHeader], reference: str) -> FileCheckpoint:
    pairs = list(zip(strings, headers, strict=True))
    tensors = [stored(row, header.data_offset, file) for file, header in enumerate(headers) for row in header.rows]
    return FileCheckpoint(
        reference=reference,
        container="gguf",
        files=tuple(StoredFile(Path(s.name).name, s.nbytes, min(h.data_offset, s.nbytes)) for s, h in pairs),
        strings=tuple(strings),
        tensors={tensor.name: tensor for tensor in tensors},
        metadata=headers[0].metadata,
        config=None,
        header_digest=digest_of(header.raw for header in headers),
        warnings=tuple(warning for header in headers for warning in header.warnings),
    )
