"""The lock as GGUF metadata, under `qrecipe.*`, behind everything else.

What a plan knows is text. The digests of weights are filled in when they are known, into fields of fixed width, so the
header has its final size from the start: 32 bytes a tensor for the source and for the artifact, in the tensors' order,
and SHA-256 of the header itself, taken with that field's own digits as zeros.

| key | value |
|---|---|
| `qrecipe.lock` | version of the lock, u32 |
| `qrecipe.recipe` | the recipe as one file, TOML |
| `qrecipe.plan_digest` | SHA-256 of the decisions |
| `qrecipe.source`, `qrecipe.source_digest` | the source's name, and SHA-256 of its headers |
| `qrecipe.imatrix_digest` | SHA-256 of the imatrix file; empty without one |
| `qrecipe.versions` | strings: qrecipe, ggml, plug-ins |
| `qrecipe.source_tensor_digests`, `qrecipe.tensor_digests` | u8 arrays, 32 bytes a tensor (`types.piece`) |
| `qrecipe.header_digest` | 64 hexadecimal digits |
"""

from __future__ import annotations

import hashlib
import struct
from collections.abc import Sequence
from typing import TYPE_CHECKING

from qrecipe.types.lock import LOCK_VERSION
from qrecipe.types.metadata import MetadataEntry, MetadataKind
from qrecipe.types.piece import DIGEST_BYTES, PieceDigests, tensor_digest

if TYPE_CHECKING:
    from qrecipe.types.lock import Lock

_HEX = 2 * DIGEST_BYTES


def lock_entries(lock: Lock, tensors: int) -> tuple[MetadataEntry, ...]:
    """Return the lock's metadata for a file of so many tensors, digests of weights and header still zero."""
    texts = {
        "recipe": lock.recipe,
        "plan_digest": lock.plan_digest,
        "source": lock.source,
        "source_digest": lock.source_digest,
        "imatrix_digest": lock.imatrix_digest,
    }
    zeros = bytes(DIGEST_BYTES * tensors)
    return (
        MetadataEntry.of("qrecipe.lock", MetadataKind.UINT32, LOCK_VERSION),
        *(_text(key, text) for key, text in texts.items()),
        _texts("versions", lock.versions),
        *(_bytes(key, zeros) for key in ("source_tensor_digests", "tensor_digests")),
        _text("header_digest", "0" * _HEX),
    )


def sealed(header: bytes, results: Sequence[Sequence[object]]) -> bytes:
    """Return the header with all digests filled in; `results` are each tensor's `PieceDigests`, in order."""
    pieces = [[piece for piece in tensor if isinstance(piece, PieceDigests)] for tensor in results]
    filled = bytearray(header)
    _fill(filled, "source_tensor_digests", b"".join(tensor_digest(p.source for p in t) for t in pieces))
    _fill(filled, "tensor_digests", b"".join(tensor_digest(p.output for p in t) for t in pieces))
    place = _digest_place(filled)
    filled[place : place + _HEX] = header_digest(filled).encode("ascii")
    return bytes(filled)


def header_digest(header: bytes | bytearray) -> str:
    """Return the SHA-256 of a header in hexadecimal, the field that holds it taken as zeros; ValueError without it."""
    place = _digest_place(header)
    return hashlib.sha256(bytes(header[:place]) + b"0" * _HEX + bytes(header[place + _HEX :])).hexdigest()


def _digest_place(header: bytes | bytearray) -> int:
    return _behind(header, "header_digest", struct.pack("<IQ", MetadataKind.STRING, _HEX))


def _fill(header: bytearray, name: str, value: bytes) -> None:
    place = _behind(header, name, struct.pack("<IIQ", MetadataKind.ARRAY, MetadataKind.UINT8, len(value)))
    header[place : place + len(value)] = value


def _behind(header: bytes | bytearray, name: str, kind: bytes) -> int:
    """Return where an entry's value begins: the last place that looks like the entry.

    A source's metadata may hold any bytes, but stands before the lock, and no row of the tensor table has so many
    dimensions that it looks like `kind`.
    """
    key = f"qrecipe.{name}".encode("ascii")
    entry = struct.pack("<Q", len(key)) + key + kind
    return header.rindex(entry) + len(entry)


def _text(name: str, text: str) -> MetadataEntry:
    return MetadataEntry.of(f"qrecipe.{name}", MetadataKind.STRING, text)


def _texts(name: str, texts: Sequence[str]) -> MetadataEntry:
    elements = b"".join(MetadataEntry.of("", MetadataKind.STRING, text).payload for text in texts)
    return MetadataEntry.array(f"qrecipe.{name}", MetadataKind.STRING, len(texts), elements)


def _bytes(name: str, value: bytes) -> MetadataEntry:
    return MetadataEntry.array(f"qrecipe.{name}", MetadataKind.UINT8, len(value), value)
