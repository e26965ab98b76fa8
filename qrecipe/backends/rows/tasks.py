"""A tensor cut into tasks, one a piece (`types.piece`): whole rows of one matrix, near 8 MiB of float32.

A task goes through its piece in steps of at most 2^18 weights, fewer where memory is scarce; a step holds its source
bytes, their float32 and the result.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from qrecipe.backends.rows import faults
from qrecipe.backends.rows.work import CopyRows, EncodeRows, Origin, RowSink
from qrecipe.codecs.fitting import expect, expect_decoding
from qrecipe.errors import BuildError
from qrecipe.types.piece import pieces
from qrecipe.types.task import Limits, Task

if TYPE_CHECKING:
    from qrecipe.types.format import Fit, FloatArray, Format, TypeUse
    from qrecipe.types.target import Job
    from qrecipe.types.tensor import TensorInfo

_FLOAT32 = 4
_STEP = 1 << 18  # weights: a step's arrays stay in the cache, and are the same memory as the last one's
_COMPARED, _AT_ONCE = 40, 1 << 16  # bytes held for a weight while it is compared, and how many are at a time


def copies(origin: Origin, place: RowSink, limits: Limits) -> Iterator[Task]:
    """Yield the tasks that copy a tensor as it is stored."""
    tensor, row = origin.tensor, max(origin.row_bytes, 1)
    step = max(limits.task_memory // row, 1)
    for start, stop in pieces(tensor.shape):
        work = CopyRows(origin, start, stop, step, place)
        yield Task(tensor.name, start, stop, (stop - start) * row, min(stop - start, step) * row, work)


@dataclass(frozen=True, slots=True)
class Encoding:
    """One tensor that gets another type, or is fitted anew.

    Attributes:
        job: The build.
        tensor: What is decided about, for the imatrix and for messages.
        use: The type that the recipe gives it.
        stored: What the artifact has of that type: its own format, or a scheme.
        origin: Where the rows come from.
    """

    job: Job
    tensor: TensorInfo
    use: TypeUse
    stored: Format
    origin: Origin

    @property
    def row_bytes(self) -> int:
        """Bytes that a row takes in the artifact."""
        return self.stored.nbytes((1, self.origin.tensor.cols), self.use.args)

    @property
    def row_memory(self) -> int:
        """Bytes held for a row: stored, float32 (twice to round it), the encoder's buffer and the result."""
        cols = self.origin.tensor.cols
        arrays = 2 if self.use.format.is_float else 1
        scheme = 0 if self.stored is self.use.format else _SCHEME * cols
        return self.origin.row_bytes + arrays * _FLOAT32 * cols + 2 * self.row_bytes + scheme

    def fit(self) -> Fit | None:
        """Who chooses scales and codes; None for plain floats, which are rounded."""
        if self.use.format.is_float:
            return None
        if self.use.fit.name not in self.job.fits:
            raise BuildError(faults.no_fit(self.tensor, self.use, tuple(self.job.fits)))
        return self.job.fits[self.use.fit.name]

    def importance(self, fit: Fit | None) -> FloatArray | None:
        """Return [matrices, cols], or None where there is none or nobody would look at it."""
        found = self.job.importance.get(self.tensor.name)
        if found is None or fit is None or fit.importance == "never" or self.use.format.imatrix == "unused":
            return None
        if found.shape != (self.tensor.stacked, self.tensor.cols):
            raise BuildError(faults.importance_shape(self.tensor, found.shape))
        return found


_SCHEME = 24  # bytes held for a weight while a scheme computes: a float64, codes, and what packs them


def encodings(it: Encoding, place: RowSink, limits: Limits, first: int = 0) -> Iterator[Task]:
    """Yield the tasks that encode a tensor; `first` is the matrix of the decided tensor that it begins with."""
    tensor, fit, memory = it.origin.tensor, it.fit(), it.row_memory
    importance = it.importance(fit)
    expect(it.use, fit, weighted=importance is not None, weights=tensor.stacked * tensor.rows * tensor.cols)
    if it.origin.format is not None:
        expect_decoding(it.origin.format, tensor.stacked * tensor.rows * tensor.cols)
    step = max(min(limits.task_memory // memory, _STEP // max(tensor.cols, 1)), 1)
    for start, stop in pieces(tensor.shape):
        weights = None if importance is None else importance[first + start // tensor.rows]
        work = EncodeRows(it.origin, start, stop, step, place, it.use, it.stored, fit, weights)
        compared = _COMPARED * min(max(_AT_ONCE, tensor.cols), (stop - start) * tensor.cols) if work.measured else 0
        held = min(stop - start, step) * memory + compared
        yield Task(tensor.name, start, stop, (stop - start) * it.row_bytes, held, work)
