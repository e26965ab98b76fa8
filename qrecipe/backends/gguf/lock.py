"""The lock as GGUF metadata, under `qrecipe.*`, behind everything else.

What a plan knows is text. The digests of weights are known last and have fields of fixed width, so the header has its
final size from the start: 32 bytes a tensor for the source and for the artifact, in the tensors' order, and SHA-256 of
the header itself, taken with that field's own digits as zeros.

| key | value |
|---|---|
| `qrecipe.lock` | version of the lock, u32 |
| `qrecipe.name`, `qrecipe.target` | the recipe's name, and the target that the file is |
| `qrecipe.recipe` | the recipe as one file, TOML |
| `qrecipe.plan_digest` | SHA-256 of the decisions |
| `qrecipe.source`, `qrecipe.source_digest` | the source's name, and SHA-256 of its headers |
| `qrecipe.imatrix_digest` | SHA-256 of the imatrix file; empty without one |
| `qrecipe.versions` | strings: qrecipe, ggml, plug-ins |
| `qrecipe.tensor_types` | strings, one a tensor |
| `qrecipe.source_tensor_digests`, `qrecipe.tensor_digests` | u8 arrays, 32 bytes a tensor (`types.piece`) |
| `qrecipe.tensor_measures` | u8 array, 48 bytes a tensor: blocks, certified, near, weights, identical, squares |
| `qrecipe.header_digest` | 64 hexadecimal digits |

The measures are five u64 and an f64, little-endian, zeros for a tensor whose type names no fit (`types.lock`); the key
is there only if one does.

The file of a partial build has `qrecipe.only` before these, with a lock or without: strings, the patterns of its
tensors.
"""

from __future__ import annotations

import struct
from collections.abc import Sequence
from typing import TYPE_CHECKING

from qrecipe.backends.gguf.metadata import LOCK_PREFIX as PREFIX
from qrecipe.types.lock import LOCK_VERSION
from qrecipe.types.metadata import MetadataEntry, MetadataKind
from qrecipe.types.piece import DIGEST_BYTES, PieceDigests, PieceWritten

if TYPE_CHECKING:
    from qrecipe.types.lock import Lock

UNSEALED = "0" * 2 * DIGEST_BYTES
UNKNOWN = PieceWritten(PieceDigests(bytes(DIGEST_BYTES), bytes(DIGEST_BYTES)))
MEASURE = struct.Struct("<5Qd")


def lock_entries(
    lock: Lock, tensors: Sequence[PieceWritten], header_digest: str = UNSEALED
) -> tuple[MetadataEntry, ...]:
    """Return the lock's metadata; `tensors` are what `whole` says of each, `UNKNOWN` until it is known."""
    texts = {
        "name": lock.name,
        "target": lock.target,
        "recipe": lock.recipe,
        "plan_digest": lock.plan_digest,
        "source": lock.source,
        "source_digest": lock.source_digest,
        "imatrix_digest": lock.imatrix_digest,
    }
    return (
        MetadataEntry.of(PREFIX + "lock", MetadataKind.UINT32, LOCK_VERSION),
        *(_text(key, text) for key, text in texts.items()),
        _texts("versions", lock.versions),
        _texts("tensor_types", lock.types),
        _bytes("source_tensor_digests", b"".join(tensor.digests.source for tensor in tensors)),
        _bytes("tensor_digests", b"".join(tensor.digests.output for tensor in tensors)),
        *((_bytes("tensor_measures", b"".join(map(_measure, tensors))),) if any(lock.measured) else ()),
        _text("header_digest", header_digest),
    )


def only_entries(patterns: Sequence[str]) -> tuple[MetadataEntry, ...]:
    """Return what marks a file that holds a part of its model; () for a whole one."""
    return (_texts("only", patterns),) if patterns else ()


def _measure(tensor: PieceWritten) -> bytes:
    counts, measured = tensor.counts, tensor.measured
    if not measured.weights:
        return bytes(MEASURE.size)
    blocks = (counts.blocks, counts.certified, counts.near)
    return MEASURE.pack(*blocks, measured.weights, measured.identical, measured.squares)


def _text(name: str, text: str) -> MetadataEntry:
    return MetadataEntry.of(PREFIX + name, MetadataKind.STRING, text)


def _texts(name: str, texts: Sequence[str]) -> MetadataEntry:
    elements = b"".join(MetadataEntry.of("", MetadataKind.STRING, text).payload for text in texts)
    return MetadataEntry.array(PREFIX + name, MetadataKind.STRING, len(texts), elements)


def _bytes(name: str, value: bytes) -> MetadataEntry:
    return MetadataEntry.array(PREFIX + name, MetadataKind.UINT8, len(value), value)
