"""Numbers that look random and are the same on every machine, whatever numpy is installed: SHAKE-128 of a label.

Only integer sums, one exactly rounded division and exactly rounded conversions are used, so a bit never depends on a
mathematics library. `normal` is a sum of four uniform numbers, scaled to variance 1: bell-shaped, within ±3.5.
"""

from __future__ import annotations

import hashlib

import numpy as np
from numpy.typing import NDArray

_TERMS, _MEAN, _DEVIATION = 4, 131070, 37837.2


def uniform(label: str, count: int) -> NDArray[np.float64]:
    """Return `count` numbers in [0, 1)."""
    return _words(label, count) / 65536.0


def normal(label: str, count: int) -> NDArray[np.float64]:
    """Return `count` numbers of mean 0 and variance 1."""
    sums = _words(label, count * _TERMS).reshape(count, _TERMS).sum(axis=1, dtype=np.int64)
    return (sums - _MEAN) / _DEVIATION


def _words(label: str, count: int) -> NDArray[np.uint16]:
    return np.frombuffer(hashlib.shake_128(label.encode()).digest(2 * count), "<u2")
