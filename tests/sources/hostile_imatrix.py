"""A broken imatrix file for each check; `cases/sources/imatrix.yaml` has the messages under the same names."""

from __future__ import annotations

import struct

from tests.sources.gguf_bytes import F32, Q4_0, Row, gguf, text, u32
from tests.sources.imatrix_bytes import KEYS, imatrix, legacy, legacy_entry, legacy_notes

SUMS, COUNTS = ("w.weight.in_sum2", ((2, 2), (1, 2, 3, 4))), ("w.weight.counts", ((2, 1), (1, 2)))
GOOD = dict([SUMS, COUNTS])
NAN, INF = float("nan"), float("inf")
ENTRY = legacy_entry(b"w.weight", 2, (1, 2))

HOSTILE: dict[str, bytes] = {
    "a model, not an imatrix": gguf([Row(b"a.weight")], [text(b"general.type", b"model")]),
    "no general.type": gguf([Row(b"a.weight")]),
    "no data sets": imatrix(GOOD, [KEYS[0], *KEYS[2:]]),
    "no chunk count, no chunk size": imatrix(GOOD, KEYS[:2]),
    "data sets that are no strings": imatrix(GOOD, [KEYS[0], u32(b"imatrix.datasets", 1), *KEYS[2:]]),
    "chunk count that is text": imatrix(GOOD, [*KEYS[:2], text(b"imatrix.chunk_count", b"7"), KEYS[3]]),
    "sums without counts": imatrix(dict([SUMS])),
    "counts without sums": imatrix(dict([COUNTS])),
    "no weights": imatrix({"w.weight.stats": ((12,), (0,) * 12)}),
    "counts for another number of matrices": imatrix({**GOOD, "w.weight.counts": ((3, 1), (1, 2, 3))}),
    "sums that are no F32": gguf([Row(b"w.in_sum2", (1, 32), Q4_0), Row(b"w.counts", (1, 1), F32)], KEYS),
    "NaN in the sums": imatrix({**GOOD, "w.weight.in_sum2": ((2, 2), (1, 2, NAN, INF))}),
    "sum that overflows": imatrix({SUMS[0]: ((2, 2), (3e38, 1, 1, 1)), COUNTS[0]: ((2, 1), (0.5, 1))}),
    "NaN in the counts": imatrix({**GOOD, "w.weight.counts": ((2, 1), (NAN, 1))}),
    "negative count": imatrix({**GOOD, "w.weight.counts": ((2, 1), (-1, 1))}),
    "truncated GGUF": imatrix(GOOD)[:-40],
    "empty file": b"",
    "legacy: three bytes": b"\x01\x00\x00",
    "legacy: no entries": legacy(),
    "legacy: negative number of entries": struct.pack("<i", -1) + bytes(100),
    "legacy: more entries than the file could hold": struct.pack("<i", 1 << 30) + ENTRY,
    "legacy: text, not an imatrix": b"This is a text file, as anyone could name by mistake.\n" * 3,
    "legacy: empty name": legacy(legacy_entry(b"", 1, (1, 2))),
    "legacy: negative length of a name": legacy(struct.pack("<i", -5) + bytes(40)),
    "legacy: name past the end": legacy(struct.pack("<i", 1000) + bytes(40)),
    "legacy: name no UTF-8": legacy(legacy_entry(b"\xff", 1, (1, 2))),
    "legacy: no values": legacy(legacy_entry(b"w.weight", 1, ()), ENTRY),
    "legacy: values past the end": legacy(struct.pack("<i", 1) + b"w" + struct.pack("<ii", 1, 1 << 30) + bytes(8)),
    "legacy: name twice": legacy(ENTRY, ENTRY),
    "legacy: NaN": legacy(legacy_entry(b"w.weight", 2, (1, NAN))),
    "legacy: ends inside the values": legacy(ENTRY)[:-2],
    "legacy: one note only": legacy(ENTRY, notes=struct.pack("<i", 3)),
    "legacy: bytes behind the data set": legacy(ENTRY, notes=legacy_notes(3, b"wiki") + b"x"),
    "legacy: data set's name past the end": legacy(ENTRY, notes=legacy_notes(3, b"wiki")[:-1]),
}  # fmt: skip
