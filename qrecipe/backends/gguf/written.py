"""Reads the lock out of a GGUF file. Nothing in it is believed: kinds, counts, digits and characters are checked.

A file without any `qrecipe.*` key has no lock; neither has a partial build's whose only such key is `qrecipe.only`. One
with others has a whole lock of this version, or is refused: a lock of which a bit was lost must not pass for none.
"""

from __future__ import annotations

import hashlib
import re
import struct
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from qrecipe.backends.gguf.lock import MEASURE, UNSEALED
from qrecipe.backends.gguf.metadata import LOCK_PREFIX
from qrecipe.backends.rows import faults
from qrecipe.errors import SourceError
from qrecipe.types.lock import LOCK_VERSION, Lock, LockedMeasure, LockedTensor, WrittenLock, names_fit
from qrecipe.types.metadata import MetadataKind
from qrecipe.types.piece import DIGEST_BYTES

if TYPE_CHECKING:
    from qrecipe.types.metadata import MetadataEntry
    from qrecipe.types.source import Checkpoint

_HEX = re.compile(r"[0-9a-f]{64}", re.ASCII)
_MOST_TEXT = 4 << 20  # as a recipe's file
_FIXED = struct.calcsize("<4sIqq")


def written_lock(checkpoint: Checkpoint) -> WrittenLock | None:
    """Return the lock of a GGUF file; None without one, and for other containers. SourceError if it is damaged."""
    metadata = checkpoint.metadata or ()
    entries = {e.key.removeprefix(LOCK_PREFIX): e for e in metadata if e.key.startswith(LOCK_PREFIX)}
    if checkpoint.container != "gguf" or not entries.keys() - {"only"}:
        return None
    fields = _Fields(entries, checkpoint.files[0].name)
    fields.check_version()
    names = tuple(checkpoint.tensors)
    digest = fields.digest("header_digest")
    sealed = digest == _header_digest(checkpoint)
    only = fields.texts("only") if "only" in entries else ()
    return WrittenLock(_lock(fields, len(names)), _tensors(fields, names), digest, sealed, only)


def _lock(fields: _Fields, tensors: int) -> Lock:
    return Lock(
        name=fields.text("name"),
        recipe=fields.recipe(),
        source=fields.text("source"),
        source_digest=fields.digest("source_digest"),
        target=fields.text("target"),
        plan_digest=fields.digest("plan_digest"),
        imatrix_digest=fields.digest("imatrix_digest", optional=True),
        versions=fields.texts("versions"),
        types=fields.texts("tensor_types", tensors),
    )


def _tensors(fields: _Fields, names: tuple[str, ...]) -> tuple[LockedTensor, ...]:
    types = fields.texts("tensor_types", len(names))
    sources = fields.digests("source_tensor_digests", len(names))
    outputs = fields.digests("tensor_digests", len(names))
    measures = fields.measures(types)
    return tuple(LockedTensor(*values) for values in zip(names, types, sources, outputs, measures, strict=True))


def _header_digest(checkpoint: Checkpoint) -> str:
    """Return the SHA-256 of the header, the digits of its own digest taken as zeros."""
    header = checkpoint.read_file(0, 0, checkpoint.files[0].header_bytes)
    place = _FIXED
    for entry in checkpoint.metadata or ():
        place += 8 + len(entry.key.encode("utf-8", errors="surrogateescape")) + 4 + len(entry.payload)
        if entry.key == f"{LOCK_PREFIX}header_digest":
            break
    digits = slice(place - len(UNSEALED), place)
    return hashlib.sha256(header[: digits.start] + UNSEALED.encode("ascii") + header[digits.stop :]).hexdigest()


@dataclass(frozen=True, slots=True)
class _Fields:
    """The lock's metadata, the prefix taken off; each method returns one checked field."""

    entries: Mapping[str, MetadataEntry]
    file: str

    def check_version(self) -> None:
        """Refuse a lock of another version."""
        version = self._entry("lock", MetadataKind.UINT32).scalar()
        if version != LOCK_VERSION:
            raise SourceError(faults.lock_version(self.file, version, LOCK_VERSION))

    def text(self, name: str) -> str:
        """Return a string of sensible size."""
        return self._decoded(name, self._entry(name, MetadataKind.STRING).payload[8:])

    def recipe(self) -> str:
        """Return the recipe's text, which may be put out as it is: line breaks are its only control characters."""
        text = self.text("recipe")
        if not text.replace("\n", "").isprintable():
            raise self._damaged("recipe", "it holds control characters, which no rendered recipe does")
        return text

    def digest(self, name: str, *, optional: bool = False) -> str:
        """Return the 64 digits of a digest; with `optional`, it may be empty."""
        text = self.text(name)
        if not (_HEX.fullmatch(text) or (optional and not text)):
            raise self._damaged(name, "it is no SHA-256 of 64 digits")
        return text

    def texts(self, name: str, count: int | None = None) -> tuple[str, ...]:
        """Return an array of strings, `count` of them."""
        entry = self._array(name, MetadataKind.STRING, count)
        texts, position = [], 12
        for _ in range(entry.count):
            (length,) = struct.unpack_from("<Q", entry.payload, position)
            texts.append(self._decoded(name, entry.payload[position + 8 : position + 8 + length]))
            position += 8 + length
        return tuple(texts)

    def digests(self, name: str, count: int) -> tuple[str, ...]:
        """Return an array of digests, `count` of them."""
        raw = self._array(name, MetadataKind.UINT8, DIGEST_BYTES * count).payload[12:]
        return tuple(raw[start : start + DIGEST_BYTES].hex() for start in range(0, len(raw), DIGEST_BYTES))

    def measures(self, types: tuple[str, ...]) -> tuple[LockedMeasure | None, ...]:
        """Return what came of the fits of tensors of these types; the key is there only if one names a fit."""
        name = "tensor_measures"
        measured = [names_fit(type_) for type_ in types]
        if not any(measured):
            return (None,) * len(types)
        raw = self._array(name, MetadataKind.UINT8, MEASURE.size * len(types)).payload[12:]
        found = [LockedMeasure(*values) for values in MEASURE.iter_unpack(raw)]
        if not all(measure.sound for measure in found):
            raise self._damaged(name, "it counts more than there is")
        return tuple(measure if fit else None for measure, fit in zip(found, measured, strict=True))

    def _array(self, name: str, kind: MetadataKind, count: int | None) -> MetadataEntry:
        entry = self._entry(name, MetadataKind.ARRAY)
        if entry.element_kind is not kind:
            raise self._damaged(name, f"it is no array of {kind.name.lower()}")
        if count is not None and entry.count != count:
            raise self._damaged(name, f"it has {entry.count} elements, and the file's tensors need {count}")
        return entry

    def _entry(self, name: str, kind: MetadataKind) -> MetadataEntry:
        entry = self.entries.get(name)
        if entry is None:
            raise self._damaged(name, "it is missing")
        if entry.kind is not kind:
            raise self._damaged(name, f"it is a value of kind {entry.kind.name.lower()}, not {kind.name.lower()}")
        return entry

    def _decoded(self, name: str, raw: bytes) -> str:
        if len(raw) > _MOST_TEXT:
            raise self._damaged(name, f"it has {len(raw)} bytes")
        try:
            return raw.decode("utf-8")
        except UnicodeDecodeError:
            raise self._damaged(name, "it is no UTF-8") from None

    def _damaged(self, name: str, why: str) -> SourceError:
        return SourceError(faults.lock_damaged(self.file, LOCK_PREFIX + name, why))
