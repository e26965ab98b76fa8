"""IQ3_XXS and IQ3_S: blocks of 32 weights as 8 points of 4, with signs apart and scales of 4 bits.

IQ3_XXS: d as FP16, 64 bytes of points, and for each block 4 bytes: 4 times 7 signs (the eighth makes them even) and the
scale. IQ3_S: d, 64 bytes of points, 8 with their ninth bits, 32 of signs, 4 of scales. See `block_iq3_xxs` and
`block_iq3_s` in ggml-common.h. A tile is 2 super-blocks.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from qrecipe.codecs.kernels import points
from qrecipe.codecs.simd.lanes import select, splat, store, store_ints
from qrecipe.codecs.simd.numbers import inlined, jit
from qrecipe.codecs.simd.vectors import WIDTH

if TYPE_CHECKING:
    from qrecipe.codecs.kernels.codebook import Ints
    from qrecipe.codecs.kernels.tile import Bytes, Floats

_SUB, _SUPER, _SUBS, _GROUPS = 32, 256, 8, 8
_TILE = _SUB * WIDTH
_FORM = (4, 3, 7)
_XXS_BYTES, _S_BYTES = 98, 110
_XXS_TRIES = np.float32(15) + np.arange(-15, 16, dtype=np.float32) * np.float32(0.2)
_S_TRIES = np.float32(15) + np.arange(-9, 10, dtype=np.float32) * np.float32(0.2)
_NEARLY_NOTHING, _SMALLEST = 1e-8, 1e-45  # GROUP_MAX_EPS_IQ3_XXS; a float32 below is 0


@jit
def encode_xxs(rows: Floats, out: Bytes, importance: Floats, index: Ints, lists: Ints) -> None:
    """Encode whole super-blocks of IQ3_XXS without an imatrix."""
    _encode(rows, out, importance, (index, lists), xxs=True)


@jit
def encode_xxs_weighted(rows: Floats, out: Bytes, importance: Floats, index: Ints, lists: Ints) -> None:
    """Encode whole super-blocks of IQ3_XXS with an imatrix."""
    _encode(rows, out, importance, (index, lists), xxs=True)


@jit
def encode_s(rows: Floats, out: Bytes, importance: Floats, index: Ints, lists: Ints) -> None:
    """Encode whole super-blocks of IQ3_S without an imatrix."""
    _encode(rows, out, importance, (index, lists), xxs=False)


@jit
def encode_s_weighted(rows: Floats, out: Bytes, importance: Floats, index: Ints, lists: Ints) -> None:
    """Encode whole super-blocks of IQ3_S with an imatrix."""
    _encode(rows, out, importance, (index, lists), xxs=False)


@inlined
def _encode(rows: Floats, out: Bytes, importance: Floats, book: Any, xxs: bool) -> None:
    tiles = np.empty(_TILE, np.float32), np.empty(_TILE, np.float32), np.empty(_TILE, np.float32)
    sigma2, own, scales = np.empty(WIDTH, np.float32), np.empty(WIDTH, np.float32), np.empty(WIDTH, np.float32)
    found = np.empty(_GROUPS * WIDTH, np.int32), np.empty(_GROUPS * WIDTH, np.int32)
    signs, alive = np.empty(4 * WIDTH, np.int32), np.empty(WIDTH, np.int32)
    for start in range(0, rows.size, _TILE):
        points.fill(tiles, (rows, start, _SUB), (importance, sigma2, own), (0, 2))
        points.split_signs(tiles[0], tiles[1], signs, xxs)
        _search(tiles, book, found, (scales, signs, alive), xxs)
        for block in range(2):
            at = start + block * _SUPER
            if at < rows.size and xxs:
                _write_xxs(out, at // _SUPER * _XXS_BYTES, (scales, found[0], signs, alive), book[0], block * _SUBS)
            elif at < rows.size:
                _write_s(out, at // _SUPER * _S_BYTES, (scales, found[0], signs, alive), book[0], block * _SUBS)


@inlined
def _search(tiles: Any, book: Any, found: Any, result: Any, xxs: bool) -> None:
    scales, signs, alive = result
    highest = points.largest_of(tiles[0])
    dead = highest < splat(_NEARLY_NOTHING if xxs else _SMALLEST)
    highest = select(dead, splat(1), highest)
    found[0][:], found[1][:] = 0x1111, xxs
    given = (_XXS_TRIES if xxs else _S_TRIES), highest, highest / splat(15)
    scale = points.try_scales(tiles, given, book, _FORM, found)
    scale = points.settle(tiles, scale, book, (_FORM, not xxs), found)
    store(scales, 0, select(dead, splat(0), points.make_positive(scale, signs, 127 if xxs else 255)))
    store_ints(alive, 0, points.flags(dead))


@inlined
def _write_xxs(out: Bytes, to: int, result: Any, index: Ints, lane: int) -> None:
    scales, chosen, signs, alive = result
    inverse = points.write_scale(out, to, scales[lane : lane + _SUBS], np.float32(1.0125))
    if inverse == 0:
        out[to + 2 : to + _XXS_BYTES] = 0
        return
    for j in range(_SUBS):
        k = lane + j
        bits = points.scale_code(inverse, scales[k]) << 28
        for group in range(_GROUPS):
            number = points.number_of(chosen[group * WIDTH + k], index, _FORM) if alive[k] else 0
            out[to + 2 + 8 * j + group] = number
            if alive[k] and group % 2 == 0:
                bits |= np.int64(signs[group // 2 * WIDTH + k]) << (7 * (group // 2))
        for byte in range(4):
            out[to + 66 + 4 * j + byte] = (bits >> (8 * byte)) & 255


@inlined
def _write_s(out: Bytes, to: int, result: Any, index: Ints, lane: int) -> None:
    scales, chosen, signs, alive = result
    inverse, place = points.write_scale(out, to, scales[lane : lane + _SUBS], np.float32(1.033)), 0
    out[to + 2 : to + _S_BYTES] = 0
    for j in range(_SUBS):
        k = lane + j
        if alive[k]:  # ggml leaves no place for a block of zeros, except in the ninth bits and the scales
            for group in range(_GROUPS):
                number = points.number_of(chosen[group * WIDTH + k], index, _FORM)
                out[to + 2 + 8 * place + group] = number & 255
                out[to + 66 + j] |= (number >> 8) << group
                if group % 2 == 0:
                    out[to + 74 + 4 * place + group // 2] = signs[group // 2 * WIDTH + k]
            place += 1
    for j in range(0, _SUBS, 2):
        low, high = points.scale_code(inverse, scales[lane + j]), points.scale_code(inverse, scales[lane + j + 1])
        out[to + 106 + j // 2] = low | (high << 4) if inverse != 0 else 0
