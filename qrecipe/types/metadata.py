"""One key of GGUF metadata, its value in the file's own encoding.

Copying metadata must not change a byte, and most of it (a vocabulary) is never looked at, so an entry keeps the
value's encoded bytes and decodes on request. Encoding: GGUF v3, little-endian (ggml `docs/gguf.md`).
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from enum import IntEnum


class MetadataKind(IntEnum):
    """Type ids of metadata values, as GGUF has them (`gguf_metadata_value_type`)."""

    UINT8 = 0
    INT8 = 1
    UINT16 = 2
    INT16 = 3
    UINT32 = 4
    INT32 = 5
    FLOAT32 = 6
    BOOL = 7
    STRING = 8
    ARRAY = 9
    UINT64 = 10
    INT64 = 11
    FLOAT64 = 12


SCALARS: dict[MetadataKind, str] = {
    MetadataKind.UINT8: "<B",
    MetadataKind.INT8: "<b",
    MetadataKind.UINT16: "<H",
    MetadataKind.INT16: "<h",
    MetadataKind.UINT32: "<I",
    MetadataKind.INT32: "<i",
    MetadataKind.FLOAT32: "<f",
    MetadataKind.BOOL: "<?",
    MetadataKind.UINT64: "<Q",
    MetadataKind.INT64: "<q",
    MetadataKind.FLOAT64: "<d",
}
Scalar = int | float | bool | str
"""A metadata value that is no array."""


@dataclass(frozen=True, slots=True)
class MetadataEntry:
    """One key with its value, still encoded.

    Attributes:
        key: As the file has it.
        kind: The type of the value.
        payload: The value as a GGUF v3 file stores it, without the key and without the leading type id.

    >>> entry = MetadataEntry.of("llama.block_count", MetadataKind.UINT32, 30)
    >>> entry.payload.hex(), entry.scalar()
    ('1e000000', 30)
    """

    key: str
    kind: MetadataKind
    payload: bytes

    @classmethod
    def of(cls, key: str, kind: MetadataKind, value: Scalar) -> MetadataEntry:
        """Encode a scalar or a string, UTF-8 with lone surrogates for bytes that are none."""
        if kind is MetadataKind.STRING:
            raw = str(value).encode("utf-8", errors="surrogateescape")
            return cls(key, kind, struct.pack("<Q", len(raw)) + raw)
        return cls(key, kind, struct.pack(SCALARS[kind], value))

    @classmethod
    def array(cls, key: str, kind: MetadataKind, count: int, elements: bytes) -> MetadataEntry:
        """Make an array of `count` elements that are encoded already."""
        return cls(key, MetadataKind.ARRAY, struct.pack("<IQ", kind, count) + elements)

    @property
    def element_kind(self) -> MetadataKind | None:
        """The kind of an array's elements; None for anything else."""
        return MetadataKind(struct.unpack_from("<I", self.payload)[0]) if self.kind is MetadataKind.ARRAY else None

    @property
    def count(self) -> int:
        """The length of an array, 1 for anything else."""
        return int(struct.unpack_from("<Q", self.payload, 4)[0]) if self.kind is MetadataKind.ARRAY else 1

    def scalar(self) -> Scalar | None:
        """Return the value of a scalar or a string; None for an array."""
        if self.kind is MetadataKind.ARRAY:
            return None
        if self.kind is MetadataKind.STRING:
            return self.payload[8:].decode("utf-8", errors="surrogateescape")
        value: Scalar = struct.unpack(SCALARS[self.kind], self.payload)[0]
        return value

    def first(self) -> Scalar | None:
        """Return the value, or the first element of an array of numbers; None where there is none."""
        if self.kind is not MetadataKind.ARRAY:
            return self.scalar()
        kind = self.element_kind
        if not self.count or kind is None or kind in (MetadataKind.STRING, MetadataKind.ARRAY):
            return None
        value: Scalar = struct.unpack_from(SCALARS[kind], self.payload, 12)[0]
        return value
