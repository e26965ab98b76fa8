"""Calling a kernel, or ggml: the arrays that each takes, and the bytes that it gives."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module
from typing import TYPE_CHECKING, Any

import numpy as np

from qrecipe.codecs.kernels.catalog import Decoder, Kernel

if TYPE_CHECKING:
    from qrecipe.codecs.ggml.table import GgmlType
    from qrecipe.types.format import FloatArray


@dataclass(frozen=True, slots=True)
class Reference:
    """ggml's own encoder of a type."""

    type: GgmlType
    encode: Callable[[GgmlType, FloatArray, FloatArray | None], bytes]

    def encoded(self, rows: FloatArray, importance: FloatArray | None) -> bytes:
        """Encode C-contiguous rows of whole blocks."""
        return self.encode(self.type, rows, importance)


Encoder = Callable[[Any, Any, Any], object]
"""Takes weights, the bytes to write, and the importance of a row's columns (empty without an imatrix)."""

Decode = Callable[["GgmlType", "bytes | memoryview", int], "FloatArray"]
"""Decodes whole rows of a type that have so many columns: ggml's own way, or numpy's."""

Decoding = Callable[[Any, Any], object]
"""Takes bytes, and the float32 to write."""


def decoded(decoder: Decoding, data: bytes | memoryview, shape: tuple[int, int]) -> FloatArray:
    """Decode rows of whole blocks."""
    rows = np.empty(shape, np.float32)
    codes = np.frombuffer(data, np.uint8)
    codes.setflags(write=False)  # as `encoded` does
    decoder(codes, rows.reshape(-1))
    return rows


def encoded(type_: GgmlType, encoder: Encoder, rows: FloatArray, importance: FloatArray | None) -> bytes:
    """Encode C-contiguous rows of whole blocks."""
    out = np.empty(rows.size // type_.block * type_.block_bytes, np.uint8)
    encoder(_fixed(rows), out, _fixed(np.empty(0, np.float32) if importance is None else importance))
    return out.tobytes()


def _fixed(array: FloatArray) -> FloatArray:
    """Return a view that cannot be written: compiled code exists for one type of array only."""
    view = array.reshape(-1).view()
    view.setflags(write=False)
    return view


def compile_kernel(kernel: Kernel) -> Encoder:
    """Compile a kernel, or load it, for the arrays that `encoded` gives it."""
    from numba.core import types  # noqa: PLC0415 - numba takes a quarter of a second to load

    from qrecipe.codecs.compiled.compiling import compiled  # noqa: PLC0415 - likewise
    from qrecipe.codecs.simd.numbers import jit  # noqa: PLC0415 - likewise

    floats, out = types.Array(types.float32, 1, "C", readonly=True), types.Array(types.uint8, 1, "C")
    arrays = (floats, out, floats, *(types.Array(types.int32, 1, "C") for _ in range(2 * kernel.codebook)))
    function = getattr(import_module(f"qrecipe.codecs.kernels.{kernel.module}"), kernel.name)
    found: Callable[..., object] = compiled(function, jit, lambda work: work.compile(arrays))
    if not kernel.codebook:
        return found
    from qrecipe.codecs.kernels.codebook import tables  # noqa: PLC0415 - likewise

    index, lists = tables(kernel.type)
    return lambda rows, out, importance: found(rows, out, importance, index, lists)


def compile_decoder(kernel: Decoder) -> Decoding:
    """Compile a decoder, or load it, for the arrays that `decoded` gives it."""
    from numba.core import types  # noqa: PLC0415 - as above

    from qrecipe.codecs.compiled.compiling import compiled  # noqa: PLC0415 - likewise
    from qrecipe.codecs.kernels import decode  # noqa: PLC0415 - likewise
    from qrecipe.codecs.kernels.codebook import decode_tables  # noqa: PLC0415 - likewise
    from qrecipe.codecs.simd.numbers import jit  # noqa: PLC0415 - likewise

    arrays = types.Array(types.uint8, 1, "C", readonly=True), types.Array(types.float32, 1, "C")
    tables = 2 * kernel.points * (types.Array(types.float32, 2, "C"),)
    function = getattr(decode, kernel.name)
    found: Callable[..., object] = compiled(function, jit, lambda work: work.compile((*arrays, *tables)))
    if not kernel.points:
        return found
    points, signs = decode_tables(kernel.type)
    return lambda data, rows: found(data, rows, points, signs)
