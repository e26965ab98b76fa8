"""Writes imatrix files in both formats for tests."""

from __future__ import annotations

import struct
from collections.abc import Mapping, Sequence

import numpy as np

from tests.sources.gguf_bytes import Row, gguf, strings, text, u32

KEYS = (
    text(b"general.type", b"imatrix"),
    strings(b"imatrix.datasets", [b"wiki.txt", b"code.txt"]),
    u32(b"imatrix.chunk_count", 7),
    u32(b"imatrix.chunk_size", 512),
)


def floats(values: Sequence[float]) -> bytes:
    return np.array(values, "<f4").tobytes()


def imatrix(tensors: Mapping[str, tuple[tuple[int, ...], Sequence[float]]], pairs: Sequence[bytes] = KEYS) -> bytes:
    """Return the GGUF form; a tensor is (shape, values)."""
    rows = [Row(name.encode(), shape) for name, (shape, _) in tensors.items()]
    return gguf(rows, pairs, data=[floats(values) for _, values in tensors.values()])


def legacy_entry(name: bytes, calls: int, values: Sequence[float]) -> bytes:
    return struct.pack("<i", len(name)) + name + struct.pack("<ii", calls, len(values)) + floats(values)


def legacy(*entries: bytes, notes: bytes = b"") -> bytes:
    return struct.pack("<i", len(entries)) + b"".join(entries) + notes


def legacy_notes(chunks: int, dataset: bytes) -> bytes:
    return struct.pack("<ii", chunks, len(dataset)) + dataset
