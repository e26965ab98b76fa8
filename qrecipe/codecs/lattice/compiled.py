"""The search as machine code: compiled by numba at its first use, which takes seconds, then kept in numba's cache.

The cache lies beside the package, or in the user's own folder where the package cannot be written; where nothing can be
written, or what lies there cannot be read, each process compiles for itself.
"""

from __future__ import annotations

import pickle
from collections.abc import Callable
from contextlib import suppress
from functools import cache

import numpy as np

from qrecipe.codecs.lattice import kernel


@cache
def search() -> Callable[..., None]:
    """Return `kernel.search`, compiled."""
    compiled: Callable[..., None] = kernel.search
    with suppress(RuntimeError):  # no folder that can be written
        kernel.search.enable_caching()
    try:
        _try(compiled)
    except (OSError, EOFError, ValueError, pickle.UnpicklingError):  # a full disk, a file that was cut short
        compiled = kernel.jit(kernel.search.py_func)
        _try(compiled)
    return compiled


def _try(compiled: Callable[..., None]) -> None:
    """Search one block, as `encode` does it: numba compiles for the types that it sees."""
    block = np.zeros((1, 1), np.float32)
    results = (np.zeros(1, np.uint8), np.zeros(1, np.float32), np.zeros((1, 1), np.uint8))
    compiled((block, block.view(np.uint32)), (8, 8), results)
