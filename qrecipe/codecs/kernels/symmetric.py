"""The search for one scale of signed numbers: ggml's make_qx_quants with weights, one sub-block a lane.

Codes are l = round(inverse * x), -top to top - 1. A row of candidates for the inverse is tried; each gives the
least-squares scale for its codes, and is kept if the weighted error falls. Candidates do not depend on each other, so
three go through the tile together and share what can be shared. |inverse * x| is never much above `top`: nothing wraps.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from qrecipe.codecs.simd.lanes import load, magnitude, select, splat, store
from qrecipe.codecs.simd.numbers import clamped, inlined, jit
from qrecipe.codecs.simd.vectors import WIDTH

if TYPE_CHECKING:
    from qrecipe.codecs.kernels.tile import Floats

SCALE, INVERSE = 0, WIDTH  # places of what a search has found, a lane each
FOUND = 2 * WIDTH
_NOTHING = np.float32(1e-15)  # GROUP_MAX_EPS


def candidates(top: int) -> Floats:
    """Return the numerators of the inverses: -(top + 0.1 * i), i = -9 to 9 without 0, in float32 steps."""
    i = np.array([*range(-9, 0), *range(1, 10)], np.float32)
    return -(np.float32(top) + np.float32(0.1) * i)


@jit
def search(tiles: Any, tries: Floats, top: int, found: Floats) -> None:
    """Search one tile.

    Args:
        tiles: Numbers, and their weights.
        tries: What `candidates` gives.
        top: The largest code and one.
        found: Written: the scale, and the inverse of the codes, 0 where all numbers are nearly 0; each `WIDTH` float32.
    """
    bounds, zero = (splat(-top), splat(top - 1)), splat(0)
    dead, peak = _peak(tiles[0])
    inverse = bounds[0] / peak
    sum_xl, sum_l2 = _sums(tiles, inverse, bounds)
    scale = select(sum_l2 != zero, sum_xl / sum_l2, zero)
    state = scale, scale * sum_xl, inverse
    for i in range(0, tries.size, 3):
        three = splat(tries[i]) / peak, splat(tries[i + 1]) / peak, splat(tries[i + 2]) / peak
        sums = _sums_of_three(tiles, three, bounds)
        state = _better(state, three[0], sums[0], sums[1])
        state = _better(state, three[1], sums[2], sums[3])
        state = _better(state, three[2], sums[4], sums[5])
    store(found, SCALE, select(dead, zero, state[0]))
    store(found, INVERSE, select(dead, zero, state[2]))


@inlined
def _peak(tile: Floats) -> Any:
    """Return which lanes hold nothing, and the first of the numbers of largest magnitude (1 where there is nothing)."""
    largest, peak = splat(0), splat(0)
    for i in range(0, tile.size, WIDTH):
        x = load(tile, i)
        more = magnitude(x) > largest
        largest, peak = select(more, magnitude(x), largest), select(more, x, peak)
    dead = largest < splat(_NOTHING)
    return dead, select(dead, splat(1), peak)


@inlined
def _sums(tiles: Any, inverse: Any, bounds: Any) -> Any:
    tile, weights = tiles
    sum_xl, sum_l2 = splat(0), splat(0)
    for i in range(0, tile.size, WIDTH):
        x, w = load(tile, i), load(weights, i)
        level = clamped(inverse * x, bounds[0], bounds[1])
        sum_xl, sum_l2 = sum_xl + w * x * level, sum_l2 + w * level * level
    return sum_xl, sum_l2


@inlined
def _sums_of_three(tiles: Any, three: Any, bounds: Any) -> Any:
    tile, weights = tiles
    a, b, c = three
    a_xl, a_l2, b_xl, b_l2, c_xl, c_l2 = splat(0), splat(0), splat(0), splat(0), splat(0), splat(0)
    for i in range(0, tile.size, WIDTH):
        x, w = load(tile, i), load(weights, i)
        weighted = w * x
        level = clamped(a * x, bounds[0], bounds[1])
        a_xl, a_l2 = a_xl + weighted * level, a_l2 + w * level * level
        level = clamped(b * x, bounds[0], bounds[1])
        b_xl, b_l2 = b_xl + weighted * level, b_l2 + w * level * level
        level = clamped(c * x, bounds[0], bounds[1])
        c_xl, c_l2 = c_xl + weighted * level, c_l2 + w * level * level
    return a_xl, a_l2, b_xl, b_l2, c_xl, c_l2


@inlined
def _better(state: Any, inverse: Any, sum_xl: Any, sum_l2: Any) -> Any:
    """Take a candidate where it is better than what is kept."""
    better = (sum_l2 > splat(0)) & (sum_xl * sum_xl > state[1] * sum_l2)
    scale = sum_xl / sum_l2
    return (
        select(better, scale, state[0]),
        select(better, scale * sum_xl, state[1]),
        select(better, inverse, state[2]),
    )
