"""IQ2_XXS, IQ2_XS and IQ2_S: points of 8 weights, with signs apart and scales of 4 bits.

IQ2_XXS: d as FP16, and for each block of 32 weights 4 points of a byte, then 4 bytes: 4 times 7 signs (the eighth makes
them even) and the scale. IQ2_XS: d, 32 points of 9 bits with their 7 signs, 8 bytes with the scales of 16 weights each.
IQ2_S: d, 32 bytes of points, 32 of signs, 8 with the points' upper two bits, 8 of scales. See `block_iq2_xxs` and the
like in ggml-common.h. A tile is 2 super-blocks of IQ2_XXS, or one of the others.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from qrecipe.codecs.kernels import points, positive
from qrecipe.codecs.simd.lanes import select, splat, store, store_ints
from qrecipe.codecs.simd.numbers import inlined, jit
from qrecipe.codecs.simd.vectors import WIDTH

if TYPE_CHECKING:
    from qrecipe.codecs.kernels.codebook import Ints
    from qrecipe.codecs.kernels.tile import Bytes, Floats

_SUPER = 256
_FORM = (8, 2, 2)
_LOWEST = 0x11111111  # a point of eight times the least value
_XXS_BYTES, _XS_BYTES, _S_BYTES = 66, 74, 82
_XXS_TRIES = np.float32(5) + np.arange(-6, 7, dtype=np.float32) * np.float32(0.1)
_TRIES = np.float32(5) + np.arange(-9, 10, dtype=np.float32) * np.float32(0.1)
_STEPS = positive.STEPS
_NOTHING, _NEARLY_NOTHING = 1e-15, 1e-8  # GROUP_MAX_EPS, GROUP_MAX_EPS_IQ2_S


@jit
def encode_xxs(rows: Floats, out: Bytes, importance: Floats, index: Ints, lists: Ints) -> None:
    """Encode whole super-blocks of IQ2_XXS."""
    size, found = 32 * WIDTH, (np.empty(4 * WIDTH, np.int32), np.empty(4 * WIDTH, np.int32))
    tiles = np.empty(size, np.float32), np.empty(size, np.float32), np.empty(size, np.float32)
    sigma2, own, scales = np.empty(WIDTH, np.float32), np.empty(WIDTH, np.float32), np.empty(WIDTH, np.float32)
    signs, alive, codes = np.empty(4 * WIDTH, np.int32), np.empty(WIDTH, np.int32), np.empty(size, np.float32)
    for start in range(0, rows.size, size):
        points.fill(tiles, (rows, start, 32), (importance, sigma2, own), (0, 1))
        points.split_signs(tiles[0], tiles[1], signs, True)
        scale = positive.search(tiles[0], tiles[1], _STEPS, 4, codes)
        reach = scale * splat(3)
        dead = reach <= splat(0)
        given = _XXS_TRIES, select(dead, splat(1), reach), scale
        scale = points.try_scales(tiles, given, (index, lists), _FORM, found)
        found[1][:] = 0
        scale = points.settle(tiles, scale, (index, lists), (_FORM, True), found)
        store(scales, 0, select(dead, splat(0), points.make_positive(scale, signs, 127)))
        store_ints(alive, 0, points.flags(dead))
        for block in range(2):
            at = start + block * _SUPER
            if at < rows.size:
                _write_xxs(out, at // _SUPER * _XXS_BYTES, (scales, found[0], signs, alive), index, block * 8)


@jit
def encode_xs(rows: Floats, out: Bytes, importance: Floats, index: Ints, lists: Ints) -> None:
    """Encode whole super-blocks of IQ2_XS."""
    _encode(rows, out, importance, (index, lists), xs=True)


@jit
def encode_s(rows: Floats, out: Bytes, importance: Floats, index: Ints, lists: Ints) -> None:
    """Encode whole super-blocks of IQ2_S without an imatrix."""
    _encode(rows, out, importance, (index, lists), xs=False)


@jit
def encode_s_weighted(rows: Floats, out: Bytes, importance: Floats, index: Ints, lists: Ints) -> None:
    """Encode whole super-blocks of IQ2_S with an imatrix."""
    _encode(rows, out, importance, (index, lists), xs=False)


@inlined
def _encode(rows: Floats, out: Bytes, importance: Floats, book: Any, xs: bool) -> None:
    tiles = np.empty(_SUPER, np.float32), np.empty(_SUPER, np.float32), np.empty(_SUPER, np.float32)
    sigma2, own, scales = np.empty(WIDTH, np.float32), np.empty(WIDTH, np.float32), np.empty(WIDTH, np.float32)
    found = np.empty(2 * WIDTH, np.int32), np.empty(2 * WIDTH, np.int32)
    signs, alive = np.empty(2 * WIDTH, np.int32), np.empty(WIDTH, np.int32)
    for at in range(0, rows.size, _SUPER):
        points.fill(tiles, (rows, at, 16), (importance, sigma2, own), (0, 1) if xs else (0.25, 2))
        points.split_signs(tiles[0], tiles[1], signs, xs)
        highest = points.largest_of(tiles[0])
        dead = highest < splat(_NOTHING if xs else _NEARLY_NOTHING)
        highest = select(dead, splat(1), highest)
        found[0][:], found[1][:] = _LOWEST, 1
        scale = points.try_scales(tiles, (_TRIES, highest, highest / splat(5)), book, _FORM, found)
        scale = points.settle(tiles, scale, book, (_FORM, False), found)
        store(scales, 0, select(dead, splat(0), points.make_positive(scale, signs, 127 if xs else 255)))
        store_ints(alive, 0, points.flags(dead))
        if xs:
            _write_xs(out, at // _SUPER * _XS_BYTES, (scales, found[0], signs, alive), book[0])
        else:
            _write_s(out, at // _SUPER * _S_BYTES, (scales, found[0], signs, alive), book[0])


@inlined
def _write_xxs(out: Bytes, to: int, result: Any, index: Ints, lane: int) -> None:
    scales, chosen, signs, alive = result
    inverse = points.write_scale(out, to, scales[lane : lane + 8], np.float32(1))
    out[to + 2 : to + _XXS_BYTES] = 0
    if inverse != 0:
        for j in range(8):
            k, place = lane + j, to + 2 + 8 * j
            bits = points.scale_code(inverse, scales[k]) << 28
            if alive[k]:
                for group in range(4):
                    out[place + group] = points.number_of(chosen[group * WIDTH + k], index, _FORM)
                    bits |= np.int64(signs[group * WIDTH + k]) << (7 * group)
            for byte in range(4):
                out[place + 4 + byte] = (bits >> (8 * byte)) & 255


@inlined
def _write_xs(out: Bytes, to: int, result: Any, index: Ints) -> None:
    scales, chosen, signs, alive = result
    inverse = points.write_scale(out, to, scales, np.float32(1))
    out[to + 2 : to + _XS_BYTES] = 0
    if inverse != 0:
        for k in range(WIDTH):
            for group in range(2 * alive[k]):
                number = points.number_of(chosen[group * WIDTH + k], index, _FORM)
                both, place = number | (np.int64(signs[group * WIDTH + k]) << 9), to + 2 + 4 * k + 2 * group
                out[place], out[place + 1] = both & 255, both >> 8
        _write_scales(out, to + 66, inverse, scales)


@inlined
def _write_s(out: Bytes, to: int, result: Any, index: Ints) -> None:
    scales, chosen, signs, alive = result
    inverse = points.write_scale(out, to, scales, np.float32(0.9875))
    out[to + 2 : to + _S_BYTES] = 0
    for k in range(WIDTH):
        for group in range(2 * alive[k]):
            number, place = points.number_of(chosen[group * WIDTH + k], index, _FORM), 2 * k + group
            out[to + 2 + place], out[to + 34 + place] = number & 255, signs[group * WIDTH + k]
            out[to + 66 + place // 4] |= (number >> 8) << (2 * (place % 4))
    if inverse != 0:
        _write_scales(out, to + 74, inverse, scales)


@inlined
def _write_scales(out: Bytes, to: int, inverse: Any, scales: Floats) -> None:
    for k in range(0, WIDTH, 2):
        out[to + k // 2] = points.scale_code(inverse, scales[k]) | (points.scale_code(inverse, scales[k + 1]) << 4)
