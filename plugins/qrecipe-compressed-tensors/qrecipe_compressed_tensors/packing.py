"""Codes of 1 to 8 bits in 32-bit words, as `pack-quantized` stores them.

A row is one little-endian stream of bits: code + 2^(width-1), an unsigned number of `width` bits, stands at bit
i * width; codes of 3, 5, 6 and 7 bits cross the borders of words, and the last word is filled up with zeros.
Source: `pack_to_int32` of compressed-tensors 0.20, which the tests compare with.

Eight codes of w bits are w whole bytes. So codes are packed eight at a time inside a 64-bit number: neighbours are
joined to pairs, pairs to fours, fours to eights.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

_STEPS = (("<u2", 8), ("<u4", 16), ("<u8", 32))
"""The numbers in which two neighbours lie, and the bits that each neighbour has there."""


def words_of(cols: int, width: int) -> int:
    """Return how many 32-bit words a row of `cols` codes takes."""
    return -(-cols * width // 32)


def pack(codes: NDArray[np.int8], width: int) -> NDArray[np.int32]:
    """Pack codes [n, cols], each from -2^(width-1) to 2^(width-1)-1, into words [n, words_of(cols, width)]."""
    n, cols = codes.shape
    padded = np.zeros((n, -(-cols // 8) * 8), np.uint8)
    np.add(codes.view(np.uint8), np.uint8(1 << (width - 1)), out=padded[:, :cols])
    joined: NDArray[np.unsignedinteger] = padded
    for index, (dtype, lane) in enumerate(_STEPS):
        joined = _join(joined.view(dtype), lane, width << index)
    stream = joined.view(np.uint8).reshape(n, -1, 8)[:, :, :width].reshape(n, -1)
    return _words(stream, words_of(cols, width))


def unpack(words: NDArray[np.int32], width: int, cols: int) -> NDArray[np.int8]:
    """Return the codes [n, cols] of words [n, words_of(cols, width)]."""
    n, eights = len(words), -(-cols // 8)
    stream = np.zeros((n, eights, 8), np.uint8)
    _fill(stream[:, :, :width], words.astype("<i4", copy=False).view(np.uint8))
    parted = stream.reshape(n, -1).view("<u8")
    for index, (dtype, lane) in reversed(tuple(enumerate(_STEPS))):
        parted = _part(parted, lane, width << index).view(f"<u{np.dtype(dtype).itemsize // 2}")
    codes = parted[:, :cols] - np.uint8(1 << (width - 1))
    return np.ascontiguousarray(codes).view(np.int8)


def _join(lanes: NDArray[np.unsignedinteger], lane: int, bits: int) -> NDArray[np.unsignedinteger]:
    """Move the upper neighbour of each number down to right above the `bits` bits of the lower one."""
    kind = lanes.dtype.type
    upper = lanes >> kind(lane)
    upper <<= kind(bits)
    upper |= lanes & kind((1 << lane) - 1)
    return upper


def _part(lanes: NDArray[np.unsignedinteger], lane: int, bits: int) -> NDArray[np.unsignedinteger]:
    """Undo `_join`."""
    kind = lanes.dtype.type
    upper = lanes >> kind(bits)
    upper <<= kind(lane)
    upper |= lanes & kind((1 << bits) - 1)
    return upper


def _words(stream: NDArray[np.uint8], words: int) -> NDArray[np.int32]:
    """Return bytes [n, …] as `words` words a row; what is over is padding of the last eight codes."""
    if stream.shape[1] != 4 * words:
        whole = np.zeros((len(stream), 4 * words), np.uint8)
        held = min(stream.shape[1], 4 * words)
        whole[:, :held] = stream[:, :held]
        stream = whole
    return np.ascontiguousarray(stream).view("<i4")


def _fill(eights: NDArray[np.uint8], stream: NDArray[np.uint8]) -> None:
    """Copy bytes [n, …] into [n, eights, width], as far as both reach."""
    n, count, width = eights.shape
    if stream.shape[1] < count * width:
        stream = np.pad(stream, ((0, 0), (0, count * width - stream.shape[1])))
    eights[:] = stream[:, : count * width].reshape(n, count, width)
