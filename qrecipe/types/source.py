"""Checkpoints: where weights come from. Headers are read when one is opened; weights only by `read`."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal, Protocol, runtime_checkable

if TYPE_CHECKING:
    from qrecipe.types.metadata import MetadataEntry
    from qrecipe.types.tensor import Shape

Container = Literal["gguf", "safetensors"]
"""Which file format a checkpoint has."""


@dataclass(frozen=True, slots=True)
class StoredTensor:
    """One tensor as a file stores it, row-major.

    Attributes:
        name: As the file has it.
        dtype: As ggml spells it (`BF16`, `Q4_1`, `I64`); what ggml lacks keeps its file's own name (`F8_E4M3`, `BOOL`).
        shape: Outermost dimension first, whatever the file does.
        nbytes: Bytes of its data, padding not included.
        file: Index into the checkpoint's `files`.
        offset: Where its data begins, in bytes from that file's start.
    """

    name: str
    dtype: str
    shape: Shape
    nbytes: int
    file: int
    offset: int


@dataclass(frozen=True, slots=True)
class StoredFile:
    """One file of a checkpoint.

    Attributes:
        name: For people: the name without its folder.
        nbytes: Its size.
        header_bytes: How much of it is header, padding included.
    """

    name: str
    nbytes: int
    header_bytes: int


class Checkpoint(Protocol):
    """An opened checkpoint. Safe to read from several threads at once; a frozen value, picklable, holding no handle."""

    @property
    def reference(self) -> str:
        """What opens it again from any working folder (absolute path, `pkg:NAME`)."""

    @property
    def container(self) -> Container:
        """The file format."""

    @property
    def files(self) -> tuple[StoredFile, ...]:
        """Its files, in order."""

    @property
    def tensors(self) -> Mapping[str, StoredTensor]:
        """By stored name, in file order."""

    @property
    def metadata(self) -> tuple[MetadataEntry, ...] | None:
        """GGUF metadata in file order; None for other containers."""

    @property
    def config(self) -> Mapping[str, object] | None:
        """The parsed `config.json` beside safetensors files, if there is one."""

    @property
    def folder(self) -> Path | None:
        """A local folder with what stands beside the weights (tokenizer, model card); None where there is none.

        For a remote checkpoint it holds copies of those files, and no weights.
        """

    @property
    def header_digest(self) -> str:
        """SHA-256 over all headers, hexadecimal."""

    @property
    def warnings(self) -> tuple[str, ...]:
        """Oddities that are no errors (bytes behind the data)."""

    def read(self, name: str, start: int, size: int) -> bytes:
        """Return a part of a tensor's data, as it is stored.

        Args:
            name: The stored name, one of `tensors`.
            start: First byte, counted from the start of the tensor's data.
            size: Bytes to read; `start + size` is at most the tensor's `nbytes`.

        Raises:
            SourceError: That is outside the tensor, or the file has become shorter or unreadable.
        """

    def read_file(self, file: int, start: int, size: int) -> bytes:
        """Return `size` bytes of a file from byte `start` on, whatever they belong to; SourceError likewise."""


@runtime_checkable
class Fetching(Protocol):
    """What a source offers besides, whose weights lie on a server: to bring them to this machine before a build."""

    def missing(self, reference: str, names: Sequence[str]) -> int:
        """Return how many bytes `fetch` would bring.

        Args:
            reference: An opened checkpoint's.
            names: Of its files, as `Checkpoint.files` has them.
        """

    def fetch(self, reference: str, names: Sequence[str], tell: Callable[[int], None]) -> None:
        """Bring those files, so that the checkpoint reads them from here; `tell` is told of bytes as they come.

        Raises:
            SourceError: The server, the line or the disk is at fault; running again goes on from there.
        """


class Source(Protocol):
    """One way to name a checkpoint (a GGUF file, `pkg:NAME`, …)."""

    @property
    def name(self) -> str:
        """For people and for clashes: `gguf`."""

    @property
    def example(self) -> str:
        """A reference that shows the form, for messages: `pkg:NAME`."""

    def claims(self, reference: str, folder: Path) -> bool:
        """Say whether this reference is of this kind, from names alone; local paths are relative to `folder`."""

    def open(self, reference: str, folder: Path) -> Checkpoint:
        """Read the headers, and no weight.

        Raises:
            SourceError: With what is wrong and what to do. Where it is a `SourceAbsentError`, the checkpoint is only
                not at hand (no such file, no network, no leave), and a recipe's inventory may stand in while planning.
        """
