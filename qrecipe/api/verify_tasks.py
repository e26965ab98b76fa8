"""Reading an artifact again, as tasks for an executor: one a piece, digested and, with a source, compared with it.

A task goes through its piece in steps that the memory allows. Work is picklable and returns `PieceChecked`.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from math import prod
from typing import TYPE_CHECKING

from qrecipe.types.piece import PieceDigests, pieces, steps
from qrecipe.types.source import Checkpoint, StoredTensor
from qrecipe.types.task import Limits, Task

if TYPE_CHECKING:
    from qrecipe.codecs.closeness import Closeness
    from qrecipe.types.format import Format

_STEP = 1 << 16  # weights that are compared at a time: their float32 stay in the cache
_DIGESTED = 1 << 20  # bytes that are digested at a time
_COMPARED = 32  # bytes held for a weight while it is compared, besides what is stored (a test measures it)


@dataclass(frozen=True, slots=True)
class PieceChecked:
    """What a task found; without a source, `digests.source` is empty and `closeness` None."""

    digests: PieceDigests
    closeness: Closeness | None = None


@dataclass(frozen=True, slots=True)
class Rows:
    """The rows of a stored tensor."""

    checkpoint: Checkpoint
    tensor: StoredTensor

    @property
    def row_bytes(self) -> int:
        """Bytes of a row; every row has whole blocks."""
        return self.tensor.nbytes // max(prod(self.tensor.shape[:-1]), 1)

    def read(self, start: int, stop: int) -> bytes:
        """Return rows `start` to `stop` as they are stored."""
        return self.checkpoint.read(self.tensor.name, start * self.row_bytes, (stop - start) * self.row_bytes)


@dataclass(frozen=True, slots=True)
class DigestRows:
    """Digests rows `start` to `stop`."""

    rows: Rows
    start: int
    stop: int
    step: int

    def __call__(self) -> PieceChecked:
        """Read and digest."""
        output = hashlib.sha256()
        for start, stop in steps(self.start, self.stop, self.step):
            output.update(self.rows.read(start, stop))
        return PieceChecked(PieceDigests(b"", output.digest()))


@dataclass(frozen=True, slots=True)
class CompareRows:
    """Digests rows `start` to `stop` of an artifact and of its source, and compares them."""

    rows: Rows
    source: Rows
    formats: tuple[Format, Format]
    start: int
    stop: int
    step: int

    def __call__(self) -> PieceChecked:
        """Read both, digest, decode and compare."""
        from qrecipe.codecs.closeness import Closeness, closeness  # noqa: PLC0415 - without a source, no numpy

        output, source, total = hashlib.sha256(), hashlib.sha256(), Closeness()
        cols = self.rows.tensor.shape[-1] if self.rows.tensor.shape else 1
        for start, stop in steps(self.start, self.stop, self.step):
            ours, theirs = self.rows.read(start, stop), self.source.read(start, stop)
            output.update(ours)
            source.update(theirs)
            total += closeness(ours, theirs, self.formats, cols)
        return PieceChecked(PieceDigests(source.digest(), output.digest()), total)


def digest_tasks(rows: Rows, limits: Limits) -> Iterator[Task]:
    """Yield the tasks that digest a tensor."""
    row = max(rows.row_bytes, 1)
    step = max(min(_DIGESTED, limits.task_memory) // row, 1)
    for start, stop in pieces(rows.tensor.shape):
        work = DigestRows(rows, start, stop, step)
        yield Task(rows.tensor.name, start, stop, (stop - start) * row, min(stop - start, step) * row, work)


def compare_tasks(rows: Rows, source: Rows, formats: tuple[Format, Format], limits: Limits) -> Iterator[Task]:
    """Yield the tasks that digest a tensor and its source, and compare them."""
    cols = max(rows.tensor.shape[-1] if rows.tensor.shape else 1, 1)
    held = rows.row_bytes + source.row_bytes + _COMPARED * cols
    step = max(min(_STEP // cols, limits.task_memory // held), 1)
    for start, stop in pieces(rows.tensor.shape):
        work = CompareRows(rows, source, formats, start, stop, step)
        nbytes = (stop - start) * rows.row_bytes
        yield Task(rows.tensor.name, start, stop, nbytes, min(stop - start, step) * held, work)
