"""Which grid rows are on, nothing being known: the fewest bits, then the largest group, then the plainest scale.

A row counts as on a grid of some bits if each group of 32 columns has a float32 scale with which every weight comes
back bit for bit. Ordinary weights never do, at any of these bits: of 32 weights, some are always small.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Literal

import numpy as np

from qrecipe.codecs.lattice.arrays import grid_arrays
from qrecipe.types.grid import Grid

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from qrecipe.types.format import FloatArray

_Scale = Literal["BF16", "F16", "F32"]
SCALES: tuple[_Scale, ...] = ("BF16", "F16", "F32")  # the plainest first
_WIDTHS = ((2, True), (2, False), (4, False), (5, False), (8, False))
_FINEST = 32
_GROUPS = (1024, 512, 256, 128, 64, 32)
ZERO, OFF = -2, -1  # in place of a number into _WIDTHS


def levels(rows: FloatArray) -> NDArray[np.int64]:
    """Return for each row [n, cols] how fine its grid is: a number that rises with the bits, `OFF` or `ZERO`."""
    found = np.full(len(rows), OFF)
    left = np.arange(len(rows))
    for level, (width, symmetric) in enumerate(_WIDTHS):
        if not len(left):
            break
        arrays = grid_arrays(rows[left], width, group=_finest(rows), symmetric=symmetric)
        on = arrays.certified.all(axis=1)
        found[left[on]] = level
        left = left[~on]
    found[~rows.any(axis=1)] = ZERO
    return found


def grid_of(rows: FloatArray) -> Grid | None:
    """Return the grid that all rows are on; None if one is on none, or all are zero."""
    found = levels(rows)
    if OFF in found or (found == ZERO).all():
        return None
    width, symmetric = _WIDTHS[found.max()]
    for group in _groups(rows.shape[1]):
        if grid_arrays(rows, width, group=group, symmetric=symmetric).certified.all():
            fits = (s for s in SCALES if _holds(rows, Grid(width, symmetric, group, s)))
            return Grid(width, symmetric, group, next(fits))
    return None


def plainest(rows: FloatArray, grid: Grid) -> tuple[NDArray[np.bool_], str]:
    """Return which groups some float32 scale gives back, and the plainest type that has all these scales."""
    first = certified(rows, grid)
    if first.all():
        return first, grid.scale
    on = certified(rows, replace(grid, scale="F32"))
    if (first == on).all():
        return on, grid.scale
    if grid.scale == "BF16" and (certified(rows, replace(grid, scale="F16")) == on).all():
        return on, "F16"
    return on, "F32"


def same_kind(a: int, b: int) -> bool:
    """Say whether two levels are of one tensor: rows of zeros are on any grid, and -1 … 1 is a case of -2 … 1."""
    return a == b or ZERO in {a, b} or {a, b} == {0, 1}


def certified(rows: FloatArray, grid: Grid) -> NDArray[np.bool_]:
    """Return which groups [n, groups of a row] of rows are on a grid, whatever its axis."""
    scale: _Scale = "BF16" if grid.scale == "BF16" else "F16" if grid.scale == "F16" else "F32"
    return grid_arrays(rows, grid.width, group=grid.group, scale=scale, symmetric=grid.symmetric).certified


def _holds(rows: FloatArray, grid: Grid) -> bool:
    return bool(certified(rows, grid).all())


def _finest(rows: FloatArray) -> int:
    return rows.shape[1] if rows.shape[1] % _FINEST else _FINEST


def _groups(cols: int) -> Iterator[int | None]:
    yield None
    yield from (group for group in _GROUPS if group < cols and not cols % group)
