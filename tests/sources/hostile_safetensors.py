"""A broken safetensors checkpoint for each check; `cases/sources/safetensors.yaml` has the messages.

A value is the files of a folder; the one that is opened is `model.safetensors`, or the index where there is one.
"""

from __future__ import annotations

import struct

from tests.sources.safetensors_bytes import entry, index, one, raw, safetensors

F32 = entry("F32", [2, 4], 0, 32)
D32 = bytes(32)


def _table(**rows: object) -> bytes:
    return safetensors(rows, D32)


SINGLE: dict[str, bytes] = {
    "empty file": b"",
    "length past the file": struct.pack("<Q", 100) + b"{}",
    "length of 2^60": struct.pack("<Q", 1 << 60) + b"{}",
    "length past the limit": struct.pack("<Q", (100 << 20) + 1) + b"{}",
    "git lfs pointer": b"version https://git-lfs.github.com/spec/v1\noid sha256:0\n",
    "no JSON": raw(b"not json"),
    "no UTF-8": raw(b'{"\xff": 1}'),
    "no object": raw(b"[1]"),
    "unfinished string": raw(b'{"a'),
    "duplicate key": raw(b'{"a": 1, "a": 2}'),
    "NaN": raw(b'{"a": NaN}'),
    "nested too deep": raw(b'{"a": ' + b"[" * 100_000),
    "number of 5,000 digits": raw(b'{"a": ' + b"9" * 5000 + b"}"),
    "__metadata__ with a number": _table(__metadata__={"format": 1}, a=F32),
    "entry that is no table": _table(a=3),
    "entry with an unknown key": _table(a={**F32, "device": "cpu"}),
    "entry without a shape": _table(a={"dtype": "F32", "data_offsets": [0, 32]}),
    "unknown dtype": _table(a=entry("F31", [2, 4], 0, 32)),
    "dtype that is a list": _table(a={**F32, "dtype": ["F32"]}),
    "negative size": _table(a=entry("F32", [-2, -4], 0, 32)),
    "size that is a boolean": _table(a={**F32, "shape": [True, 8]}),
    "17 dimensions": _table(a=entry("F32", [1] * 16 + [8], 0, 32)),
    "three offsets": _table(a={**F32, "data_offsets": [0, 16, 32]}),
    "offsets the wrong way round": _table(a=entry("F32", [2, 4], 32, 0)),
    "size that the shape does not ask for": _table(a=entry("F32", [2, 4], 0, 28), b=entry("F32", [1], 28, 32)),
    "shape of 2^80 elements": _table(a=entry("F32", [1 << 40, 1 << 40], 0, 32)),
    "half a byte": safetensors({"a": entry("F4", [3], 0, 1)}, b"\0"),
    "gap at the start": safetensors({"a": entry("F32", [2, 4], 4, 36)}, bytes(36)),
    "gap": safetensors({"a": entry("F32", [2], 0, 8), "b": entry("F32", [2], 12, 20)}, bytes(20)),
    "overlap": safetensors({"a": entry("F32", [2], 0, 8), "b": entry("F32", [2], 4, 12)}, bytes(12)),
    "two tensors at one place": safetensors({"a": F32, "b": F32}, D32),
    "ends early": one()[:-1],
    "bytes behind the data": one() + b"x",
    "name with a line break": _table(**{"a\nb": F32}),
    "name with half a surrogate pair": raw(
        b'{"\\ud800": {"dtype": "F32", "shape": [2, 4], "data_offsets": [0, 32]}}', D32
    ),
    "empty name": _table(**{"": F32}),
}
_S1, _S2 = "model-00001-of-00002.safetensors", "model-00002-of-00002.safetensors"
_SHARDS = {_S1: one("a", 1), _S2: one("b", 2)}
INDEX = "model.safetensors.index.json"
_NONE = entry("F32", [0], 32, 32)
SHARDED: dict[str, dict[str, bytes]] = {
    "index without a weight map": {INDEX: b"{}"},
    "index that is no JSON": {INDEX: b"{"},
    "shard with a path": {INDEX: index({"a": "../secret.safetensors"})},
    "shard with a backslash": {INDEX: index({"a": "..\\secret.safetensors"})},
    "shard that is a number": {INDEX: index({"a": 3})},
    "shard of another kind": {INDEX: index({"a": "model.bin"})},
    "missing shard": {INDEX: index({"a": _S1, "b": _S2}), _S1: one("a")},
    "tensor in another shard than the index says": {INDEX: index({"a": _S2, "b": _S1}), **_SHARDS},
    "tensor that no shard holds": {INDEX: index({"a": _S1, "b": _S2, "c": _S2}), **_SHARDS},
    "tensor that the index does not list": {INDEX: index({"a": _S1, "c": _S2}), **_SHARDS, _S2: _table(b=F32, c=_NONE)},
    "tensor in two shards": {INDEX: index({"a": _S1, "b": _S2}), **_SHARDS, _S2: _table(a=F32, b=_NONE)},
    "broken config.json": {"model.safetensors": one(), "config.json": b"{'a': 1}"},
}  # fmt: skip
HOSTILE: dict[str, dict[str, bytes]] = {n: {"model.safetensors": data} for n, data in SINGLE.items()} | SHARDED
