"""What `packing` does for the types that `sift` serves, at the speed of memory.

Scales are F16 numbers, float32 [n]; codes are q + half, uint8 [n * block]; `out` takes the blocks' bytes.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from qrecipe.codecs.simd.lanes import load_bytes, splat_int, store_bytes
from qrecipe.codecs.simd.numbers import inlined, jit, write_half
from qrecipe.codecs.simd.vectors import WIDTH

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float32]
    Bytes = NDArray[np.uint8]


@jit
def pack_q4_0(scales: Floats, codes: Bytes, out: Bytes) -> None:
    """Write d and 16 bytes, code i beside code i + 16."""
    for b in range(scales.size):
        write_half(out, 18 * b, scales[b])
        first, second = load_bytes(codes, 32 * b), load_bytes(codes, 32 * b + WIDTH)
        store_bytes(out, 18 * b + 2, first | (second << splat_int(4)))


@jit
def pack_negative(scales: Floats, codes: Bytes, out: Bytes) -> None:
    """Write TQ2_0 with codes 1 - q, and -s; 0 stays +0."""
    for b in range(scales.size):
        for i in range(0, 256, 128):
            _write_pairs(codes, 256 * b + i, out, 66 * b + i // 4, (3, -1))
        write_half(out, 66 * b + 64, np.float32(0) if scales[b] == 0 else -scales[b])


@jit
def pack_symmetric(scales: Floats, codes: Bytes, out: Bytes) -> None:
    """Write TQ2_0 with codes q + 1, and s."""
    for b in range(scales.size):
        for i in range(0, 256, 128):
            _write_pairs(codes, 256 * b + i, out, 66 * b + i // 4, (-1, 1))
        write_half(out, 66 * b + 64, scales[b])


@inlined
def _write_pairs(codes: Bytes, at: int, out: Bytes, to: int, change: tuple[int, int]) -> None:
    """Write 32 bytes of four codes each, 32 apart, the first lowest; each becomes base + sign * code."""
    base, sign = change
    for i in range(0, 32, WIDTH):
        packed = splat_int(0)
        for part in range(4):
            code = splat_int(base) + splat_int(sign) * load_bytes(codes, at + 32 * part + i)
            packed = packed | (code << splat_int(2 * part))
        store_bytes(out, to + i, packed)
