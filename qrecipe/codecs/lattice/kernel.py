"""The search for a block's grid, in numba: an s that F16 holds and integers q with bf16(s * q) equal to each weight.

`search` goes through blocks of float32 and writes for each what it found (`NONE`, `NEAR`, `CERTIFIED`), s, and codes
q + half; q runs from -half to half - 1, and no |q| exceeds `most`. Nothing here knows how a type stores them.

Arithmetic is in float64, where s * q is exact. A BF16 number is hit by what lies in its cell, half a step to either
side; the ends belong to even ones. Where BF16 does not hold every weight of a block, cells are points: s * q itself
must be the weight. For K = 1, 2, ... the largest magnitude is taken for K * s. Then every other |q| is known, since for
the right K, K * weight / largest is within 1/16 of it, and s lies where cell / |q| of all magnitudes overlap: no pair
is missed.
Of several scales for the smallest K: the one with most trailing zeros in its mantissa, up to three (then BF16 holds
it), then the one nearest to the middle. A block is near a grid if some scale puts every weight into its own cell or the
next, each |q| standing for one magnitude; the scale that hits most weights is taken.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from qrecipe.codecs.simd.lanes import float_bits, float_of
from qrecipe.codecs.simd.numbers import inlined, jit

if TYPE_CHECKING:
    from numpy.typing import NDArray

    _Floats = NDArray[np.float64]
    _Ints = NDArray[np.int64]
    _Bits = NDArray[np.uint32]
    _Grid = tuple[int, int]  # half, and the largest |q|
    _Places = tuple[_Ints, NDArray[np.uint8], _Ints]  # table, where, used: see `_magnitudes`

NONE, NEAR, CERTIFIED = 0, 1, 2
_BUCKETS = 16  # of the magnitudes up to the largest; no two multiples of largest / K, K <= 8, share one
_SMALLEST, _INFINITE = 0x33000000, 0x7F800000  # as bits: half of F16's smallest number, and infinity
_LARGEST = 65504.0  # in F16
_OFF = 0.2  # most that K * weight / largest is off its q: 1/16 by two roundings to BF16, 3/16 near a grid
_SLACK = 1 + 1e-12  # the bounds of s are rounded; the test of each scale is not
_CELL, _NEXT, _CLOSED = 1, 3, 5  # rows of `cells`: ends of each cell, of those beside it, whether it has its ends
_ONE = 0x10000  # a step of BF16, as bits
_HALF_STEPS = np.ldexp(1.0, np.arange(256) - 127 - 8)  # of BF16, by the exponent's bits


@jit
def search(
    blocks: tuple[NDArray[np.float32], _Bits],
    grid: _Grid,
    results: tuple[NDArray[np.uint8], NDArray[np.float32], NDArray[np.uint8]],
) -> None:
    """Search every block.

    Args:
        blocks: Weights, float32 [n, size], finite; and the same memory as uint32.
        grid: `half`, and the largest |q|: `half`, which only one sign can have, or less.
        results: What was found, uint8 [n]; s, float32 [n], 0 for `NONE`; q + half, uint8 [n, size], only set with an s.
    """
    (rows, bits), (half, most), (found, scales, codes) = blocks, grid, results
    table, levels = np.zeros(_BUCKETS + 1, np.int64), np.zeros(_BUCKETS + 1, np.int64)
    where, used = np.zeros(bits.shape[1], np.uint8), np.zeros(_BUCKETS, np.int64)
    cells, q = np.zeros((6, _BUCKETS), np.float64), np.zeros(_BUCKETS, np.int64)
    for b in range(bits.shape[0]):
        found[b], scales[b] = NONE, 0.0
        n = _magnitudes(rows[b], bits[b], (table, where, used))
        if n <= most:
            found[b], scales[b] = _scale(n, grid, bits[b], (table, where, used), (cells, q))
        if found[b] != NONE:
            for m in range(n):
                levels[used[m]] = q[m]
            _write(bits[b], half, int(scales[b] < 0), (where, levels), codes[b])


@inlined
def _magnitudes(row: NDArray[np.float32], bits: _Bits, places: _Places) -> int:
    """Sort magnitudes into buckets: `table` has each one's bits, `where` each weight's bucket, `used` those not empty.

    Returns how many are not empty, zeros apart, which have bucket 0. Two magnitudes in one bucket, and a largest below
    F16's reach, are on no grid, and return more than any grid has: ordinary weights leave here.
    """
    table, where, used = places
    largest = np.int64(0)
    for i in range(bits.size):
        largest = max(largest, np.int64(bits[i]) & 0x7FFFFFFF)
    if largest == 0:
        where[:] = 0
        return 0
    if not _SMALLEST <= largest < _INFINITE:
        return _BUCKETS
    ratio = np.float32(_BUCKETS / _value(largest))
    for i in range(bits.size):
        where[i] = np.int32(abs(row[i]) * ratio + np.float32(0.5))
    if not _sorted(bits, table, where):
        return _BUCKETS
    n = 0
    for bucket in range(1, _BUCKETS + 1):
        used[n] = bucket
        n += table[bucket] != 0
    return n


@inlined
def _sorted(bits: _Bits, table: _Ints, where: NDArray[np.uint8]) -> bool:
    """Write the bits of each weight's magnitude into its bucket; say if each bucket has one magnitude, the first 0."""
    table[:] = 0
    for i in range(bits.size):
        table[where[i]] = np.int64(bits[i]) & 0x7FFFFFFF
    for i in range(bits.size):
        if table[where[i]] != np.int64(bits[i]) & 0x7FFFFFFF:
            return False
    return bool(table[0] == 0)


@inlined
def _value(key: np.int64) -> float:
    """Return the number that bits below the sign mean; not for subnormal ones."""
    return float(_HALF_STEPS[key >> 23] * ((key & 0x7FFFFF) | 0x800000) * 2.0**-15)


@inlined
def _scale(n: int, grid: _Grid, bits: _Bits, places: _Places, work: tuple[_Floats, _Ints]) -> tuple[int, float]:
    """Return what the magnitudes are on, and s; `q` receives |q| of each."""
    if n == 0:
        return CERTIFIED, 0.0
    (half, most), (cells, q) = grid, work
    on_bf16 = _cells(n, places, cells)
    for k in range(1, most + 1):
        low, high = _bounds(n, k, _CELL, cells, q)
        if low <= high:
            s = _best(n, low, high, cells, q)
            sign = _sign(bits, places) if k == half else 1
            if s * sign != 0:
                return CERTIFIED, s * sign
    return _near(n, grid, bits, places, work) if on_bf16 else (NONE, 0.0)


@jit
def _near(n: int, grid: _Grid, bits: _Bits, places: _Places, work: tuple[_Floats, _Ints]) -> tuple[int, float]:
    """Return `NEAR` and the s that hits most weights, of those that put each into its cell or the next."""
    (half, most), (cells, q) = grid, work
    counts, (table, _, used) = _counts(n, places), places
    for m in range(n):
        first = table[used[m]] & 0x7FFFFF == _ONE  # below it lies a power of two, whose cell is narrower
        low, high = cells[_CELL, m], cells[_CELL + 1, m]
        cells[_NEXT, m] = 2.5 * low - 1.5 * cells[0, m] if first else 3 * low - 2 * cells[0, m]
        cells[_NEXT + 1, m] = 3 * high - 2 * cells[0, m]
    best, most_hit, best_k = 0.0, -1, 0
    for k in range(1, most + 1):
        low, high = _bounds(n, k, _NEXT, cells, q)
        sign = 0 if low > high else _sign(bits, places) if k == half else 1
        step, first, last = _multiples(low, high)
        for t in range(first, last + 1 if sign else first):
            s = t * step
            if s > _LARGEST or (t > 2 * 1024 and t & 1) or not _all_beside(n, s, cells, q):
                continue
            hit = 0
            for m in range(n):
                hit += counts[m] if _hit(s * q[m], m, cells) else 0
            if hit > most_hit or (hit == most_hit and k == best_k and _nearer(s, best, low, high)):
                best, most_hit, best_k = s * sign, hit, k
    _bounds(n, best_k, _NEXT, cells, q)
    return NEAR if best_k else NONE, best


@inlined
def _all_beside(n: int, s: float, cells: _Floats, q: _Ints) -> bool:
    """Say whether s * |q| is in the cell of every magnitude or the next; the ends are of the next, so of even ones."""
    for m in range(n):
        product, low, high = s * q[m], cells[_NEXT, m], cells[_NEXT + 1, m]
        if not (low < product < high or (cells[_CLOSED, m] == 0 and product in (low, high))):
            return False
    return True


@jit
def _counts(n: int, places: _Places) -> _Ints:
    """Return how many weights have each magnitude."""
    _, where, used = places
    counts = np.zeros(n, np.int64)
    for m in range(n):
        for i in range(where.size):
            counts[m] += where[i] == used[m]
    return counts


@inlined
def _cells(n: int, places: _Places, cells: _Floats) -> bool:
    """Fill in the magnitudes and their cells; say if all are BF16 numbers.

    Row 0 has the magnitudes, rising, and behind them the inverse of the largest.
    """
    table, _, used = places
    rest = 0
    for m in range(n):
        rest |= table[used[m]] & 0xFFFF
    for m in range(n):
        key = table[used[m]]
        weight, above = _value(key), 0.0 if rest else _HALF_STEPS[key >> 23]
        below = above if key & 0x7FFFFF else above / 2
        cells[0, m], cells[_CLOSED, m] = weight, rest != 0 or not (key >> 16) & 1
        cells[_CELL, m], cells[_CELL + 1, m] = weight - below, weight + above
    cells[0, n] = 1 / cells[0, n - 1]
    return rest == 0


@inlined
def _bounds(n: int, k: int, ends: int, cells: _Floats, q: _Ints) -> tuple[float, float]:
    """Set |q| of each magnitude, the last being k * s; return the least and the largest s for the cells in row `ends`.

    The least is above the largest where there is no such s.
    """
    ratio = k * cells[0, n]
    for m in range(n):
        x = cells[0, m] * ratio
        q[m] = np.int64(x + 0.5)
        if q[m] == 0 or abs(x - q[m]) > _OFF:
            return 1.0, 0.0
    low, high = 0.0, math.inf
    for m in range(n):
        low = max(low, cells[ends, m] / q[m])  # equal quotients are equal in float64 too
        high = min(high, cells[ends + 1, m] / q[m])
    if low > high * _SLACK:
        return 1.0, 0.0
    return min(low, high), max(low, high)


@jit
def _sign(bits: _Bits, places: _Places) -> int:
    """Return the sign of s where the largest magnitude is half: against its weights; 0 where they have both signs."""
    _, where, _ = places
    plus = minus = False
    for i in range(bits.size):
        if where[i] == _BUCKETS:
            plus |= bits[i] >> 31 == 0
            minus |= bits[i] >> 31 != 0
    if plus and minus:
        return 0
    return -1 if plus else 1


@inlined
def _best(n: int, low: float, high: float, cells: _Floats, q: _Ints) -> float:
    """Return the best F16 number from `low` to `high` that hits every cell; 0 without one."""
    step, first, last = _multiples(low, high)
    for zeros in range(3, -1, -1):
        best = 0.0
        for t in range((first >> zeros) << zeros, last + 1, 1 << zeros):
            coarse = t > 2 * 1024 and t & (1 << zeros)
            if not coarse and _nearer(t * step, best, low, high) and _hits(n, t * step, cells, q):
                best = t * step
        if best != 0:
            return best
    return 0.0


@inlined
def _multiples(low: float, high: float) -> tuple[float, int, int]:
    """Return a step and a range of its multiples in which all F16 numbers from `low` to `high` are.

    Multiples above 2048 are F16 numbers only if they are even.
    """
    # in float32, low may be rounded up to a power of two; no F16 number lies in between
    exponent = max((float_bits(low) >> 23) - 126, -13)
    step = np.float64(float_of((exponent - 11 + 127) << 23))
    return step, max(math.floor(low / step), 1), math.ceil(high / step)


@inlined
def _nearer(s: float, best: float, low: float, high: float) -> bool:
    """Say whether s is nearer to the middle than the best so far, and in F16 at all."""
    return s <= _LARGEST and abs(s - (low + high) / 2) < abs(abs(best) - (low + high) / 2)


@inlined
def _hits(n: int, s: float, cells: _Floats, q: _Ints) -> bool:
    """Say whether s * |q| is in the cell of every magnitude."""
    for m in range(n):  # noqa: SIM110 - numba knows no all()
        if not _hit(s * q[m], m, cells):
            return False
    return True


@inlined
def _hit(product: float, m: int, cells: _Floats) -> bool:
    """Say whether a product is rounded to magnitude m."""
    low, high = cells[_CELL, m], cells[_CELL + 1, m]
    return low < product < high or (cells[5, m] != 0 and product in (low, high))


@inlined
def _write(
    bits: _Bits, half: int, negative: int, levels: tuple[NDArray[np.uint8], _Ints], codes: NDArray[np.uint8]
) -> None:
    """Write q + half of each weight; `negative` is 1 where s is, else 0."""
    where, magnitudes = levels
    for i in range(bits.size):
        minus = (np.int64(bits[i]) >> 31) ^ negative
        codes[i] = half + (magnitudes[where[i]] ^ -minus) + minus
