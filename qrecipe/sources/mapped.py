"""A checkpoint under canonical names: what an architecture's conversion makes of another one.

Everything behind it works as for a GGUF file: planner, backends and `verify` read rows of canonical tensors, and the
transforms are evaluated for just those rows. The header digest covers the original's headers, and what the conversion
made of config and tokenizer: the metadata, and tensors of numbers (`rope_freqs`). It leaves out `general.*`, which is
for people: a copy in a folder of another name is the same checkpoint.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

from qrecipe.errors import Diagnostic, Location, SourceError
from qrecipe.sources.transform_rows import rows_of
from qrecipe.sources.transform_shapes import Described, described
from qrecipe.types.architecture import Conversion, MappedTensor
from qrecipe.types.metadata import MetadataEntry
from qrecipe.types.source import Checkpoint, Container, StoredFile, StoredTensor
from qrecipe.types.transform import Constant, Transform, stored_names


@dataclass(frozen=True, slots=True)
class MappedCheckpoint:
    """`types.source.Checkpoint` over another one, `original`.

    Attributes:
        original: The checkpoint under its own names.
        conversion: What its architecture made of it.
        tensors: By canonical name; `file` and `offset` are those of the first tensor behind each.
        transforms: By canonical name: what each is made of.
        header_digest: SHA-256 over the original's, the metadata that results depend on, and the constants.
    """

    original: Checkpoint
    conversion: Conversion
    tensors: Mapping[str, StoredTensor]
    transforms: Mapping[str, Transform]
    header_digest: str
    _described: Mapping[str, Described] = field(repr=False)

    @property
    def reference(self) -> str:
        """The original's."""
        return self.original.reference

    @property
    def container(self) -> Container:
        """The original's."""
        return self.original.container

    @property
    def files(self) -> tuple[StoredFile, ...]:
        """The original's."""
        return self.original.files

    @property
    def metadata(self) -> tuple[MetadataEntry, ...] | None:
        """GGUF metadata; None where the conversion lacks some of it."""
        return tuple(self.conversion.metadata) if self.conversion.lacking is None else None

    @property
    def config(self) -> Mapping[str, object] | None:
        """The original's."""
        return self.original.config

    @property
    def folder(self) -> Path | None:
        """The original's."""
        return self.original.folder

    @property
    def warnings(self) -> tuple[str, ...]:
        """The original's."""
        return self.original.warnings

    def read(self, name: str, start: int, size: int) -> bytes:
        """Return `size` bytes of a canonical tensor from byte `start` on."""
        row = max(self._described[name].row_bytes, 1)
        first, last = start // row, -(-(start + size) // row)
        data = rows_of(self.transforms[name], self.original, first, last)
        skipped = start - first * row
        return data if len(data) == size else data[skipped : skipped + size]

    def read_file(self, file: int, start: int, size: int) -> bytes:
        """Return `size` bytes of one of the original's files."""
        return self.original.read_file(file, start, size)


def mapped(original: Checkpoint, conversion: Conversion) -> MappedCheckpoint:
    """Put a conversion over its checkpoint; SourceError where the tensors do not allow it."""
    transforms: dict[str, Transform] = {}
    for tensor in conversion.tensors:
        if tensor.name in transforms:
            raise SourceError(_twice(tensor.name, original))
        transforms[tensor.name] = tensor.value
    shapes = {name: _shape(value, original) for name, value in transforms.items()}
    return MappedCheckpoint(
        original=original,
        conversion=conversion,
        tensors={tensor.name: _tensor(tensor, shapes[tensor.name], original) for tensor in conversion.tensors},
        transforms=transforms,
        header_digest=_digest(original, conversion),
        _described=shapes,
    )


def _shape(value: Transform, original: Checkpoint) -> Described:
    try:
        return described(value, original.tensors)
    except SourceError as error:
        where = Location(file=original.reference)
        raise SourceError(*(replace(each, where=each.where or where) for each in error.diagnostics)) from None


def _tensor(tensor: MappedTensor, found: Described, original: Checkpoint) -> StoredTensor:
    leaf = next((original.tensors[name] for name in stored_names(tensor.value)), None)
    file, offset = (0, 0) if leaf is None else (leaf.file, leaf.offset)
    return StoredTensor(tensor.name, found.dtype, found.shape, found.rows * found.row_bytes, file, offset)


def _digest(original: Checkpoint, conversion: Conversion) -> str:
    state = hashlib.sha256(original.header_digest.encode())
    for entry in (each for each in conversion.metadata if _matters(each)):
        state.update(f"\0{entry.key}\0{entry.kind}\0{len(entry.payload)}\0".encode(errors="surrogateescape"))
        state.update(entry.payload)
    for tensor in conversion.tensors:
        if isinstance(tensor.value, Constant):
            state.update(f"\0{tensor.name}\0{tensor.value.values!r}\0".encode(errors="surrogateescape"))
    return state.hexdigest()


def _matters(entry: MetadataEntry) -> bool:
    """Say whether results depend on it: `general.*` is made of the model card and the folder's name."""
    return entry.key == "general.architecture" or not entry.key.startswith("general.")


def _twice(name: str, original: Checkpoint) -> Diagnostic:
    return Diagnostic(
        "canonical-name-twice",
        f"two tensors of the checkpoint would be {name}",
        Location(file=original.reference),
        why="names are unique in a model",
        fix="compare config.json with the weights, or report this to the architecture plug-in's author",
    )
