"""What torchao's `quantize_` computes, in numpy and for any range of rows: codes, scales and zero points, bit for bit.

`quantize_` computes in the dtype of the model's weights, so every function rounds the rows to it first, and then each
step to the dtype that torch has at that step. Followed, by file of torchao 0.18:

- `quantization/quant_primitives.py`: `choose_qparams_affine`, `quantize_affine` (symmetric), `_choose_scale_float8`,
  `_quantize_affine_float8`;
- `quantization/quantize_/workflows/intx/intx_unpacked_to_int8_tensor.py` and `…/int8/int8_tensor.py`, `from_hp`:
  scales of the first keep the weights' dtype, those of the second are float32 and no smaller than float32's epsilon;
- `…/float8/float8_tensor.py`, `from_hp`, its path without mslk;
- `…/int4/int4_tensor.py`, `from_hp`, which calls `int4_row_quantize_zp` or `int4_row_quantize` of mslk (FBGEMM's
  `fbgemm_gpu/experimental/gen_ai`, `quantize.py`). No CPU runs these: equality with a run of them is not tested.

One difference is meant. Where the scale of a row of E4M3 is 0 in the weights' dtype, `quantize_` divides by it and
stores NaN or ±448 times 0; here such a row keeps the float32 scale, and a row of zeros has the scale 1.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from qrecipe_torchao import e4m3
from qrecipe_torchao.floats import SMALLEST_NORMAL, round_in_place, rounded
from qrecipe_torchao.part import bounds

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from qrecipe.types.format import FloatArray

_INT8_SMALLEST = 2.0**-23  # epsilon of float32
_INT4_SMALLEST = np.float32(1e-6)
_INT4_LEVELS = np.float32(15)
_INT4_HALF = np.float32(8)


@dataclass(frozen=True, slots=True)
class Quantized:
    """Rows as codes.

    Attributes:
        codes: [n, cols]; int8, or uint8 for the codes of E4M3.
        scales: float32 [n, groups].
        zeros: What is added to code · scale, float32 [n, groups]; None where nothing is.
    """

    codes: NDArray[np.int8] | NDArray[np.uint8]
    scales: FloatArray
    zeros: FloatArray | None = None


def intx(rows: FloatArray, width: int, group: int, dtype: str) -> Quantized:
    """Quantize as `IntxWeightOnlyConfig` does, and `Int8DynamicActivationIntxWeightConfig`; scales are of `dtype`."""
    low, high = bounds(width)
    blocks = rounded(rows, dtype).reshape(len(rows), -1, group)
    scales = rounded(_largest(blocks) / np.float32((high - low) / 2), dtype)
    np.maximum(scales, np.float32(SMALLEST_NORMAL[dtype]), out=scales)
    blocks *= rounded(np.float32(1) / scales, dtype)[..., None]
    round_in_place(blocks, dtype)
    return Quantized(_codes(blocks, low, high).reshape(rows.shape), scales)


def int8(rows: FloatArray, group: int, dtype: str) -> Quantized:
    """Quantize as `Int8WeightOnlyConfig` does, and `Int8DynamicActivationInt8WeightConfig`; scales are float32."""
    blocks = rounded(rows, dtype).reshape(len(rows), -1, group)
    scales = rounded(_largest(blocks) / np.float32(127.5), dtype)
    np.maximum(scales, np.float32(_INT8_SMALLEST), out=scales)
    blocks *= (np.float32(1) / scales)[..., None]
    return Quantized(_codes(blocks, *bounds(8)).reshape(rows.shape), scales)


def float8(rows: FloatArray, dtype: str) -> Quantized:
    """Quantize as `Float8WeightOnlyConfig` does, and `Float8DynamicActivationFloat8WeightConfig` with `PerRow`."""
    weights = rounded(rows, dtype)
    exact = _largest(weights)[:, None] / np.float32(e4m3.LARGEST)
    scales = rounded(exact, dtype)
    np.copyto(scales, exact, where=scales == 0)
    scales[scales == 0] = 1
    weights /= scales
    np.clip(weights, -e4m3.LARGEST, e4m3.LARGEST, out=weights)
    return Quantized(e4m3.encode(weights), scales)


def int4(rows: FloatArray, group: int, dtype: str) -> Quantized:
    """Quantize as `Int4WeightOnlyConfig` (plain) does: 16 levels from the smallest weight of a group to its largest."""
    blocks = rounded(rows, dtype).reshape(len(rows), -1, group)
    least = blocks.min(-1)
    scales = np.maximum(blocks.max(-1) - least, _INT4_SMALLEST) / _INT4_LEVELS
    zeros = least + scales * _INT4_HALF
    blocks -= least[..., None]
    blocks /= scales[..., None]
    np.rint(blocks, out=blocks)
    np.clip(blocks, 0, _INT4_LEVELS, out=blocks)
    blocks -= _INT4_HALF
    codes = blocks.astype(np.int8).reshape(rows.shape)
    return Quantized(codes, rounded(scales, dtype), rounded(zeros, dtype))


def int4_symmetric(rows: FloatArray, group: int, dtype: str) -> Quantized:
    """Quantize as `Float8DynamicActivationInt4WeightConfig` (plain) does: the largest magnitude is eight steps."""
    blocks = rounded(rows, dtype).reshape(len(rows), -1, group)
    largest: FloatArray = np.maximum(_largest(blocks), _INT4_SMALLEST)
    scales = largest / _INT4_HALF
    blocks /= scales[..., None]
    codes = _codes(blocks, *bounds(4)).reshape(rows.shape)
    return Quantized(codes, rounded(scales, dtype), np.zeros_like(scales))


def _largest(blocks: FloatArray) -> FloatArray:
    """Return the largest magnitude along the last axis."""
    largest: FloatArray = np.maximum(blocks.max(-1), -blocks.min(-1))
    return largest


def _codes(blocks: FloatArray, low: int, high: int) -> NDArray[np.int8]:
    np.rint(blocks, out=blocks)
    np.clip(blocks, low, high, out=blocks)
    return blocks.astype(np.int8)
