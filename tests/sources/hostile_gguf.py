"""A broken GGUF file for each check of the reader; `cases/sources/gguf.yaml` has the messages under the same names."""

from __future__ import annotations

import struct

from tests.sources.gguf_bytes import (
    ARRAY,
    BOOL,
    F32,
    Q4_0,
    STRING,
    U8,
    Row,
    array,
    gguf,
    head,
    pair,
    string,
    table,
    text,
    u32,
)

A = Row(b"a.weight")
B = Row(b"b.weight")
WHOLE = gguf([A, B])


def _one(row: Row) -> bytes:
    return head(1, 0) + table([row]) + bytes(4096)


def _pairs(*pairs: bytes) -> bytes:
    return head(0, len(pairs)) + b"".join(pairs) + bytes(64)


HOSTILE: dict[str, bytes] = {
    "empty file": b"",
    "magic": b"GGML" + bytes(100),
    "magic of zeros, as an interrupted llama-quantize leaves": bytes(200),
    "git lfs pointer": b"version https://git-lfs.github.com/spec/v1\noid sha256:0\n",
    "version 0": head(0, 0, version=0),
    "version 1": head(0, 0, version=1),
    "version 4": head(0, 0, version=4),
    "big-endian": b"GGUF" + struct.pack(">Iqq", 3, 0, 0),
    "ends after the version": WHOLE[:8],
    "negative count of tensors": head(-1, 0) + bytes(100),
    "more tensors than the file could hold": head(4, 0) + bytes(100),
    "more pairs than the file could hold": head(0, 1 << 40) + bytes(100),
    "string longer than the file": _pairs(pair(b"k", STRING, struct.pack("<Q", 1 << 29))),
    "string past 1 GiB": _pairs(pair(b"k", STRING, struct.pack("<Q", (1 << 63) + 5))),
    "array longer than the file": _pairs(pair(b"k", ARRAY, struct.pack("<IQ", U8, 1 << 29))),
    "array of 2^40 strings": _pairs(pair(b"k", ARRAY, struct.pack("<IQ", STRING, 1 << 40))),
    "string in an array longer than the file": _pairs(array(b"k", STRING, 2, string(b"ab") + struct.pack("<Q", 999))),
    "array of strings that ends with the file": head(0, 1) + array(b"k", STRING, 3, string(b"ab") + bytes(15))[:-1],
    "array of arrays": _pairs(array(b"k", ARRAY, 1, bytes(12))),
    "unknown value type": _pairs(pair(b"k", 13, bytes(8))),
    "unknown element type": _pairs(array(b"k", 99, 1, bytes(8))),
    "empty key": _pairs(u32(b"", 1)),
    "key of 65,536 bytes": _pairs(u32(b"k" * 65536, 1)),
    "duplicate key": _pairs(u32(b"k", 1), text(b"k", b"x")),
    "alignment of another kind": _pairs(pair(b"general.alignment", U8, b"\x20")),
    "alignment 0": _pairs(u32(b"general.alignment", 0)),
    "alignment no power of two": _pairs(u32(b"general.alignment", 24)),
    "alignment of 2 GiB": _pairs(u32(b"general.alignment", 1 << 31)),
    "tensor name of 64 bytes": _one(Row(b"n" * 64)),
    "tensor name empty": _one(Row(b"")),
    "tensor name no UTF-8": _one(Row(b"\xff\xfe")),
    "duplicate tensor": gguf([A, A]),
    "5 dimensions": _one(Row(b"a", (1, 1, 1, 1, 32))),
    "0 dimensions": _one(Row(b"a", (32,), dims=0)),
    "dimension 0": _one(Row(b"a", (0, 32))),
    "negative dimension": _one(Row(b"a", (-1, 32))),
    "more than 2^63 elements": _one(Row(b"a", (1 << 40, 1 << 40))),
    "type id past the end": _one(Row(b"a", type_id=43)),
    "negative type id": _one(Row(b"a", type_id=-1)),
    "removed type": _one(Row(b"a", type_id=4)),
    "type that is never stored": _one(Row(b"a", type_id=15)),
    "repacked type": _one(Row(b"a", type_id=31)),
    "type of ik_llama.cpp": _one(Row(b"a", type_id=139)),
    "row-interleaved type of ik_llama.cpp": _one(Row(b"a", type_id=212)),
    "type of Prism": _one(Row(b"a", type_id=142)),
    "row length no multiple of the block": _one(Row(b"a", (2, 48), Q4_0)),
    "size past 2^63 bytes": _one(Row(b"a", ((1 << 31) - 1, 1 << 31), F32)),
    "sizes past 2^63 bytes together": head(2, 0)
    + table([Row(b"a", (1 << 30, 1 << 30)), Row(b"b", (1 << 30, 1 << 30))])
    + bytes(64),
    "gap before a tensor": gguf([A, Row(b"b.weight", offset=512)]),
    "overlap": gguf([A, Row(b"b.weight", offset=224)]),
    "tensors out of order": gguf([Row(b"a.weight", offset=256), Row(b"b.weight", offset=0)]),
    "ends inside a tensor": WHOLE[:-1],
    "ends before the last tensor": WHOLE[:-257],
    "final padding missing": gguf([Row(b"a.weight", (1, 3))])[:-20],
    "split.count no integer": gguf([A], [pair(b"split.count", BOOL, b"\x01")]),
    "ends inside the table of tensors": head(1, 0) + table([A])[:-1],
    "ends inside a number": head(0, 1) + u32(b"key", 1)[:-1],
}
