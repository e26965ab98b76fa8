"""16 super-blocks at a time, for types whose scales are searched for too: the second search has one in each lane.

What the first search has found of sub-block j in super-block s goes to [j * WIDTH + s] of the arrays that the second
one reads. `sub` is the number of weights in a sub-block: 32 (8 a super-block) or 16 (16 of them).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from qrecipe.codecs.kernels import affine, symmetric, tile
from qrecipe.codecs.simd.lanes import load, store
from qrecipe.codecs.simd.numbers import inlined
from qrecipe.codecs.simd.vectors import WIDTH

if TYPE_CHECKING:
    from qrecipe.codecs.kernels.tile import Floats

_SUPER = 256


@inlined
def search(where: Any, weighing: Any, how: Any, found: Floats, numbers: Any) -> None:
    """Search for scales and minima.

    Args:
        where: Weights, the place of the first, and `sub`.
        weighing: Importance of the columns, and sigma² of the 16 super-blocks.
        how: Candidates, and the largest code.
        found: Written: what `affine.search` finds of each tile.
        numbers: Written: scales, minima and sums of weights, for the second search.
    """
    (rows, start, sub), (tries, top), (scales, mins, totals) = where, how, numbers
    tile_x, tile_w = np.empty(sub * WIDTH, np.float32), np.empty(sub * WIDTH, np.float32)
    total, subs = np.empty(WIDTH, np.float32), _SUPER // sub
    for t in range(subs):
        at, kept = start + t * sub * WIDTH, found[t * affine.FOUND : (t + 1) * affine.FOUND]
        if at < rows.size:
            _fill((tile_x, tile_w, total), (rows, at, sub), weighing, t)
            affine.search((tile_x, tile_w), tries, top, (False, True), kept)
        else:
            kept[:], total[:] = 0, 0
        for k in range(WIDTH):
            to = (t * WIDTH + k) % subs * WIDTH + (t * WIDTH + k) // subs
            scales[to], mins[to], totals[to] = kept[affine.SCALE + k], -kept[affine.MINIMUM + k], total[k]


@inlined
def search_scales(where: Any, weighing: Any, how: Any, found: Floats, numbers: Any) -> None:
    """Search for scales alone, with `symmetric`; `numbers` are scales and sums of weights."""
    (rows, start, sub), (tries, top), (scales, totals) = where, how, numbers
    tile_x, tile_w = np.empty(sub * WIDTH, np.float32), np.empty(sub * WIDTH, np.float32)
    total, subs = np.empty(WIDTH, np.float32), _SUPER // sub
    for t in range(subs):
        at, kept = start + t * sub * WIDTH, found[t * symmetric.FOUND : (t + 1) * symmetric.FOUND]
        if at < rows.size:
            _fill((tile_x, tile_w, total), (rows, at, sub), weighing, t)
            symmetric.search((tile_x, tile_w), tries, top, kept)
        else:
            kept[:], total[:] = 0, 0
        for k in range(WIDTH):
            to = (t * WIDTH + k) % subs * WIDTH + (t * WIDTH + k) // subs
            scales[to], totals[to] = kept[symmetric.SCALE + k], total[k]


@inlined
def _fill(tiles: Any, where: Any, weighing: Any, t: int) -> None:
    """Fill tile `t` with weights and their weights; sum the latter."""
    (tile_x, tile_w, total), (rows, at, sub), (importance, sigma2) = tiles, where, weighing
    for k in range(WIDTH):
        total[k] = sigma2[(t * WIDTH + k) * sub // _SUPER]
    tile.fill(tile_x, rows, at, sub)
    tile.fill_importance(tile_w, importance, at, sub)
    tile.weigh(tile_w, tile_x, load(total, 0), sub)
    store(total, 0, tile.total_of(tile_w, sub))
