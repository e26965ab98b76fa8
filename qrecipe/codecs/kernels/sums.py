"""Sums of squares over super-blocks or rows, one sequential chain each as ggml adds them, many chains side by side."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from qrecipe.codecs.simd.numbers import inlined
from qrecipe.codecs.simd.vectors import WIDTH

if TYPE_CHECKING:
    from qrecipe.codecs.kernels.tile import Floats

_CHAINS = 4


@inlined
def sigmas(rows: Floats, start: int, size: int, factor: np.float32, found: Floats) -> None:
    """Write factor * (sum of squares) / size for each of `WIDTH` runs of `size` weights, the first at `rows[start]`."""
    for first in range(0, WIDTH, _CHAINS):
        at = start + first * size
        a = b = c = d = np.float32(0)
        if at + _CHAINS * size <= rows.size:
            for i in range(at, at + size):
                a += rows[i] * rows[i]
                b += rows[i + size] * rows[i + size]
                c += rows[i + 2 * size] * rows[i + 2 * size]
                d += rows[i + 3 * size] * rows[i + 3 * size]
        else:
            a, b = _sum(rows, at, size), _sum(rows, at + size, size)
            c, d = _sum(rows, at + 2 * size, size), _sum(rows, at + 3 * size, size)
        found[first], found[first + 1] = factor * a / np.float32(size), factor * b / np.float32(size)
        found[first + 2], found[first + 3] = factor * c / np.float32(size), factor * d / np.float32(size)


@inlined
def _sum(rows: Floats, at: int, size: int) -> np.float32:
    total = np.float32(0)
    if at < rows.size:
        for i in range(at, at + size):
            total += rows[i] * rows[i]
    return total


@inlined
def row_sigmas(rows: Floats, importance: Floats) -> Floats:
    """Return the mean square of each row; rows are as long as the importance."""
    cols = importance.size
    n = rows.size // cols
    found = np.empty(n, np.float32)
    for first in range(0, n - n % _CHAINS, _CHAINS):
        a = b = c = d = np.float32(0)
        at = first * cols
        for i in range(at, at + cols):
            a += rows[i] * rows[i]
            b += rows[i + cols] * rows[i + cols]
            c += rows[i + 2 * cols] * rows[i + 2 * cols]
            d += rows[i + 3 * cols] * rows[i + 3 * cols]
        found[first], found[first + 1], found[first + 2], found[first + 3] = a, b, c, d
    for row in range(n - n % _CHAINS, n):
        found[row] = _sum(rows, row * cols, cols)
    for row in range(n):
        found[row] = found[row] / np.float32(cols)
    return found
