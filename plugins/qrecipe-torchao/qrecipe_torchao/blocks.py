"""Blocks of ggml types, taken apart in numpy: codes and scales whose product in float32 is ggml's decoding, to the bit.

Layouts are those of llama.cpp's `ggml-quants.c` (`dequantize_row_q4_0` and its kin).
"""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING

import numpy as np

from qrecipe_torchao.arithmetic import Quantized
from qrecipe_torchao.carried import TYPES

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from numpy.typing import NDArray
    from qrecipe.types.format import FloatArray

    _Bytes = NDArray[np.uint8]
    _Codes = NDArray[np.int8]
    _Parts = tuple[_Codes, FloatArray]


def parted(name: str, data: bytes, cols: int) -> Quantized:
    """Return the codes and scales of whole rows of a type."""
    found = TYPES[name]
    codes, scales = _PARTS[name](np.frombuffer(data, np.uint8).reshape(-1, found.block_bytes))
    return Quantized(codes.reshape(-1, cols), scales.reshape(-1, cols // found.group))


def _half(data: _Bytes) -> FloatArray:
    return np.ascontiguousarray(data).view("<f2").astype(np.float32)


def _nibbles(data: _Bytes) -> _Bytes:
    """Return the low halves of a block's bytes, then the high ones."""
    return np.concatenate((data & 0x0F, data >> 4), axis=-1)


def _bits(data: _Bytes, width: int) -> _Bytes:
    """Return fields of `width` bits: of all bytes the lowest, then of all bytes the next."""
    fields = [(data >> shift) & ((1 << width) - 1) for shift in range(0, 8, width)]
    return np.concatenate(fields, axis=-1)


def _signed(codes: _Bytes, offset: int) -> _Codes:
    return codes.astype(np.int8) - np.int8(offset)


def _q4_0(blocks: _Bytes) -> _Parts:
    return _signed(_nibbles(blocks[:, 2:]), 8), _half(blocks[:, :2])


def _q5_0(blocks: _Bytes) -> _Parts:
    high = np.unpackbits(blocks[:, 2:6], axis=1, bitorder="little")
    return _signed(_nibbles(blocks[:, 6:]) | (high << np.uint8(4)), 16), _half(blocks[:, :2])


def _q8_0(blocks: _Bytes) -> _Parts:
    return blocks[:, 2:].copy().view(np.int8), _half(blocks[:, :2])


def _tq2_0(blocks: _Bytes) -> _Parts:
    """Codes 0 to 3 stand for -1 to 2; int2 has -2 to 1, so where a block has a 2, signs of codes and scale turn."""
    halves = _bits(blocks[:, :64].reshape(-1, 2, 32), 2)
    codes, scales = _signed(halves.reshape(-1, 256), 1), _half(blocks[:, 64:])
    turned = (codes.max(axis=1) > 1)[:, None]
    return np.where(turned, -codes, codes), np.where(turned, -scales, scales)


def _tq1_0(blocks: _Bytes) -> _Parts:
    def digits(data: _Bytes, count: int) -> _Bytes:
        """Return the first digits to base 3, each as the upper byte of the fraction times 3."""
        powers = 3 ** np.arange(count, dtype=np.uint16)
        fractions = (data[:, None, :] * powers[:, None]) & 0xFF
        return ((fractions * 3) >> 8).astype(np.uint8).reshape(len(data), -1)

    codes = (digits(blocks[:, :32], 5), digits(blocks[:, 32:48], 5), digits(blocks[:, 48:52], 4))
    return _signed(np.concatenate(codes, axis=1), 1), _half(blocks[:, 52:])


def _q6_k(blocks: _Bytes) -> _Parts:
    low = blocks[:, :128].reshape(-1, 2, 64)
    low = np.concatenate((low & 0x0F, low >> 4), axis=-1)
    high = _bits(blocks[:, 128:192].reshape(-1, 2, 32), 2)
    scales = blocks[:, 192:208].copy().view(np.int8) * _half(blocks[:, 208:])
    return _signed(low | (high << np.uint8(4)), 32).reshape(-1, 256), scales


def _q3_k(blocks: _Bytes) -> _Parts:
    high = _bits(blocks[:, :32], 1)
    low = _bits(blocks[:, 32:96].reshape(-1, 2, 32), 2).reshape(-1, 256)
    packed = blocks[:, 96:108]
    sixths = _nibbles(packed[:, :8]) | (_bits(packed[:, 8:], 2) << np.uint8(4))
    return _signed(low | (high << np.uint8(2)), 4), _signed(sixths, 32) * _half(blocks[:, 108:])


_PARTS: Mapping[str, Callable[[_Bytes], _Parts]] = MappingProxyType(
    {
        "Q4_0": _q4_0,
        "Q5_0": _q5_0,
        "Q8_0": _q8_0,
        "TQ1_0": _tq1_0,
        "TQ2_0": _tq2_0,
        "Q3_K": _q3_k,
        "Q6_K": _q6_k,
    }
)
"""Blocks [n, bytes] → codes [n, columns] and scales [n, groups]."""
