"""Weights as quantization-aware training leaves them: BF16 numbers s * q, rounded once, with s for each block."""

from __future__ import annotations

import numpy as np

from qrecipe.codecs.floats import to_bf16


def bf16(values) -> np.ndarray:
    """Round to BF16, in float32."""
    return (to_bf16(np.asarray(values, np.float32)).astype(np.uint32) << 16).view(np.float32)


def codes(random: np.random.Generator, n: int, block: int, low: int, high: int) -> np.ndarray:
    """Gaussian integers [n, block] of a width of their own in each block, cut at `low` and `high`."""
    wide = random.normal(size=(n, block)) * random.uniform(0.6, 4, (n, 1)) * max(high / 8, 1)
    return np.clip(np.rint(wide), low, high).astype(np.float32)


def scales(random: np.random.Generator, n: int, low: float, high: float) -> np.ndarray:
    """float32 [n, 1], as many of each order of magnitude."""
    return np.exp(random.uniform(np.log(low), np.log(high), (n, 1))).astype(np.float32)


def blocks(
    random: np.random.Generator, n: int, between: tuple[float, float], *, rounded: bool = True, half: int = 8
) -> np.ndarray:
    """Blocks of 32 on the grid of Q4_0, or of `half` * 2 codes; `rounded`: with scales that BF16 holds."""
    s = scales(random, n, *between)
    return bf16((bf16(s) if rounded else s) * codes(random, n, 32, -half, half - 1))


def ternary(random: np.random.Generator, n: int, low: int = -2, high: int = 1) -> np.ndarray:
    """Blocks of 256 with float32 scales and codes `low` to `high`."""
    q = random.integers(low, high + 1, (n, 256)).astype(np.float32)
    return bf16(scales(random, n, 1e-4, 1e-1) * q)
