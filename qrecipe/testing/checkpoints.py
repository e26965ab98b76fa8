"""Small checkpoints for suites: written by a line, read without their weights, or with a tensor less."""

from __future__ import annotations

import json
import struct
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from qrecipe.types.metadata import MetadataEntry
    from qrecipe.types.source import Checkpoint, Container, StoredFile, StoredTensor

_DTYPES = {"float32": "F32", "float16": "F16", "int32": "I32", "int64": "I64", "uint8": "U8", "int8": "I8"}


def write_checkpoint(
    folder: Path, tensors: Mapping[str, NDArray[Any]], config: Mapping[str, object], *, bf16: bool = True
) -> Path:
    """Write `model.safetensors` and `config.json` into a folder, which is made; return the folder.

    Args:
        folder: Where.
        tensors: By name, in order.
        config: What `config.json` says.
        bf16: Store float32 arrays as BF16, cut off.
    """
    folder.mkdir(parents=True, exist_ok=True)
    table: dict[str, object] = {}
    data = b""
    for name, array in tensors.items():
        dtype, raw = _stored(array, bf16=bf16)
        table[name] = {"dtype": dtype, "shape": list(array.shape), "data_offsets": [len(data), len(data) + len(raw)]}
        data += raw
    header = json.dumps(table).encode()
    header += b" " * (-len(header) % 8)
    (folder / "model.safetensors").write_bytes(struct.pack("<Q", len(header)) + header + data)
    (folder / "config.json").write_text(json.dumps(config), encoding="utf-8")
    return folder


def _stored(array: NDArray[Any], *, bf16: bool) -> tuple[str, bytes]:
    whole = np.ascontiguousarray(array)
    if bf16 and whole.dtype == np.float32:
        return "BF16", (whole.view(np.uint32) >> np.uint32(16)).astype(np.uint16).tobytes()
    return _DTYPES[whole.dtype.name], whole.tobytes()


class WeightsAreRead(AssertionError):  # noqa: N818 - it says what happened
    """Something that works from headers has read a weight."""


@dataclass(frozen=True)
class Seen:
    """A checkpoint seen through: all of another one, less the tensors in `hidden`, those in `changed` otherwise.

    Attributes:
        original: The other one.
        hidden: Names of tensors that are not there.
        changed: By name, what is said of a tensor instead.
        locked: Reading weights raises `WeightsAreRead`.
        config_instead: Another `config.json`, if there is one.
    """

    original: Checkpoint
    hidden: tuple[str, ...] = ()
    changed: Mapping[str, StoredTensor] | None = None
    locked: bool = True
    config_instead: Mapping[str, object] | None = None

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
    def tensors(self) -> Mapping[str, StoredTensor]:
        """The original's, changed."""
        changed = self.changed or {}
        return {n: changed.get(n, t) for n, t in self.original.tensors.items() if n not in self.hidden}

    @property
    def metadata(self) -> tuple[MetadataEntry, ...] | None:
        """The original's."""
        return self.original.metadata

    @property
    def config(self) -> Mapping[str, object] | None:
        """The original's, unless another one stands instead."""
        return self.original.config if self.config_instead is None else self.config_instead

    @property
    def folder(self) -> Path | None:
        """The original's."""
        return self.original.folder

    @property
    def header_digest(self) -> str:
        """The original's."""
        return self.original.header_digest

    @property
    def warnings(self) -> tuple[str, ...]:
        """The original's."""
        return self.original.warnings

    def read(self, name: str, start: int, size: int) -> bytes:
        """Read, unless it is locked."""
        if self.locked:
            raise WeightsAreRead(name)
        return self.original.read(name, start, size)

    def read_file(self, file: int, start: int, size: int) -> bytes:
        """Read, unless it is locked."""
        if self.locked:
            raise WeightsAreRead(self.files[file].name)
        return self.original.read_file(file, start, size)


def wider(tensor: StoredTensor) -> StoredTensor:
    """Return the same tensor with a column more."""
    shape = (*tensor.shape[:-1], tensor.shape[-1] + 1) if tensor.shape else (2,)
    return replace(tensor, shape=shape)
