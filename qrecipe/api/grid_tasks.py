"""Looking for grids as tasks for an executor: one a tensor for a sample, one a piece for all rows. Picklable work.

The sample is the same at every call: rows evenly spread from the first to the last, and, where none of them is on a
grid, some columns of the first rows.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import reduce
from math import prod
from typing import TYPE_CHECKING

from qrecipe.api.verify_tasks import Rows
from qrecipe.codecs.compiled.machine import need_compiler
from qrecipe.types.format import BlockCounts, Call, Fit, Format, TypeUse
from qrecipe.types.grid import Grid, GridRun, TensorGrid
from qrecipe.types.piece import pieces, steps
from qrecipe.types.task import Limits, Task

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from qrecipe.types.format import FloatArray
    from qrecipe.types.tensor import Shape

_SAMPLE, _FEWEST, _MOST = 1 << 14, 4, 8  # weights of a sample, and its rows
_BAND, _COLUMNS = 64, 64  # rows and columns in which columns are looked at
_STEP = 1 << 16  # weights at a time
_HELD = 32  # bytes held for a weight, besides what is stored
_RUNS = 8  # changes that are told
_TERNARY = 2  # bits


@dataclass(frozen=True, slots=True)
class Codecs:
    """What reading and certifying needs: the format of the source, all formats, and the fit."""

    stored: Format
    formats: Mapping[str, Format]
    lattice: Fit


@dataclass(frozen=True, slots=True)
class RowsCertified:
    """What a task found in a piece: `runs` are (row, level of `detect`), from its first row on."""

    rows: int
    blocks: int
    certified: int
    counts: BlockCounts
    runs: tuple[tuple[int, int], ...]
    scale: str = "BF16"
    bad: str = ""


@dataclass(frozen=True, slots=True)
class SampleRows:
    """Looks at a few rows of a tensor."""

    rows: Rows
    codecs: Codecs

    def __call__(self) -> TensorGrid:
        """Read, decode, search."""
        need_compiler()
        from qrecipe.codecs.lattice import detect  # noqa: PLC0415 - numba loads at the first use

        tensor = self.rows.tensor
        places, rows = self.sample()
        found = TensorGrid(tensor.name, tensor.shape, tensor.dtype, None, exact=False, rows=len(rows))
        bad = nonfinite(rows, places)
        if bad:
            return replace(found, why=bad)
        levels = [int(level) for level in detect.levels(rows)]
        starts = [start for start, _ in _runs(levels, 0)]
        parts = zip(starts, [*starts[1:], len(rows)], strict=True)
        runs = tuple(GridRun(places[i], detect.grid_of(rows[i:j])) for i, j in parts) if len(starts) > 1 else ()
        if detect.OFF not in levels:
            return self._on(replace(found, grid=detect.grid_of(rows), runs=runs), rows)
        if set(levels) == {detect.OFF}:
            grid = self._columns()
            return replace(found, grid=grid, why="" if grid is not None else "on no grid")
        return replace(found, runs=runs, why="on a grid in part" if runs else "all zeros")

    def _on(self, found: TensorGrid, rows: FloatArray) -> TensorGrid:
        """Count the blocks of rows that are on a grid, and those of the type that holds it."""
        from qrecipe.codecs.lattice import detect  # noqa: PLC0415 - numba loads at the first use

        if found.grid is None:
            return replace(found, why="all zeros")
        on, use = detect.certified(rows, found.grid), follows(found.grid, rows.shape[1], self.codecs)
        found = replace(found, blocks=on.size, certified=int(on.sum()))
        if use is None:
            return found
        return replace(found, type=str(use), counts=self.codecs.lattice.encode(use, rows, None).counts)

    def sample(self) -> tuple[list[int], FloatArray]:
        """Return rows spread over the tensor, with their numbers."""
        import numpy as np  # noqa: PLC0415 - heavy

        places = sample_places(self.rows.tensor.shape)
        return places, np.concatenate([self.decoded(place, place + 1) for place in places])

    def decoded(self, start: int, stop: int) -> FloatArray:
        """Return rows as float32."""
        return self.codecs.stored.decode(self.rows.read(start, stop), self.rows.tensor.shape[-1])

    def _columns(self) -> Grid | None:
        """Look at parts of columns."""
        import numpy as np  # noqa: PLC0415 - heavy

        from qrecipe.codecs.lattice import detect  # noqa: PLC0415 - numba loads at the first use

        shape = self.rows.tensor.shape
        band = self.decoded(0, min(_BAND, shape[-2]))[:, :_COLUMNS]
        found = detect.grid_of(np.ascontiguousarray(band.T)) if len(band) == _BAND and np.isfinite(band).all() else None
        return None if found is None else replace(found, axis="column")


@dataclass(frozen=True, slots=True)
class CertifyRows:
    """Holds rows `start` to `stop` against the grid that a sample found, `step` of them at a time."""

    work: SampleRows
    sampled: TensorGrid
    start: int
    stop: int
    step: int

    def __call__(self) -> RowsCertified:
        """Read, decode, certify."""
        found = RowsCertified(0, 0, 0, BlockCounts(), ())
        for start, stop in steps(self.start, self.stop, self.step):
            rows = self.work.decoded(start, stop)
            bad = nonfinite(rows, range(start, stop))
            if bad:
                return replace(found, bad=bad)
            found = joined(found, self._certified(rows, start))
        return found

    def _certified(self, rows: FloatArray, start: int) -> RowsCertified:
        from qrecipe.codecs.lattice import detect  # noqa: PLC0415 - numba loads at the first use

        grid, levels = self.sampled.grid, None
        if self.sampled.runs:
            levels = [int(level) for level in detect.levels(rows)]
        if grid is None:
            return RowsCertified(len(rows), 0, 0, BlockCounts(), _runs(levels or [], start))
        on, scale = detect.plainest(rows, grid)
        if levels is None:
            levels = [0 if fine else detect.OFF for fine in on.min(axis=1).tolist()]
        use = follows(grid, rows.shape[1], self.work.codecs)
        counts = BlockCounts() if use is None else self.work.codecs.lattice.encode(use, rows, None).counts
        return RowsCertified(len(rows), on.size, int(on.sum()), counts, _runs(levels, start), scale)


def joined(a: RowsCertified, b: RowsCertified) -> RowsCertified:
    """Add what was found in rows to what was found in those before."""
    from qrecipe.codecs.lattice import detect  # noqa: PLC0415 - numba loads at the first use

    more = b.runs[1:] if a.runs and b.runs and detect.same_kind(a.runs[-1][1], b.runs[0][1]) else b.runs
    return RowsCertified(
        a.rows + b.rows,
        a.blocks + b.blocks,
        a.certified + b.certified,
        a.counts + b.counts,
        (*a.runs, *more)[: _RUNS + 1],
        max(a.scale, b.scale, key=detect.SCALES.index),
        a.bad or b.bad,
    )


def _runs(levels: Sequence[int], start: int) -> tuple[tuple[int, int], ...]:
    from qrecipe.codecs.lattice import detect  # noqa: PLC0415 - numba loads at the first use

    runs: list[tuple[int, int]] = []
    for row, level in enumerate(levels, start):
        if runs and detect.same_kind(runs[-1][1], level):
            runs[-1] = (runs[-1][0], max(runs[-1][1], level))  # rows of zeros are on any grid
        else:
            runs.append((row, level))
    return tuple(runs)


def sample_places(shape: Shape) -> list[int]:
    """Return the rows of a sample: the first, the last, and some evenly between."""
    count, cols = prod(shape[:-1]), max(shape[-1] if shape else 1, 1)
    wanted = min(max(_SAMPLE // cols, _FEWEST), _MOST, count)
    return sorted({i * (count - 1) // max(wanted - 1, 1) for i in range(wanted)})


def sample_task(work: SampleRows) -> Task:
    """Return the task that looks at a sample."""
    cols = max(work.rows.tensor.shape[-1], 1)
    rows = max(min(max(_SAMPLE // cols, _FEWEST), _MOST), _BAND)
    held = rows * (work.rows.row_bytes + _HELD * cols)
    return Task(work.rows.tensor.name, 0, prod(work.rows.tensor.shape[:-1]), rows * work.rows.row_bytes, held, work)


def exact_tasks(work: SampleRows, sampled: TensorGrid, limits: Limits) -> Iterator[Task]:
    """Yield the tasks that look at every row of a tensor."""
    tensor = work.rows.tensor
    cols = max(tensor.shape[-1], 1)
    held = work.rows.row_bytes + _HELD * cols
    step = max(min(_STEP // cols, limits.task_memory // held), 1)
    for start, stop in pieces(tensor.shape):
        nbytes = (stop - start) * work.rows.row_bytes
        done = CertifyRows(work, sampled, start, stop, step)
        yield Task(tensor.name, start, stop, nbytes, min(stop - start, step) * held, done)


def merged(sampled: TensorGrid, work: SampleRows, found: Sequence[RowsCertified]) -> TensorGrid:
    """Return what all pieces of a tensor say, in place of the sample's word."""
    whole = reduce(joined, found)
    grid = None if whole.bad or sampled.grid is None else replace(sampled.grid, scale=whole.scale)
    found_ = replace(sampled, grid=grid, exact=True, rows=whole.rows, blocks=whole.blocks, certified=whole.certified)
    if grid is None:
        found_ = replace(found_, blocks=0, certified=0, type="keep", why=whole.bad or sampled.why)
    runs = whole.runs if len(whole.runs) > 1 and not whole.bad else ()
    counts = whole.counts if grid is not None else BlockCounts()
    return replace(found_, counts=counts, runs=tuple(_told(work, sampled, run) for run in runs[:_RUNS]))


def _told(work: SampleRows, sampled: TensorGrid, run: tuple[int, int]) -> GridRun:
    from qrecipe.codecs.lattice import detect  # noqa: PLC0415 - numba loads at the first use

    row, level = run
    known = level != detect.OFF and not sampled.runs
    return GridRun(row, sampled.grid if known else detect.grid_of(work.decoded(row, row + 1)))


def nonfinite(rows: FloatArray, places: Sequence[int]) -> str:
    """Say where a weight is not finite; '' where all are."""
    from qrecipe.codecs.finite import first_nonfinite  # noqa: PLC0415 - heavy

    found = first_nonfinite(rows)
    if found is None:
        return ""
    row, column = divmod(found, rows.shape[1])
    return f"row {places[row]}, column {column} is {float(rows.flat[found])}"


def follows(grid: Grid, cols: int, codecs: Codecs) -> TypeUse | None:
    """Return the smallest GGUF type that holds a grid; None where none does."""
    if grid.axis != "row":
        return None
    fit = ("fit", Call(codecs.lattice.name))
    group = grid.group or cols
    if grid.width == _TERNARY and not cols % 256 and not group % 256:
        return TypeUse(codecs.formats["TQ2_0"], (fit,) if grid.symmetric else (("scale", "negative"), fit))
    name = {2: "Q4_0", 4: "Q4_0", 5: "Q5_0", 8: "Q8_0"}[grid.width]
    return None if group % 32 else TypeUse(codecs.formats[name], (fit,))
