"""Safetensors headers: u64 length, JSON, spaces up to a multiple of 8. One form: what is planned is what is written.

Source: safetensors' format description (README of huggingface/safetensors).
"""

from __future__ import annotations

import json
import struct
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from qrecipe.types.tensor import Shape


@dataclass(frozen=True, slots=True)
class Entry:
    """One array of a shard; `start` counts from the end of the header."""

    name: str
    dtype: str
    shape: Shape
    start: int
    nbytes: int


def encode_header(entries: Sequence[Entry], metadata: Mapping[str, str]) -> bytes:
    """Return the bytes that stand before the data."""
    table = {
        entry.name: {
            "dtype": entry.dtype,
            "shape": list(entry.shape),
            "data_offsets": [entry.start, entry.start + entry.nbytes],
        }
        for entry in entries
    }
    text = json.dumps({"__metadata__": dict(metadata), **table}, ensure_ascii=False, separators=(",", ":"))
    raw = text.encode("utf-8", errors="surrogateescape")
    raw += b" " * (-len(raw) % 8)
    return struct.pack("<Q", len(raw)) + raw
