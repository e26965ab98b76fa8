"""What a task does with its rows: copy them, or decode, check and encode them. Picklable values that are called.

Rows are those of the flattened tensor: all rows of matrix 0, then of matrix 1. A weight that is not finite
and a codec that breaks its promise stop the build: never a wrong file. What a codec refuses is told with its tensor.
"""

from __future__ import annotations

import hashlib
import math
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Protocol

from qrecipe.backends.rows import faults
from qrecipe.codecs.finite import first_nonfinite, first_nonfinite_stored
from qrecipe.codecs.fitting import fitted
from qrecipe.errors import BuildError, Diagnostic, Location, QrecipeError
from qrecipe.types.format import BlockCounts, Fit, Fitted, Format, TypeUse
from qrecipe.types.piece import Measured, PieceDigests, PieceWritten, steps
from qrecipe.types.source import Checkpoint, StoredTensor
from qrecipe.types.tensor import TensorInfo

if TYPE_CHECKING:
    from hashlib import _Hash as Hash

    from qrecipe.types.format import FloatArray


class RowSink(Protocol):
    """Where rows go."""

    def write(self, data: bytes, row: int = 0) -> None:
        """Write whole rows, the first of which is row `row` of the tensor; BuildError where the system refuses."""


@dataclass(frozen=True, slots=True)
class Origin:
    """Rows of one tensor of the checkpoint; `format` decodes them, and is None where nothing does."""

    checkpoint: Checkpoint
    tensor: TensorInfo
    format: Format | None

    @property
    def stored(self) -> StoredTensor:
        """The tensor as the checkpoint has it."""
        return self.checkpoint.tensors[self.tensor.name]

    @property
    def file(self) -> str:
        """The name of the file that holds the tensor."""
        return self.checkpoint.files[self.stored.file].name

    @property
    def row_bytes(self) -> int:
        """Bytes of a row as it is stored."""
        return self.stored.nbytes // max(self.tensor.stacked * self.tensor.rows, 1)

    def read(self, start: int, stop: int) -> bytes:
        """Return rows `start` to `stop` as they are stored."""
        row = self.row_bytes
        return self.checkpoint.read(self.tensor.name, start * row, (stop - start) * row)

    def decoded(self, data: bytes) -> FloatArray:
        """Return rows as float32, [n, cols]; BuildError where nothing decodes them."""
        if self.format is None:
            raise BuildError(faults.undecodable(self.tensor))
        return self.format.decode(data, self.tensor.cols)


@dataclass(frozen=True, slots=True)
class CopyRows:
    """The source's bytes, unchanged: rows `start` to `stop`, `step` of them at a time.

    Plain floats have to be finite all the same; blocks are not looked into.
    """

    origin: Origin
    start: int
    stop: int
    step: int
    place: RowSink

    def __call__(self) -> PieceWritten:
        """Copy; return the piece's digests."""
        copied = hashlib.sha256()
        for start, stop in steps(self.start, self.stop, self.step):
            data = self.origin.read(start, stop)
            self._require_finite(data, start)
            copied.update(data)
            self.place.write(data, start)
        return PieceWritten(PieceDigests(copied.digest(), copied.digest()))

    def _require_finite(self, data: bytes, start: int) -> None:
        found = first_nonfinite_stored(self.origin.stored.dtype, data)
        if found is not None:
            tensor = self.origin.tensor
            value = float(self.origin.decoded(data).flat[found])
            raise BuildError(faults.non_finite(tensor, start * tensor.cols + found, value, self.origin.file))


@dataclass(frozen=True, slots=True, eq=False)
class EncodeRows:
    """Rows in another type, or fitted anew, `step` of them at a time.

    `stored` is what the artifact has of the type: its own format, or a scheme. `fit` is None for plain floats;
    `importance` is [cols].
    """

    origin: Origin
    start: int
    stop: int
    step: int
    place: RowSink
    use: TypeUse
    stored: Format
    fit: Fit | None
    importance: FloatArray | None

    def __call__(self) -> PieceWritten:
        """Read, decode, check, encode, check, write; return digests, what the fit counts, and how close it is."""
        source, output, counts = hashlib.sha256(), hashlib.sha256(), BlockCounts()
        measuring: _Measuring | None = _Measuring() if self.measured else None
        for start, stop in steps(self.start, self.stop, self.step):
            found, measuring = self._take(start, stop, (source, output), measuring)
            counts += found
        measured = Measured() if measuring is None else measuring.measured((self.stop - self.start) * self._cols)
        return PieceWritten(PieceDigests(source.digest(), output.digest()), counts, measured)

    def _take(
        self, start: int, stop: int, digests: tuple[Hash, Hash], measuring: _Measuring | None
    ) -> tuple[BlockCounts, _Measuring | None]:
        """Take one step; what it holds is gone before the next one reads."""
        read = self.origin.read(start, stop)
        digests[0].update(read)
        made = self._convert(read, start)
        digests[1].update(made.data)
        self.place.write(made.data, start)
        return made.counts, None if measuring is None else measuring.compared(self, made.data, read)

    @property
    def measured(self) -> bool:
        """The recipe has chosen the fit: then the lock says what came of it."""
        return any(name == "fit" for name, _ in self.use.args)

    @property
    def _cols(self) -> int:
        return self.origin.tensor.cols

    def _convert(self, data: bytes, start: int) -> Fitted:
        try:
            return self._converted(data, start)
        except QrecipeError as error:
            raise type(error)(*(self._located(fault) for fault in error.diagnostics)) from error

    def _converted(self, data: bytes, start: int) -> Fitted:
        rows = self.origin.decoded(data)
        self._require_finite(rows, start)
        made = fitted(self.use, self.stored, self.fit, rows, self.importance)
        if made.refused is not None:
            raise BuildError(_uncertified(self.use, made, rows.shape, start))
        promised = self.stored.nbytes(rows.shape, self.use.args)
        if len(made.data) != promised:
            raise BuildError(faults.dishonest_size(self.origin.tensor, self.use, len(made.data), promised))
        return made

    def _located(self, fault: Diagnostic) -> Diagnostic:
        """Codecs know rows, not tensors: say which tensor theirs was."""
        where = Location(file=self.origin.file, key_path=self.origin.tensor.name)
        return replace(fault, where=where) if fault.where is None else fault

    def _require_finite(self, rows: FloatArray, start: int) -> None:
        found = first_nonfinite(rows)
        if found is not None:
            tensor, value = self.origin.tensor, float(rows.flat[found])
            raise BuildError(faults.non_finite(tensor, start * tensor.cols + found, value, self.origin.file))


@dataclass(frozen=True, slots=True)
class _Measuring:
    """How close the rows of a piece are that are written: identical weights, and each row's squared differences."""

    identical: int = 0
    squares: list[float] = field(default_factory=list)

    def compared(self, work: EncodeRows, output: bytes, stored: bytes) -> _Measuring | None:
        """Add rows; None where nothing decodes them."""
        from qrecipe.codecs.closeness import row_squares  # noqa: PLC0415 - only where it is asked for

        if work.origin.format is None:
            return None
        found = row_squares(output, stored, (work.stored, work.origin.format), work.origin.tensor.cols)
        if found is None:
            return None
        self.squares.extend(found[1])  # a piece has as many as rows: no copies
        return _Measuring(self.identical + found[0], self.squares)

    def measured(self, weights: int) -> Measured:
        """Return the sums over a piece of so many weights."""
        return Measured(weights, self.identical, math.fsum(self.squares))


def _uncertified(use: TypeUse, made: Fitted, shape: tuple[int, ...], start: int) -> Diagnostic:
    counts, rows, cols = made.counts, shape[0], shape[1]
    block = cols * rows // max(counts.blocks, 1)
    row, column = divmod((made.refused or 0) * block, cols)
    return Diagnostic(
        "block-uncertified",
        f"{counts.blocks - counts.certified:,} of {counts.blocks:,} blocks cannot be certified in {use.format.name}",
        why=f"the first is in row {start + row}, columns {column} to {column + block - 1}: no scale gives all its "
        f"weights back bit for bit; rows {start} to {start + rows - 1} were looked at",
        fix=f"say fit={use.fit.name}, which takes such blocks too and counts them, or choose another type",
    )
