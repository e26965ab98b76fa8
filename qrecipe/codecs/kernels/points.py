"""The search for a scale and points of a codebook: the loops of ggml's IQ2 and IQ3 encoders, one sub-block a lane.

A candidate for the scale rounds each group of weights to a combination of codes; where that is no point, the nearest of
the points around it is taken, by weighted distance. Lanes have lists of different lengths, so each one's fills vectors
of its own.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from qrecipe.codecs.kernels import tile
from qrecipe.codecs.kernels.sums import sigmas
from qrecipe.codecs.simd.lanes import (
    any_of,
    first_of,
    gather,
    load,
    load_ints,
    look_up,
    lower_halves,
    root,
    select,
    smallest,
    splat,
    splat_int,
    store,
    store_ints,
    to_floats,
)
from qrecipe.codecs.simd.numbers import bounded, inlined, nearest_int, wrapped, write_half
from qrecipe.codecs.simd.vectors import WIDTH

if TYPE_CHECKING:
    from qrecipe.codecs.kernels.tile import Floats

_LEVELS = 8
_VALUES = np.tile(np.arange(1, 17, 2, dtype=np.float32), 2)
_FAR = np.float32(3.4028234663852886e38)


@inlined
def split_signs(rows: Floats, weights: Floats, signs: Any, even: bool) -> None:
    """Make weights positive, and write 8 signs a group to `signs`; with `even`, an even number of them.

    For that, the sign of the weight that matters least is given up: its magnitude becomes negative.
    """
    one, zero = splat_int(1), splat(0)
    for group in range(0, rows.size, 8 * WIDTH):
        bits, flips, least, place = splat_int(0), splat_int(0), splat(0), splat_int(0)
        for i in range(8):
            x = load(rows, group + i * WIDTH)
            negative = select(x >= zero, splat_int(0), one)
            bits, flips = bits | (negative << splat_int(i)), flips + negative
            matters = load(weights, group + i * WIDTH) * x * x
            less = matters < least
            least = matters if i == 0 else select(less, matters, least)
            place = place if i == 0 else select(less, splat_int(i), place)
            store(rows, group + i * WIDTH, select(x >= zero, x, splat(-1) * x))
        if even:
            odd = (flips & one) != splat_int(0)
            for i in range(8):
                x = load(rows, group + i * WIDTH)
                turned = odd & (place == splat_int(i))
                store(rows, group + i * WIDTH, select(turned, splat(-1) * x, x))
                bits = select(turned, (bits | (one << splat_int(i))) - (bits & (one << splat_int(i))), bits)
        store_ints(signs, group // 8, bits)


@inlined
def largest_of(rows: Floats) -> Any:
    """Return each lane's largest number."""
    most = load(rows, 0)
    for i in range(WIDTH, rows.size, WIDTH):
        x = load(rows, i)
        most = select(most > x, most, x)
    return most


@inlined
def project(tiles: Any, first: int, at: Any, book: Any, form: Any) -> Any:
    """Return the points, as values of 4 bits, for the group of weights at `first`; and which lanes hit one at once."""
    (rows, _, _), (inverse, scale), (index, lists), (dims, bits, top) = tiles, at, book, form
    code, packed = splat_int(0), splat_int(0)
    for i in range(dims):
        x = load(rows, first + i * WIDTH)
        level = bounded(wrapped(splat(0.5) * (inverse * x - splat(1))), 0, top)
        code = code | (level << splat_int(bits * i))
        packed = packed | ((level + level + splat_int(1)) << splat_int(4 * i))
    place = gather(index, code)
    hit = place >= splat_int(0)
    return _nearest(tiles, first, (scale, lists, dims), place, packed), hit


@inlined
def _nearest(tiles: Any, first: int, how: Any, place: Any, packed: Any) -> Any:
    """Look for the nearest point where none was hit; each lane's list fills vectors.

    A weight's share of a distance depends on its value alone, of which there are 8: they are computed once, and looked
    up for the points. An entry that is repeated to fill a vector never comes before itself.
    """
    (rows, _, roots), (scale, lists, dims) = tiles, how
    places, found, scales = np.empty(WIDTH, np.int32), np.empty(WIDTH, np.int32), np.empty(WIDTH, np.float32)
    shares = np.empty((dims + 1) * _LEVELS, np.float32)
    store_ints(places, 0, place)
    store_ints(found, 0, packed)
    store(scales, 0, scale)
    for k in range(WIDTH):
        if places[k] < 0:
            values = splat(scales[k]) * load(_VALUES, 0)
            for i in range(0, dims, 2):
                at, then = first + i * WIDTH + k, first + (i + 1) * WIDTH + k
                off = values - lower_halves(splat(rows[at]), splat(rows[then]))
                store(shares, i * _LEVELS, lower_halves(splat(roots[at]), splat(roots[then])) * off * off)
            start = np.int64(-1 - places[k])
            best = _FAR
            for j in range(start + 1, start + 1 + lists[start], WIDTH):
                points, distance = load_ints(lists, j), splat(0)
                for i in range(dims):
                    distance = distance + look_up(load(shares, i * _LEVELS), points >> splat_int(4 * i + 1))
                least = smallest(distance)
                if least < best:
                    best = least
                    found[k] = lists[j + first_of(distance == splat(least))]
    return load_ints(found, 0)


@inlined
def sums(tiles: Any, points: Any, form: Any) -> Any:
    """Return each lane's weighted sums of value * weight and value * value, over all groups."""
    (rows, weights, _), dims = tiles, form[0]
    sum_qx, sum_q2 = splat(0), splat(0)
    for i in range(0, rows.size, WIDTH):
        number = i // WIDTH
        packed = load_ints(points, number // dims * WIDTH)
        q = to_floats((packed >> splat_int(4 * (number % dims))) & splat_int(15))
        x, w = load(rows, i), load(weights, i)
        sum_qx, sum_q2 = sum_qx + w * x * q, sum_q2 + w * q * q
    return sum_qx, sum_q2


@inlined
def try_scales(tiles: Any, given: Any, book: Any, form: Any, found: Any) -> Any:
    """Try all candidates; return the best scale.

    Args:
        tiles: Positive weights, their weights, and the roots of these.
        given: Numerators of the inverses, each lane's divisor, and the scale if none is better.
        book: What `codebook.tables` gives.
        form: Weights of a point, bits of a code, and the largest code.
        found: Written: points, and 1 where a group hit one at once; both [groups * WIDTH], with what to begin with.
    """
    (tries, divisor, scale), (points, hits), best = given, found, splat(0)
    now, now_hits = np.empty_like(points), np.empty_like(points)
    for t in range(tries.size):
        inverse = splat(tries[t]) / divisor
        _project_all(tiles, (inverse, splat(1) / inverse), book, form, (now, now_hits))
        sum_qx, sum_q2 = sums(tiles, now, form)
        better = (sum_q2 > splat(0)) & (sum_qx * sum_qx > best * sum_q2)
        if any_of(better):
            scale = select(better, sum_qx / sum_q2, scale)
            best = select(better, scale * sum_qx, best)
            for i in range(0, points.size, WIDTH):
                store_ints(points, i, select(better, load_ints(now, i), load_ints(points, i)))
                store_ints(hits, i, select(better, load_ints(now_hits, i), load_ints(hits, i)))
    return scale


@inlined
def _project_all(tiles: Any, at: Any, book: Any, form: Any, found: Any) -> None:
    for group in range(0, found[0].size, WIDTH):
        points, hit = project(tiles, group * form[0], at, book, form)
        store_ints(found[0], group, points)
        store_ints(found[1], group, select(hit, splat_int(1), splat_int(0)))


@inlined
def settle(tiles: Any, scale: Any, book: Any, how: Any, found: Any) -> Any:
    """Look again with the best scale: at groups that hit no point, or in lanes that have one at all of them.

    `how` is the form, and which of the two. Returns the scale that fits the points then.
    """
    (points, hits), (form, everything), one = found, how, splat_int(1)
    missed = load_ints(hits, 0) != one
    for i in range(WIDTH, hits.size, WIDTH):
        missed = missed | (load_ints(hits, i) != one)
    lanes = missed & (scale > splat(0))
    if not any_of(lanes):
        return scale
    at = splat(1) / scale, scale
    for group in range(0, points.size, WIDTH):
        again = lanes if everything else lanes & (load_ints(hits, group) != one)
        if any_of(again):
            now, _ = project(tiles, group * form[0], at, book, form)
            store_ints(points, group, select(again, now, load_ints(points, group)))
    sum_qx, sum_q2 = sums(tiles, points, form)
    return select(lanes & (sum_q2 > splat(0)), sum_qx / sum_q2, scale)


@inlined
def fill(tiles: Any, where: Any, weighing: Any, plain: Any) -> None:
    """Fill a tile: weights, their weights and the roots of these.

    Args:
        tiles: Written.
        where: Weights, the place of the first, and how many a sub-block has.
        weighing: Importance of the columns (empty without an imatrix), sigma² of 16 super-blocks, and an array to use.
        plain: The share of sigma² in x * x + share * sigma², the weight without an imatrix.
    """
    (tile_x, tile_w, roots), (rows, start, sub), (importance, sigma2, own) = tiles, where, weighing
    if start % (WIDTH * 256) == 0:
        sigmas(rows, start, 256, np.float32(plain[1]), sigma2)
    for k in range(WIDTH):
        own[k] = sigma2[(start + k * sub) // 256 % WIDTH]
    tile.fill(tile_x, rows, start, sub)
    if importance.size:
        tile.fill_importance(tile_w, importance, start, sub)
        tile.weigh(tile_w, tile_x, load(own, 0), sub)
    else:
        share = splat(plain[0]) * load(own, 0)
        for i in range(0, tile_w.size, WIDTH):
            x = load(tile_x, i)
            store(tile_w, i, share + x * x if plain[0] > 0 else x * x)
    for i in range(0, tile_w.size, WIDTH):
        store(roots, i, root(load(tile_w, i)))


@inlined
def number_of(packed: Any, index: Any, form: Any) -> Any:
    """Return a point's number in the file."""
    code = 0
    for i in range(form[0]):
        code |= (((np.int64(packed) >> (4 * i)) & 15) >> 1) << (form[1] * i)
    return np.int64(index[code])


@inlined
def scale_code(inverse: Any, scale: Any) -> Any:
    """Return the 4-bit code of a sub-block's scale, which stands for 2 * code + 1 steps."""
    return max(min(nearest_int(np.float32(0.5) * (inverse * scale - np.float32(1))), 15), 0)


@inlined
def make_positive(scale: Any, signs: Any, mask: int) -> Any:
    """Turn scales, and all signs with them, where a scale is negative."""
    negative = scale < splat(0)
    for i in range(0, signs.size, WIDTH):
        bits = load_ints(signs, i)
        store_ints(signs, i, select(negative, splat_int(mask) - bits, bits) & splat_int(mask))
    return select(negative, splat(-1) * scale, scale)


@inlined
def flags(dead: Any) -> Any:
    """Return 1 in the lanes that are alive."""
    return select(dead, splat_int(0), splat_int(1))


@inlined
def write_scale(out: Any, to: int, scales: Floats, factor: Any) -> Any:
    """Write d, a 31st of the largest scale times `factor`; return the inverse of a step, 0 where all scales are 0."""
    most = np.float32(0)
    for j in range(scales.size):
        if not most > scales[j]:
            most = scales[j]
    step = most / np.float32(31)
    write_half(out, to, step * factor if most != 0 else np.float32(0))
    return np.float32(1) / step if most != 0 else np.float32(0)
