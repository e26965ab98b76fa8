"""Blocks of ggml as codes and float32 scales: scale * code is ggml's decoded float32 value, bit for bit.

Layouts are those of ggml's `ggml-common.h`. The sign of a zero is the one thing that may differ: a TQ2_0 group that
uses code 2 is stored with all signs turned, since two bits hold -2 to 1.
"""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from numpy.typing import NDArray
    from qrecipe.types.format import FloatArray

    Bytes = NDArray[np.uint8]
    """Blocks, [blocks, bytes of one]."""

_TRITS = 5  # digits of base 3 in a byte of TQ1_0


class CodesAndScales(NamedTuple):
    """`codes` [rows, cols] int8; `scales` [rows, groups of a row] float32."""

    codes: NDArray[np.int8]
    scales: FloatArray


def codes_and_scales(name: str, blocks: bytes, cols: int) -> CodesAndScales:
    """Return what the blocks of whole rows of `cols` weights hold."""
    block, nbytes, read = _READERS[name]
    codes, scales = read(np.frombuffer(blocks, np.uint8).reshape(-1, nbytes))
    per_row = cols // block
    return CodesAndScales(codes.reshape(-1, cols), scales.reshape(len(codes) // per_row, -1))


def _q4_0(blocks: Bytes) -> CodesAndScales:
    """d, then 16 bytes: weight j in the low half of byte j, weight 16 + j in the high half."""
    return CodesAndScales(_nibbles(blocks[:, 2:]).view(np.int8) - np.int8(8), _f16(blocks[:, :2]))


def _q5_0(blocks: Bytes) -> CodesAndScales:
    """d, 32 fifth bits, then the lower four bits as in Q4_0."""
    fifth = np.unpackbits(blocks[:, 2:6], axis=1, bitorder="little") << 4
    return CodesAndScales((_nibbles(blocks[:, 6:]) | fifth).view(np.int8) - np.int8(16), _f16(blocks[:, :2]))


def _q8_0(blocks: Bytes) -> CodesAndScales:
    """d, then 32 codes."""
    return CodesAndScales(np.ascontiguousarray(blocks[:, 2:]).view(np.int8), _f16(blocks[:, :2]))


def _tq1_0(blocks: Bytes) -> CodesAndScales:
    """48 bytes of five digits and 4 of four, base 3 as fractions of 256; the first 160 weights are 32 bytes' digits."""
    parts = [_digits(blocks[:, :32], _TRITS), _digits(blocks[:, 32:48], _TRITS), _digits(blocks[:, 48:52], _TRITS - 1)]
    return CodesAndScales(np.concatenate(parts, axis=1).view(np.int8) - np.int8(1), _f16(blocks[:, 52:54]))


def _tq2_0(blocks: Bytes) -> CodesAndScales:
    """64 bytes: of each 32, the first two bits of all, then the next two; then d."""
    fields = blocks[:, :64].reshape(-1, 2, 1, 32) >> np.array([0, 2, 4, 6], np.uint8)[:, None] & 3
    codes = fields.reshape(-1, 256).view(np.int8) - np.int8(1)
    scales = _f16(blocks[:, 64:66])
    turned = codes.max(axis=1) > 1
    codes[turned] *= -1
    scales[turned] *= -1
    return CodesAndScales(codes, scales)


def _q6_k(blocks: Bytes) -> CodesAndScales:
    """128 bytes of lower four bits, 64 of upper two, 16 int8 sub-scales, d; two halves of 128 weights each."""
    low = blocks[:, :128].reshape(-1, 2, 1, 64) >> np.array([0, 4], np.uint8)[:, None] & 15
    high = blocks[:, 128:192].reshape(-1, 2, 1, 32) >> np.array([0, 2, 4, 6], np.uint8)[:, None] & 3
    codes = low.reshape(-1, 2, 4, 32) | high << 4
    subs = np.ascontiguousarray(blocks[:, 192:208]).view(np.int8)
    scales = _f16(blocks[:, 208:210]) * subs.astype(np.float32)
    return CodesAndScales(codes.reshape(-1, 256).view(np.int8) - np.int8(32), scales)


def _q3_k(blocks: Bytes) -> CodesAndScales:
    """32 bytes of third bits, 64 of lower two, 12 with sixteen sub-scales of six bits, d; halves of 128 weights."""
    third = blocks[:, :32].reshape(-1, 1, 32) >> np.arange(8, dtype=np.uint8)[:, None] & 1
    low = blocks[:, 32:96].reshape(-1, 2, 1, 32) >> np.array([0, 2, 4, 6], np.uint8)[:, None] & 3
    codes = low.reshape(-1, 256) | third.reshape(-1, 256) << 2
    subs = _six_bits(blocks[:, 96:108]).view(np.int8) - np.int8(32)
    scales = _f16(blocks[:, 108:110]) * subs.astype(np.float32)
    return CodesAndScales(codes.view(np.int8) - np.int8(4), scales)


def _six_bits(stored: Bytes) -> Bytes:
    """Return Q3_K's 16 sub-scales: four bits in bytes 0 to 7 (low halves first), two bits in bytes 8 to 11."""
    high = stored[:, None, 8:12] >> np.array([0, 2, 4, 6], np.uint8)[:, None] & 3
    return (_nibbles(stored[:, :8]) | high.reshape(-1, 16) << 4).astype(np.uint8, copy=False)


def _nibbles(stored: Bytes) -> Bytes:
    return np.concatenate([stored & 15, stored >> 4], axis=1)


def _digits(stored: Bytes, count: int) -> Bytes:
    """Return the digits 0 to 2: all first digits, then all second ones. The byte is ceil(256 * 0.digits / 3^5)."""
    powers = np.array([1, 3, 9, 27, 81], np.uint8)[:count]
    fractions = (stored[:, None, :] * powers[:, None]).astype(np.uint16)
    return (fractions * 3 >> 8).astype(np.uint8).reshape(len(stored), -1)


def _f16(stored: Bytes) -> FloatArray:
    return np.ascontiguousarray(stored).view("<f2").astype(np.float32)


_READERS: Mapping[str, tuple[int, int, Callable[[Bytes], CodesAndScales]]] = MappingProxyType(
    {
        "Q4_0": (32, 18, _q4_0),
        "Q5_0": (32, 22, _q5_0),
        "Q8_0": (32, 34, _q8_0),
        "TQ1_0": (256, 54, _tq1_0),
        "TQ2_0": (256, 66, _tq2_0),
        "Q6_K": (256, 210, _q6_k),
        "Q3_K": (256, 110, _q3_k),
    }
)
