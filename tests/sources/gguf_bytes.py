"""Writes GGUF bytes for tests, right ones and wrong ones: independent of the package's own reader and writer."""

from __future__ import annotations

import struct
from collections.abc import Sequence
from dataclasses import dataclass

F32, Q4_0, Q4_K = 0, 2, 12
SIZES = {F32: (1, 4), 1: (1, 2), Q4_0: (32, 18), Q4_K: (256, 144)}
U8, U16, U32, I32, FLOAT, BOOL, STRING, ARRAY, U64 = 0, 2, 4, 5, 6, 7, 8, 9, 10


@dataclass(frozen=True)
class Row:
    """A tensor; `shape` is outermost first. `offset`, `dims` and `name` may be wrong on purpose."""

    name: bytes
    shape: tuple[int, ...] = (2, 32)
    type_id: int = F32
    offset: int | None = None
    dims: int | None = None

    @property
    def nbytes(self) -> int:
        block, size = SIZES.get(self.type_id, (1, 4))
        count = 1
        for n in self.shape:
            count *= n
        return count // block * size


def string(text: bytes) -> bytes:
    return struct.pack("<Q", len(text)) + text


def pair(key: bytes, kind: int, payload: bytes) -> bytes:
    return string(key) + struct.pack("<I", kind) + payload


def u32(key: bytes, value: int) -> bytes:
    return pair(key, U32, struct.pack("<I", value))


def u16(key: bytes, value: int) -> bytes:
    return pair(key, U16, struct.pack("<H", value))


def text(key: bytes, value: bytes) -> bytes:
    return pair(key, STRING, string(value))


def array(key: bytes, kind: int, count: int, body: bytes) -> bytes:
    return pair(key, ARRAY, struct.pack("<IQ", kind, count) + body)


def strings(key: bytes, values: Sequence[bytes]) -> bytes:
    return array(key, STRING, len(values), b"".join(map(string, values)))


def head(n_tensors: int, n_pairs: int, *, magic: bytes = b"GGUF", version: int = 3) -> bytes:
    return magic + struct.pack("<Iqq", version, n_tensors, n_pairs)


def table(rows: Sequence[Row], alignment: int = 32) -> bytes:
    out, offset = b"", 0
    for row in rows:
        out += string(row.name) + struct.pack("<I", len(row.shape) if row.dims is None else row.dims)
        out += b"".join(struct.pack("<q", n) for n in reversed(row.shape))
        out += struct.pack("<iQ", row.type_id, offset if row.offset is None else row.offset)
        offset += row.nbytes + -row.nbytes % alignment
    return out


def gguf(
    rows: Sequence[Row] = (Row(b"a.weight"),),
    pairs: Sequence[bytes] = (),
    *,
    data: Sequence[bytes] | None = None,
    alignment: int = 32,
    version: int = 3,
) -> bytes:
    """Return a whole file; each tensor's data is its index repeated, unless `data` says otherwise."""
    out = head(len(rows), len(pairs), version=version) + b"".join(pairs) + table(rows, alignment)
    out += bytes(-len(out) % alignment)
    for index, row in enumerate(rows):
        raw = data[index] if data is not None else bytes([index % 256]) * row.nbytes
        out += raw + bytes(-len(raw) % alignment)
    return out
