"""A GGUF build cut into tasks, one a piece (`types.piece`): whole rows of one matrix, near 8 MiB of float32.

A task goes through its piece in steps that the memory allows; a step holds its source bytes, their float32 and the
result. Everything that can be refused without reading a weight is refused here.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from qrecipe.backends.gguf import faults
from qrecipe.backends.gguf.staged import Place
from qrecipe.backends.gguf.work import CopyRows, EncodeRows, Origin
from qrecipe.errors import BuildError
from qrecipe.types.decision import Decision
from qrecipe.types.piece import pieces
from qrecipe.types.task import Limits, Task

if TYPE_CHECKING:
    from qrecipe.types.format import Fit, FloatArray
    from qrecipe.types.target import Job, Part

_FLOAT32 = 4
_COMPARED, _AT_ONCE = 40, 1 << 16  # bytes held for a weight while it is compared, and how many are at a time


def gguf_tasks(job: Job, limits: Limits) -> Sequence[Task]:
    """Return the tasks in the order of the file; BuildError if plan, checkpoint and plug-ins do not go together."""
    return tuple(task for decision in job.decisions for task in _tensor_tasks(job, decision, limits))


def _tensor_tasks(job: Job, decision: Decision, limits: Limits) -> Iterator[Task]:
    part = job.layout.parts[decision.tensor.name][0]
    path = job.paths[part.file]
    origin = _origin(job, decision)
    if decision.copied:
        return _copies(origin, part, path, limits)
    return _encodings(_Encoding(job, decision, origin, part, path), limits)


def _origin(job: Job, decision: Decision) -> Origin:
    tensor, stored = decision.tensor, job.checkpoint.tensors.get(decision.tensor.name)
    if stored is None or (stored.dtype, stored.shape) != (tensor.dtype, tensor.shape):
        raise BuildError(faults.not_as_planned(tensor, stored, job.checkpoint.reference))
    found = decision.type.format if decision.copied else job.formats.get(tensor.dtype)
    if found is None:
        raise BuildError(faults.undecodable(tensor))
    return Origin(job.checkpoint, tensor, found)


def _copies(origin: Origin, part: Part, path: Path, limits: Limits) -> Iterator[Task]:
    tensor = origin.tensor
    row = origin.format.nbytes((1, tensor.cols), ())
    step = max(limits.task_memory // row, 1)
    for start, stop in pieces(tensor.shape):
        work = CopyRows(origin, start, stop, step, Place(path, part.offset, row))
        yield Task(tensor.name, start, stop, (stop - start) * row, min(stop - start, step) * row, work)


@dataclass(frozen=True, slots=True)
class _Encoding:
    """One tensor that gets another type, or is fitted anew."""

    job: Job
    decision: Decision
    origin: Origin
    part: Part
    path: Path

    @property
    def row_nbytes(self) -> int:
        """Bytes that a row takes in the artifact."""
        use = self.decision.type
        return use.format.nbytes((1, self.decision.tensor.cols), use.args)

    @property
    def row_memory(self) -> int:
        """Bytes held for a row: stored, float32 (twice to round it), the encoder's buffer and the result."""
        cols = self.decision.tensor.cols
        arrays = 2 if self.decision.type.format.is_float else 1
        return self.origin.format.nbytes((1, cols), ()) + arrays * _FLOAT32 * cols + 2 * self.row_nbytes

    def fit(self) -> Fit | None:
        """Who chooses scales and codes; None for plain floats, which are rounded."""
        use = self.decision.type
        if use.format.is_float:
            return None
        if use.fit.name not in self.job.fits:
            raise BuildError(faults.no_fit(self.decision.tensor, use, tuple(self.job.fits)))
        return self.job.fits[use.fit.name]

    def importance(self, fit: Fit | None) -> FloatArray | None:
        """Return [matrices, cols], or None where there is none or nobody would look at it."""
        tensor = self.decision.tensor
        found = self.job.importance.get(tensor.name)
        if found is None or fit is None or fit.importance == "never" or self.decision.type.format.imatrix == "unused":
            return None
        if found.shape != (tensor.stacked, tensor.cols):
            raise BuildError(faults.importance_shape(tensor, found.shape))
        return found


def _encodings(it: _Encoding, limits: Limits) -> Iterator[Task]:
    tensor = it.decision.tensor
    fit = it.fit()
    importance = it.importance(fit)
    rows, row, memory = tensor.rows * tensor.stacked, it.row_nbytes, it.row_memory
    if row * rows != it.part.nbytes:
        raise BuildError(faults.dishonest_size(tensor, it.decision.type, row * rows, it.part.nbytes))
    step = max(limits.task_memory // memory, 1)
    place = Place(it.path, it.part.offset, row)
    for start, stop in pieces(tensor.shape):
        weights = None if importance is None else importance[start // tensor.rows]
        work = EncodeRows(it.origin, start, stop, step, place, it.decision.type, fit, weights)
        compared = _COMPARED * min(max(_AT_ONCE, tensor.cols), (stop - start) * tensor.cols) if work.measured else 0
        held = min(stop - start, step) * memory + compared
        yield Task(tensor.name, start, stop, (stop - start) * row, held, work)
