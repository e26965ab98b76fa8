"""Verifies artifacts: structure, digests and types against the lock; with a source, also values.

Weights are read once, in pieces, by the tasks of an executor, so memory is bounded and all cores take part. What is
wrong with the artifact is returned, all of it; what is wrong with the question (no such file or source) is raised.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from qrecipe.api import verify_faults as faults
from qrecipe.api.artifacts import artifact_bytes, has_lock_file, opened_artifact, quantized_with, unknown_quantization
from qrecipe.api.building import Results, cores
from qrecipe.api.memory import task_budget
from qrecipe.api.opening import open_checkpoint, open_model
from qrecipe.api.plugin_faults import blamed
from qrecipe.api.verify_gaps import gap_faults
from qrecipe.api.verify_tasks import PieceChecked, Rows, compare_tasks, digest_tasks
from qrecipe.backends.folder.layout import LOCK
from qrecipe.errors import Diagnostic, Location, SourceError
from qrecipe.host.catalog import make_catalog
from qrecipe.sources.mapped import MappedCheckpoint
from qrecipe.types.event import Event, TargetDone, TargetStarted
from qrecipe.types.piece import tensor_digest
from qrecipe.types.task import Limits, Task
from qrecipe.types.verification import TensorValues, Verification

if TYPE_CHECKING:
    from qrecipe.codecs.closeness import Closeness
    from qrecipe.host.catalog import Catalog
    from qrecipe.types.format import Format
    from qrecipe.types.lock import WrittenLock
    from qrecipe.types.source import Checkpoint, StoredTensor

Pieces = Mapping[str, Sequence[PieceChecked]]


def verify(
    artifact: str | Path,
    *,
    source: str | Path | None = None,
    threads: int | None = None,
    memory: int | None = None,
    on_event: Callable[[Event], None] | None = None,
) -> Verification:
    """Check an artifact against its lock, and its weights against the source's.

    Args:
        artifact: What `build` wrote, a file or a folder. Without a lock in it, only its structure can be checked.
        source: The checkpoint that it was made from, to compare values with.
        threads: Workers; by default one a core.
        memory: Most bytes that the process may hold; by default 1 GiB, or 64 MiB more than it holds already.
        on_event: Called with every event, from this thread; `nbytes` are bytes of the artifact that were checked.

    Raises:
        QrecipeError: There is no such artifact, or the source cannot be read.
    """
    catalog = make_catalog()
    limits = Limits(threads or cores(), task_budget(memory, work="verifying"))
    try:
        checkpoint = open_checkpoint(str(artifact), Path.cwd(), catalog)
    except SourceError as error:
        return _unopened(artifact, error)
    theirs = None if source is None else open_model(str(source), Path.cwd(), catalog)[0]
    lock, damage = _lock(checkpoint, catalog)
    tensors, formats, broken = _tensors(checkpoint, catalog)
    if broken:  # nobody can say whose arrays are whose
        wrong = dict.fromkeys((*damage, *(() if lock is None else lock.damage), *broken, *gap_faults(checkpoint)))
        return Verification(str(artifact), artifact_bytes(checkpoint), 0, lock, None, tuple(wrong))
    lock, strange = _held(lock, tensors)
    it = _Verifying(str(artifact), tensors, lock, theirs, catalog, formats)
    pieces = it.run(limits, on_event or (lambda _: None))
    differences = (
        *damage,
        *strange,
        *it.headers(),
        *it.types(),
        *it.source_faults(),
        *it.digests(pieces),
        *gap_faults(checkpoint),
    )
    named = None if theirs is None else str(source)
    return Verification(
        artifact=str(artifact),
        nbytes=artifact_bytes(checkpoint),
        tensors=len(tensors.tensors),
        lock=lock,
        source=named,
        differences=differences,
        values=tuple(it.values(pieces)),
    )


def values_of(tensor: str, types: tuple[str, str], total: Closeness) -> TensorValues:
    """Return how close a tensor is, of these types in the artifact and in its source."""
    return TensorValues(
        tensor,
        *types,
        weights=total.weights,
        rmse=total.rmse,
        relative=total.relative,
        max_error=total.worst,
        identical=total.identical / max(total.weights, 1),
        blocks=total.blocks,
        certified=total.certified,
    )


def read_lock(artifact: str | Path) -> WrittenLock | None:
    """Return what an artifact says of its making; None if it says nothing.

    Raises:
        SourceError: The artifact or its lock cannot be read.
    """
    catalog = make_catalog()
    return _read_lock(open_checkpoint(str(artifact), Path.cwd(), catalog), catalog)


def _read_lock(checkpoint: Checkpoint, catalog: Catalog) -> WrittenLock | None:
    for name, backend in catalog.backends.items():
        with blamed(catalog, f"on {checkpoint.reference}", ("backends", name)):
            if (found := backend.read_lock(checkpoint)) is not None:
                return found
    return None


def _unopened(artifact: str | Path, error: SourceError) -> Verification:
    """Return what is wrong with an artifact that cannot be opened; raise where this is none, or nothing."""
    path = Path(artifact)
    files = [path] if path.is_file() else list(path.iterdir()) if (path / LOCK).is_file() else []
    if not files:
        raise error
    nbytes = sum(each.stat().st_size for each in files if each.is_file())
    return Verification(str(artifact), nbytes, 0, None, None, error.diagnostics)


def _tensors(
    checkpoint: Checkpoint, catalog: Catalog
) -> tuple[Checkpoint, Mapping[str, Format], tuple[Diagnostic, ...]]:
    """Return an artifact as tensors with what decodes the quantized ones, or what keeps them from being read."""
    try:
        found = opened_artifact(checkpoint, catalog)
    except SourceError as error:
        return checkpoint, {}, error.diagnostics
    if found is not None:
        return found.tensors, found.formats, ()
    if has_lock_file(checkpoint) and (method := quantized_with(checkpoint)) is not None:
        return checkpoint, {}, (unknown_quantization(checkpoint, method),)
    return checkpoint, {}, ()


def _held(lock: WrittenLock | None, artifact: Checkpoint) -> tuple[WrittenLock | None, tuple[Diagnostic, ...]]:
    """Return a lock of the tensors that are there; the others, and those that it does not know, are differences."""
    if lock is None:
        return None, ()
    locked = [tensor.name for tensor in lock.tensors]
    lost, extra = set(locked) - artifact.tensors.keys(), artifact.tensors.keys() - set(locked)
    place = str(artifact.folder) if lock.file else artifact.reference
    wrong = (*(faults.lost(place, sorted(lost)),) * bool(lost),)
    wrong += (*(faults.unlocked(place, sorted(extra)),) * bool(extra),)
    kept = tuple(tensor for tensor in lock.tensors if tensor.name not in lost)
    return replace(lock, tensors=kept), (*lock.damage, *wrong)


def _lock(checkpoint: Checkpoint, catalog: Catalog) -> tuple[WrittenLock | None, tuple[Diagnostic, ...]]:
    """Return the lock; a damaged one is a difference, and the rest is checked without it."""
    from qrecipe.backends.folder.written import lock_digest  # noqa: PLC0415 - loads pydantic

    try:
        lock = _read_lock(checkpoint, catalog)
    except SourceError as error:
        return None, error.diagnostics
    named = lock_digest(checkpoint) is not None and quantized_with(checkpoint) is not None  # else: by whom?
    if lock is None and has_lock_file(checkpoint) and not named:
        return None, (faults.lock_unnamed(str(checkpoint.folder)),)
    return lock, ()


@dataclass(frozen=True, slots=True)
class _Verifying:
    """An artifact that is being verified; `model`, the source, is None where only the lock counts.

    `formats` decode tensors of types that no plug-in knows by name.
    """

    artifact: str
    checkpoint: Checkpoint
    lock: WrittenLock | None
    model: Checkpoint | None
    catalog: Catalog
    formats: Mapping[str, Format]

    @property
    def source(self) -> Checkpoint | None:
        """The source under the names that the artifact has: canonical ones, or its own."""
        if self.checkpoint.metadata is None and isinstance(self.model, MappedCheckpoint):
            return self.model.original
        return self.model

    def run(self, limits: Limits, tell: Callable[[Event], None]) -> Pieces:
        """Read the weights; return what each tensor's pieces came to."""
        tensors = list(self.checkpoint.tensors.values())
        tasks = [task for tensor in tensors for task in self._tasks(tensor, limits)]
        total = sum(task.nbytes for task in tasks)
        results = Results(tell)
        if tasks:
            tell(TargetStarted(self.artifact, len(tensors), total))
            self.catalog.executors["threads"].run(tasks, limits, results)
            tell(TargetDone(self.artifact, self.artifact, total))
        found = results.by_tensor()
        return {name: [p for p in pieces if isinstance(p, PieceChecked)] for name, pieces in found.items()}

    def headers(self) -> Iterator[Diagnostic]:
        """Yield what is wrong with the headers."""
        if self.lock is None:
            return
        if not self.lock.sealed and self.checkpoint.container == "gguf":  # a folder says so itself, as damage
            yield faults.header(self.checkpoint.files[0].name, self.checkpoint.files[0].header_bytes)
        if self.model is not None and self.model.header_digest != self.lock.lock.source_digest:
            yield faults.source_headers(self.model.reference, self.lock.lock.source)

    def types(self) -> Iterator[Diagnostic]:
        """Yield tensors that are stored in another type than was decided."""
        for locked in () if self.lock is None else self.lock.tensors:
            tensor = self.checkpoint.tensors[locked.name]
            if tensor.dtype != locked.stored:
                yield faults.tensor_type(self._place(tensor), tensor, locked)

    def source_faults(self) -> Iterator[Diagnostic]:
        """Yield tensors that cannot be compared with the source."""
        if self.source is None:
            return
        for tensor in self.checkpoint.tensors.values():
            theirs = self.source.tensors.get(tensor.name)
            if theirs is None:
                yield faults.not_in_source(self.source.reference, tensor)
            elif _trimmed(theirs) != _trimmed(tensor):
                yield faults.other_shape(self.source.reference, tensor, theirs)
            elif self._formats(tensor, theirs) is None:
                yield faults.undecodable(self.source.reference, tensor, theirs)
        partial = self.lock is not None and self.lock.only
        left_out = [name for name in self.source.tensors if name not in self.checkpoint.tensors]
        if left_out and not partial:
            yield faults.left_out(self.artifact, left_out)

    def digests(self, found: Pieces) -> Iterator[Diagnostic]:
        """Yield tensors whose bytes, or whose source's, are not those of the lock."""
        if self.lock is None:
            return
        for locked in self.lock.tensors:
            tensor, pieces = self.checkpoint.tensors[locked.name], found.get(locked.name, ())
            if tensor_digest(piece.digests.output for piece in pieces).hex() != locked.digest:
                yield faults.tensor_digest(self._place(tensor), tensor, sealed=self.lock.sealed)
            if self.source is None or not any(piece.digests.source for piece in pieces):
                continue
            if tensor_digest(piece.digests.source for piece in pieces).hex() != locked.source_digest:
                yield faults.source_tensor(self.source.reference, tensor)

    def values(self, found: Pieces) -> Iterator[TensorValues]:
        """Yield how close the compared tensors are to the source's."""
        for tensor in self.checkpoint.tensors.values() if self.source is not None else ():
            sums = [piece.closeness for piece in found.get(tensor.name, ()) if piece.closeness is not None]
            if self.source is None or not sums:
                continue
            total = sum(sums[1:], sums[0])
            yield values_of(tensor.name, (tensor.dtype, self.source.tensors[tensor.name].dtype), total)

    def _tasks(self, tensor: StoredTensor, limits: Limits) -> Iterator[Task]:
        rows = Rows(self.checkpoint, tensor)
        theirs = None if self.source is None else self.source.tensors.get(tensor.name)
        formats = None if theirs is None else self._formats(tensor, theirs)
        if self.source is not None and theirs is not None and formats is not None:
            yield from compare_tasks(rows, Rows(self.source, theirs), formats, limits)
        elif self.lock is not None:
            yield from digest_tasks(rows, limits)

    def _formats(self, tensor: StoredTensor, theirs: StoredTensor) -> tuple[Format, Format] | None:
        """Return the formats of two tensors that can be compared."""
        ours = self.formats.get(tensor.name) or self.catalog.formats.get(tensor.dtype)
        source = self.catalog.formats.get(theirs.dtype)
        return None if ours is None or source is None or _trimmed(tensor) != _trimmed(theirs) else (ours, source)

    def _place(self, tensor: StoredTensor) -> Location:
        """Return where a tensor lies: its bytes, or the file that has the first of its arrays."""
        file = self.checkpoint.files[tensor.file].name
        if tensor.name in self.formats:
            return Location(file=file, key_path=tensor.name)
        return Location(file=file, key_path=f"{tensor.name}, bytes {tensor.offset} to {tensor.offset + tensor.nbytes}")


def _trimmed(tensor: StoredTensor) -> tuple[int, ...]:
    """Return a shape without leading 1s, which GGUF does not store."""
    first = next((i for i, n in enumerate(tensor.shape) if n != 1), len(tensor.shape))
    return tensor.shape[first:]
