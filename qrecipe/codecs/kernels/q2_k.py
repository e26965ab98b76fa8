"""Q2_K: super-blocks of 16 sub-blocks of 16 weights, with a scale and a minimum of 4 bits each.

A block is 16 bytes of scales (low nibbles) and minima, 64 bytes of codes, d and dmin as FP16: weights 128 h + 32 k + l,
k = 0 to 3, share byte 32 h + l. See `block_q2_K` in ggml-common.h. Without an imatrix a super-block is a tile.
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

_SUPER, _SUB, _SUBS, _BYTES, _TOP = 256, 16, 16, 84, 3
_CODES, _D = 16, 80
_PLAIN, _WEIGHTED = affine.candidates(-0.5, 0.1, 15, _TOP), affine.candidates(-0.9, 0.05, 36, _TOP)
_STEPS = positive.STEPS


@jit
def encode(rows: Floats, out: Bytes, importance: Floats) -> None:
    """Encode whole super-blocks without an imatrix."""
    tile_x, tile_w = np.empty(_SUPER, np.float32), np.empty(_SUPER, np.float32)
    found = np.empty(affine.FOUND, np.float32)
    for at in range(0, rows.size, _SUPER):
        tile.fill(tile_x, rows, at, _SUB)
        tile.weigh_by_magnitude(tile_w, tile_x)
        affine.search((tile_x, tile_w), _PLAIN, _TOP, (True, False), found)
        place = at // _SUPER * _BYTES
        steps = _plain_scales(found, out, place)
        _write(rows, at, (out, place), (steps, found), clamps=False)


@jit
def encode_weighted(rows: Floats, out: Bytes, importance: Floats) -> None:
    """Encode whole super-blocks with an imatrix."""
    many = _SUBS * WIDTH
    scales, mins, totals = np.empty(many, np.float32), np.empty(many, np.float32), np.empty(many, np.float32)
    scale_codes, min_codes = np.empty(many, np.float32), np.empty(many, np.float32)
    found, steps = np.empty(_SUBS * affine.FOUND, np.float32), np.empty(2 * WIDTH, np.float32)
    for start in range(0, rows.size, WIDTH * _SUPER):
        sigmas(rows, start, _SUPER, np.float32(1), steps)
        group.search((rows, start, _SUB), (importance, steps), (_WEIGHTED, _TOP), found, (scales, mins, totals))
        store(steps, 0, positive.search(scales, totals, _STEPS, 15, scale_codes))
        store(steps, WIDTH, positive.search(mins, totals, _STEPS, 15, min_codes))
        for block in range(WIDTH):
            at = start + block * _SUPER
            if at < rows.size:
                place, kept = at // _SUPER * _BYTES, found[block * affine.FOUND : (block + 1) * affine.FOUND]
                for j in range(_SUBS):
                    low, high = np.int64(scale_codes[j * WIDTH + block]), np.int64(min_codes[j * WIDTH + block])
                    out[place + j] = (low | (high << 4)) & 255
                _write(rows, at, (out, place), ((steps[block], steps[WIDTH + block]), kept), clamps=True)


@inlined
def _plain_scales(found: Floats, out: Bytes, to: int) -> Any:
    """Quantize 16 scales and minima by the largest; return what one step of each is."""
    max_scale, max_min, top = np.float32(0), np.float32(0), np.float32(15)
    for j in range(_SUBS):
        scale, minimum = found[affine.SCALE + j], -found[affine.MINIMUM + j]
        max_scale = max(max_scale, scale)
        max_min = max(max_min, minimum)
    inverse_scale = top / max_scale if max_scale > 0 else np.float32(0)
    inverse_min = top / max_min if max_min > 0 else np.float32(0)
    for j in range(_SUBS):
        low = nearest_int(inverse_scale * found[affine.SCALE + j])
        high = nearest_int(inverse_min * -found[affine.MINIMUM + j])
        out[to + j] = (low | (high << 4)) & 255
    return max_scale / top, max_min / top


@inlined
def _write(rows: Floats, at: int, place: Any, grid: Any, clamps: bool) -> None:
    """Write what follows the scales: the codes, by the scales as they are stored, and d and dmin."""
    (out, to), (steps, found) = place, grid
    d, dmin = write_half(out, to + _D, steps[0]), write_half(out, to + _D + 2, steps[1])
    for half in range(2):
        for column in range(0, 32, WIDTH):
            packed = splat_int(0)
            for k in range(4):
                start, j = at + half * 128 + k * 32 + column, half * 8 + k * 2 + column // _SUB
                byte = np.int64(out[to + j])
                scale, offset = d * np.float32(byte & 15), dmin * np.float32(byte >> 4)
                codes = _codes(load(rows, start), scale, offset, (found, j), clamps)
                packed = packed | (codes << splat_int(2 * k))
            store_bytes(out, to + _CODES + half * 32 + column, packed)


@inlined
def _codes(x: Any, scale: Any, offset: Any, kept: Any, clamps: bool) -> Any:
    """Return the codes of a sub-block; where its scale came to 0, those that the search had."""
    if scale != 0:
        return bounded(wrapped((x + splat(offset)) / splat(scale)), 0, _TOP)
    found, j = kept
    value = splat(found[affine.INVERSE + j]) * (x - splat(found[affine.BASE + j]))
    if clamps:
        return to_ints(clamped(value, splat(0), splat(_TOP)))
    return bounded(wrapped(value), 0, _TOP)
