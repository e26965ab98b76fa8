"""Scales and codes of certified blocks to bytes, as ggml's types store them; decoding is ggml's own.

Scales are F16 numbers, [n]; codes are q + half, uint8 [n, block]. The layouts are those of ggml-quants.c: Q4_0, Q5_0
and Q8_0 have the scale first, TQ1_0 and TQ2_0 last.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from qrecipe.codecs.lattice.compiled import packer

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from qrecipe.types.format import FloatArray

    Codes = NDArray[np.uint8]


def pack_q4_0(scales: FloatArray, codes: Codes) -> bytes:
    """Code i stands beside code i + 16, in the lower half of a byte."""
    return _compiled("pack_q4_0", scales, codes, 18)


def pack_q5_0(scales: FloatArray, codes: Codes) -> bytes:
    """The fifth bits, the first weight's lowest, then the rest as in Q4_0."""
    packed = np.empty((len(codes), 22), np.uint8)
    packed[:, :2] = _halves(scales)
    packed[:, 2:6] = np.packbits(codes >> 4, axis=1, bitorder="little")
    packed[:, 6:] = codes[:, 16:] << 4 | codes[:, :16] & 15
    return packed.tobytes()


def pack_q8_0(scales: FloatArray, codes: Codes) -> bytes:
    """A byte with sign each."""
    packed = np.empty((len(codes), 34), np.uint8)
    packed[:, :2] = _halves(scales)
    packed[:, 2:] = codes ^ 0x80
    return packed.tobytes()


def pack_tq1_0(scales: FloatArray, codes: Codes) -> bytes:
    """Five codes 0 to 2 a byte, as a fraction of 256 in base 3: weights 32 apart, then 16 apart; at last 4 a byte."""
    ternary = (codes - 1).astype(np.uint16)
    packed = np.empty((len(codes), 54), np.uint8)
    packed[:, :32] = _base_3(ternary[:, :160].reshape(-1, 5, 32))
    packed[:, 32:48] = _base_3(ternary[:, 160:240].reshape(-1, 5, 16))
    packed[:, 48:52] = _base_3(ternary[:, 240:].reshape(-1, 4, 4))
    packed[:, 52:] = _halves(scales)
    return packed.tobytes()


def pack_negative(scales: FloatArray, codes: Codes) -> bytes:
    """TQ2_0 with the scale -s and codes 1 - q, q from -2 to 1."""
    return _compiled("pack_negative", scales, codes, 66)


def pack_symmetric(scales: FloatArray, codes: Codes) -> bytes:
    """TQ2_0 with the scale s and codes q + 1, q from -1 to 1."""
    return _compiled("pack_symmetric", scales, codes, 66)


def _compiled(name: str, scales: FloatArray, codes: Codes, nbytes: int) -> bytes:
    out = np.empty(len(codes) * nbytes, np.uint8)
    packer(name)(np.ascontiguousarray(scales), np.ascontiguousarray(codes).reshape(-1), out)
    return out.tobytes()


def _halves(scales: FloatArray) -> Codes:
    return scales.astype("<f2").view(np.uint8).reshape(-1, 2)


def _base_3(digits: NDArray[np.uint16]) -> Codes:
    """Return the bytes [n, width] of digits [n, 5 or 4, width], the first the highest."""
    weights = np.array([81, 27, 9, 3, 1], np.uint16)[: digits.shape[1], None]
    numbers = (digits * weights).sum(axis=1, dtype=np.uint16)
    # 243 numbers spread over 256, rounded up: a decoder multiplies by 3 and takes what overflows
    spread: Codes = ((numbers * 256 + 242) // 243).astype(np.uint8)
    return spread
