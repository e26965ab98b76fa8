"""The search of Q3_K without an imatrix: ggml's make_q3_quants, one sub-block a lane, two tiles at a time.

Codes are those of the largest magnitude's scale; then single codes are moved while that improves the fit, weight after
weight, for at most five rounds. Each step needs the sums of the one before, with a division on the way: what costs time
is waiting. So two tiles take turns, and each fills the other's gaps. Where a round moved nothing in a lane, the next
moves nothing either, so lanes need not stop together.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from qrecipe.codecs.simd.lanes import any_of, load, magnitude, select, splat, store, to_floats
from qrecipe.codecs.simd.numbers import bounded, clamped, inlined, jit, wrapped
from qrecipe.codecs.simd.vectors import WIDTH

if TYPE_CHECKING:
    from qrecipe.codecs.kernels.tile import Floats

_NOTHING = np.float32(1e-15)  # GROUP_MAX_EPS
_ROUNDS = 5


@jit
def search(tiles: Any, levels: Any, top: int, scales: Floats) -> None:
    """Search two tiles: codes from 0 to 2 * top - 1, as floats, go to `levels`, and 2 * `WIDTH` scales to `scales`."""
    (dead, sums), (other_dead, other_sums) = _start(tiles[0], levels[0], top), _start(tiles[1], levels[1], top)
    moving, rounds = True, 0
    while moving and rounds < _ROUNDS:
        moving, rounds = False, rounds + 1
        for i in range(0, tiles[0].size, WIDTH):
            sums, moved = _move(tiles[0], levels[0], i, top, sums)
            other_sums, other_moved = _move(tiles[1], levels[1], i, top, other_sums)
            moving = moving or any_of(moved | other_moved)
    store(scales, 0, _finish(levels[0], dead, top, sums))
    store(scales, WIDTH, _finish(levels[1], other_dead, top, other_sums))


@inlined
def _start(tile: Floats, levels: Floats, top: int) -> Any:
    largest, peak, zero = splat(0), splat(0), splat(0)
    for i in range(0, tile.size, WIDTH):
        x = load(tile, i)
        more = magnitude(x) > largest
        largest, peak = select(more, magnitude(x), largest), select(more, x, peak)
    dead = largest < splat(_NOTHING)
    inverse = splat(-top) / select(dead, splat(1), peak)
    sum_xl, sum_l2 = zero, zero
    for i in range(0, tile.size, WIDTH):
        x = load(tile, i)
        level, w = clamped(inverse * x, splat(-top), splat(top - 1)), x * x
        store(levels, i, level)
        sum_xl, sum_l2 = sum_xl + w * x * level, sum_l2 + w * level * level
    return dead, (sum_xl, sum_l2)


@inlined
def _move(tile: Floats, levels: Floats, i: int, top: int, sums: Any) -> Any:
    """Move the codes of one weight where that is better; return the sums, and which lanes moved."""
    (sum_xl, sum_l2), zero = sums, splat(0)
    x, old = load(tile, i), load(levels, i)
    w = x * x
    wx = w * x
    rest_xl, rest_l2 = sum_xl - wx * old, sum_l2 - w * old * old
    new = to_floats(bounded(wrapped(x * rest_l2 / rest_xl), -top, top - 1))
    new_xl, new_l2 = rest_xl + wx * new, rest_l2 + w * new * new
    moved = (rest_xl > zero) & (new != old) & (new_l2 > zero)
    moved = moved & (new_xl * new_xl * sum_l2 > sum_xl * sum_xl * new_l2)
    store(levels, i, select(moved, new, old))
    return (select(moved, new_xl, sum_xl), select(moved, new_l2, sum_l2)), moved


@inlined
def _finish(levels: Floats, dead: Any, top: int, sums: Any) -> Any:
    """Count codes from 0 on; return the scale."""
    zero = splat(0)
    for i in range(0, levels.size, WIDTH):
        store(levels, i, select(dead, zero, load(levels, i) + splat(top)))
    return select(dead, zero, select(sums[1] > zero, sums[0] / sums[1], zero))
