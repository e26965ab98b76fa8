"""Which code encodes and decodes a ggml type: numpy for plain dtypes and negative scales, ggml for all else.

Checks what ggml does not: it reads past an importance that is too short, ends the process where a type requires an
imatrix, or where products overflow in the codebook searches, and writes infinite scales without a word.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from qrecipe.codecs import floats
from qrecipe.codecs.ggml import library
from qrecipe.codecs.ggml.negative import encode_negative
from qrecipe.errors import BuildError, Diagnostic

if TYPE_CHECKING:
    from qrecipe.codecs.ggml.table import GgmlType
    from qrecipe.types.format import Args, FloatArray

_F16_MAX = 65504.0


def encode(type_: GgmlType, rows: FloatArray, args: Args, importance: FloatArray | None) -> bytes:
    """Encode finite `rows` [n, cols] of a type that can be encoded, as `args` say."""
    if rows.ndim != 2 or rows.dtype != np.float32 or (type_.block > 1 and rows.shape[1] % type_.block):  # noqa: PLR2004
        raise ValueError(f"{type_.name} encodes float32 rows of whole blocks, not {rows.dtype} {rows.shape}")
    rows = np.ascontiguousarray(rows)
    if type_.kind == "float":
        return floats.encode_float(type_.name, rows)
    if dict(args).get("scale") == "negative":
        return encode_negative(rows)
    return library.encode(type_, rows, _weights(type_, rows, importance))


def decode(type_: GgmlType, data: bytes | memoryview, cols: int) -> FloatArray:
    """Decode whole rows of `cols` weights to float32 [n, cols]."""
    row_bytes = cols // type_.block * type_.block_bytes
    if cols % type_.block or not row_bytes or memoryview(data).nbytes % row_bytes:
        raise ValueError(f"{memoryview(data).nbytes} bytes are no whole rows of {cols} weights in {type_.name}")
    if type_.kind == "float":
        return floats.decode_float(type_.name, data, cols)
    return library.decode(type_, data, cols)


def _weights(type_: GgmlType, rows: FloatArray, importance: FloatArray | None) -> FloatArray | None:
    if importance is None or type_.imatrix == "unused":
        if type_.imatrix == "required":
            raise BuildError(_starved(type_.name))
        return None
    if importance.shape != rows.shape[1:]:
        raise ValueError(f"an importance of shape {importance.shape} does not go with rows of {rows.shape[1]} columns")
    return np.ascontiguousarray(importance, np.float32)


def _starved(name: str) -> Diagnostic:
    return Diagnostic(
        "imatrix-missing",
        f"{name} cannot be encoded without imatrix data",
        why="its codebook search weighs the columns by it",
        fix='set imatrix = "FILE" in the recipe, or choose a type that does without',
    )
