"""Rows that arithmetic gets wrong where it can: zeros, one huge value, subnormals, ties, signs, few distinct values."""

from __future__ import annotations

import numpy as np

COLS = 256


def hostile_rows(seed: int = 0) -> dict[str, np.ndarray]:
    """Return rows by what they show, each float32 [3, 256]."""
    rng = np.random.default_rng(seed)
    normal = rng.standard_normal((3, COLS)).astype(np.float32)
    huge = normal.copy()
    huge[:, 17] = 30000
    lone = np.zeros((3, COLS), np.float32)
    lone[:, 40] = -1.5
    ties = (rng.integers(-15, 16, (3, COLS)) / 2).astype(np.float32)
    ties[:, ::32] = 7.5
    return {
        "normal": normal,
        "small": normal * np.float32(0.02),
        "zeros": np.zeros((3, COLS), np.float32),
        "negative zeros": -np.zeros((3, COLS), np.float32),
        "one huge": huge,
        "one of many": lone,
        "subnormal": (normal * np.float32(1e-40)).astype(np.float32),
        "tiny": normal * np.float32(1e-30),
        "ties": ties,
        "negative": -np.abs(normal),
        "positive": np.abs(normal),
        "bf16": (normal.view(np.uint32) & np.uint32(0xFFFF0000)).view(np.float32),
        "wide": normal * np.exp2(rng.integers(-20, 10, (3, COLS))).astype(np.float32),
    }
