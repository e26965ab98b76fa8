"""The fast pass of the search for grids: settles the blocks that are plainly on one, and those that plainly are not.

`sift` does what `kernel.search` does for blocks of few codes, 16 weights at a time, and leaves to it whatever is left
`UNDECIDED`: blocks that may be near a grid, or on one with weights that BF16 does not hold. What it decides is decided
alike.

A block that is certified for K has K * |w| / largest within 1/16 of a whole number for each weight. So K is asked of
the smallest magnitude first, for all K at once, then of all weights. For a K that is left, cells over |q| give the
interval of s, in float32 with a margin, and bf16(s * q) is compared with every weight. Where two s are equally near to
the middle, as float32 sees it, or the nearest does not fit, the interval is computed in float64, and the search's own
rule decides. A block that the search would call near has some K for which no weight is more than 0.2 off; float32 asks
for 0.2001.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from qrecipe.codecs.lattice.kernel import _INFINITE, _LARGEST, _SMALLEST, CERTIFIED, NONE, _multiples, _nearer
from qrecipe.codecs.simd.lanes import (
    all_of,
    any_of,
    bits_of,
    first_of,
    flags_of,
    float_of,
    from_bits,
    lane,
    largest_int,
    load,
    lowest_bit,
    magnitude,
    select,
    smallest_int,
    splat,
    splat_int,
    store,
    store_bytes,
    to_ints,
)
from qrecipe.codecs.simd.numbers import ROUNDER, inlined, jit
from qrecipe.codecs.simd.vectors import WIDTH

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float32]
    Block = tuple[Floats, int]  # all weights, and where the block begins

UNDECIDED = 3  # beside the search's own kinds
_ON_GRID, _NEAR = 0.07, 0.2001  # most that K * weight / largest is off
_WIDER = 2.0**-22  # float32's roundings of an end and of its quotient
_TIE = 2.0**-9  # what `_WIDER` may come to, in multiples of a step
_KS = np.arange(1, WIDTH + 1, dtype=np.float32)


@jit
def sift_32(weights: Floats, grid: tuple[int, int], results: tuple[Any, Floats, Any]) -> None:
    """Go through blocks of 32, as `sift` does."""
    sift(weights, 32, grid, results)


@jit
def sift_256(weights: Floats, grid: tuple[int, int], results: tuple[Any, Floats, Any]) -> None:
    """Go through blocks of 256, as `sift` does."""
    sift(weights, 256, grid, results)


@inlined
def sift(weights: Floats, size: int, grid: tuple[int, int], results: tuple[Any, Floats, Any]) -> None:
    """Go through blocks of whole vectors; `size` being a constant, their loops are unrolled.

    Args:
        weights: float32 [n * size], finite.
        size: Of a block.
        grid: `half` and the largest |q|, up to 8, as for `kernel.search`.
        results: As there, the codes being [n * size]; with `UNDECIDED`, scale and codes mean nothing.
    """
    (half, most), (found, scales, codes) = grid, results
    levels, inverses = np.empty(size, np.float32), np.empty(size, np.float32)
    for b in range(found.size):
        at = b * size
        block = weights, at
        peak, least, whole = _extent(weights, at, size)
        found[b], scales[b] = NONE, 0.0
        if peak == 0:
            found[b] = CERTIFIED
            codes[at : at + size] = half
        elif _SMALLEST <= peak < _INFINITE:
            near, on_grid = _candidates(np.float32(1) / float_of(peak), float_of(least), most)
            s = _certified(block, peak, half, on_grid, (levels, inverses)) if whole else 0.0
            if s != 0:
                found[b], scales[b] = CERTIFIED, s
                _write(block, levels, half, s < 0, codes)
            elif _may_be_near(block, peak, near, levels):
                found[b] = UNDECIDED


@inlined
def _extent(weights: Floats, at: int, size: int) -> tuple[int, int, bool]:
    """Return the bits of the largest and the smallest magnitude but 0, and whether all weights are BF16 numbers."""
    peak, least, union = splat_int(0), splat_int(_INFINITE), splat_int(0)
    for i in range(at, at + size, WIDTH):
        bits = bits_of(load(weights, i))
        union = union | bits
        bits = bits & splat_int(0x7FFFFFFF)
        peak = select(bits > peak, bits, peak)
        least = select((bits < least) & (bits > splat_int(0)), bits, least)
    return largest_int(peak), smallest_int(least), all_of((union & splat_int(0xFFFF)) == splat_int(0))


@inlined
def _candidates(inverse: Any, least: Any, most: int) -> tuple[int, int]:
    """Return for which K the least magnitude is near enough to be near a grid, and to be on one; bit K - 1 is K."""
    x = load(_KS, 0) * splat(least * inverse)
    q, every = _whole(x), (1 << most) - 1
    off, some = magnitude(x - q), q > splat(0)
    return flags_of((off < splat(_NEAR)) & some) & every, flags_of((off < splat(_ON_GRID)) & some) & every


@inlined
def _certified(block: Block, peak: int, half: int, ks: int, boxes: Any) -> float:
    """Return the scale for the smallest K that there is one for, with its sign; 0 without."""
    while ks != 0:
        k = lowest_bit(ks) + 1
        ks &= ks - 1
        if _fits(block, np.float32(k) / float_of(peak), _ON_GRID, boxes[0]):
            s = _scale(block, boxes)
            if s != 0 and k == half:
                s *= _sign(block, boxes[0], k)
            if s != 0:
                return s
    return 0.0


@inlined
def _may_be_near(block: Block, peak: int, ks: int, levels: Floats) -> bool:
    """Say whether the search could call the block near a grid."""
    while ks != 0:
        k = lowest_bit(ks) + 1
        ks &= ks - 1
        if _fits(block, np.float32(k) / float_of(peak), _NEAR, levels):
            return True
    return False


@inlined
def _whole(x: Any) -> Any:
    """Round to whole numbers."""
    rounder = splat(ROUNDER)
    return (x + rounder) - rounder


@inlined
def _fits(block: Block, ratio: Any, most_off: float, levels: Floats) -> bool:
    """Set |q| of each weight, for the ratio K / largest; say if each is near enough to a whole number."""
    for i in range(0, levels.size, WIDTH):
        x = magnitude(load(block[0], block[1] + i)) * splat(ratio)
        q = _whole(x)
        if any_of(magnitude(x - q) > splat(most_off)):
            return False
        store(levels, i, q)
    return True


@inlined
def _scale(block: Block, boxes: Any) -> float:
    """Return the s with which the levels give all magnitudes back, the one that `kernel.search` takes; 0 without."""
    low, high = _bounds(block, boxes)
    between = np.float64(float_of(low)) * (1 - _WIDER), np.float64(float_of(high)) * (1 + _WIDER)
    if between[0] > between[1]:
        return 0.0
    step, _, last = _multiples(between[0], between[1])
    if last > 2 * 1024:
        return _best(block, boxes, low, high)
    for zeros in range(3, -1, -1):
        unit = step * (1 << zeros)
        first, last = max(np.ceil(between[0] / unit), 1), np.floor(min(between[1], _LARGEST) / unit)
        if first <= last:
            middle = (between[0] + between[1]) / unit / 2
            t = min(max(np.rint(middle), first), last)
            if first < last and abs(abs(middle - t) - 0.5) < _TIE:
                return _best(block, boxes, low, high)
            if _gives_back(block, boxes[0], np.float32(t * unit)):
                return float(t * unit)
            if first < last:
                return _best(block, boxes, low, high)
    return 0.0


@inlined
def _bounds(block: Block, boxes: Any) -> tuple[int, int]:
    """Return the least and the largest s that put s * |q| into each weight's cell, as bits of float32, rounded.

    Two quotients of an end and a |q| that differ do so by far more than float32's rounding, so it finds the narrowest.
    """
    (levels, inverses), half_step, stray = boxes, splat_int(0x8000), splat_int(0)
    low, high = splat_int(0), splat_int(_INFINITE)
    for i in range(0, levels.size, WIDTH):
        q, bits = load(levels, i), bits_of(magnitude(load(block[0], block[1] + i)))
        inverse, used = splat(1) / q, q > splat(0)
        stray = stray | select(used, splat_int(0), bits)
        least = bits_of(from_bits(bits - half_step) * inverse)
        most = bits_of(from_bits(bits + half_step) * inverse)
        low = select(used & (least > low), least, low)
        high = select(used & (most < high), most, high)
        store(inverses, i, inverse)
    if any_of(stray > splat_int(0)):
        return _INFINITE, 0
    return largest_int(low), smallest_int(high)


@jit
def _best(block: Block, boxes: Any, low: int, high: int) -> float:
    """Return what `kernel._best` does: the plainest F16 number that fits, then the one nearest to the middle."""
    ends = _exactly(block, boxes, -0x8000, low), _exactly(block, boxes, 0x8000, high)
    below, above = min(ends), max(ends)
    step, first, last = _multiples(below, above)
    for zeros in range(3, -1, -1):
        best = 0.0
        for t in range((first >> zeros) << zeros, last + 1, 1 << zeros):
            coarse = t > 2 * 1024 and t & (1 << zeros)
            near = not coarse and _nearer(t * step, best, below, above)
            if near and _gives_back(block, boxes[0], np.float32(t * step)):
                best = t * step
        if best != 0:
            return best
    return 0.0


@inlined
def _exactly(block: Block, boxes: Any, step: int, end: int) -> float:
    """Return in float64 the end of a cell over |q| that float32 takes for `end`; those that it does are equal."""
    levels, inverses = boxes
    for i in range(0, levels.size, WIDTH):
        ends = from_bits(bits_of(magnitude(load(block[0], block[1] + i))) + splat_int(step))
        here = (bits_of(ends * load(inverses, i)) == splat_int(end)) & (load(levels, i) > splat(0))
        if any_of(here):
            first = first_of(here)
            return np.float64(lane(ends, first)) / np.float64(levels[i + first])
    return 0.0


@inlined
def _gives_back(block: Block, levels: Floats, s: Any) -> Any:
    """Say whether bf16(s * |q|) is each weight's magnitude; s * |q| is exact in float32."""
    scale, one, below = splat(s), splat_int(1), splat_int(0x7FFF)
    wrong = splat_int(0)
    for i in range(0, levels.size, WIDTH):
        product = bits_of(load(levels, i) * scale)
        rounded = (product + below + ((product >> splat_int(16)) & one)) & splat_int(-0x10000)
        wrong = wrong | (rounded ^ bits_of(magnitude(load(block[0], block[1] + i))))
    return all_of(wrong == splat_int(0))


@inlined
def _sign(block: Block, levels: Floats, k: int) -> int:
    """Return the sign of s where the largest |q| is half: against its weights; 0 where they have both signs."""
    plus = minus = False
    for i in range(0, levels.size, WIDTH):
        x, here = load(block[0], block[1] + i), load(levels, i) == splat(k)
        plus |= any_of(here & (x > splat(0)))
        minus |= any_of(here & (x < splat(0)))
    if plus and minus:
        return 0
    return -1 if plus else 1


@inlined
def _write(block: Block, levels: Floats, half: int, negative: bool, codes: Any) -> None:
    """Write q + half of each weight; q has the other sign if s is negative."""
    middle, flip = splat_int(half), splat_int(-0x80000000 if negative else 0)
    for i in range(0, levels.size, WIDTH):
        sign = (bits_of(load(block[0], block[1] + i)) ^ flip) & splat_int(-0x80000000)
        q = to_ints(from_bits(bits_of(load(levels, i)) | sign))
        store_bytes(codes, block[1] + i, middle + q)
