"""Q6_K: super-blocks of 16 sub-blocks of 16 weights, each with a signed scale of 8 bits.

A block is 128 bytes with the low nibbles, 64 with the upper two bits, 16 scales, and d as FP16. See `block_q6_K` in
ggml-common.h. A super-block is a tile. The imatrix is the weight as it stands; without one the weight is x * x.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from qrecipe.codecs.kernels import symmetric, tile
from qrecipe.codecs.simd.lanes import load, splat, splat_int, store_bytes, to_ints
from qrecipe.codecs.simd.numbers import bounded, clamped, inlined, jit, nearest_int, wrapped, write_half
from qrecipe.codecs.simd.vectors import WIDTH

if TYPE_CHECKING:
    from qrecipe.codecs.kernels.tile import Bytes, Floats

_SUPER, _SUB, _BYTES = 256, 16, 210
_HIGH, _SCALES, _D = 128, 192, 208
_TRIES = symmetric.candidates(32)
_NOTHING = np.float32(1e-15)  # GROUP_MAX_EPS


@jit
def encode(rows: Floats, out: Bytes, importance: Floats) -> None:
    """Encode whole super-blocks without an imatrix."""
    _encode(rows, out, importance, weighted=False)


@jit
def encode_weighted(rows: Floats, out: Bytes, importance: Floats) -> None:
    """Encode whole super-blocks with an imatrix."""
    _encode(rows, out, importance, weighted=True)


@inlined
def _encode(rows: Floats, out: Bytes, importance: Floats, weighted: bool) -> None:
    tile_x, tile_w = np.empty(_SUPER, np.float32), np.empty(_SUPER, np.float32)
    found, scales = np.empty(symmetric.FOUND, np.float32), np.empty(WIDTH, np.int64)
    for at in range(0, rows.size, _SUPER):
        tile.fill(tile_x, rows, at, _SUB)
        if weighted:
            tile.fill_importance(tile_w, importance, at, _SUB)
        else:
            tile.weigh_by_square(tile_w, tile_x)
        symmetric.search((tile_x, tile_w), _TRIES, 32, found)
        place = at // _SUPER * _BYTES
        step = _scales(found, scales)
        if step == 0:
            out[place : place + _BYTES] = 0
        else:
            d = write_half(out, place + _D, step)
            for j in range(WIDTH):
                out[place + _SCALES + j] = scales[j] & 255
            _write_codes(rows, at, (out, place), (d, scales, found))


@inlined
def _scales(found: Floats, scales: Any) -> Any:
    """Quantize the scales by the first of largest magnitude; return d, 0 where there is nothing."""
    largest, peak = np.float32(0), np.float32(0)
    for j in range(WIDTH):
        scale = found[symmetric.SCALE + j]
        if abs(scale) > largest:
            largest, peak = abs(scale), scale
    if largest < _NOTHING:
        return np.float32(0)
    inverse = np.float32(-128) / peak
    for j in range(WIDTH):
        scales[j] = min(nearest_int(inverse * found[symmetric.SCALE + j]), 127)
    return np.float32(1) / inverse


@inlined
def _write_codes(rows: Floats, at: int, place: Any, grid: Any) -> None:
    (out, to), four, nibble = place, splat_int(4), splat_int(15)
    for half in range(2):
        for column in range(0, 32, WIDTH):
            j, start = half * 8 + column // _SUB, at + half * 128 + column
            a, b = _codes(rows, start, j, grid), _codes(rows, start + 32, j + 2, grid)
            c, d = _codes(rows, start + 64, j + 4, grid), _codes(rows, start + 96, j + 6, grid)
            low = to + half * 64 + column
            store_bytes(out, low, (a & nibble) | ((c & nibble) << four))
            store_bytes(out, low + 32, (b & nibble) | ((d & nibble) << four))
            high = (a >> four) | ((b >> four) << splat_int(2)) | ((c >> four) << four) | ((d >> four) << splat_int(6))
            store_bytes(out, to + _HIGH + half * 32 + column, high)


@inlined
def _codes(rows: Floats, at: int, j: int, grid: Any) -> Any:
    """Return the codes of sub-block `j`; where its scale came to 0, those that the search had."""
    d, scales, found = grid
    scale, x = d * np.float32(scales[j]), load(rows, at)
    if scale != 0:
        return bounded(wrapped(x / splat(scale)), -32, 31) + splat_int(32)
    inverse = found[symmetric.INVERSE + j]
    if inverse == 0:
        return splat_int(0)
    return to_ints(clamped(splat(inverse) * x, splat(-32), splat(31))) + splat_int(32)
