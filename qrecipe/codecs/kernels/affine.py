"""The search for a scale and a minimum: ggml's make_qkx2_quants and make_qkx3_quants, one sub-block a lane.

A sub-block's codes are l = round(inverse * (x - base)), 0 to `top`. A row of candidates for the inverse is tried; each
with D > 0 is followed by the least-squares scale and minimum for its codes, and kept if the weighted error falls. The
next candidate works with the minimum kept so far, so candidates cannot be tried side by side.

Codes are computed twice a candidate instead of being stored, which is cheaper. What is kept of the best candidate is
the (inverse, base) that its codes came from. ggml's two functions differ where inverse * (x - base) is beyond 2^22:
make_qkx2 wraps before it clamps, make_qkx3 clamps before it rounds (`clamps`).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from qrecipe.codecs.simd.lanes import all_of, load, magnitude, select, splat, store
from qrecipe.codecs.simd.numbers import FAR, clamped, inlined, jit, wrapped_clamped
from qrecipe.codecs.simd.vectors import WIDTH

if TYPE_CHECKING:
    from qrecipe.codecs.kernels.tile import Floats

SCALE, MINIMUM, INVERSE, BASE = 0, WIDTH, 2 * WIDTH, 3 * WIDTH  # places of what a search has found, a lane each
FOUND = 4 * WIDTH


def candidates(first: float, step: float, steps: int, top: int) -> Floats:
    """Return the numerators of the inverses, rounded in C's order: (first + step * i) + top."""
    i = np.arange(steps + 1, dtype=np.float32)
    return np.float32(first) + np.float32(step) * i + np.float32(top)


@jit
def search(tiles: Any, tries: Floats, top: int, how: Any, found: Floats) -> None:
    """Search one tile.

    Args:
        tiles: Weights, and weights of the weights.
        tries: What `candidates` gives.
        top: The largest code.
        how: (absolute, clamps): errors are magnitudes, not squares; see above.
        found: Written: scale, minimum, and the inverse and base of the codes, each `WIDTH` float32.
    """
    (absolute, clamps), zero, most = how, splat(0), splat(top)
    least, high, sum_w, sum_x = _extent(tiles)
    base = select(least > zero, zero, least)
    dead = high <= base
    spread = select(dead, splat(1), high - base)
    inverse = most / spread
    scale, minimum = splat(1) / inverse, base
    wraps = not all_of(inverse * spread <= splat(FAR))
    error = _error(tiles, (inverse, base), (scale, minimum), most, (wraps, absolute))
    kept = select(inverse < splat(np.inf), inverse, zero), base  # an infinite inverse gives codes 0
    for i in range(tries.size):
        inverse = splat(tries[i]) / select(dead, spread, high - minimum)
        wraps = False if clamps else not all_of(_reach((inverse, minimum), least, high) <= splat(FAR))
        if wraps:
            usable, fit, now = _candidate(tiles, (sum_w, sum_x), (inverse, minimum), most, (True, absolute))
        else:
            usable, fit, now = _candidate(tiles, (sum_w, sum_x), (inverse, minimum), most, (False, absolute))
        better = usable & (now < error)
        kept = select(better, inverse, kept[0]), select(better, minimum, kept[1])
        error = select(better, now, error)
        scale, minimum = select(better, fit[0], scale), select(better, fit[1], minimum)
    store(found, SCALE, select(dead, zero, scale))
    store(found, MINIMUM, select(dead, base, minimum))
    store(found, INVERSE, select(dead, zero, kept[0]))
    store(found, BASE, select(dead, base, kept[1]))


@inlined
def _extent(tiles: Any) -> Any:
    """Return each lane's smallest and largest weight, the sum of weights, and the weighted sum."""
    tile, weights = tiles
    least = high = load(tile, 0)
    sum_w = load(weights, 0)
    sum_x = sum_w * least
    for i in range(WIDTH, tile.size, WIDTH):
        x, w = load(tile, i), load(weights, i)
        least, high = select(x < least, x, least), select(x > high, x, high)
        sum_w, sum_x = sum_w + w, sum_x + w * x
    return least, high, sum_w, sum_x


@inlined
def _candidate(tiles: Any, given: Any, at: Any, most: Any, kind: Any) -> Any:
    """Return which lanes can use a candidate, with which scale and minimum, and the error that these have."""
    sums = _sums(tiles, at, most, kind[0])
    determinant = given[0] * sums[1] - sums[0] * sums[0]
    fit = _least_squares(given, sums, determinant)
    return determinant > splat(0), fit, _error(tiles, at, fit, most, kind)


@inlined
def _reach(at: Any, least: Any, high: Any) -> Any:
    """Return the largest |inverse * (x - base)|."""
    inverse, base = at
    above, below = magnitude(high - base), magnitude(base - least)
    return magnitude(inverse) * select(above > below, above, below)


@inlined
def _level(x: Any, at: Any, most: Any, wraps: bool) -> Any:
    value = at[0] * (x - at[1])
    return wrapped_clamped(value, splat(0), most) if wraps else clamped(value, splat(0), most)


@inlined
def _sums(tiles: Any, at: Any, most: Any, wraps: bool) -> Any:
    tile, weights = tiles
    sum_l = splat(0)
    sum_l2, sum_xl = sum_l, sum_l
    for i in range(0, tile.size, WIDTH):
        x = load(tile, i)
        level = _level(x, at, most, wraps)
        weighted = load(weights, i) * level
        sum_l = sum_l + weighted
        sum_l2 = sum_l2 + weighted * level
        sum_xl = sum_xl + weighted * x
    return sum_l, sum_l2, sum_xl


@inlined
def _least_squares(given: Any, sums: Any, determinant: Any) -> Any:
    """Return the scale and minimum of least error; a positive minimum becomes 0."""
    (sum_w, sum_x), (sum_l, sum_l2, sum_xl), zero = given, sums, splat(0)
    scale = (sum_w * sum_xl - sum_x * sum_l) / determinant
    minimum = (sum_l2 * sum_x - sum_l * sum_xl) / determinant
    positive = minimum > zero
    return select(positive, sum_xl / sum_l2, scale), select(positive, zero, minimum)


@inlined
def _error(tiles: Any, at: Any, fit: Any, most: Any, kind: Any) -> Any:
    (tile, weights), (scale, minimum), (wraps, absolute) = tiles, fit, kind
    error = splat(0)
    for i in range(0, tile.size, WIDTH):
        x = load(tile, i)
        off = ((scale * _level(x, at, most, wraps)) + minimum) - x
        error = error + load(weights, i) * (magnitude(off) if absolute else off * off)
    return error
