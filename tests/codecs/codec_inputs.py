"""The arrays that codecs are tried on, by name: float32 [rows, cols], hostile ones among them.

Made from the raw bits of PCG64 by operations that are exact or rounded once, so that every platform and every numpy
makes the same ones: the goldens depend on that.
"""

from __future__ import annotations

from functools import cache

import numpy as np

ROWS, COLS = 2, 512


class Bits:
    """Random numbers with a fixed meaning."""

    def __init__(self, seed: int) -> None:
        self._source = np.random.PCG64(seed)

    def uniform(self, *shape: int) -> np.ndarray:
        """[0, 1), multiples of 2^-53."""
        raw = self._source.random_raw(int(np.prod(shape)))
        return ((raw >> np.uint64(11)) * 2.0**-53).reshape(shape)

    def gaussian(self, *shape: int) -> np.ndarray:
        """Nearly: twelve uniform numbers, less six."""
        total = np.full(shape, -6.0)
        for _ in range(12):
            total += self.uniform(*shape)
        return total

    def integers(self, low: int, high: int, *shape: int) -> np.ndarray:
        """`low` to `high`, both included."""
        return np.floor(low + self.uniform(*shape) * (high - low + 1))


@cache
def inputs() -> dict[str, np.ndarray]:
    """Return all cases; the arrays are read-only."""
    bits = Bits(20261121)
    shape = (ROWS, COLS)
    gauss = bits.gaussian(*shape)
    few = bits.uniform(*shape)
    column = np.arange(COLS)
    cases = {
        "gaussian": gauss,
        "as in a model": gauss * 0.02,
        "heavy tails": gauss / (0.01 + bits.uniform(*shape)),
        "outliers": np.where(few < 0.005, 30 * gauss, 0.02 * gauss),
        "zero": np.zeros(shape),
        "signed zeros": np.where(gauss < 0, -0.0, 0.0),
        "zero blocks": np.where(column // 64 % 3 == 0, gauss, 0),
        "mostly zero": np.where(few < 0.1, gauss, 0),
        "one weight": np.eye(*shape, k=7),
        "constant": np.full(shape, 0.7),
        "constant negative": np.full(shape, -0.7),
        "constant rows": np.repeat(gauss[:, :1], COLS, axis=1),
        "positive": np.abs(gauss),
        "negative": -np.abs(gauss),
        "offset": 5 + 0.01 * gauss,
        "integers": bits.integers(-8, 7, *shape),
        "ternary": bits.integers(-1, 1, *shape) * 0.03,
        "equal magnitudes": np.where(gauss < 0, -1.0, 1.0),
        "seldom more than -1": np.where(few < 0.03, -1.5, -1.0),
        "subnormal in F16": gauss * 1e-6,
        "subnormal in F32": gauss * 1e-40,
        "tiny": gauss * 1e-20,
        "scales far apart": gauss
        * np.ldexp(1.0, -bits.integers(0, 20, ROWS, COLS // 32).astype(int)).repeat(32, axis=1),
        "large": gauss * 1000,
        "rounded to F16": gauss.astype(np.float16),
        "rounded to BF16": (gauss.astype(np.float32).view(np.uint32) & 0xFFFF0000).view(np.float32),
    }
    return {name: _frozen(values) for name, values in cases.items()}


def inputs_within(format_) -> dict[str, np.ndarray]:
    """Return the inputs that a format takes: NVFP4 refuses weights that its scales do not reach."""
    reach = 2688 if format_.name == "NVFP4" else np.inf
    return {name: rows for name, rows in inputs().items() if np.abs(rows).max() <= reach}


@cache
def importances() -> dict[str, np.ndarray | None]:
    """Return importances [cols] by name, None among them."""
    bits = Bits(11)
    squares = bits.gaussian(COLS) ** 2
    return {
        "none": None,
        "squares": _frozen(squares),
        "hot columns": _frozen(np.where(bits.uniform(COLS) < 0.02, 1e6, 1) * squares),
        "dead columns": _frozen(np.where(np.arange(COLS) % 256 < 100, 0, squares)),
        "all dead": _frozen(np.zeros(COLS)),
    }


def _frozen(values: np.ndarray) -> np.ndarray:
    array = np.ascontiguousarray(values, np.float32)
    array.flags.writeable = False
    return array
