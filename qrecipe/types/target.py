"""Targets and backends: an artifact that a recipe asks for, its layout to the byte, and who can write it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from qrecipe.types.lock import Provenance

if TYPE_CHECKING:
    from pydantic import BaseModel

    from qrecipe.errors import Diagnostic
    from qrecipe.types.artifact import Artifact
    from qrecipe.types.decision import Decision
    from qrecipe.types.format import Fit, FloatArray, Format, TypeUse
    from qrecipe.types.lock import WrittenLock
    from qrecipe.types.source import Checkpoint
    from qrecipe.types.task import Limits, Task
    from qrecipe.types.tensor import Inventory, Shape, TensorInfo


@dataclass(frozen=True, slots=True)
class Target:
    """One `[[targets]]` of a recipe, variables filled in.

    Attributes:
        name: Unique in the recipe.
        backend: The backend's name.
        output: Path relative to the output folder; it ends in `/` where it is a folder.
        profile: One of the backend's `profiles`, if any.
        options: The backend's own model of the remaining keys.
    """

    name: str
    backend: str
    output: str
    profile: str | None = None
    options: BaseModel | None = None


@dataclass(frozen=True, slots=True)
class Part:
    """An array of an artifact. A GGUF tensor has one part; codes and scales are two.

    Attributes:
        name: As the artifact has it.
        dtype: As the artifact spells it.
        shape: Outermost dimension first.
        file: The `path` of its `OutputFile`.
        offset: Where it begins, in bytes from the file's start.
        nbytes: Its bytes, padding not included.
    """

    name: str
    dtype: str
    shape: Shape
    file: str
    offset: int
    nbytes: int


@dataclass(frozen=True, slots=True)
class OutputFile:
    """A file of an artifact.

    Attributes:
        path: Relative to the output folder.
        nbytes: Its exact size; None where the metadata is unknown.
        header_bytes: How much of that is header; None likewise.
        estimate: What stands in for `nbytes` where that is None.
        why_estimate: Why the size is not known.
    """

    path: str
    nbytes: int | None
    header_bytes: int | None
    estimate: int | None = None
    why_estimate: str = ""


@dataclass(frozen=True, slots=True)
class Layout:
    """Every byte range of an artifact, before any work.

    Attributes:
        files: In the order in which they are written.
        parts: The arrays of each tensor, by canonical name.
        tensor_bytes: Bytes of the data section, padding included.
    """

    files: tuple[OutputFile, ...]
    parts: Mapping[str, tuple[Part, ...]]
    tensor_bytes: int


@dataclass(frozen=True, slots=True)
class Job:
    """What a backend needs to write an artifact whose layout is known.

    Attributes:
        target: What is made.
        inventory: The model.
        decisions: What each tensor becomes, in canonical order.
        layout: Where each byte goes.
        checkpoint: Where the weights are read, under canonical names.
        paths: `OutputFile.path` → the temporary file to write; whoever calls makes, syncs and renames them.
        formats: By name; they decode the source's dtypes.
        fits: By name.
        importance: The imatrix by canonical name, float32 [matrices, cols]; {} without one.
        provenance: What the layout was made with.
        original: The checkpoint under its own names; None where those are canonical, and `checkpoint` has them.
    """

    target: Target
    inventory: Inventory
    decisions: Sequence[Decision]
    layout: Layout
    checkpoint: Checkpoint
    paths: Mapping[str, Path]
    formats: Mapping[str, Format]
    fits: Mapping[str, Fit]
    importance: Mapping[str, FloatArray] = field(default_factory=dict)
    provenance: Provenance = field(default_factory=Provenance)
    original: Checkpoint | None = None


class Backend(Protocol):
    """An artifact family. Everything but `tasks` and `finish` is known from headers and reads no weight."""

    @property
    def name(self) -> str:
        """As recipes write it: `gguf`."""

    @property
    def options(self) -> type[BaseModel]:
        """The model of a target's keys besides `backend`, `name`, `profile` and `output` (unknown keys refused)."""

    @property
    def profiles(self) -> tuple[str, ...]:
        """Profiles that a target may name; () if it takes none."""

    def refuses(self, inventory: Inventory, target: Target) -> Diagnostic | None:
        """Say why this model cannot become this target at all; None if it can."""

    def stores(self, use: TypeUse, tensor: TensorInfo, target: Target, inventory: Inventory) -> str | None:
        """Say why this type cannot be stored for this tensor (`GGUF has no int4`); None if it can. Not about shapes."""

    def stored_as(self, use: TypeUse, tensor: TensorInfo, target: Target, inventory: Inventory) -> Format:
        """Return what encodes and decodes a type that is stored here: the type's own format, or a scheme for it."""

    def keep(self, tensor: TensorInfo, target: Target) -> str:
        """Return the dtype that is stored when nothing is quantized."""

    def check(self, inventory: Inventory, decisions: Sequence[Decision], target: Target) -> Sequence[Diagnostic]:
        """Return what is wrong with the decisions together (requirements that span tensors)."""

    def layout(
        self, inventory: Inventory, decisions: Sequence[Decision], target: Target, provenance: Provenance
    ) -> Layout:
        """Compute every offset. What `provenance` says is written into the artifact, so it counts."""

    def tasks(self, job: Job, limits: Limits) -> Sequence[Task]:
        """Cut the tensors into tasks, none of which holds more than `limits.task_memory` bytes where rows allow it.

        Raises:
            BuildError: The job cannot be done, whatever the weights are.
        """

    def finish(self, job: Job, results: Mapping[str, Sequence[object]]) -> None:
        """Write what must come last (headers). `results` has what each tensor's tasks returned, in order of rows.

        Raises:
            BuildError: What came out is not what was promised; nothing gets its final name.
        """

    def read_lock(self, checkpoint: Checkpoint) -> WrittenLock | None:
        """Return the lock of an artifact of this family; None without one. SourceError where it cannot be read."""

    def artifact(self, checkpoint: Checkpoint) -> Artifact | None:
        """Return an artifact of this family as tensors; None where it is none, or is such tensors already."""
