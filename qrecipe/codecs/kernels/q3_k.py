"""Q3_K: super-blocks of 16 sub-blocks of 16 weights, each with a signed scale of 6 bits.

A block is 32 bytes with the codes' upper bits, 64 with the lower two, 12 bytes of scales, and d as FP16: weights
128 h + 32 k + l, k = 0 to 3, share byte 32 h + l of the lower bits, and bit 4 h + k of byte l above. See `block_q3_K`
in ggml-common.h.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from qrecipe.codecs.kernels import descent, group, symmetric, tile
from qrecipe.codecs.kernels.sums import sigmas
from qrecipe.codecs.simd.lanes import load, splat, splat_int, store, store_bytes, to_ints
from qrecipe.codecs.simd.numbers import bounded, clamped, inlined, jit, nearest_int, wrapped, write_half
from qrecipe.codecs.simd.vectors import WIDTH

if TYPE_CHECKING:
    from qrecipe.codecs.kernels.tile import Bytes, Floats

_SUPER, _SUB, _SUBS, _BYTES, _TOP = 256, 16, 16, 110, 4
_CODES, _SCALES, _D = 32, 96, 108
_TRIES, _SCALE_TRIES = symmetric.candidates(_TOP), symmetric.candidates(32)


@jit
def encode(rows: Floats, out: Bytes, importance: Floats) -> None:
    """Encode whole super-blocks without an imatrix, in pairs."""
    tiles = np.empty(_SUPER, np.float32), np.empty(_SUPER, np.float32)
    levels = np.empty(_SUPER, np.float32), np.empty(_SUPER, np.float32)
    scales, codes, level = np.empty(2 * WIDTH, np.float32), np.empty(_SUBS, np.int64), np.empty(_SUPER, np.float32)
    for start in range(0, rows.size, 2 * _SUPER):
        tile.fill(tiles[0], rows, start, _SUB)
        tile.fill(tiles[1], rows, start + _SUPER, _SUB)
        descent.search(tiles, levels, _TOP, scales)
        for block in range(2):
            at = start + block * _SUPER
            if at < rows.size:
                step = _plain_scales(scales[block * WIDTH : (block + 1) * WIDTH], codes)
                _turn_back(levels[0] if block == 0 else levels[1], level)
                _write(rows, at, out, (step, codes), level)


@jit
def encode_weighted(rows: Floats, out: Bytes, importance: Floats) -> None:
    """Encode whole super-blocks with an imatrix."""
    many = _SUBS * WIDTH
    scales, totals, level = np.empty(many, np.float32), np.empty(many, np.float32), np.empty(_SUPER, np.float32)
    found, found_scales = np.empty(_SUBS * symmetric.FOUND, np.float32), np.empty(symmetric.FOUND, np.float32)
    sigma2, codes = np.empty(WIDTH, np.float32), np.empty(_SUBS, np.int64)
    for start in range(0, rows.size, WIDTH * _SUPER):
        sigmas(rows, start, _SUPER, np.float32(2), sigma2)
        group.search_scales((rows, start, _SUB), (importance, sigma2), (_TRIES, _TOP), found, (scales, totals))
        symmetric.search((scales, totals), _SCALE_TRIES, 32, found_scales)
        for block in range(WIDTH):
            at = start + block * _SUPER
            if at < rows.size:
                inverse = found_scales[symmetric.INVERSE + block]
                for j in range(_SUBS):
                    code = nearest_int(inverse * scales[j * WIDTH + block])
                    codes[j] = max(min(code, 31), -32) + 32 if inverse != 0 else 0
                _levels(rows, at, found[block * symmetric.FOUND : (block + 1) * symmetric.FOUND], level)
                _write(rows, at, out, (found_scales[symmetric.SCALE + block], codes), level)


@inlined
def _plain_scales(scales: Floats, codes: Any) -> Any:
    """Quantize 16 scales by the first of largest magnitude; return d."""
    largest, peak = np.float32(0), np.float32(0)
    for j in range(_SUBS):
        if abs(scales[j]) > largest:
            largest, peak = abs(scales[j]), scales[j]
    if peak == 0:
        codes[:] = 0
        return np.float32(0)
    inverse = np.float32(-32) / peak
    for j in range(_SUBS):
        codes[j] = max(min(nearest_int(inverse * scales[j]), 31), -32) + 32
    return np.float32(1) / inverse


@inlined
def _turn_back(levels: Floats, level: Floats) -> None:
    """Transpose a tile's codes: those of sub-block j begin at [16 * j]."""
    for j in range(_SUBS):
        for i in range(_SUB):
            level[j * _SUB + i] = levels[i * WIDTH + j]


@inlined
def _levels(rows: Floats, at: int, found: Floats, level: Floats) -> None:
    """Write the codes that the search had, from 0 on; those of a sub-block that holds nothing are 0."""
    for j in range(_SUBS):
        inverse, to = found[symmetric.INVERSE + j], j * _SUB
        if inverse == 0:
            store(level, to, splat(0))
        else:
            signed = clamped(splat(inverse) * load(rows, at + to), splat(-_TOP), splat(_TOP - 1))
            store(level, to, signed + splat(_TOP))


@inlined
def _write(rows: Floats, at: int, out: Bytes, grid: Any, level: Floats) -> None:
    """Write one super-block; `level` has the codes for sub-blocks whose scale comes to 0."""
    (step, scales), to = grid, at // _SUPER * _BYTES
    d = write_half(out, to + _D, step)
    _pack_scales(out, to + _SCALES, scales)
    for column in range(0, 32, WIDTH):
        upper = splat_int(0)
        for half in range(2):
            lower = splat_int(0)
            for k in range(4):
                j, start = half * 8 + k * 2 + column // _SUB, half * 128 + k * 32 + column
                scale = d * np.float32(scales[j] - 32)
                if scale != 0:
                    code = bounded(wrapped(load(rows, at + start) / splat(scale)), -_TOP, _TOP - 1) + splat_int(_TOP)
                else:
                    code = to_ints(load(level, start))
                lower = lower | ((code & splat_int(3)) << splat_int(2 * k))
                upper = upper | ((code >> splat_int(2)) << splat_int(half * 4 + k))
            store_bytes(out, to + _CODES + half * 32 + column, lower)
        store_bytes(out, to + column, upper)


@inlined
def _pack_scales(out: Bytes, to: int, scales: Any) -> None:
    """Write 16 scales of 6 bits, counted from -32 on, to 12 bytes."""
    for j in range(8):
        out[to + j] = (scales[j] & 15) | ((scales[j + 8] & 15) << 4)
    for j in range(4):
        upper = (scales[j] >> 4) | ((scales[j + 4] >> 4) << 2)
        out[to + 8 + j] = upper | ((scales[j + 8] >> 4) << 4) | ((scales[j + 12] >> 4) << 6)
