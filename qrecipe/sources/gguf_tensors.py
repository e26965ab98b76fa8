"""The tensor table of a GGUF header: names, shapes, types and offsets, each checked before it is used.

Every offset must equal the sum of the padded sizes before it, which excludes gaps, overlap, disorder and misalignment,
and finds types whose block the writer saw differently. Source: ggml `docs/gguf.md`; the limits are ggml's.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import prod

from qrecipe.sources.fault import Place, fault
from qrecipe.sources.gguf_types import formats_by_id, why_unknown
from qrecipe.sources.header_reader import HeaderReader
from qrecipe.types.format import Format
from qrecipe.types.source import StoredTensor

_NAME_MOST = 63
_DIMS_MOST = 4
_INT64_MOST = (1 << 63) - 1


@dataclass(frozen=True, slots=True)
class TensorRow:
    """One row of the table; `offset` counts from the start of the data, `place` is where the row stands."""

    name: str
    shape: tuple[int, ...]
    format: Format
    nbytes: int
    offset: int
    place: Place


def read_tensor_table(reader: HeaderReader, count: int, alignment: int) -> tuple[TensorRow, ...]:
    """Read `count` rows from the reader's position on."""
    rows: dict[str, TensorRow] = {}
    expected = 0
    for index in range(count):
        row = _read_row(reader, index)
        if row.name in rows:
            raise fault("gguf-duplicate-tensor", row.place, f"tensor {row.name!r} stands in the file twice")
        if row.offset != expected:
            raise _bad_offset(row, expected)
        expected += padded(row.nbytes, alignment)
        if expected > _INT64_MOST:
            what = f"the tensors up to {row.name!r} have more than 2^63 bytes together"
            raise fault("gguf-size-overflow", row.place, what)
        rows[row.name] = row
    return tuple(rows.values())


def padded(nbytes: int, alignment: int) -> int:
    """Return the next multiple of the alignment."""
    return nbytes + -nbytes % alignment


def stored(row: TensorRow, data_offset: int, file: int) -> StoredTensor:
    """Return the row as readers of weights see it: the offset counts from the file's start."""
    return StoredTensor(row.name, row.format.name, row.shape, row.nbytes, file, data_offset + row.offset)


def _read_row(reader: HeaderReader, index: int) -> TensorRow:
    place = reader.place
    name = _read_name(reader, index)
    shape = _read_shape(reader, name)
    format_ = _read_format(reader, name)
    if reason := format_.refuses(shape, ()):
        raise fault("gguf-bad-row-length", place, f"tensor {name!r} cannot be {format_.name}: {reason}")
    nbytes = format_.nbytes(shape, ())
    if nbytes > _INT64_MOST:
        raise fault("gguf-size-overflow", place, f"tensor {name!r} has more than 2^63 bytes")
    return TensorRow(name, shape, format_, nbytes, reader.number("Q", f"the offset of tensor {name!r}"), place)


def _read_name(reader: HeaderReader, index: int) -> str:
    place = reader.place
    length = reader.number("Q", f"the length of the name of tensor {index}")
    if not 0 < length <= _NAME_MOST:
        why = f"a tensor's name has 1 to {_NAME_MOST} bytes"
        raise fault("gguf-bad-tensor-name", place, f"the name of tensor {index} has {length} bytes", why=why)
    raw = reader.take(length, f"the name of tensor {index}")
    try:
        return raw.decode("utf-8")
    except UnicodeDecodeError:
        raise fault("gguf-bad-tensor-name", place, f"the name of tensor {index} is no UTF-8") from None


def _read_shape(reader: HeaderReader, name: str) -> tuple[int, ...]:
    """Return the shape, outermost first; the file has it the other way round."""
    place = reader.place
    dims = reader.number("I", f"the number of dimensions of tensor {name!r}")
    if not 0 < dims <= _DIMS_MOST:
        why = f"a tensor has 1 to {_DIMS_MOST} dimensions"
        raise fault("gguf-bad-dimensions", place, f"tensor {name!r} has {dims} dimensions", why=why)
    sizes = tuple(reader.number("q", f"a dimension of tensor {name!r}") for _ in range(dims))
    if min(sizes) < 1:
        raise fault("gguf-bad-shape", place, f"tensor {name!r} has a dimension of {min(sizes)}")
    if prod(sizes) > _INT64_MOST:
        raise fault("gguf-bad-shape", place, f"tensor {name!r} has more than 2^63 elements")
    return sizes[::-1]


def _read_format(reader: HeaderReader, name: str) -> Format:
    place = reader.place
    type_id = reader.number("i", f"the type of tensor {name!r}")
    format_ = formats_by_id().get(type_id)
    if format_ is None:
        why, fix = why_unknown(type_id)
        raise fault("gguf-unknown-type", place, f"tensor {name!r} has type {type_id}", why=why, fix=fix)
    return format_


def _bad_offset(row: TensorRow, expected: int) -> Exception:
    why = "tensors stand one after the other: the file is broken, or a fork gave a type of another size a known number"
    what = f"the data of tensor {row.name!r} should be at {expected} and is said to be at {row.offset}"
    return fault("gguf-bad-offset", row.place, what, why=why)
