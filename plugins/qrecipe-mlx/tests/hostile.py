"""Rows that are easy to get wrong, the same on every machine: whole numbers, divided by powers of two."""

import numpy as np
from qrecipe.codecs.floats import decode_float, encode_float

COLS = 256


def hostile_rows(dtype):
    """Return numbers of `dtype` as float32 [n, COLS]: bell-shaped rows, then rows with one property each."""
    rng = np.random.Generator(np.random.PCG64(20261130))
    bell = rng.integers(-(1 << 20), 1 << 20, (3, 40, COLS)).sum(axis=0) / (1 << 21)
    sizes = np.ldexp(1.0, np.arange(-28, 12))[:, None]
    row = bell[0]
    odd = [
        np.zeros(COLS),
        np.full(COLS, 0.75),
        np.full(COLS, -3e-8),
        np.abs(row),
        -np.abs(row),
        np.where(np.arange(COLS) % 32 == 5, 1024.0, row),
        np.where(np.arange(COLS) % 32 == 5, -1024.0, 0.0),
        np.rint(row * 8),
        np.rint(row * 8) + 0.5,
        np.where(row > 0, 1.0, -1.0),
        np.where(row > 0, 0.5, -0.0),
        np.ldexp(row, -130 if dtype != "F16" else -20),
        np.ldexp(row, 100 if dtype != "F16" else 13),
    ]
    rows = np.concatenate((bell * sizes, odd)).astype(np.float32)
    return decode_float(dtype, encode_float(dtype, rows), COLS)
