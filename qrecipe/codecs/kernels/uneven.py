"""The search for one scale of an uneven grid: the loop of ggml's quantize_row_iq4_nl_impl, one block a lane.

The grid has 16 values, -127 to 113 (`kvalues_iq4nl` in ggml-common.h). The nearest one is known from how many of the 15
midpoints a number reaches: each comparison and selection is an instruction, where ggml's search branches. Ties go up.
Midpoints are exact in float32, and so is the comparison of distances that ggml makes instead.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from qrecipe.codecs.simd.lanes import load, magnitude, select, splat, splat_int
from qrecipe.codecs.simd.numbers import inlined, jit
from qrecipe.codecs.simd.vectors import WIDTH

if TYPE_CHECKING:
    from qrecipe.codecs.kernels.tile import Floats

_NOTHING = np.float32(1e-15)  # GROUP_MAX_EPS
TRIES = np.arange(-7, 8, dtype=np.float32) - np.float32(127)  # numerators of the inverses


@jit
def search(tiles: Any, tries: Floats) -> Any:
    """Return each lane's scale, 0 where all weights are nearly 0; `tiles` are weights and their weights."""
    largest, peak, zero = splat(0), splat(0), splat(0)
    for i in range(0, tiles[0].size, WIDTH):
        x = load(tiles[0], i)
        more = magnitude(x) > largest
        largest, peak = select(more, magnitude(x), largest), select(more, x, peak)
    dead = largest < splat(_NOTHING)
    peak = select(dead, splat(1), peak)
    sums = _sums(tiles, splat(1) / ((zero - peak) / splat(-127)))
    scale = select(sums[1] > zero, sums[0] / sums[1], zero)
    state = scale, scale * sums[0]
    for i in range(0, tries.size, 3):
        three = splat(tries[i]) / peak, splat(tries[i + 1]) / peak, splat(tries[i + 2]) / peak
        found = _sums_of_three(tiles, three)
        state = _better(state, found[0], found[1])
        state = _better(state, found[2], found[3])
        state = _better(state, found[4], found[5])
    return select(dead, zero, state[0])


@inlined
def _sums(tiles: Any, inverse: Any) -> Any:
    tile, weights = tiles
    sum_qx, sum_q2 = splat(0), splat(0)
    for i in range(0, tile.size, WIDTH):
        x = load(tile, i)
        q = value_of(inverse * x)
        weighted = load(weights, i) * q
        sum_qx, sum_q2 = sum_qx + weighted * x, sum_q2 + weighted * q
    return sum_qx, sum_q2


@inlined
def _sums_of_three(tiles: Any, three: Any) -> Any:
    tile, weights = tiles
    a, b, c = three
    a_qx, a_q2, b_qx, b_q2, c_qx, c_q2 = splat(0), splat(0), splat(0), splat(0), splat(0), splat(0)
    for i in range(0, tile.size, WIDTH):
        x, w = load(tile, i), load(weights, i)
        q = value_of(a * x)
        a_qx, a_q2 = a_qx + w * q * x, a_q2 + w * q * q
        q = value_of(b * x)
        b_qx, b_q2 = b_qx + w * q * x, b_q2 + w * q * q
        q = value_of(c * x)
        c_qx, c_q2 = c_qx + w * q * x, c_q2 + w * q * q
    return a_qx, a_q2, b_qx, b_q2, c_qx, c_q2


@inlined
def _better(state: Any, sum_qx: Any, sum_q2: Any) -> Any:
    """Take a candidate's scale where it is better than what is kept."""
    better = (sum_q2 > splat(0)) & (sum_qx * sum_qx > state[1] * sum_q2)
    scale = sum_qx / sum_q2
    return select(better, scale, state[0]), select(better, scale * sum_qx, state[1])


@inlined
def value_of(x: Any) -> Any:
    """Return the nearest value of the grid."""
    value = splat(-127)
    value = select(x >= splat(-115.5), splat(-104), value)
    value = select(x >= splat(-93.5), splat(-83), value)
    value = select(x >= splat(-74), splat(-65), value)
    value = select(x >= splat(-57), splat(-49), value)
    value = select(x >= splat(-42), splat(-35), value)
    value = select(x >= splat(-28.5), splat(-22), value)
    value = select(x >= splat(-16), splat(-10), value)
    value = select(x >= splat(-4.5), splat(1), value)
    value = select(x >= splat(7), splat(13), value)
    value = select(x >= splat(19), splat(25), value)
    value = select(x >= splat(31.5), splat(38), value)
    value = select(x >= splat(45.5), splat(53), value)
    value = select(x >= splat(61), splat(69), value)
    value = select(x >= splat(79), splat(89), value)
    return select(x >= splat(101), splat(113), value)


@inlined
def index_of(x: Any) -> Any:
    """Return the code of the nearest value of the grid."""
    index = splat_int(0)
    index = select(x >= splat(-115.5), splat_int(1), index)
    index = select(x >= splat(-93.5), splat_int(2), index)
    index = select(x >= splat(-74), splat_int(3), index)
    index = select(x >= splat(-57), splat_int(4), index)
    index = select(x >= splat(-42), splat_int(5), index)
    index = select(x >= splat(-28.5), splat_int(6), index)
    index = select(x >= splat(-16), splat_int(7), index)
    index = select(x >= splat(-4.5), splat_int(8), index)
    index = select(x >= splat(7), splat_int(9), index)
    index = select(x >= splat(19), splat_int(10), index)
    index = select(x >= splat(31.5), splat_int(11), index)
    index = select(x >= splat(45.5), splat_int(12), index)
    index = select(x >= splat(61), splat_int(13), index)
    index = select(x >= splat(79), splat_int(14), index)
    return select(x >= splat(101), splat_int(15), index)
