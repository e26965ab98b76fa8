"""Where records go: each row of a matrix is cut into the arrays of its module, and written at its place in each."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from qrecipe.backends.rows.place import Place


@dataclass(frozen=True, slots=True)
class ArrayPlace:
    """An array of a module in its staged file.

    Attributes:
        place: Where its bytes begin.
        row_bytes: Bytes of a row of the matrix in it.
        rows: All rows of the matrix.
        along: The dimension that they run along: 0, rows one behind the other; 1, each spread over all of the array.
        item: Bytes of an element.
    """

    place: Place
    row_bytes: int
    rows: int
    along: int
    item: int

    def write(self, block: np.ndarray, row: int) -> None:
        """Write the rows [n, row_bytes] of which the first is row `row`."""
        if self.along == 0:
            Place(self.place.path, self.place.offset, self.row_bytes).write(block.tobytes(), row)
            return
        for number in range(self.row_bytes // self.item):
            column = block[:, number * self.item : (number + 1) * self.item]
            Place(self.place.path, self.place.offset, self.item).write(column.tobytes(), number * self.rows + row)


@dataclass(frozen=True, slots=True)
class Segment:
    """Rows `start` to `stop` of a tensor of the checkpoint, which are one module."""

    start: int
    stop: int
    arrays: tuple[ArrayPlace, ...]


@dataclass(frozen=True, slots=True)
class RecordSink:
    """The modules that a tensor of the checkpoint becomes; `row_bytes` are those of a record."""

    segments: tuple[Segment, ...]
    row_bytes: int

    def write(self, data: bytes, row: int = 0) -> None:
        """Write whole records, the first of which is row `row` of the tensor."""
        records = np.frombuffer(data, np.uint8).reshape(-1, self.row_bytes)
        stop = row + len(records)
        for segment in self.segments:
            first, last = max(row, segment.start), min(stop, segment.stop)
            if first < last:
                _cut(records[first - row : last - row], segment, first - segment.start)


def _cut(records: np.ndarray, segment: Segment, row: int) -> None:
    start = 0
    for array in segment.arrays:
        array.write(records[:, start : start + array.row_bytes], row)
        start += array.row_bytes
