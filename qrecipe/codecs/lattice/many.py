"""The search for grids of up to 256 codes, blocks of any size and scales of any float type; `kernel` is for few codes.

As there, s and integers q are sought with bf16(s * q) equal to each weight; where BF16 does not hold every weight of a
block, s * q itself must be the weight. `s * q` is what float32 makes of it, which matters for float32 scales alone.

Rounding K * weight / largest finds every |q| up to 63 only: a step of BF16 is up to 1/128 of a weight, so for larger
ones two or three q may give the same weight. So no q is taken for granted. For K = 1, 2, ... `most`, the largest
magnitude being K * s, s lies in its cell / K; every other magnitude with only one q in reach narrows that down, one
with none ends it, and then *every* scale of the type that is left is tried, each weight with both integers beside
weight / s. For float32 scales, of which there are too many, the intervals of s are cut exactly, and one number of each
is tried: no cell holds two of the products of one scale, so these intervals do not overlap.

Of several scales for the smallest K: the one that BF16 holds, else any, nearest to the middle of what is left. A block
is near a grid if a scale puts every weight into its own cell or the next, no two magnitudes having the same code; the
scale that hits most weights is taken, and float32 scales, which are hardly ever lacking, are not tried for that.

Constants that compiled code sees stand in this file: numba's cache does not notice a change elsewhere.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from qrecipe.codecs.simd.numbers import jit

if TYPE_CHECKING:
    from numpy.typing import NDArray

    _Floats = NDArray[np.float64]
    _Ints = NDArray[np.int64]
    _Bits = NDArray[np.uint32]
    _Grid = tuple[int, int]  # half, and the largest |q|
    _Signed = tuple[int, int, int]  # and the sign of s where |q| is half: see `_sign`
    _Work = tuple[_Floats, _Floats, _Ints]  # magnitudes, rising; their cells; |q| of each
    _Places = tuple[_Bits, _Ints]  # the table of magnitudes; a number for each slot
    _Between = tuple[float, float]
    _Scales = tuple[int, int, float]  # bits of a mantissa, exponent of the smallest step, the largest number

NONE, NEAR, CERTIFIED = 0, 1, 2
_SLOTS, _MOST = 512, 128  # of the table of magnitudes, and how many magnitudes a grid has at most
_NORMAL, _INFINITE = 0x00800000, 0x7F800000
_ONE = 0x10000  # a step of BF16, as bits
_SINGLE = 24  # bits of a float32's mantissa
_HELD = 8  # bits of a BF16's mantissa
_OWN, _BESIDE = 2.0**-7 * 1.02, 3 * 2.0**-7 * 1.03  # how far off its q, relatively, K * weight / largest may be
_SLACK = 1e-12
_LOW, _HIGH, _NEXT_LOW, _NEXT_HIGH, _CLOSED, _COUNT = 0, 1, 2, 3, 4, 5  # rows of `cells`; _COUNT: weights of it


@jit
def search(
    blocks: tuple[NDArray[np.float32], _Bits],
    grid: _Grid,
    scale: _Scales,
    results: tuple[NDArray[np.uint8], NDArray[np.float32], NDArray[np.uint8]],
) -> None:
    """Search every block.

    Args:
        blocks: Weights, float32 [n, size], finite; and the same memory as uint32.
        grid: `half`, and the largest |q|: `half`, which only one sign can have, or less; at most 128.
        scale: The type of scales: bits of a mantissa, exponent of the smallest step, the largest number.
        results: What was found, uint8 [n]; s, float32 [n], 0 for `NONE`; q + half, uint8 [n, size], only set with an s.
    """
    (_, bits), (half, most), (found, scales, codes) = blocks, grid, results
    places, keys = (np.zeros(_SLOTS, np.uint32), np.zeros(_SLOTS, np.int64)), np.zeros(_MOST, np.uint32)
    work = (np.zeros(_MOST, np.float64), np.zeros((6, _MOST), np.float64), np.zeros(_MOST, np.int64))
    cuts = np.zeros((4, 8 * _MOST), np.float64)
    for b in range(bits.shape[0]):
        found[b], scales[b] = NONE, 0.0
        n = _magnitudes(bits[b], most, places[0], keys)
        if n == 0:
            found[b] = CERTIFIED
            codes[b, :] = half
        if n <= 0:
            continue
        signed = (half, most, _sign(bits[b], keys[n - 1]))
        on_bf16 = _cells(keys[:n], work, scale[0])
        found[b], scales[b] = _certified(n, work, cuts, signed, scale)
        if found[b] == NONE and on_bf16 and scale[0] < _SINGLE:
            _count(bits[b], places, keys[:n], work[1])
            found[b], scales[b] = _near(n, work, signed, scale)
        if found[b] != NONE:
            for m in range(n):
                places[1][_slot(keys[m], places[0])] = work[2][m]
            _write(bits[b], places, half, int(scales[b] < 0), codes[b])


@jit
def _slot(key: np.uint32, table: _Bits) -> int:
    """Return where a magnitude is in the table, or the free place for it."""
    slot = (np.uint32(key >> 16) * np.uint32(2654435769) ^ np.uint32(key) * np.uint32(40503)) >> 7 & 511
    while table[slot] != key and table[slot] != 0:
        slot = (slot + 1) & 511
    return int(slot)


@jit
def _magnitudes(bits: _Bits, most: int, table: _Bits, keys: _Bits) -> int:
    """Collect the magnitudes, rising, zero left out; return how many, -1 for more than a grid has and for odd ones."""
    table[:] = 0
    n = 0
    for i in range(bits.size):
        key = np.uint32(bits[i] & np.uint32(0x7FFFFFFF))
        if key == 0:
            continue
        slot = _slot(key, table)
        if table[slot] == key:
            continue
        if n == most or key < _NORMAL or key >= _INFINITE:
            return -1
        table[slot] = key
        m = n
        while m > 0 and keys[m - 1] > key:
            keys[m] = keys[m - 1]
            m -= 1
        keys[m] = key
        n += 1
    return n


@jit
def _sign(bits: _Bits, key: np.uint32) -> int:
    """Return the sign that s has where the largest magnitude is half: against its weights; 0 if they have both."""
    plus = minus = False
    for i in range(bits.size):
        plus |= bits[i] == key
        minus |= bits[i] == key | np.uint32(0x80000000)
    if plus and minus:
        return 0
    return -1 if plus else 1


@jit
def _cells(keys: _Bits, work: _Work, precision: int) -> bool:
    """Fill in magnitudes and what each one's products may be; say if all are BF16 numbers."""
    values, cells, _ = work
    rest = np.uint32(0)
    for m in range(keys.size):
        rest |= keys[m] & np.uint32(0xFFFF)
    for m in range(keys.size):
        key = np.int64(keys[m])
        exponent = int((key >> 23) - 150)
        value = math.ldexp(float((key & 0x7FFFFF) | 0x800000), exponent)
        above = math.ldexp(1.0, exponent + 15)
        below = above if key & 0x7FFFFF else above / 2
        values[m] = value
        cells[_NEXT_LOW, m] = value - (2.5 if key & 0x7FFFFF == _ONE else 3) * below
        cells[_NEXT_HIGH, m] = value + 3 * above
        if rest:
            above = below = math.ldexp(0.75, exponent) if precision == _SINGLE else 0.0
        cells[_LOW, m], cells[_HIGH, m] = value - below, value + above
        cells[_CLOSED, m] = not (key >> 16) & 1
        if rest:
            cells[_CLOSED, m] = 2  # the product is the weight itself
    return bool(rest == 0)


@jit
def _product(s: float, q: int) -> float:
    """Return what float32 makes of s * q."""
    return float(np.float32(s * q))


@jit
def _hit(product: float, m: int, work: _Work) -> bool:
    """Say whether a product is rounded to magnitude m."""
    values, cells, _ = work
    closed = cells[_CLOSED, m]
    if closed == 2:  # noqa: PLR2004 - see _cells
        return bool(product == values[m])
    low, high = cells[_LOW, m], cells[_HIGH, m]
    return bool(low < product < high or (closed != 0 and product in (low, high)))


@jit
def _hits(n: int, s: float, work: _Work, signed: _Signed) -> int:
    """Say whether s gives every magnitude, and set |q|; as the sign of s: 0 if it does not."""
    (half, most, sign), (values, _, q) = signed, work
    inverse = 1 / s
    for m in range(n):
        first = int(values[m] * inverse)
        q[m] = 0
        for code in range(max(first - 1, 1), min(first + 1, most) + 1):
            if _hit(_product(s, code), m, work):
                q[m] = code
                break
        if q[m] == 0:
            return 0
    return sign if q[n - 1] == half else 1


@jit
def _narrowed(n: int, k: int, lowest: int, work: _Work, most: int) -> _Between:
    """Return where s may be if the largest magnitude is k * s, from magnitudes with only one q in reach.

    The cells are those in row `lowest` and the one behind it. Where there is no such s, the least is above the largest.
    """
    values, cells, _ = work
    low_row, high_row, off = lowest, lowest + 1, _OWN if lowest == _LOW else _BESIDE
    ratio = k / values[n - 1]
    for m in range(n):
        x = values[m] * ratio
        if abs(x - math.floor(x + 0.5)) > x * off:
            return 1.0, 0.0
    low = cells[low_row, n - 1] / k * (1 - _SLACK)
    high = cells[high_row, n - 1] / k * (1 + _SLACK)
    for m in range(n):
        first = math.ceil(cells[low_row, m] / high * (1 - _SLACK))
        last = math.floor(cells[high_row, m] / low * (1 + _SLACK))
        first, last = max(first, 1), min(last, most)
        if first > last:
            return 1.0, 0.0
        if first == last:
            low = max(low, cells[low_row, m] / first * (1 - _SLACK))
            high = min(high, cells[high_row, m] / first * (1 + _SLACK))
            if low > high:
                return 1.0, 0.0
    return low, high


@jit
def _step(low: float, bits: int, least: int) -> float:
    """Return the step of numbers with so many bits, from `low` on."""
    return math.ldexp(1.0, max(math.frexp(low)[1] - bits, least))


@jit
def _certified(n: int, work: _Work, cuts: _Floats, signed: _Signed, scale: _Scales) -> tuple[int, float]:
    """Return `CERTIFIED` and s, with |q| of each magnitude in `work`, or `NONE`."""
    for k in range(1, signed[1] + 1):
        low, high = _narrowed(n, k, _LOW, work, signed[1])
        if low > high:
            continue
        s = 0.0
        if scale[0] < _SINGLE:
            s = _any(n, (low, high), work, signed, scale)
        else:
            for piece in range(_cut(n, (low, high), work[1], cuts, signed[1])):
                if s == 0:
                    s = _single(n, (cuts[0, piece], cuts[1, piece]), work, signed, scale)
        if s != 0:
            return CERTIFIED, s
    return NONE, 0.0


@jit
def _any(n: int, between: _Between, work: _Work, signed: _Signed, scale: _Scales) -> float:
    """Try every scale from `low` to `high`; return the best, with its sign, 0 without one."""
    (low, high), (bits, least, largest) = between, scale
    middle, best, best_held = (low + high) / 2, 0.0, False
    s = math.floor(low / _step(low, bits, least)) * _step(low, bits, least)
    while s <= min(high * (1 + _SLACK), largest):
        if s > 0:
            held = s % _step(s, _HELD, least) == 0
            better = held > best_held or (held == best_held and abs(s - middle) < abs(best - middle))
            if (best == 0 or better) and _hits(n, s, work, signed) != 0:
                best, best_held = s, held
        s += _step(max(s, low), bits, least)
    return best * _hits(n, best, work, signed) if best != 0 else 0.0


@jit
def _cut(n: int, between: _Between, cells: _Floats, cuts: _Floats, most: int) -> int:
    """Cut an interval down to where every magnitude has a q; return how many intervals there are, in `cuts`."""
    cuts[0, 0], cuts[1, 0] = between
    count = 1
    for m in range(n):
        made = 0
        for piece in range(count):
            a, b = cuts[0, piece], cuts[1, piece]
            first = max(math.ceil(cells[_LOW, m] / b * (1 - _SLACK)), 1)
            last = min(math.floor(cells[_HIGH, m] / a * (1 + _SLACK)), most)
            for code in range(last, first - 1, -1):
                # a float32 product may be rounded to an end
                start = max(a, cells[_LOW, m] / code * (1 - 2.0**-23))
                stop = min(b, cells[_HIGH, m] / code * (1 + 2.0**-23))
                if start <= stop and made < cuts.shape[1]:
                    cuts[2, made], cuts[3, made] = start, stop
                    made += 1
        for piece in range(made):
            cuts[0, piece], cuts[1, piece] = cuts[2, piece], cuts[3, piece]
        count = made
    return count


@jit
def _single(n: int, between: _Between, work: _Work, signed: _Signed, scale: _Scales) -> float:
    """Return a float32 scale from `low` to `high`: of few bits if it can be, near the middle; 0 without one."""
    low, high = between
    middle = (low + high) / 2
    for bits in (_HELD, 11, _SINGLE):
        step = _step(low, bits, scale[1])
        nearest = math.floor(middle / step + 0.5)
        reach = min(math.ceil((high - low) / step / 2) + 1, 64)
        for away in range(2 * reach + 1):
            s = (nearest + (away + 1) // 2 * (1 - 2 * (away & 1))) * step
            if low <= s <= min(high, scale[2]) and s > 0:
                sign = _hits(n, s, work, signed)
                if sign != 0:
                    return s * sign
    return 0.0


@jit
def _count(bits: _Bits, places: _Places, keys: _Bits, cells: _Floats) -> None:
    """Count the weights of each magnitude."""
    table, levels = places
    levels[:] = 0
    for i in range(bits.size):
        key = np.uint32(bits[i] & np.uint32(0x7FFFFFFF))
        if key != 0:
            levels[_slot(key, table)] += 1
    for m in range(keys.size):
        cells[_COUNT, m] = levels[_slot(keys[m], table)]


@jit
def _near(n: int, work: _Work, signed: _Signed, scale: _Scales) -> tuple[int, float]:
    """Return `NEAR` and the s that hits most weights, of those that put each into its cell or the next."""
    bits, least, largest = scale
    best, most_hit, best_k, best_off = 0.0, -1, 0, 0.0
    for k in range(1, signed[1] + 1):
        low, high = _narrowed(n, k, _NEXT_LOW, work, signed[1])
        if low > high:
            continue
        s = math.floor(low / _step(low, bits, least)) * _step(low, bits, least)
        while s <= min(high, largest):
            hit = _beside(n, s, work, signed) if s > 0 else -1
            off = abs(s - (low + high) / 2)
            if hit > most_hit or (hit == most_hit and hit >= 0 and k == best_k and off < best_off):
                best, most_hit, best_k, best_off = s, hit, k, off
            s += _step(max(s, low), bits, least)
    if most_hit < 0:
        return NONE, 0.0
    _beside(n, best, work, signed)
    return NEAR, best * (signed[2] if work[2][n - 1] == signed[0] else 1)


@jit
def _beside(n: int, s: float, work: _Work, signed: _Signed) -> int:
    """Return how many weights s hits, and set |q|; -1 if one is beyond the next cell, or shares its q with another."""
    (half, most, sign), (values, cells, q) = signed, work
    hit, before = 0, 0
    for m in range(n):
        code = max(min(math.floor(values[m] / s + 0.5), most), 1)
        product = _product(s, code)
        for other in (code - 1, code + 1):
            if not _hit(product, m, work) and 0 < other <= most and _hit(_product(s, other), m, work):
                code, product = other, _product(s, other)
        low, high = cells[_NEXT_LOW, m], cells[_NEXT_HIGH, m]
        beside = low < product < high or (cells[_CLOSED, m] == 0 and product in (low, high))
        if not beside or code == before:
            return -1
        q[m] = before = code
        if _hit(product, m, work):
            hit += int(cells[_COUNT, m])
    return -1 if q[n - 1] == half and sign == 0 else hit


@jit
def _write(bits: _Bits, places: _Places, half: int, negative: int, codes: NDArray[np.uint8]) -> None:
    """Write q + half of each weight; `negative` is 1 where s is, else 0."""
    table, levels = places
    for i in range(bits.size):
        key = np.uint32(bits[i] & np.uint32(0x7FFFFFFF))
        magnitude = levels[_slot(key, table)] if key != 0 else 0
        minus = (np.int64(bits[i]) >> 31) ^ negative
        codes[i] = half + (magnitude ^ -minus) + minus
