"""Codes of a row as one stream of bits, the least significant bit first: how MLX stores them.

Eight codes of `bits` bits fill `bits` bytes, whatever the width. MLX looks at the same bytes as little-endian words of
32 bits, and rows that groups of 32 divide are made of whole words.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Bytes = NDArray[np.uint8]

_TOGETHER = 8


def packed(codes: Bytes, bits: int) -> Bytes:
    """Return codes [n, cols] as bytes [n, cols × bits / 8]; eight divides cols."""
    eights = codes.reshape(len(codes), -1, _TOGETHER)
    words = np.zeros(eights.shape[:2], "<u8")
    for place in range(_TOGETHER):
        words |= eights[..., place].astype("<u8") << np.uint64(bits * place)
    return words[..., None].view(np.uint8)[..., :bits].reshape(len(codes), -1)


def unpacked(data: Bytes, bits: int) -> Bytes:
    """Return the codes [n, cols] of bytes [n, cols × bits / 8]."""
    eights = data.reshape(len(data), -1, bits)
    words = np.zeros((*eights.shape[:2], _TOGETHER), np.uint8)
    words[..., :bits] = eights
    stream = words.view("<u8")[..., 0]
    codes = np.empty((*stream.shape, _TOGETHER), np.uint8)
    for place in range(_TOGETHER):
        codes[..., place] = (stream >> np.uint64(bits * place)) & np.uint64((1 << bits) - 1)
    return codes.reshape(len(data), -1)
