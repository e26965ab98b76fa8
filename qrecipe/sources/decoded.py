"""A finished folder with its quantized tensors as float32: what a model computes with, under the source's names.

Weights are decoded as they are read, some rows at a time; tensors that are not quantized are handed on as they are.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from math import prod
from pathlib import Path

from qrecipe.types.artifact import Artifact
from qrecipe.types.metadata import MetadataEntry
from qrecipe.types.source import Checkpoint, Container, StoredFile, StoredTensor

_FLOAT32 = 4


@dataclass(frozen=True, slots=True)
class DecodedCheckpoint:
    """`types.source.Checkpoint` over an artifact."""

    artifact: Artifact
    tensors: Mapping[str, StoredTensor]

    @property
    def stored(self) -> Checkpoint:
        """The artifact as it is stored."""
        return self.artifact.tensors

    @property
    def reference(self) -> str:
        """The artifact's."""
        return self.stored.reference

    @property
    def container(self) -> Container:
        """The artifact's."""
        return self.stored.container

    @property
    def files(self) -> tuple[StoredFile, ...]:
        """The artifact's."""
        return self.stored.files

    @property
    def metadata(self) -> tuple[MetadataEntry, ...] | None:
        """The artifact's."""
        return self.stored.metadata

    @property
    def config(self) -> Mapping[str, object] | None:
        """The artifact's."""
        return self.stored.config

    @property
    def folder(self) -> Path | None:
        """The artifact's."""
        return self.stored.folder

    @property
    def header_digest(self) -> str:
        """The artifact's."""
        return self.stored.header_digest

    @property
    def warnings(self) -> tuple[str, ...]:
        """The artifact's."""
        return self.stored.warnings

    def read(self, name: str, start: int, size: int) -> bytes:
        """Return `size` bytes of a tensor from byte `start` on."""
        found = self.artifact.formats.get(name)
        if found is None:
            return self.stored.read(name, start, size)
        stored = self.stored.tensors[name]
        cols = stored.shape[-1]
        row, record = _FLOAT32 * cols, stored.nbytes // prod(stored.shape[:-1])
        first, last = start // row, -(-(start + size) // row)
        weights = found.decode(self.stored.read(name, first * record, (last - first) * record), cols)
        skipped = start - first * row
        return weights.astype("<f4", copy=False).tobytes()[skipped : skipped + size]

    def read_file(self, file: int, start: int, size: int) -> bytes:
        """Return `size` bytes of one of the artifact's files."""
        return self.stored.read_file(file, start, size)


def decoded_checkpoint(artifact: Artifact) -> DecodedCheckpoint:
    """Put float32 over the quantized tensors of an artifact."""
    tensors = {
        name: replace(stored, dtype="F32", nbytes=_FLOAT32 * prod(stored.shape)) if name in artifact.formats else stored
        for name, stored in artifact.tensors.tensors.items()
    }
    return DecodedCheckpoint(artifact, tensors)
