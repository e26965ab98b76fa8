"""The search as machine code: compiled by numba at its first use, which takes seconds, then kept in numba's cache.

`codecs/compiled/` says where the cache lies, and when it is not used.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import TYPE_CHECKING

import numpy as np

from qrecipe.codecs.compiled.compiling import compiled
from qrecipe.codecs.lattice import kernel, many
from qrecipe.codecs.lattice.scales import F16

if TYPE_CHECKING:
    from numpy.typing import NDArray

_Search = Callable[..., None]


@cache
def search() -> _Search:
    """Return `kernel.search`, compiled."""
    work: _Search = compiled(kernel.search, kernel.jit, lambda work: work(*_block(), (8, 8), _results()))
    return work


@cache
def search_many() -> _Search:
    """Return `many.search`, compiled."""
    work: _Search = compiled(many.search, many.jit, lambda work: work(*_block(), (8, 8), F16, _results()))
    return work


def _block() -> tuple[tuple[NDArray[np.float32], NDArray[np.uint32]]]:
    block = np.zeros((1, 1), np.float32)
    return ((block, block.view(np.uint32)),)


def _results() -> tuple[NDArray[np.uint8], NDArray[np.float32], NDArray[np.uint8]]:
    return np.zeros(1, np.uint8), np.zeros(1, np.float32), np.zeros((1, 1), np.uint8)
