"""Rows of weights that codecs are tried on: such as models have, and hostile ones. float32 [rows, cols], read-only."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from qrecipe.types.format import FloatArray

_SELDOM = 0.01


def ordinary(rows: int, cols: int, seed: int = 1) -> FloatArray:
    """Return weights as models have them: Gaussian, of size 0.02, no two rows alike."""
    source = np.random.default_rng(seed)
    return _frozen(source.standard_normal((rows, cols)) * 0.02)


def usual(cols: int) -> Mapping[str, FloatArray]:
    """Return inputs whose error a type can be held to, by name."""
    source = np.random.default_rng(2)
    gauss, few = source.standard_normal((3, cols)), source.random((3, cols))
    return {
        "weights of size 0.02": ordinary(3, cols),
        "weights of size 1": _frozen(gauss),
        "weights of size 100": _frozen(gauss * 100),
        "outliers": _frozen(np.where(few < _SELDOM, gauss, gauss * 0.02)),
        "positive weights": _frozen(np.abs(gauss)),
        "equal weights": _frozen(np.full((3, cols), 0.7)),
        "integers": _frozen(source.integers(-8, 8, (3, cols))),
        "blocks of zeros": _frozen(np.where(np.arange(cols) // 32 % 3 == 0, gauss, 0)),
        "zeros": _frozen(np.zeros((3, cols))),
    }


def hostile(cols: int) -> Mapping[str, FloatArray]:
    """Return finite inputs at the ends of float32, by name: they are encoded, or refused in words."""
    gauss = np.random.default_rng(3).standard_normal((3, cols))
    huge = np.zeros((3, cols))
    huge[:, 5 % cols] = 3e38
    return {
        "zeros of both signs": _frozen(np.where(gauss < 0, -0.0, 0.0)),
        "one huge weight": _frozen(huge),
        "huge weights": _frozen(np.sign(gauss) * 3e38),
        "subnormal weights": _frozen(gauss * 1e-40),
        "weights that F16 makes subnormal": _frozen(gauss * 1e-6),
        "one weight a row": _frozen(np.eye(3, cols, k=1)),
    }


def importances(cols: int) -> Mapping[str, FloatArray]:
    """Return importances [cols], by name."""
    squares = np.random.default_rng(4).standard_normal(cols) ** 2
    return {
        "squares": _frozen(squares),
        "columns without data": _frozen(np.where(np.arange(cols) % 3 == 0, 0, squares)),
        "no data": _frozen(np.zeros(cols)),
    }


def _frozen(values: np.ndarray) -> FloatArray:
    array = np.ascontiguousarray(values, np.float32)
    array.flags.writeable = False
    return array
