"""The search behind `fit=mse`: candidates in numpy, errors in machine code, block by block."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any

import numpy as np

from qrecipe.codecs.compiled.compiling import compiled
from qrecipe.codecs.floats import decode_float, encode_float
from qrecipe.codecs.simd.numbers import jit

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from qrecipe.types.format import FloatArray, TypeUse
    from qrecipe.types.scheme import Grid

_DIVISORS = np.linspace(0.90, 1.90, 41, dtype=np.float64)  # times the magnitude of the least code
_ROWS = 1 << 17  # weights at a time: candidates and codes stay small


def encode_mse(use: TypeUse, grid: Grid, rows: FloatArray) -> bytes:
    """Return records of rows [n, cols], each block with its best scale."""
    scheme: Any = use.format
    step = max(_ROWS // rows.shape[1], 1)
    parts = (_some(scheme, use, grid, rows[start : start + step]) for start in range(0, len(rows), step))
    return b"".join(parts)


def _some(scheme: Any, use: TypeUse, grid: Grid, rows: FloatArray) -> bytes:  # noqa: ANN401 - a scheme
    codes, scales = (np.array(part) for part in scheme.parted(scheme.encode(rows, use.args, None), rows.shape[1]))
    blocks = np.ascontiguousarray(rows, np.float32).reshape(scales.size, -1)
    given = np.ascontiguousarray(codes, np.int8).reshape(blocks.shape)
    best = np.ascontiguousarray(scales, np.float32).reshape(-1)
    search()(blocks, _candidates(blocks, grid), (grid.low, grid.high), (given, best))
    records: bytes = scheme.joined(given.reshape(rows.shape), best.reshape(scales.shape))
    return records


def _candidates(blocks: FloatArray, grid: Grid) -> FloatArray:
    """Return scales to try, [blocks, candidates], as numbers of the grid's dtype."""
    largest = np.abs(blocks).max(axis=1, keepdims=True).astype(np.float64)
    found = largest / (max(-grid.low, grid.high) * _DIVISORS)
    if grid.negative and grid.low != -grid.high:
        found = np.concatenate([found, -found], axis=1)
    rounded = decode_float(grid.scale, encode_float(grid.scale, found.astype(np.float32)), found.shape[1])
    return np.where(np.isfinite(rounded), rounded, np.float32(0))


@cache
def search() -> Callable[..., None]:
    """Return `_search`, compiled."""
    work: Callable[..., None] = compiled(_search, jit, _attempt)
    return work


def _attempt(work: Callable[..., None]) -> None:
    block = np.zeros((1, 1), np.float32)
    work(block, block, (-8, 7), (np.zeros((1, 1), np.int8), np.zeros(1, np.float32)))


@jit
def _error(block: NDArray[np.float32], scale: float, low: int, high: int) -> float:
    inverse = 1.0 / scale
    total = 0.0
    for weight in block:
        code = min(max(np.rint(weight * inverse), low), high)
        off = weight - scale * code
        total += off * off
    return total


@jit
def _search(
    blocks: NDArray[np.float32],
    candidates: NDArray[np.float32],
    codes: tuple[int, int],
    results: tuple[NDArray[np.int8], NDArray[np.float32]],
) -> None:
    """Replace scales and codes of `results` where a candidate has less error than they have."""
    low, high = codes
    given, scales = results
    for i in range(len(blocks)):
        block = blocks[i]
        least = 0.0
        for j in range(len(block)):
            off = float(block[j]) - float(scales[i]) * given[i, j]
            least += off * off
        found = 0.0
        for candidate in candidates[i]:
            if candidate != 0:
                error = _error(block, float(candidate), low, high)
                if error < least:
                    least, found = error, float(candidate)
        if found != 0:
            scales[i] = found
            inverse = 1.0 / found
            for j in range(len(block)):
                given[i, j] = int(min(max(np.rint(block[j] * inverse), low), high))
