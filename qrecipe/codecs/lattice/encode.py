"""Blocks on a grid to bytes: the search's scales and codes packed as Q4_0 and TQ2_0 store them, and the rest by rtn.

Blocks are independent of each other, so the bytes are the same however rows are cut. Safe from several threads.

Stored: Q4_0 has s as its scale and codes q + 8. TQ2_0(scale=negative) has -s and 1 - q with q from -2 to 1: so s, and
the stored scale, change signs where positive weights are at twice the step. TQ2_0 has s and q + 1, q from -1 to 1.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from qrecipe.codecs.ggml.negative import pack as pack_ternary
from qrecipe.codecs.lattice.compiled import search
from qrecipe.codecs.lattice.kernel import CERTIFIED, NEAR, NONE
from qrecipe.types.format import BlockCounts, Fitted

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from qrecipe.types.format import FloatArray, TypeUse

_AT_ONCE = 1 << 15  # weights: what is between stays in the cache, and out of a task's memory


@dataclass(frozen=True, slots=True)
class _Grid:
    """A type's grid: its block, codes q + `half` with |q| up to `most`, and how scales and codes are stored."""

    block: int
    half: int
    most: int
    pack: Callable[[FloatArray, NDArray[np.uint8]], bytes]


@dataclass(frozen=True, slots=True)
class _Found:
    """What the search found for some blocks."""

    kinds: NDArray[np.uint8]
    scales: FloatArray
    codes: NDArray[np.uint8]

    @property
    def counts(self) -> BlockCounts:
        """How many are certified, and how many near."""
        certified, near = (int(np.count_nonzero(self.kinds == kind)) for kind in (CERTIFIED, NEAR))
        return BlockCounts(len(self.kinds), certified, near)


def encode_lattice(use: TypeUse, rows: FloatArray) -> Fitted:
    """Encode rows of whole blocks in a type that `LatticeFit` does not refuse."""
    grid = _grid(use)
    blocks = np.require(rows, np.float32, ["C", "W"]).reshape(-1, grid.block)
    step = _AT_ONCE // grid.block
    strict = dict(use.fit.args).get("else") == "error"
    data, counts, refused = [], BlockCounts(), None
    for start in range(0, len(blocks), step):
        some = blocks[start : start + step]
        found = _searched(grid, some)
        if strict and refused is None and (found.kinds != CERTIFIED).any():
            refused = start + int((found.kinds != CERTIFIED).argmax())
        counts += found.counts
        data.append(b"" if strict and refused is not None else _encoded(use, grid, some, found))
    return Fitted(b"" if refused is not None else b"".join(data), counts, refused)


def _searched(grid: _Grid, blocks: FloatArray) -> _Found:
    n = len(blocks)
    found = _Found(np.empty(n, np.uint8), np.empty(n, np.float32), np.empty(blocks.shape, np.uint8))
    search()(
        (blocks, blocks.view(np.uint32)),
        (grid.half, grid.most),
        (found.kinds, found.scales, found.codes),
    )
    return found


def _encoded(use: TypeUse, grid: _Grid, blocks: FloatArray, found: _Found) -> bytes:
    on_grid = found.kinds != NONE
    if on_grid.all():
        return grid.pack(found.scales, found.codes)
    if not on_grid.any():
        return use.format.encode(blocks, use.args, None)
    others = use.format.encode(blocks[~on_grid], use.args, None)
    packed = np.empty((len(blocks), use.format.nbytes((1, grid.block), use.args)), np.uint8)
    packed[on_grid] = _table(grid.pack(found.scales[on_grid], found.codes[on_grid]), packed.shape[1])
    packed[~on_grid] = _table(others, packed.shape[1])
    return packed.tobytes()


def _table(data: bytes, width: int) -> NDArray[np.uint8]:
    return np.frombuffer(data, np.uint8).reshape(-1, width)


def _grid(use: TypeUse) -> _Grid:
    if use.format.name == "Q4_0":
        return _Grid(32, 8, 8, _pack_q4_0)
    if use.argument("scale") == "negative":
        return _Grid(256, 2, 2, _pack_negative)
    return _Grid(256, 2, 1, _pack_symmetric)


def _pack_q4_0(scales: FloatArray, codes: NDArray[np.uint8]) -> bytes:
    """Code i stands beside code i + 16, in the lower half of a byte."""
    packed = np.empty((len(codes), 18), np.uint8)
    packed[:, :2] = scales.astype("<f2").view(np.uint8).reshape(-1, 2)
    np.left_shift(codes[:, 16:], 4, out=packed[:, 2:])
    packed[:, 2:] |= codes[:, :16]
    return packed.tobytes()


def _pack_negative(scales: FloatArray, codes: NDArray[np.uint8]) -> bytes:
    return pack_ternary(scales.astype(np.float16), 3 - codes)


def _pack_symmetric(scales: FloatArray, codes: NDArray[np.uint8]) -> bytes:
    return pack_ternary(-scales.astype(np.float16), codes - 1)
