"""The search as machine code: compiled by numba at its first use, which takes seconds, then kept in numba's cache.

The cache lies beside the package, or in the user's own folder where the package cannot be written; where nothing can be
written, or what lies there cannot be read, each process compiles for itself.
"""

from __future__ import annotations

import pickle
from collections.abc import Callable
from contextlib import suppress
from functools import cache
from typing import TYPE_CHECKING, Any

import numpy as np

from qrecipe.codecs.lattice import kernel, many
from qrecipe.codecs.lattice.scales import F16

if TYPE_CHECKING:
    from numpy.typing import NDArray

_Search = Callable[..., None]


@cache
def search() -> _Search:
    """Return `kernel.search`, compiled."""
    return compiled(kernel.search, kernel.jit, lambda work: work(*_block(), (8, 8), _results()))


@cache
def search_many() -> _Search:
    """Return `many.search`, compiled."""
    return compiled(many.search, many.jit, lambda work: work(*_block(), (8, 8), F16, _results()))


def compiled(found: Any, jit: Callable[..., Any], attempt: Callable[[_Search], None]) -> _Search:  # noqa: ANN401 - numba has no types
    """Compile by searching one block, as callers do it: numba compiles for the types that it sees."""
    with suppress(RuntimeError):  # no folder that can be written
        found.enable_caching()
    work: _Search = found
    try:
        attempt(work)
    except (OSError, EOFError, ValueError, pickle.UnpicklingError):  # a full disk, a file that was cut short
        work = jit(found.py_func)
        attempt(work)
    return work


def _block() -> tuple[tuple[NDArray[np.float32], NDArray[np.uint32]]]:
    block = np.zeros((1, 1), np.float32)
    return ((block, block.view(np.uint32)),)


def _results() -> tuple[NDArray[np.uint8], NDArray[np.float32], NDArray[np.uint8]]:
    return np.zeros(1, np.uint8), np.zeros(1, np.float32), np.zeros((1, 1), np.uint8)
