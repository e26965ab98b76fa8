"""Q4_0, Q4_1, Q5_0 and Q5_1 with an imatrix: a search for each block of 32 weights, whose codes are stored as they are.

The weights' weights are importance * sqrt(sigma2 + x * x), with sigma2 the mean square of the whole row. A tile is 16
blocks. The layouts are those of `round32`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from qrecipe.codecs.kernels import affine, symmetric, tile
from qrecipe.codecs.kernels.round32 import write_five_bits
from qrecipe.codecs.kernels.sums import row_sigmas
from qrecipe.codecs.simd.lanes import load, splat, splat_int, store_bytes, to_ints
from qrecipe.codecs.simd.numbers import clamped, inlined, jit, write_half
from qrecipe.codecs.simd.vectors import WIDTH

if TYPE_CHECKING:
    from qrecipe.codecs.kernels.tile import Bytes, Floats

_BLOCK = 32
_TILE = _BLOCK * WIDTH
_FOUR, _FIVE = symmetric.candidates(8), symmetric.candidates(16)
_FOUR_1, _FIVE_1 = affine.candidates(-0.9, 0.05, 36, 15), affine.candidates(-0.9, 0.05, 36, 31)


@jit
def encode_q4_0_weighted(rows: Floats, out: Bytes, importance: Floats) -> None:
    """Encode whole blocks of Q4_0."""
    _encode_scales(rows, out, importance, _FOUR, 8)


@jit
def encode_q5_0_weighted(rows: Floats, out: Bytes, importance: Floats) -> None:
    """Encode whole blocks of Q5_0."""
    _encode_scales(rows, out, importance, _FIVE, 16)


@jit
def encode_q4_1_weighted(rows: Floats, out: Bytes, importance: Floats) -> None:
    """Encode whole blocks of Q4_1."""
    _encode_minima(rows, out, importance, _FOUR_1, 15)


@jit
def encode_q5_1_weighted(rows: Floats, out: Bytes, importance: Floats) -> None:
    """Encode whole blocks of Q5_1."""
    _encode_minima(rows, out, importance, _FIVE_1, 31)


@inlined
def _encode_scales(rows: Floats, out: Bytes, importance: Floats, tries: Floats, top: int) -> None:
    tiles = np.empty(_TILE, np.float32), np.empty(_TILE, np.float32)
    found, sigma2, sigma = (
        np.empty(symmetric.FOUND, np.float32),
        row_sigmas(rows, importance),
        np.empty(WIDTH, np.float32),
    )
    nbytes = 18 if top == 8 else 22
    for start in range(0, rows.size, _TILE):
        _fill(tiles, (rows, start), (importance, sigma2), sigma)
        symmetric.search(tiles, tries, top, found)
        for k in range(min(WIDTH, (rows.size - start) // _BLOCK)):
            at, to = start + k * _BLOCK, (start // _BLOCK + k) * nbytes
            write_half(out, to, found[symmetric.SCALE + k])
            inverse = found[symmetric.INVERSE + k]
            first, second = _signed(rows, at, inverse, top), _signed(rows, at + WIDTH, inverse, top)
            _write(out, to + 2, first, second, five=top == 16)


@inlined
def _encode_minima(rows: Floats, out: Bytes, importance: Floats, tries: Floats, top: int) -> None:
    tiles = np.empty(_TILE, np.float32), np.empty(_TILE, np.float32)
    found, sigma2, sigma = np.empty(affine.FOUND, np.float32), row_sigmas(rows, importance), np.empty(WIDTH, np.float32)
    nbytes = 20 if top == 15 else 24
    for start in range(0, rows.size, _TILE):
        _fill(tiles, (rows, start), (importance, sigma2), sigma)
        affine.search(tiles, tries, top, (False, True), found)
        for k in range(min(WIDTH, (rows.size - start) // _BLOCK)):
            at, to = start + k * _BLOCK, (start // _BLOCK + k) * nbytes
            write_half(out, to, found[affine.SCALE + k])
            write_half(out, to + 2, found[affine.MINIMUM + k])
            inverse, base, zero = splat(found[affine.INVERSE + k]), splat(found[affine.BASE + k]), splat(0)
            first = to_ints(clamped(inverse * (load(rows, at) - base), zero, splat(top)))
            second = to_ints(clamped(inverse * (load(rows, at + WIDTH) - base), zero, splat(top)))
            _write(out, to + 4, first, second, five=top == 31)


@inlined
def _fill(tiles: Any, where: Any, weighing: Any, sigma: Floats) -> None:
    """Fill the tile of 16 blocks with weights and their weights."""
    (rows, start), (importance, sigma2) = where, weighing
    for k in range(WIDTH):
        sigma[k] = sigma2[min((start + k * _BLOCK) // importance.size, sigma2.size - 1)]
    tile.fill(tiles[0], rows, start, _BLOCK)
    tile.fill_importance(tiles[1], importance, start, _BLOCK)
    tile.weigh(tiles[1], tiles[0], load(sigma, 0), _BLOCK)


@inlined
def _signed(rows: Floats, at: int, inverse: Any, top: int) -> Any:
    """Return the codes of a vector, counted from -top on; all are 0 in a block that holds nothing."""
    if inverse == 0:
        return splat_int(0)
    return to_ints(clamped(splat(inverse) * load(rows, at), splat(-top), splat(top - 1))) + splat_int(top)


@inlined
def _write(out: Bytes, to: int, first: Any, second: Any, five: bool) -> None:
    if five:
        write_five_bits(out, to, first, second)
    else:
        store_bytes(out, to, first | (second << splat_int(4)))
