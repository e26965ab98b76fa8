"""Writes safetensors bytes for tests, right ones and wrong ones."""

from __future__ import annotations

import json
import struct
from collections.abc import Mapping


def raw(header: bytes, data: bytes = b"") -> bytes:
    return struct.pack("<Q", len(header)) + header + data


def entry(dtype: str, shape: list[int], start: int, stop: int) -> dict[str, object]:
    return {"dtype": dtype, "shape": shape, "data_offsets": [start, stop]}


def safetensors(table: Mapping[str, object], data: bytes) -> bytes:
    return raw(json.dumps(table).encode(), data)


def one(name: str = "a", value: int = 0, *, shape: tuple[int, ...] = (2, 4)) -> bytes:
    """Return a file with one F32 tensor whose bytes all have this value."""
    nbytes = 4
    for n in shape:
        nbytes *= n
    return safetensors({name: entry("F32", list(shape), 0, nbytes)}, bytes([value]) * nbytes)


def index(weight_map: Mapping[str, str]) -> bytes:
    return json.dumps({"metadata": {"total_size": 1}, "weight_map": weight_map}).encode()
