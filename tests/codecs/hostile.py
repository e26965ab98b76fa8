"""Weights and importances that encoders get wrong: one set for all kernels, as a fixed corpus and as a strategy.

Kinds are functions of a generator and a shape. Values stay below 1e8: `codecs.ggml.guard` refuses what is beyond a
type's reach, so nothing larger is encoded.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np
from hypothesis import strategies as st

Generator = np.random.Generator
Shape = tuple[int, int]
Kind = Callable[[Generator, Shape], np.ndarray]


def normal(random: Generator, shape: Shape) -> np.ndarray:
    return random.standard_normal(shape)


def where(random: Generator, shape: Shape, share: float, yes: float | np.ndarray, no: float | np.ndarray) -> np.ndarray:
    return np.where(random.random(shape) < share, yes, no)


def scaled(random: Generator, shape: Shape, size: int, low: float, high: float) -> np.ndarray:
    """Each run of `size` weights has a scale of its own, 10^low to 10^high."""
    scales = 10.0 ** random.uniform(low, high, (shape[0], shape[1] // size))
    return normal(random, shape) * np.repeat(scales, size, axis=1)


def runs(random: Generator, shape: Shape, size: int) -> np.ndarray:
    return np.repeat(random.standard_normal((shape[0], shape[1] // size)), size, axis=1)


def bf16(random: Generator, shape: Shape) -> np.ndarray:
    return (normal(random, shape).astype(np.float32).view(np.uint32) & 0xFFFF0000).view(np.float32)


def near(offset: float, spread: float) -> Kind:
    """Nearly constant, far from zero: the minimum found may leave the weights far behind, and roundings wrap."""
    return lambda random, shape: offset + normal(random, shape) * abs(offset) * spread


def tall(exponent: int) -> Kind:
    return lambda random, shape: np.clip(normal(random, shape), -5, 5) * 10.0**exponent


KINDS: dict[str, Kind] = {
    "gaussian": lambda random, shape: normal(random, shape) * 0.02,
    "t(2)": lambda random, shape: np.clip(random.standard_t(2, shape), -1e6, 1e6),
    "laplace": lambda random, shape: random.laplace(size=shape),
    "cauchy": lambda random, shape: np.clip(random.standard_cauchy(shape), -1e6, 1e6),
    "zero": lambda random, shape: np.zeros(shape),
    "signed zeros": lambda random, shape: where(random, shape, 0.5, -0.0, 0.0),
    "constant in 16": lambda random, shape: runs(random, shape, 16),
    "constant in 32": lambda random, shape: runs(random, shape, 32),
    "half zero": lambda random, shape: np.where(np.arange(shape[1]) // 32 % 2, normal(random, shape), 0),
    "mostly zero": lambda random, shape: where(random, shape, 0.1, normal(random, shape), 0),
    "hardly any": lambda random, shape: where(random, shape, 0.01, normal(random, shape), 0),
    "positive": lambda random, shape: np.abs(normal(random, shape)),
    "negative": lambda random, shape: -np.abs(normal(random, shape)),
    "-1, few -1.5": lambda random, shape: where(random, shape, 0.05, -1.5, -1),
    "1, few 1.5": lambda random, shape: where(random, shape, 0.05, 1.5, 1),
    "-1 and its neighbour": lambda random, shape: where(random, shape, 0.3, -1.0 - 2.0**-23, -1),
    "equal magnitudes": lambda random, shape: where(random, shape, 0.5, -0.75, 0.75),
    "integers": lambda random, shape: random.integers(-8, 8, shape) * 0.01,
    "few integers": lambda random, shape: random.integers(-2, 3, shape),
    "ternary": lambda random, shape: random.integers(-1, 2, shape) * 0.5,
    "halves": lambda random, shape: random.integers(-15, 16, shape) * 0.5,
    "below powers of two": lambda random, shape: (
        (1 - random.integers(0, 9, shape) * 2.0**-24)
        * 2.0 ** random.integers(-40, 10, (shape[0], shape[1] // 32)).repeat(32, 1)
    ),
    "F16": lambda random, shape: normal(random, shape).astype(np.float16),
    "BF16": bf16,
    "scales in 16": lambda random, shape: scaled(random, shape, 16, -7, 0),
    "scales in 32": lambda random, shape: scaled(random, shape, 32, -4, 3),
    "scales in 256": lambda random, shape: scaled(random, shape, 256, -30, 6),
    **{f"1e{exponent}": tall(exponent) for exponent in (-44, -42, -40, -38, -36, -20, -15, -9, -7, -5, 3, 5, 7)},
    **{f"near {at:g}, {by:g}": near(at, by) for at in (1, -1, 1e3, -1e3) for by in (1e-7, 1e-6, 1e-4, 1e-3)},
}


def with_zeros(random: Generator, cols: int) -> np.ndarray:
    values = random.chisquare(1, cols)
    values[cols // 8 : cols // 3] = 0
    values[random.random(cols) < 0.3] = 0
    return values


IMPORTANCES: dict[str, Callable[[Generator, int], np.ndarray]] = {
    "ones": lambda random, cols: np.ones(cols),
    "chi-square": lambda random, cols: random.chisquare(1, cols),
    "few columns": lambda random, cols: random.chisquare(1, cols) * np.where(random.random(cols) < 0.01, 1e4, 1),
    "zeros": with_zeros,
    "tiny": lambda random, cols: random.chisquare(1, cols) * 1e-30,
}


def weights_of(kind: str, seed: int, shape: Shape) -> np.ndarray:
    return np.ascontiguousarray(KINDS[kind](np.random.default_rng(seed), shape), np.float32)


def importance_of(kind: str, seed: int, cols: int) -> np.ndarray:
    return np.ascontiguousarray(IMPORTANCES[kind](np.random.default_rng(seed), cols), np.float32)


def corpus(
    shape: Shape, *, weighted: bool, seed: int = 0, most: float = np.inf
) -> Iterator[tuple[str, np.ndarray, np.ndarray | None]]:
    """Yield every kind of weights, up to `most`, with every kind of importance where that counts: a name, and both."""
    for kind in KINDS:
        rows = np.clip(weights_of(kind, seed, shape), -np.float32(most), np.float32(most))
        for importance in IMPORTANCES if weighted else ():
            yield f"{kind} / {importance}", rows, importance_of(importance, seed, shape[1])
        if not weighted:
            yield kind, rows, None


@st.composite
def mixed(draw: st.DrawFn, cols: int) -> np.ndarray:
    """Rows of whole super-blocks, each run of 16 or more weights of a kind, a size and a sign of its own."""
    size = draw(st.sampled_from((16, 32, 64, 256)))
    n = draw(st.integers(1, 5))
    pieces = draw(
        st.lists(st.tuples(st.sampled_from(sorted(KINDS)), st.integers(0, 2**32 - 1)), min_size=1, max_size=8)
    )
    shape = (n, cols)
    layers = np.stack([weights_of(kind, seed, shape) for kind, seed in pieces])
    chooser = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    chosen = np.repeat(chooser.integers(0, len(pieces), (n, cols // size)), size, axis=1)
    return np.ascontiguousarray(np.take_along_axis(layers, chosen[None], 0)[0])


def importances(cols: int) -> st.SearchStrategy[np.ndarray]:
    return st.builds(
        lambda kind, seed: importance_of(kind, seed, cols),
        st.sampled_from(sorted(IMPORTANCES)),
        st.integers(0, 2**32 - 1),
    )
