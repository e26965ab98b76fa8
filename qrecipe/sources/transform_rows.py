"""Evaluates transforms (`types.transform`) for a range of rows, from a checkpoint's bytes.

Rows are those of the flattened tensor, all of matrix 0, then of matrix 1; a tensor of one dimension is one row. Memory
is that of the rows that are asked for, two rows more at most, and for `Transpose` a band of the source besides.
"""

from __future__ import annotations

from collections.abc import Iterator
from math import prod

from qrecipe.sources.transform_shapes import WIDTHS, described
from qrecipe.types.source import Checkpoint
from qrecipe.types.transform import Add, Constant, Permute, Split, Stack, Stored, Transform, Transpose

_BAND = 1 << 20  # bytes of a matrix that a transposition holds at a time


def rows_of(transform: Transform, checkpoint: Checkpoint, start: int, stop: int) -> bytes:
    """Return rows `start` to `stop` of the result."""
    match transform:
        case Stored(name):
            row = described(transform, checkpoint.tensors).row_bytes
            found = checkpoint.read(name, start * row, (stop - start) * row)
        case Constant(values):
            found = _constant(values) if start < stop else b""
        case Add():
            found = _added(transform, checkpoint, start, stop)
        case Stack(of):
            runs = _runs(start, stop, described(of[0], checkpoint.tensors).rows)
            found = b"".join(rows_of(of[i], checkpoint, first, last) for i, first, last in runs)
        case Split(of):
            found = b"".join(rows_of(of, checkpoint, *run) for run in _split_runs(transform, checkpoint, start, stop))
        case Permute():
            found = _permuted(transform, checkpoint, start, stop)
        case Transpose(of):
            found = _transposed(of, checkpoint, start, stop)
    return found


def _runs(start: int, stop: int, length: int) -> Iterator[tuple[int, int, int]]:
    """Yield how a range falls on pieces of one length: which piece, and the range in it."""
    while start < stop:
        piece, first = divmod(start, length)
        last = min(length, first + stop - start)
        yield piece, first, last
        start += last - first


def _split_runs(split: Split, checkpoint: Checkpoint, start: int, stop: int) -> Iterator[tuple[int, int]]:
    """Yield the rows of the whole tensor that a range of a part's rows stands for."""
    shape = described(split.of, checkpoint.tensors).shape
    inner = prod(shape[split.axis + 1 : -1])
    for outer, first, last in _runs(start, stop, (split.stop - split.start) * inner):
        base = (outer * shape[split.axis] + split.start) * inner
        yield base + first, base + last


def _permuted(permute: Permute, checkpoint: Checkpoint, start: int, stop: int) -> bytes:
    of = described(permute.of, checkpoint.tensors)
    if len(of.shape) == 1:  # a bias: its elements are what a matrix's rows are
        data = rows_of(permute.of, checkpoint, start, stop)
        return _interleaved(data, permute.heads, of.shape[0], WIDTHS[of.dtype]) if data else b""
    unit = prod(of.shape[1:-1])
    half = of.shape[0] // permute.heads // 2
    found = []
    for head, first, last in _runs(start, stop, 2 * half * unit):
        pairs = first // (2 * unit), -(-last // (2 * unit))
        halves = [
            rows_of(permute.of, checkpoint, *((head * 2 * half + k * half + i) * unit for i in pairs)) for k in (0, 1)
        ]
        both = _interleaved(b"".join(halves), 1, 2 * (pairs[1] - pairs[0]), unit * of.row_bytes)
        skipped = first - pairs[0] * 2 * unit
        found.append(both[skipped * of.row_bytes : (skipped + last - first) * of.row_bytes])
    return b"".join(found)


def _interleaved(data: bytes, heads: int, rows: int, row_bytes: int) -> bytes:
    """Return the rows of each head in pairs, one of its first half and one of its second."""
    import numpy as np  # noqa: PLC0415 - planning reads no weight

    halves = np.frombuffer(data, np.uint8).reshape(heads, 2, rows // heads // 2, row_bytes)
    return halves.swapaxes(1, 2).tobytes()


def _transposed(of: Transform, checkpoint: Checkpoint, start: int, stop: int) -> bytes:
    """Return columns `start` to `stop` of matrices as rows, from one band of source rows after another."""
    import numpy as np  # noqa: PLC0415 - planning reads no weight

    source = described(of, checkpoint.tensors)
    width = WIDTHS[source.dtype]
    length, cols = source.shape[-2:]
    band = max(_BAND // max(source.row_bytes, 1), 1)
    found = []
    for matrix, first, last in _runs(start, stop, cols):
        out = np.empty((last - first, length), f"V{width}")
        for row in range(0, length, band):
            end = min(row + band, length)
            data = rows_of(of, checkpoint, matrix * length + row, matrix * length + end)
            out[:, row:end] = np.frombuffer(data, f"V{width}").reshape(end - row, cols)[:, first:last].T
        found.append(out.tobytes())
    return b"".join(found)


def _added(transform: Add, checkpoint: Checkpoint, start: int, stop: int) -> bytes:
    import numpy as np  # noqa: PLC0415 - planning reads no weight

    from qrecipe.codecs.floats import decode_float  # noqa: PLC0415 - likewise

    data = rows_of(transform.of, checkpoint, start, stop)
    dtype = described(transform.of, checkpoint.tensors).dtype
    if dtype == "F16":
        return (np.frombuffer(data, "<f2") + np.float16(transform.value)).astype("<f4").tobytes()
    return (decode_float(dtype, data, 1) + np.float32(transform.value)).astype("<f4").tobytes()


def _constant(values: tuple[float, ...]) -> bytes:
    import numpy as np  # noqa: PLC0415 - planning reads no weight

    return np.array(values, "<f4").tobytes()
