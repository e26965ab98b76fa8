"""GGUF's blocks as MLX's codes, scales and biases: each of these types is weight = scale × code + bias already.

The layouts of blocks are those of `ggml-common.h`. What comes out equals what MLX's own reader of GGUF files makes of
Q4_0, Q4_1 and Q8_0 (`mlx/io/gguf_quants.cpp`); Q5_0 and Q5_1 follow the same rule.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from qrecipe_mlx.carried import CARRIED, GROUP

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from qrecipe.types.format import FloatArray

_WITH_LEAST = ("Q4_1", "Q5_1")
"""Types whose blocks store their least weight, the bias, behind the scale."""


def parts(name: str, blocks: bytes, cols: int) -> tuple[NDArray[np.uint8], FloatArray, FloatArray]:
    """Return the codes [n, cols], and scales and biases [n, groups of a row] in float32, of blocks of this type."""
    bits, least = CARRIED[name], name in _WITH_LEAST
    block = np.frombuffer(blocks, np.uint8).reshape(-1, 2 + 2 * least + GROUP * bits // 8)
    scales = _halves(block[:, :2])
    biases = _halves(block[:, 2:4]) if least else scales * np.float32(-(1 << (bits - 1)))
    codes = _codes(block[:, 2 + 2 * least :], bits)
    groups = cols // GROUP
    return codes.reshape(-1, cols), scales.reshape(-1, groups), biases.reshape(-1, groups)


def _halves(data: NDArray[np.uint8]) -> FloatArray:
    return np.ascontiguousarray(data).view("<f2")[:, 0].astype(np.float32)


def _codes(data: NDArray[np.uint8], bits: int) -> NDArray[np.uint8]:
    if bits == 8:
        return data ^ np.uint8(0x80)
    nibbles = data[:, -GROUP // 2 :]
    codes = np.concatenate((nibbles & 0xF, nibbles >> 4), axis=1)
    if bits > 4:
        codes |= np.unpackbits(np.ascontiguousarray(data[:, :4]), axis=1, bitorder="little") << 4
    return codes
