"""Q4_K and Q5_K: super-blocks of 8 sub-blocks of 32 weights, with a scale and a minimum of 6 bits each.

A block is d and dmin as FP16, 12 bytes of scales and minima, for Q5_K 32 bytes with the fifth bits, and 128 bytes of
nibbles: weights 64 p + l and 64 p + 32 + l share byte 32 p + l. See `block_q4_K` in ggml-common.h.

Without an imatrix, 2 super-blocks are a tile. With one, 16 super-blocks go together, so that `positive` has one in each
lane for the second search.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from qrecipe.codecs.kernels import affine, group, positive, tile
from qrecipe.codecs.kernels.sums import sigmas
from qrecipe.codecs.simd.lanes import load, splat, splat_int, store, store_bytes, to_ints
from qrecipe.codecs.simd.numbers import bounded, clamped, inlined, jit, nearest_int, wrapped, write_half
from qrecipe.codecs.simd.vectors import WIDTH

if TYPE_CHECKING:
    from qrecipe.codecs.kernels.tile import Bytes, Floats

_SUPER, _SUB, _SUBS = 256, 32, 8
_TILE = _SUB * WIDTH
_HEAD, _Q4_BYTES, _Q5_BYTES = 16, 144, 176
_BY_MEAN_4, _BY_MEAN_5 = affine.candidates(-1, 0.1, 20, 15), affine.candidates(-0.5, 0.1, 15, 31)
_BY_IMPORTANCE_4, _BY_IMPORTANCE_5 = affine.candidates(-0.9, 0.05, 36, 15), affine.candidates(-0.9, 0.05, 36, 31)
_STEPS = positive.STEPS


@jit
def encode_q4_k(rows: Floats, out: Bytes, importance: Floats) -> None:
    """Encode whole super-blocks of Q4_K."""
    _encode_plain(rows, out, _BY_MEAN_4, 15)


@jit
def encode_q5_k(rows: Floats, out: Bytes, importance: Floats) -> None:
    """Encode whole super-blocks of Q5_K."""
    _encode_plain(rows, out, _BY_MEAN_5, 31)


@jit
def encode_q4_k_weighted(rows: Floats, out: Bytes, importance: Floats) -> None:
    """Encode whole super-blocks of Q4_K with an imatrix."""
    _encode_weighted(rows, out, importance, _BY_IMPORTANCE_4, 15)


@jit
def encode_q5_k_weighted(rows: Floats, out: Bytes, importance: Floats) -> None:
    """Encode whole super-blocks of Q5_K with an imatrix."""
    _encode_weighted(rows, out, importance, _BY_IMPORTANCE_5, 31)


@inlined
def _encode_plain(rows: Floats, out: Bytes, tries: Floats, top: int) -> None:
    tile_x, tile_w = np.empty(_TILE, np.float32), np.empty(_TILE, np.float32)
    found, codes = np.empty(affine.FOUND, np.float32), np.empty(2 * _SUBS, np.int64)
    size = _Q4_BYTES if top == 15 else _Q5_BYTES
    for start in range(0, rows.size, _TILE):
        tile.fill(tile_x, rows, start, _SUB)
        tile.weigh_by_mean(tile_w, tile_x, _SUB)
        affine.search((tile_x, tile_w), tries, top, (False, False), found)
        for block in range(2):
            at = start + block * _SUPER
            if at < rows.size:
                place, lane = at // _SUPER * size, block * _SUBS
                d, dmin = _plain_scales(found, lane, codes)
                _write(rows, at, (out, place), (d, dmin, codes, found, lane), (top, False))


@inlined
def _plain_scales(found: Floats, lane: int, codes: Any) -> Any:
    """Quantize 8 scales and minima by the largest; return what one step of each is."""
    max_scale, max_min = np.float32(0), np.float32(0)
    for j in range(_SUBS):
        scale, minimum = found[affine.SCALE + lane + j], -found[affine.MINIMUM + lane + j]
        max_scale = max(max_scale, scale)
        max_min = max(max_min, minimum)
    inverse_scale = np.float32(63) / max_scale if max_scale > 0 else np.float32(0)
    inverse_min = np.float32(63) / max_min if max_min > 0 else np.float32(0)
    for j in range(_SUBS):
        codes[j] = min(nearest_int(inverse_scale * found[affine.SCALE + lane + j]) & 255, 63)
        codes[_SUBS + j] = min(nearest_int(inverse_min * -found[affine.MINIMUM + lane + j]) & 255, 63)
    return max_scale / np.float32(63), max_min / np.float32(63)


@inlined
def _encode_weighted(rows: Floats, out: Bytes, importance: Floats, tries: Floats, top: int) -> None:
    many = _SUBS * WIDTH
    scales, mins, totals = np.empty(many, np.float32), np.empty(many, np.float32), np.empty(many, np.float32)
    scale_codes, min_codes = np.empty(many, np.float32), np.empty(many, np.float32)
    found, sigma2, codes = (
        np.empty(_SUBS * affine.FOUND, np.float32),
        np.empty(WIDTH, np.float32),
        np.empty(16, np.int64),
    )
    size = _Q4_BYTES if top == 15 else _Q5_BYTES
    for start in range(0, rows.size, WIDTH * _SUPER):
        sigmas(rows, start, _SUPER, np.float32(2), sigma2)
        group.search((rows, start, _SUB), (importance, sigma2), (tries, top), found, (scales, mins, totals))
        d = positive.search(scales, totals, _STEPS, 63, scale_codes)
        dmin = positive.search(mins, totals, _STEPS, 63, min_codes)
        store(sigma2, 0, d)
        store(totals, 0, dmin)
        for block in range(WIDTH):
            at = start + block * _SUPER
            if at < rows.size:
                for j in range(_SUBS):
                    codes[j], codes[_SUBS + j] = scale_codes[j * WIDTH + block], min_codes[j * WIDTH + block]
                    if top == 31:
                        codes[j], codes[_SUBS + j] = min(codes[j], 63), min(codes[_SUBS + j], 63)
                place, kept = at // _SUPER * size, found[block // 2 * affine.FOUND :]
                grid = (sigma2[block], totals[block], codes, kept, block % 2 * _SUBS)
                _write(rows, at, (out, place), grid, (top, True))


@inlined
def _write(rows: Floats, at: int, place: Any, grid: Any, how: Any) -> None:
    """Write one super-block: its scales, then the codes that follow from them as they are stored."""
    (out, to), (step, min_step, codes, found, lane), (top, _) = place, grid, how
    d, dmin = write_half(out, to, step), write_half(out, to + 2, min_step)
    _pack_scales(out, to + 4, codes)
    high = to + _HEAD
    low = high if top == 15 else high + _SUB
    for column in range(0, _SUB, WIDTH):
        fifth = splat_int(0)
        for pair in range(_SUBS // 2):
            first = _codes(rows, at + 2 * pair * _SUB + column, 2 * pair, (d, dmin, codes, found, lane), how)
            second = _codes(rows, at + (2 * pair + 1) * _SUB + column, 2 * pair + 1, (d, dmin, codes, found, lane), how)
            four, nibble = splat_int(4), splat_int(15)
            store_bytes(out, low + pair * _SUB + column, (first & nibble) | ((second & nibble) << four))
            bits = (first >> four) | ((second >> four) << splat_int(1))
            fifth = fifth | (bits << splat_int(2 * pair))
        if top == 31:
            store_bytes(out, high + column, fifth)


@inlined
def _pack_scales(out: Bytes, to: int, codes: Any) -> None:
    """Write 8 scales and 8 minima of 6 bits to 12 bytes, and put those that can be read back into `codes`."""
    half = _SUBS // 2
    for j in range(half):
        scale, minimum, upper, upper_min = codes[j], codes[_SUBS + j], codes[j + half], codes[_SUBS + j + half]
        first = (scale | ((upper >> 4) << 6)) & 255
        second = (minimum | ((upper_min >> 4) << 6)) & 255
        third = (upper & 15) | ((upper_min & 15) << 4)
        out[to + j], out[to + half + j], out[to + 2 * half + j] = first, second, third
        codes[j], codes[_SUBS + j] = first & 63, second & 63
        codes[j + half], codes[_SUBS + j + half] = (
            (third & 15) | ((first >> 6) << 4),
            (third >> 4) | ((second >> 6) << 4),
        )


@inlined
def _codes(rows: Floats, at: int, j: int, grid: Any, how: Any) -> Any:
    """Return the codes of a vector of sub-block `j`; where its scale came to 0, those that the search had."""
    (d, dmin, codes, found, lane), (top, clamps) = grid, how
    scale = d * np.float32(codes[j])
    x = load(rows, at)
    if scale != 0:
        offset = dmin * np.float32(codes[_SUBS + j])
        return bounded(wrapped((x + splat(offset)) / splat(scale)), 0, top)
    value = splat(found[affine.INVERSE + lane + j]) * (x - splat(found[affine.BASE + lane + j]))
    if clamps:
        return to_ints(clamped(value, splat(0), splat(top)))
    return bounded(wrapped(value), 0, top)
