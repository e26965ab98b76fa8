"""The bytes of schemes, in numpy: rows of weights, codes with scales, or ggml blocks to records, and back.

Rows are taken a few at a time, so that what is computed stays in the processor's cache: memory above input and output
is small, and numpy is faster so than on whole pieces. A scale that is not finite as it is stored stops the build.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, assert_never, cast

import numpy as np
from qrecipe.errors import BuildError, Diagnostic
from qrecipe.types.scheme import ITEM_BITS

from qrecipe_torchao import arithmetic, blocks, e4m3
from qrecipe_torchao.arithmetic import Quantized
from qrecipe_torchao.carried import TYPES
from qrecipe_torchao.float8 import Float8
from qrecipe_torchao.floats import from_bytes, rounded, to_bytes
from qrecipe_torchao.int4 import Int4
from qrecipe_torchao.int8 import Int8
from qrecipe_torchao.intx import Intx

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray
    from qrecipe.types.format import FloatArray

    from qrecipe_torchao.stores import Store

    _Field = NDArray[np.uint8]

_AT_ONCE = 1 << 16  # weights


def encode(store: Store, rows: FloatArray) -> bytes:
    """Encode weights [n, cols] with torchao's arithmetic; BuildError where a scale overflows."""
    records = _empty(store, *rows.shape)
    for some in _few(*rows.shape):
        with np.errstate(over="ignore", invalid="ignore"):
            _write(store, _quantized(store, rows[some]), records[some])
    return records.tobytes()


def relaid(store: Store, carried: str, data: bytes, cols: int) -> bytes:
    """Return rows of ggml blocks as records."""
    row = cols // TYPES[carried].block * TYPES[carried].block_bytes
    records = _empty(store, len(data) // row, cols)
    for some in _few(len(records), cols):
        _write(store, blocks.parted(carried, data[some.start * row : some.stop * row], cols), records[some])
    return records.tobytes()


def joined(store: Store, codes: NDArray[np.int8], scales: FloatArray) -> bytes:
    """Return records of codes [n, cols] and scales [n, groups], rounded to the dtype that is stored."""
    records = _empty(store, *codes.shape)
    for some in _few(*codes.shape):
        _write(store, Quantized(np.ascontiguousarray(codes[some]), scales[some]), records[some])
    return records.tobytes()


def parted(store: Store, records: bytes | memoryview, cols: int) -> Quantized:
    """Return the codes, scales and zero points of records."""
    return _read(store, _records(store, records, cols), cols)


def decode(store: Store, records: bytes | memoryview, cols: int) -> FloatArray:
    """Return scale · code, and zero points added: float32 [n, cols]."""
    table = _records(store, records, cols)
    rows = np.empty((len(table), cols), np.float32)
    for some in _few(*rows.shape):
        rows[some] = _values(_read(store, table[some], cols))
    return rows


def record_widths(store: Store, cols: int) -> tuple[int, ...]:
    """Return how many bytes of a record each part has."""
    return tuple(part.row * ITEM_BITS[part.dtype] // 8 for part in store.parts(cols))


def _quantized(store: Store, rows: FloatArray) -> Quantized:
    match store:
        case Intx():
            return arithmetic.intx(rows, store.width, store.group or rows.shape[1], store.run)
        case Int8():
            return arithmetic.int8(rows, store.group or rows.shape[1], store.run)
        case Float8():
            return arithmetic.float8(rows, store.run)
        case Int4():
            choose = arithmetic.int4 if store.zeros else arithmetic.int4_symmetric
            return choose(rows, store.group, store.run)
        case other:
            assert_never(other)


def _write(store: Store, found: Quantized, records: _Field) -> None:
    scales = rounded(found.scales, store.scale)
    if not np.isfinite(scales).all():
        raise _overflow(store.scale)
    codes = found.codes.view(np.uint8)
    fields = [_packed(codes) if isinstance(store, Int4) else codes, to_bytes(scales, store.scale)]
    if isinstance(store, Int4):
        zeros = np.zeros_like(scales) if found.zeros is None else rounded(found.zeros, store.scale)
        fields.append(to_bytes(zeros, store.scale))
    elif not isinstance(store, Float8):
        fields.append(np.zeros(scales.shape, np.uint8))
    np.concatenate(fields, axis=1, out=records)


def _read(store: Store, records: _Field, cols: int) -> Quantized:
    ends = np.cumsum(record_widths(store, cols))[:-1]
    codes, scales, *zeros = np.split(records, ends, axis=1)
    codes = np.ascontiguousarray(codes)
    if isinstance(store, Float8):
        return Quantized(codes, from_bytes(scales, store.scale))
    if isinstance(store, Int4):
        return Quantized(_unpacked(codes), from_bytes(scales, store.scale), from_bytes(zeros[0], store.scale))
    return Quantized(cast("NDArray[np.int8]", codes.view(np.int8)), from_bytes(scales, store.scale))


def _packed(codes: _Field) -> _Field:
    """Put two codes into a byte, that of the even column into the low bits."""
    nibbles = codes & np.uint8(0x0F)
    packed: _Field = nibbles[:, ::2] | (nibbles[:, 1::2] << np.uint8(4))
    return packed


def _unpacked(packed: _Field) -> NDArray[np.int8]:
    codes = np.empty((packed.shape[0], packed.shape[1] * 2), np.int8)
    codes[:, ::2] = (packed << np.uint8(4)).view(np.int8) >> 4
    codes[:, 1::2] = packed.view(np.int8) >> 4
    return codes


def _empty(store: Store, rows: int, cols: int) -> _Field:
    return np.empty((rows, sum(record_widths(store, cols))), np.uint8)


def _records(store: Store, data: bytes | memoryview, cols: int) -> _Field:
    return np.frombuffer(data, np.uint8).reshape(-1, sum(record_widths(store, cols)))


def _few(rows: int, cols: int) -> Iterator[slice]:
    step = max(1, _AT_ONCE // max(cols, 1))
    return (slice(start, min(start + step, rows)) for start in range(0, rows, step))


def _values(found: Quantized) -> FloatArray:
    n, groups = found.scales.shape
    is_float = found.codes.dtype == np.uint8
    codes = e4m3.decode(found.codes.view(np.uint8)) if is_float else found.codes.astype(np.float32)
    blocks_ = codes.reshape(n, groups, -1)
    blocks_ *= found.scales[..., None]
    if found.zeros is not None:
        blocks_ += found.zeros[..., None]
    return blocks_.reshape(n, -1)


def _overflow(dtype: str) -> BuildError:
    return BuildError(
        Diagnostic(
            "scale-overflow",
            f"some of these weights are so large that their scale is infinite as {dtype}",
            why="torchao chooses scales in the dtype that the model computes in, and they are stored so",
            fix='set dtype = "float32" on the target, or keep this tensor',
        )
    )
