"""The metadata that a GGUF artifact carries: the source's, less what no longer holds, plus what the build sets.

The source's entries keep their order and their bytes. Setting a key removes it and appends it, as llama-quantize does,
in this order: quantization version, file type, the target's overrides, the imatrix's provenance. Taken out: the split
keys (the artifact is one file), an alignment other than the one that is written, another imatrix's provenance, and the
lock of the source, which was about the source.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence

from qrecipe.types.metadata import MetadataEntry, MetadataKind

ALIGNMENT = 32
QUANTIZATION_VERSION = 2
SPLIT_KEYS = ("split.no", "split.count", "split.tensors.count")
LOCK_PREFIX = "qrecipe."
IMATRIX_KEYS = ("file", "dataset", "entries_count", "chunks_count")

Notes = Mapping[str, str | int]


def written_metadata(
    source: Sequence[MetadataEntry], file_type: int, overrides: Iterable[MetadataEntry], notes: Notes
) -> tuple[MetadataEntry, ...]:
    """Return every entry in the order in which it is written. `notes` is {} without an imatrix."""
    stale = _imatrix_keys() if notes else ()
    kept = (e for e in source if e.key not in (*SPLIT_KEYS, *stale) and not e.key.startswith(LOCK_PREFIX))
    entries = {entry.key: entry for entry in kept if _holds(entry)}
    version = MetadataEntry.of("general.quantization_version", MetadataKind.UINT32, QUANTIZATION_VERSION)
    kind = MetadataEntry.of("general.file_type", MetadataKind.UINT32, file_type)
    for entry in (version, kind, *overrides, *_imatrix_entries(notes)):
        entries.pop(entry.key, None)
        entries[entry.key] = entry
    return tuple(entries.values())


def _holds(entry: MetadataEntry) -> bool:
    """No `general.alignment` but the one that the offsets have; without the key, readers take the same."""
    return entry.key != "general.alignment" or entry.scalar() == ALIGNMENT


def _imatrix_keys() -> tuple[str, ...]:
    return tuple(f"quantize.imatrix.{name}" for name in IMATRIX_KEYS)


def _imatrix_entries(notes: Notes) -> Iterable[MetadataEntry]:
    """Yield the provenance that there is; an empty text and a count of 0 say nothing and are left out."""
    for name, key in zip(IMATRIX_KEYS, _imatrix_keys(), strict=True):
        value = notes.get(name)
        if isinstance(value, str) and value:
            yield MetadataEntry.of(key, MetadataKind.STRING, _file_name(value) if name == "file" else value)
        elif isinstance(value, int) and value:
            yield MetadataEntry.of(key, MetadataKind.UINT32, value)


def _file_name(path: str) -> str:
    """An artifact names no folder of the machine that made it."""
    return re.split(r"[/\\]", path)[-1]
