"""The key-values of a GGUF header: walked and checked, the values left encoded (`types.metadata.MetadataEntry`).

Refused: empty, overlong and repeated keys, unknown value types, arrays longer than the file, arrays of arrays, and an
alignment that is no power of two. Strings that are no UTF-8 and odd booleans are kept byte for byte. Source: ggml
`docs/gguf.md`.
"""

from __future__ import annotations

import struct

from qrecipe.sources.fault import Place, counted, fault
from qrecipe.sources.header_reader import HeaderReader
from qrecipe.types.metadata import SCALARS, MetadataEntry, MetadataKind

_KEY_MOST = 65535  # docs/gguf.md
_ARRAY_MOST = 1 << 30
_ALIGNMENT_MOST = 1 << 20  # ours: 32 is usual, a page or a huge page at most
ALIGNMENT_KEY = "general.alignment"
DEFAULT_ALIGNMENT = 32


def read_metadata(reader: HeaderReader, count: int) -> tuple[MetadataEntry, ...]:
    """Read `count` pairs from the reader's position on."""
    entries: dict[str, MetadataEntry] = {}
    for index in range(count):
        place = reader.place
        key = reader.text(f"metadata key {index}", _KEY_MOST).decode("utf-8", errors="surrogateescape")
        if not key:
            raise fault("gguf-empty-key", place, f"metadata key {index} is empty")
        if key in entries:
            raise fault("gguf-duplicate-key", place, f"metadata key {key!r} stands in the file twice")
        entries[key] = _read_entry(reader, key)
        if key == ALIGNMENT_KEY:
            _check_alignment(entries[key], place)
    return tuple(entries.values())


def alignment_of(metadata: tuple[MetadataEntry, ...]) -> int:
    """Return what tensors are aligned to: `general.alignment`, or 32."""
    value = next((entry.scalar() for entry in metadata if entry.key == ALIGNMENT_KEY), None)
    return value if isinstance(value, int) else DEFAULT_ALIGNMENT


def _check_alignment(entry: MetadataEntry, place: Place) -> None:
    value = entry.scalar() if entry.kind is MetadataKind.UINT32 else None
    if isinstance(value, int) and 0 < value <= _ALIGNMENT_MOST and value & (value - 1) == 0:
        return
    shown = entry.kind.name.lower() if value is None else value
    why = f"it must be a uint32, a power of two, and at most {_ALIGNMENT_MOST}"
    raise fault("gguf-bad-alignment", place, f"{ALIGNMENT_KEY} is {shown}", why=why)


def _read_entry(reader: HeaderReader, key: str) -> MetadataEntry:
    kind = _read_kind(reader, f"metadata value {key!r}")
    start = reader.position
    if kind is MetadataKind.STRING:
        reader.text(f"metadata value {key!r}")
    elif kind is MetadataKind.ARRAY:
        _skip_array(reader, key)
    else:
        reader.take(struct.calcsize(SCALARS[kind]), f"metadata value {key!r}")
    return MetadataEntry(key, kind, reader.since(start))


def _read_kind(reader: HeaderReader, what: str) -> MetadataKind:
    place = reader.place
    number = reader.number("I", f"the type of {what}")
    try:
        return MetadataKind(number)
    except ValueError:
        why = f"value types go from 0 to {max(MetadataKind)}"
        raise fault("gguf-unknown-value-type", place, f"{what} has the unknown type {number}", why=why) from None


def _skip_array(reader: HeaderReader, key: str) -> None:
    what = f"metadata array {key!r}"
    place = reader.place
    kind = _read_kind(reader, what)
    if kind is MetadataKind.ARRAY:
        raise fault("gguf-nested-array", place, f"{what} is an array of arrays", why="GGUF readers refuse those")
    place = reader.place
    count = reader.number("Q", f"the length of {what}")
    is_text = kind is MetadataKind.STRING
    size = 8 if is_text else struct.calcsize(SCALARS[kind])
    if count > min(_ARRAY_MOST, reader.left // size):
        left = counted(reader.left, "byte")
        why = f"the file has {left} left, and {_ARRAY_MOST} elements is the most an array may have"
        raise fault("gguf-array-too-long", place, f"{what} claims {count} elements", why=why)
    if is_text:
        reader.skip_strings(count, what)
    else:
        reader.take(count * size, what)
