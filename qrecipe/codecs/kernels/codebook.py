"""The points of the IQ2 and IQ3 types, and which of them are near a combination of codes that is no point itself.

The points are facts of the formats; gguf-py has them, in the order in which files number them. A combination of codes
l = 0, 1, 2, … (`bits` of each) stands for the values q = 2 l + 1. ggml measures distances between values, and for a
combination that is no point looks at the points of the `shells` smallest distances, nearest first, lower numbers first
(`iq2xs_init_impl`, `iq3xs_init_impl` in ggml-quants.c).
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from itertools import product
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Ints = NDArray[np.int32]

_LANES = 16  # lists are filled up to whole vectors


@dataclass(frozen=True, slots=True)
class _Book:
    """How many weights a point has, bits and number of codes of a weight, and distances that count as near."""

    dims: int
    bits: int
    codes: int
    shells: int


_BOOKS = {
    "IQ2_XXS": _Book(8, 2, 3, 2),
    "IQ2_XS": _Book(8, 2, 3, 2),
    "IQ2_S": _Book(8, 2, 3, 1),
    "IQ3_XXS": _Book(4, 3, 8, 2),
    "IQ3_S": _Book(4, 3, 8, 3),
}


@cache
def tables(name: str) -> tuple[Ints, Ints]:
    """Return what the search reads.

    Returns:
        For each combination, its number if it is a point, else -1 - the place of its list. And the lists: a count, then
        the points as values of 4 bits, the first repeated to fill a whole vector.
    """
    book, points = _BOOKS[name], _points(name)
    index = np.zeros(1 << book.bits * book.dims, np.int32)
    numbers = {int(code): i for i, code in enumerate(_joined(points, book.bits))}
    packed = _joined(2 * points + 1, 4).astype(np.uint32).view(np.int32)
    lists: list[Any] = []
    length = 0
    for codes in product(range(book.codes), repeat=book.dims):
        code = sum(level << book.bits * i for i, level in enumerate(codes))
        if code in numbers:
            index[code] = numbers[code]
            continue
        near = _near(points, np.array(codes), book.shells)
        index[code] = -1 - length
        filling = -len(near) % _LANES
        lists.append(np.concatenate([[len(near)], packed[near], np.repeat(packed[near[:1]], filling)]))
        length += lists[-1].size
    return index, np.concatenate(lists).astype(np.int32)


@cache
def decode_tables(name: str) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Return the points' weights [n, dims], and the signs of 8 weights, 1 or -1, for each byte of them [256, 8].

    Where files have 7 bits for 8 signs, the number of negative ones is even, and the table has 128 rows.
    """
    from gguf import quants  # noqa: PLC0415 - loads where a kernel of these types is compiled

    table: Any = getattr(quants, name)
    table.init_grid()
    codes = np.arange(256)
    if not name.endswith("_S"):
        odd = np.unpackbits(codes[:128].astype(np.uint8)[:, None], axis=1).sum(1, dtype=int) & 1
        codes = codes[:128] | odd << 7
    signs = np.where(codes[:, None] >> np.arange(8) & 1, -1, 1).astype(np.float32)
    return np.ascontiguousarray(table.grid.reshape(-1, table.grid.shape[-1]), np.float32), signs


def _points(name: str) -> NDArray[np.int64]:
    """Return the points as codes [n, dims]."""
    from gguf import quants  # noqa: PLC0415 - loads where a kernel of these types is compiled

    table: Any = getattr(quants, name)
    table.init_grid()
    grid = table.grid.reshape(-1, table.grid.shape[-1])
    found: NDArray[np.int64] = np.searchsorted(np.unique(grid), grid)
    return found


def _joined(points: NDArray[np.int64], bits: int) -> NDArray[np.int64]:
    shifts = bits * np.arange(points.shape[1])
    found: NDArray[np.int64] = (points << shifts).sum(1)
    return found


def _near(points: NDArray[np.int64], codes: NDArray[np.int64], shells: int) -> NDArray[np.int64]:
    distances = 4 * ((points - codes) ** 2).sum(1)
    most = np.unique(distances)[:shells][-1]
    order = np.argsort(distances, kind="stable")
    return order[: int((distances <= most).sum())]
