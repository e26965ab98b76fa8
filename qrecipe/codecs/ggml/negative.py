"""TQ2_0 with a negative scale: codes -2 to 1 instead of -1 to 1, for weights trained on that grid.

A block of TQ2_0 holds 256 codes c of 2 bits and an F16 scale d; it decodes to d * (c - 1). ggml's own encoder writes
c from 0 to 2 and d > 0. Here s = max(-min / 2, max) of the block, rounded to F16, q = w / s rounded half away from zero
(as C's roundf) and clamped to -2 … 1, stored as c = 1 - q with d = -s: w is about s * q, and c = 3 is in use. Where s
is zero, all codes are 1 and d is +0. A block whose s overflows F16 is an error, never infinite.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from qrecipe.errors import BuildError, Diagnostic

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from qrecipe.types.format import FloatArray

_BLOCK = 256
_AT_ONCE = 256  # blocks: the arrays between are several times the weights, and stay out of a task's memory


def encode_negative(rows: FloatArray) -> bytes:
    """Encode rows of whole blocks."""
    blocks = rows.reshape(-1, _BLOCK)
    return b"".join(_encode_blocks(blocks[start : start + _AT_ONCE]) for start in range(0, len(blocks), _AT_ONCE))


def _encode_blocks(blocks: FloatArray) -> bytes:
    scales = _scales(blocks)
    return pack(scales, _codes(blocks, scales.astype(np.float32)))


def pack(scales: NDArray[np.float16], codes: NDArray[np.uint8]) -> bytes:
    """Return the blocks' bytes: 64 with the codes, then d. `codes` [n, 256] hold 1 - q, `scales` [n] hold s = -d."""
    fields = codes.reshape(-1, 2, 4, 32) << np.array([0, 2, 4, 6], np.uint8)[:, None]
    packed = np.empty((len(codes), 66), np.uint8)
    packed[:, :64] = np.bitwise_or.reduce(fields, axis=2).reshape(-1, 64)
    stored = np.where(scales == 0, np.float16(0), -scales).astype("<f2")
    packed[:, 64:] = stored.view(np.uint8).reshape(-1, 2)
    return packed.tobytes()


def _scales(blocks: FloatArray) -> NDArray[np.float16]:
    wanted = np.maximum(blocks.min(axis=1) / np.float32(-2), blocks.max(axis=1))
    with np.errstate(over="ignore", under="ignore"):
        scales: NDArray[np.float16] = wanted.astype(np.float16)
    if not np.isfinite(scales).all():
        raise BuildError(_overflow(float(wanted.max())))
    return scales


def _codes(blocks: FloatArray, scales: FloatArray) -> NDArray[np.uint8]:
    divisors = np.where(scales == 0, np.inf, scales).astype(np.float32)[:, None]
    with np.errstate(under="ignore"):
        quotients = blocks / divisors
    # 0.49999997 is the float below 0.5: adding 0.5 itself would round 0.49999997 up
    rounded = np.trunc(quotients + np.copysign(np.float32(0.49999997), quotients))
    codes: NDArray[np.uint8] = (1 - np.clip(rounded, -2, 1)).astype(np.uint8)
    return codes


def _overflow(scale: float) -> Diagnostic:
    return Diagnostic(
        "scale-overflow",
        f"TQ2_0(scale=negative) would need a scale of {scale:.6g}",
        why="a scale is stored as F16, which ends at 65504",
        fix="keep this tensor, or choose F32 or BF16 for it",
    )
