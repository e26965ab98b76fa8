"""The opened checkpoint that all built-in readers return: header facts, and where each tensor's bytes lie.

A frozen value without handles, safe in threads and picklable: weights are read by position from `strings`, one a file.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from qrecipe.sources.byte_string import ByteString
from qrecipe.sources.fault import Place, fault
from qrecipe.types.metadata import MetadataEntry
from qrecipe.types.source import Container, StoredFile, StoredTensor


@dataclass(frozen=True, slots=True)
class FileCheckpoint:
    """`types.source.Checkpoint` over files, local or remote."""

    reference: str
    container: Container
    files: tuple[StoredFile, ...]
    strings: tuple[ByteString, ...]
    tensors: Mapping[str, StoredTensor]
    metadata: tuple[MetadataEntry, ...] | None
    config: Mapping[str, object] | None
    header_digest: str
    warnings: tuple[str, ...] = ()
    folder: Path | None = None

    def read(self, name: str, start: int, size: int) -> bytes:
        """Return `size` bytes of a tensor's data from byte `start` on."""
        tensor = self.tensors[name]
        string = self.strings[tensor.file]
        if start < 0 or size < 0 or start + size > tensor.nbytes:
            what = f"bytes {start} to {start + size} of tensor {name!r} are asked for; it has {tensor.nbytes}"
            fix = "report this: a reader of weights asked for too much"
            raise fault("read-outside-tensor", Place(string.name, tensor.offset), what, fix=fix)
        return string.read(tensor.offset + start, size)

    def read_file(self, file: int, start: int, size: int) -> bytes:
        """Return `size` bytes of a file from byte `start` on."""
        return self.strings[file].read(start, size)


def digest_of(headers: Iterable[bytes]) -> str:
    """Return the SHA-256 over the header bytes of all files, in order."""
    state = hashlib.sha256()
    for header in headers:
        state.update(header)
    return state.hexdigest()
