"""Which code encodes and decodes a ggml type: numpy for negative scales and plain dtypes, kernels or ggml for others.

Bytes are ggml's, or there is an error (`guard`). ValueError is for arrays of a wrong shape: a fault of the caller.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from qrecipe.codecs import floats
from qrecipe.codecs.ggml import guard, library
from qrecipe.codecs.ggml.negative import encode_negative
from qrecipe.codecs.kernels import engine
from qrecipe.codecs.kernels.running import Reference

if TYPE_CHECKING:
    from qrecipe.codecs.ggml.table import GgmlType
    from qrecipe.types.format import Args, FloatArray


def encode(type_: GgmlType, rows: FloatArray, args: Args, importance: FloatArray | None) -> bytes:
    """Encode finite `rows` [n, cols] of a type that can be encoded, as `args` say."""
    rows = _checked_rows(type_, rows)
    if dict(args).get("scale") == "negative":
        return encode_negative(rows)
    weights = guard.checked_importance(type_, rows, importance)
    largest = guard.check_reach(type_, rows, weights)
    plain = type_.kind == "float"
    encoded = floats.encode_float(type_.name, rows) if plain else _encode_blocks(type_, rows, weights)
    if guard.needs_check(type_, largest) and not _is_finite(type_, encoded):
        raise guard.not_finite(type_.name, largest)
    return encoded


def decode(type_: GgmlType, data: bytes | memoryview, cols: int) -> FloatArray:
    """Decode whole rows of `cols` weights to float32 [n, cols]."""
    row_bytes = cols // type_.block * type_.block_bytes
    if cols % type_.block or not row_bytes or memoryview(data).nbytes % row_bytes:
        raise ValueError(f"{memoryview(data).nbytes} bytes are no whole rows of {cols} weights in {type_.name}")
    return engine.decode(type_, data, cols, _decode_floats if type_.kind == "float" else library.decode)


def _decode_floats(type_: GgmlType, data: bytes | memoryview, cols: int) -> FloatArray:
    return floats.decode_float(type_.name, data, cols)


def _encode_blocks(type_: GgmlType, rows: FloatArray, importance: FloatArray | None) -> bytes:
    return engine.encode(Reference(type_, library.encode), rows, importance)


def _is_finite(type_: GgmlType, encoded: bytes) -> bool:
    if type_.kind == "float":
        return bool(np.isfinite(floats.decode_float(type_.name, encoded, 1)).all())
    return library.is_finite(type_, encoded)


def _checked_rows(type_: GgmlType, rows: FloatArray) -> FloatArray:
    is_table = rows.ndim == 2 and rows.dtype == np.float32  # noqa: PLR2004 - rows and columns
    if not is_table or (type_.kind == "block" and (not rows.shape[1] or rows.shape[1] % type_.block)):
        raise ValueError(f"{type_.name} encodes float32 rows of whole blocks, not {rows.dtype} {rows.shape}")
    return np.ascontiguousarray(rows)
