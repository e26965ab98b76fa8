"""The search for one scale of non-negative numbers: ggml's make_qp_quants, one super-block a lane.

It quantizes the scales, and the minima, of a super-block's sub-blocks, weighted, where there is an imatrix. `numbers`
and `weights` hold number i of super-block k at [i * WIDTH + k]. ggml keeps codes in bytes, which wrap where a number is
negative; so does this.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from qrecipe.codecs.simd.lanes import any_of, load, select, splat, splat_int, store, to_floats
from qrecipe.codecs.simd.numbers import inlined, wrapped
from qrecipe.codecs.simd.vectors import WIDTH

if TYPE_CHECKING:
    from qrecipe.codecs.kernels.tile import Floats

_NOTHING = np.float32(1e-15)  # GROUP_MAX_EPS
_STEPS = tuple(np.float32(0.1) * np.float32(i) for i in (-4, -3, -2, -1, 1, 2, 3, 4))
STEPS = np.array(_STEPS, np.float32)
_PASSES = 5


@inlined
def search(numbers: Floats, weights: Floats, steps: Floats, top: int, codes: Floats) -> Any:
    """Return the scale of each lane; write its codes, 0 to 255 as floats, to `codes`."""
    zero = splat(0)
    highest = zero
    for i in range(0, numbers.size, WIDTH):
        x = load(numbers, i)
        highest = select(highest > x, highest, x)
    dead = highest < splat(_NOTHING)
    inverse = _best_inverse((numbers, weights), select(dead, splat(1), highest), steps, top)
    sum_xl, sum_l2 = zero, zero
    for i in range(0, numbers.size, WIDTH):
        x, w = load(numbers, i), load(weights, i)
        code = _at_most(wrapped(inverse * x), top)
        level = to_floats(code)
        store(codes, i, to_floats(code & splat_int(255)))
        sum_xl, sum_l2 = sum_xl + w * x * level, sum_l2 + w * level * level
    sum_xl, sum_l2 = _refined((numbers, weights), codes, top, (sum_xl, sum_l2))
    for i in range(0, numbers.size, WIDTH):
        store(codes, i, select(dead, zero, load(codes, i)))
    return select(dead, zero, select(sum_l2 > zero, sum_xl / sum_l2, zero))


@inlined
def _at_most(codes: Any, top: int) -> Any:
    most = splat_int(top)
    return select(most < codes, most, codes)


@inlined
def _best_inverse(given: Any, highest: Any, steps: Floats, top: int) -> Any:
    (numbers, weights), byte = given, splat_int(255)
    inverse = splat(top) / highest
    scale = splat(1) / inverse
    best = splat(0)
    for i in range(0, numbers.size, WIDTH):
        x, w = load(numbers, i), load(weights, i)
        off = x - scale * to_floats(wrapped(inverse * x) & byte)
        best = best + w * off * off
    for step in range(steps.size):
        candidate = (splat(steps[step]) + splat(top)) / highest
        scale = splat(1) / candidate
        error = splat(0)
        for i in range(0, numbers.size, WIDTH):
            x, w = load(numbers, i), load(weights, i)
            off = x - scale * to_floats(_at_most(wrapped(candidate * x), top))
            error = error + w * off * off
        better = error < best
        best, inverse = select(better, error, best), select(better, candidate, inverse)
    return inverse


@inlined
def _refined(given: Any, codes: Floats, top: int, sums: Any) -> Any:
    """Move single codes while that improves the fit; a lane without a change in a pass has none in the next."""
    (numbers, weights), (sum_xl, sum_l2), zero = given, sums, splat(0)
    changing, attempt = True, 0
    while changing and attempt < _PASSES:
        changing, attempt = False, attempt + 1
        for i in range(0, numbers.size, WIDTH):
            x, w, old = load(numbers, i), load(weights, i), load(codes, i)
            without_xl, without_l2 = sum_xl - w * x * old, sum_l2 - w * old * old
            code = _at_most(wrapped(x * without_l2 / without_xl), top)
            new = to_floats(code)
            with_xl, with_l2 = without_xl + w * x * new, without_l2 + w * new * new
            moved = (without_xl > zero) & (without_l2 > zero) & (new != old)
            moved = moved & (with_xl * with_xl * sum_l2 > sum_xl * sum_xl * with_l2)
            if any_of(moved):
                changing = True
                store(codes, i, select(moved, to_floats(code & splat_int(255)), old))
                sum_xl, sum_l2 = select(moved, with_xl, sum_xl), select(moved, with_l2, sum_l2)
    return sum_xl, sum_l2
