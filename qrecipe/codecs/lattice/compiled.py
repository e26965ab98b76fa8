"""The search as machine code: compiled by numba at its first use, which takes seconds, then kept in numba's cache.

`codecs/compiled/` says where the cache lies, and when it is not used.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import TYPE_CHECKING, Any

import numpy as np

from qrecipe.codecs.compiled.compiling import compiled
from qrecipe.codecs.compiled.machine import need_compiler
from qrecipe.codecs.lattice import kernel, many, pack, sift
from qrecipe.codecs.lattice.scales import F16
from qrecipe.codecs.simd.numbers import jit

if TYPE_CHECKING:
    from numpy.typing import NDArray

_Work = Callable[..., None]

_SIFT = "void(float32[::1], UniTuple(int64, 2), Tuple((uint8[::1], float32[::1], uint8[::1])))"
_PACK = "void(float32[::1], uint8[::1], uint8[::1])"


@cache
def search() -> _Work:
    """Return `kernel.search`, compiled."""
    return _compiled(kernel.search, lambda work: work(*_block(), (8, 8), _results()))


@cache
def search_many() -> _Work:
    """Return `many.search`, compiled."""
    return _compiled(many.search, lambda work: work(*_block(), (8, 8), F16, _results()))


@cache
def sifter(size: int) -> _Work:
    """Return `sift.sift_32` or `sift.sift_256`, compiled."""
    return _compiled(getattr(sift, f"sift_{size}"), lambda work: work.compile(_SIFT))


@cache
def packer(name: str) -> _Work:
    """Return a function of `pack`, compiled."""
    return _compiled(getattr(pack, name), lambda work: work.compile(_PACK))


def _compiled(function: object, attempt: Callable[[Any], object]) -> _Work:
    """Compile, or load.

    Raises:
        PluginError: numba is told not to compile.
    """
    need_compiler()
    work: _Work = compiled(function, jit, attempt)
    return work


def _block() -> tuple[tuple[NDArray[np.float32], NDArray[np.uint32]]]:
    block = np.zeros((1, 1), np.float32)
    return ((block, block.view(np.uint32)),)


def _results() -> tuple[NDArray[np.uint8], NDArray[np.float32], NDArray[np.uint8]]:
    return np.zeros(1, np.uint8), np.zeros(1, np.float32), np.zeros((1, 1), np.uint8)
