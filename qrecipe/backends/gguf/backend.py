"""`GgufBackend`: the artifact family that llama.cpp loads, as `types.target.Backend` asks for it.

One file, any type that has a GGUF id, metadata from the source. Everything but the tasks is known from headers.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from qrecipe.backends.gguf import faults
from qrecipe.backends.gguf.file_type import file_type
from qrecipe.backends.gguf.header import encode_header
from qrecipe.backends.gguf.layout import WHY_ESTIMATE, gguf_layout, table
from qrecipe.backends.gguf.lock import UNKNOWN, UNSEALED, lock_entries, only_entries
from qrecipe.backends.gguf.metadata import written_metadata
from qrecipe.backends.gguf.options import GgufOptions
from qrecipe.backends.gguf.pre import KEY as PRE_KEY
from qrecipe.backends.gguf.pre import lacks_pre, with_pre
from qrecipe.backends.rows import faults as row_faults
from qrecipe.errors import BuildError, Diagnostic
from qrecipe.types.piece import whole

if TYPE_CHECKING:
    from qrecipe.types.decision import Decision
    from qrecipe.types.format import Format, TypeUse
    from qrecipe.types.lock import Provenance, WrittenLock
    from qrecipe.types.metadata import MetadataEntry
    from qrecipe.types.piece import PieceWritten
    from qrecipe.types.source import Checkpoint
    from qrecipe.types.target import Job, Layout, Target
    from qrecipe.types.task import Limits, Task
    from qrecipe.types.tensor import Inventory, TensorInfo

_CARRIED = ("F64", "I8", "I16", "I32", "I64")  # in GGUF, but ggml encodes none of them


@dataclass(frozen=True, slots=True)
class GgufBackend:
    """The backend `gguf`."""

    name: str = "gguf"
    options: type[GgufOptions] = GgufOptions
    profiles: tuple[str, ...] = ()

    def refuses(self, inventory: Inventory, target: Target) -> Diagnostic | None:
        """Refuse a model whose names are not GGUF's, and an output that is no file."""
        if target.output.endswith("/"):
            return faults.folder_output(target)
        return None if inventory.mapped else faults.unmapped(target, inventory)

    def stores(self, use: TypeUse, tensor: TensorInfo, target: Target, inventory: Inventory) -> str | None:  # noqa: ARG002 - all targets alike
        """A type is stored if GGUF has an id for it; some plain dtypes only where the source has them already."""
        name = use.format.name
        if use.format.gguf_id is None:
            return f"GGUF has no {name}"
        carried = next((dtype for dtype in (name, tensor.dtype) if dtype in _CARRIED), None)
        if carried is not None and name != tensor.dtype:
            return f"{carried} is carried from file to file and never converted"
        return None

    def stored_as(self, use: TypeUse, tensor: TensorInfo, target: Target, inventory: Inventory) -> Format:  # noqa: ARG002 - likewise
        """A tensor is stored as its type's own format has it."""
        return use.format

    def keep(self, tensor: TensorInfo, target: Target) -> str:  # noqa: ARG002 - the same in every target
        """Return the dtype that a converter would write."""
        return tensor.gguf_dtype

    def check(self, inventory: Inventory, decisions: Sequence[Decision], target: Target) -> Sequence[Diagnostic]:
        """Return what ggml's limits forbid, and what llama.cpp would have to guess."""
        lacking = (faults.pre_unknown(target),) if _lacks_pre(inventory, target) else ()
        return (*lacking, *(fault for decision in decisions for fault in _beyond_limits(decision.tensor)))

    def layout(
        self, inventory: Inventory, decisions: Sequence[Decision], target: Target, provenance: Provenance
    ) -> Layout:
        """Lay out the one file, `target.output`."""
        if inventory.metadata is None:
            why = f"{inventory.why_no_metadata}, so the size of the header is not known"
            return gguf_layout(None, decisions, target.output, why if inventory.why_no_metadata else WHY_ESTIMATE)
        lock = () if provenance.lock is None else lock_entries(provenance.lock, [UNKNOWN] * len(decisions))
        metadata = (*_metadata(inventory, decisions, target, provenance), *lock)
        return gguf_layout(metadata, decisions, target.output)

    def tasks(self, job: Job, limits: Limits) -> Sequence[Task]:
        """Cut the tensors into row ranges."""
        from qrecipe.backends.gguf.tasks import gguf_tasks  # noqa: PLC0415 - planning needs no codec

        if job.inventory.metadata is None:
            raise BuildError(faults.no_metadata(job.target, job.inventory))
        return gguf_tasks(job, limits)

    def finish(self, job: Job, results: Mapping[str, Sequence[object]]) -> None:
        """Write the header: until now the file has no magic, so a build that died is no GGUF to anyone."""
        from qrecipe.backends.rows.place import Place  # noqa: PLC0415 - planning writes nothing

        (file,) = job.layout.files
        header = _sealed(job, results) if job.provenance.lock is not None else _header(job)
        if len(header) != file.header_bytes:
            raise BuildError(row_faults.header_size(job.target, len(header), file.header_bytes))
        Place(job.paths[file.path], 0).write(header)

    def read_lock(self, checkpoint: Checkpoint) -> WrittenLock | None:
        """Read the lock of a GGUF file and hold the header against it."""
        from qrecipe.backends.gguf.written import written_lock  # noqa: PLC0415 - builds read no lock

        return written_lock(checkpoint)

    def artifact(self, checkpoint: Checkpoint) -> None:  # noqa: ARG002 - the protocol's
        """A GGUF file is made of tensors already."""
        return


def _sealed(job: Job, results: Mapping[str, Sequence[object]]) -> bytes:
    """Return the header with all digests and measures in it, its own digest last."""
    tensors = [whole(results[decision.tensor.name]) for decision in job.decisions]
    unsealed = _header(job, tensors)
    return _header(job, tensors, hashlib.sha256(unsealed).hexdigest())


def _header(job: Job, tensors: Sequence[PieceWritten] = (), header_digest: str = UNSEALED) -> bytes:
    metadata = _metadata(job.inventory, job.decisions, job.target, job.provenance)
    lock = () if job.provenance.lock is None else lock_entries(job.provenance.lock, tensors, header_digest)
    parts = [job.layout.parts[decision.tensor.name][0] for decision in job.decisions]
    rows = table(job.decisions, parts, header_bytes=job.layout.files[0].header_bytes or 0)
    return encode_header((*metadata, *lock), rows)


def _metadata(
    inventory: Inventory, decisions: Sequence[Decision], target: Target, provenance: Provenance
) -> tuple[MetadataEntry, ...]:
    options = _options(target)
    source, overrides = with_pre(inventory.metadata or (), options.pre), options.overrides()
    written = written_metadata(source, file_type(source, decisions), overrides, provenance.imatrix)
    return (*written, *only_entries(provenance.only))


def _lacks_pre(inventory: Inventory, target: Target) -> bool:
    options = _options(target)
    return options.pre is None and PRE_KEY not in options.metadata and lacks_pre(inventory.metadata or ())


def _options(target: Target) -> GgufOptions:
    return target.options if isinstance(target.options, GgufOptions) else GgufOptions()


def _beyond_limits(tensor: TensorInfo) -> Iterator[Diagnostic]:
    name_bytes = len(tensor.name.encode("utf-8", errors="surrogateescape"))
    if name_bytes > faults.MOST_NAME_BYTES:
        yield faults.long_name(tensor, name_bytes)
    if tensor.dims > faults.MOST_DIMENSIONS:
        yield faults.many_dimensions(tensor)
    if tensor.params == 0:
        yield faults.empty_tensor(tensor)
