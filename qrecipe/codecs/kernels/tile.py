"""Tiles: `WIDTH` sub-blocks side by side, so that lane k of every vector belongs to sub-block k.

Weight i of sub-block k stands at `tile[i * WIDTH + k]`. Summing over i = 0, 1, 2, ... in each lane is then ggml's own
order of operations, done for `WIDTH` sub-blocks at a time. Tiles are a few KiB and stay in the first cache.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from qrecipe.codecs.simd.lanes import load, magnitude, root, splat, store
from qrecipe.codecs.simd.numbers import inlined
from qrecipe.codecs.simd.vectors import WIDTH

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float32]
    Bytes = NDArray[np.uint8]


@inlined
def fill(tile: Floats, rows: Floats, at: int, size: int) -> None:
    """Transpose the sub-blocks of `size` weights that begin at `rows[at]`; those behind the end are zeros."""
    for k in range(WIDTH):
        start = at + k * size
        if start < rows.size:
            for i in range(size):
                tile[i * WIDTH + k] = rows[start + i]
        else:
            for i in range(size):
                tile[i * WIDTH + k] = 0


@inlined
def fill_importance(tile: Floats, importance: Floats, at: int, size: int) -> None:
    """Transpose the importance of the same sub-blocks: that of their columns, which begin anew with each row."""
    column = at % importance.size
    for k in range(WIDTH):
        for i in range(size):
            tile[i * WIDTH + k] = importance[column + i]
        column += size
        if column == importance.size:
            column = 0


@inlined
def weigh(weights: Floats, tile: Floats, sigma2: Any, size: int) -> None:
    """Turn importance into ggml's weights, importance * sqrt(sigma2 + x * x)."""
    for i in range(size):
        x = load(tile, i * WIDTH)
        store(weights, i * WIDTH, load(weights, i * WIDTH) * root(sigma2 + x * x))


@inlined
def weigh_by_mean(weights: Floats, tile: Floats, size: int) -> None:
    """Write root mean square + |x|: the weights of Q4_K and Q5_K without an imatrix."""
    total = splat(0)
    for i in range(size):
        x = load(tile, i * WIDTH)
        total = total + x * x
    mean = root(total / splat(size))
    for i in range(size):
        store(weights, i * WIDTH, mean + magnitude(load(tile, i * WIDTH)))


@inlined
def total_of(tile: Floats, size: int) -> Any:
    """Sum each lane's numbers."""
    total = splat(0)
    for i in range(size):
        total = total + load(tile, i * WIDTH)
    return total


@inlined
def weigh_by_square(weights: Floats, tile: Floats) -> None:
    """Write x * x: the weights of most types without an imatrix."""
    for i in range(0, tile.size, WIDTH):
        x = load(tile, i)
        store(weights, i, x * x)


@inlined
def weigh_by_magnitude(weights: Floats, tile: Floats) -> None:
    """Write |x|: the weights of Q2_K without an imatrix."""
    for i in range(0, tile.size, WIDTH):
        store(weights, i, magnitude(load(tile, i)))
