"""Metadata entries of one architecture: keys stand below its name, kinds are those of llama.cpp's converter."""

from __future__ import annotations

import struct
from collections.abc import Sequence
from dataclasses import dataclass

from qrecipe.types.metadata import MetadataEntry, MetadataKind


@dataclass(frozen=True, slots=True)
class Entries:
    """Makes entries below `arch`.

    >>> Entries("llama").u32("block_count", 30).key
    'llama.block_count'
    """

    arch: str

    def u32(self, key: str, value: int) -> MetadataEntry:
        """Return an unsigned number."""
        return MetadataEntry.of(f"{self.arch}.{key}", MetadataKind.UINT32, value)

    def f32(self, key: str, value: float) -> MetadataEntry:
        """Return a number."""
        return MetadataEntry.of(f"{self.arch}.{key}", MetadataKind.FLOAT32, value)

    def string(self, key: str, value: str) -> MetadataEntry:
        """Return a string."""
        return MetadataEntry.of(f"{self.arch}.{key}", MetadataKind.STRING, value)

    def numbers(self, key: str, values: Sequence[int]) -> MetadataEntry:
        """Return an array of whole numbers, I32 as gguf-py writes them."""
        return numbers(f"{self.arch}.{key}", values)

    def flags(self, key: str, values: Sequence[bool]) -> MetadataEntry:
        """Return an array of truth values."""
        return MetadataEntry.array(f"{self.arch}.{key}", MetadataKind.BOOL, len(values), bytes(values))


def numbers(key: str, values: Sequence[int]) -> MetadataEntry:
    """Return an array of I32 under a whole key."""
    return MetadataEntry.array(key, MetadataKind.INT32, len(values), struct.pack(f"<{len(values)}i", *values))
