"""IQ4_NL and IQ4_XS: blocks of 32 weights in 4 bits on an uneven grid.

IQ4_NL: a block is d as FP16 and 16 bytes of nibbles; weights l and 16 + l share byte l. IQ4_XS: a super-block is d, the
upper two bits of 8 signed scales in 2 bytes, their lower nibbles in 4, and the nibbles of 8 blocks. See `block_iq4_nl`
and `block_iq4_xs` in ggml-common.h. A tile is 16 blocks.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from qrecipe.codecs.kernels import tile, uneven
from qrecipe.codecs.kernels.sums import sigmas
from qrecipe.codecs.simd.lanes import load, splat, splat_int, store, store_bytes
from qrecipe.codecs.simd.numbers import inlined, jit, nearest_int, write_half
from qrecipe.codecs.simd.vectors import WIDTH

if TYPE_CHECKING:
    from qrecipe.codecs.kernels.tile import Bytes, Floats

_SUB, _NL_BYTES, _SUPER, _SUBS, _XS_BYTES = 32, 18, 256, 8, 136
_TILE = _SUB * WIDTH
_TRIES = uneven.TRIES


@jit
def encode_nl(rows: Floats, out: Bytes, importance: Floats) -> None:
    """Encode whole blocks of IQ4_NL without an imatrix."""
    _encode_nl(rows, out, importance, weighted=False)


@jit
def encode_nl_weighted(rows: Floats, out: Bytes, importance: Floats) -> None:
    """Encode whole blocks of IQ4_NL with an imatrix."""
    _encode_nl(rows, out, importance, weighted=True)


@jit
def encode_xs(rows: Floats, out: Bytes, importance: Floats) -> None:
    """Encode whole super-blocks of IQ4_XS without an imatrix."""
    _encode_xs(rows, out, importance, weighted=False)


@jit
def encode_xs_weighted(rows: Floats, out: Bytes, importance: Floats) -> None:
    """Encode whole super-blocks of IQ4_XS with an imatrix."""
    _encode_xs(rows, out, importance, weighted=True)


@inlined
def _encode_nl(rows: Floats, out: Bytes, importance: Floats, weighted: bool) -> None:
    tile_x, tile_w, scales = np.empty(_TILE, np.float32), np.empty(_TILE, np.float32), np.empty(WIDTH, np.float32)
    for start in range(0, rows.size, _TILE):
        tile.fill(tile_x, rows, start, _SUB)
        tile.weigh_by_square(tile_w, tile_x)
        if weighted:
            sigma2 = tile.total_of(tile_w, _SUB) * splat(2 / _SUB)
            tile.fill_importance(tile_w, importance, start, _SUB)
            tile.weigh(tile_w, tile_x, sigma2, _SUB)
        store(scales, 0, uneven.search((tile_x, tile_w), _TRIES))
        for k in range(WIDTH):
            at, scale = start + k * _SUB, scales[k]
            if at < rows.size:
                place = at // _SUB * _NL_BYTES
                write_half(out, place, scale)
                _write_nibbles(rows, at, out, place + 2, np.float32(1) / scale if scale != 0 else np.float32(0))


@inlined
def _encode_xs(rows: Floats, out: Bytes, importance: Floats, weighted: bool) -> None:
    tile_x, tile_w, scales = np.empty(_TILE, np.float32), np.empty(_TILE, np.float32), np.empty(WIDTH, np.float32)
    sigma2, sigma = np.zeros(WIDTH, np.float32), np.empty(WIDTH, np.float32)
    for start in range(0, rows.size, _TILE):
        pair = start // _TILE % _SUBS
        if weighted and pair == 0:
            sigmas(rows, start, _SUPER, np.float32(2), sigma2)
        tile.fill(tile_x, rows, start, _SUB)
        if weighted:
            for k in range(WIDTH):
                sigma[k] = sigma2[2 * pair + k // _SUBS]
            tile.fill_importance(tile_w, importance, start, _SUB)
            tile.weigh(tile_w, tile_x, load(sigma, 0), _SUB)
        else:
            tile.weigh_by_square(tile_w, tile_x)
        store(scales, 0, uneven.search((tile_x, tile_w), _TRIES))
        for block in range(2):
            at = start + block * _SUPER
            if at < rows.size:
                _write_xs(rows, at, out, scales[block * _SUBS : (block + 1) * _SUBS])


@inlined
def _write_xs(rows: Floats, at: int, out: Bytes, scales: Floats) -> None:
    """Quantize 8 scales by the first of largest magnitude; write the super-block."""
    largest, peak, to = np.float32(0), np.float32(0), at // _SUPER * _XS_BYTES
    for j in range(_SUBS):
        if abs(scales[j]) > largest:
            largest, peak = abs(scales[j]), scales[j]
    d = -peak / np.float32(32)
    inverse = np.float32(1) / d if d != 0 else np.float32(0)
    write_half(out, to, d)
    high = 0
    for j in range(_SUBS):
        code = max(min(nearest_int(inverse * scales[j]), 31), -32)
        scale = d * np.float32(code)
        _write_nibbles(
            rows, at + j * _SUB, out, to + 8 + j * 16, np.float32(1) / scale if scale != 0 else np.float32(0)
        )
        low = (code + 32) & 15
        if j % 2 == 0:
            out[to + 4 + j // 2] = low
        else:
            out[to + 4 + j // 2] |= low << 4
        high |= ((code + 32) >> 4) << (2 * j)
    out[to + 2], out[to + 3] = high & 255, high >> 8


@inlined
def _write_nibbles(rows: Floats, at: int, out: Bytes, to: int, inverse: Any) -> None:
    """Write the codes of 32 weights."""
    first, second = load(rows, at) * splat(inverse), load(rows, at + WIDTH) * splat(inverse)
    store_bytes(out, to, uneven.index_of(first) | (uneven.index_of(second) << splat_int(4)))
