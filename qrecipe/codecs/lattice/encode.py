"""Blocks on a grid to bytes: the search's scales and codes packed as a type stores them, and the rest by rtn.

Blocks are independent of each other, so the bytes are the same however rows are cut. Safe from several threads.

Stored: Q4_0, Q5_0 and Q8_0 have s as their scale, negative where positive weights have the last code, and codes q + 8,
q + 16 and q. TQ2_0(scale=negative) has -s and 1 - q with q from -2 to 1: so s, and the stored scale, change signs where
positive weights are at twice the step. TQ1_0 and TQ2_0 have s and q + 1, q from -1 to 1.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING

import numpy as np

from qrecipe.codecs.lattice import packing
from qrecipe.codecs.lattice.compiled import search, search_many, sifter
from qrecipe.codecs.lattice.kernel import CERTIFIED, NEAR, NONE
from qrecipe.codecs.lattice.scales import F16
from qrecipe.codecs.lattice.sift import UNDECIDED
from qrecipe.types.format import BlockCounts, Fitted

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from qrecipe.types.format import FloatArray, TypeUse

_FEW = 8  # the largest |q| with which the faster search is complete
_AT_ONCE = 1 << 16  # weights: what is between stays in the cache, and out of a task's memory


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
    def results(self) -> tuple[NDArray[np.uint8], FloatArray, NDArray[np.uint8]]:
        """The arrays in the order in which a search writes them."""
        return self.kinds, self.scales, self.codes

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
    if grid.half > _FEW:
        search_many()((blocks, blocks.view(np.uint32)), (grid.half, grid.most), F16, found.results)
        return found
    kinds, scales, codes = found.results
    sifter(grid.block)(blocks.reshape(-1), (grid.half, grid.most), (kinds, scales, codes.reshape(-1)))
    _search_the_rest(grid, blocks, found)
    return found


def _search_the_rest(grid: _Grid, blocks: FloatArray, found: _Found) -> None:
    """Do with the search what the fast pass left."""
    left = np.flatnonzero(found.kinds == UNDECIDED)
    if left.size:
        some = blocks[left]
        rest = _Found(found.kinds[left], found.scales[left], found.codes[left])
        search()((some, some.view(np.uint32)), (grid.half, grid.most), rest.results)
        found.kinds[left], found.scales[left], found.codes[left] = rest.results


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
    if use.format.name == "TQ2_0" and use.argument("scale") == "negative":
        return _Grid(256, 2, 2, packing.pack_negative)
    return _GRIDS[use.format.name]


_GRIDS = MappingProxyType(
    {
        "Q4_0": _Grid(32, 8, 8, packing.pack_q4_0),
        "Q5_0": _Grid(32, 16, 16, packing.pack_q5_0),
        "Q8_0": _Grid(32, 128, 128, packing.pack_q8_0),
        "TQ1_0": _Grid(256, 2, 1, packing.pack_tq1_0),
        "TQ2_0": _Grid(256, 2, 1, packing.pack_symmetric),
    }
)
