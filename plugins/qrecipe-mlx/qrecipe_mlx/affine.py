"""Affine quantization: weight = scale × code + bias, with a scale and a bias for each group of columns.

The same numbers as `mlx.core.quantize` of MLX 0.32 on a CPU, bit for bit (`mlx/backend/cpu/quantized.cpp`): all is
computed in float32, and codes are chosen for the scale and bias before these are rounded to the weights' dtype. MLX's
GPU kernels round a code that lies halfway away from zero instead of to even, so codes of ties may differ there by one.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from qrecipe.types.format import FloatArray

_LEAST_SCALE = np.float32(1e-7)


def quantized(rows: FloatArray, bits: int, group: int) -> tuple[NDArray[np.uint8], FloatArray, FloatArray]:
    """Choose codes [n, cols], and scales and biases [n, groups of a row].

    The end of the range that is further from zero is met exactly, and zero is a code's value: the scale is the one
    near (greatest - least) / (2^bits - 1) that divides that end. Codes count from there, so scales may be negative.

    Args:
        rows: Weights, [n, cols], numbers of the dtype in which scales and biases are stored.
        bits: Of a code.
        group: Columns that share a scale; it divides cols.
    """
    groups = rows.reshape(len(rows), -1, group)
    scale, bias = _lines(groups.min(axis=-1), groups.max(axis=-1), np.float32((1 << bits) - 1))
    codes = groups - bias[..., None]
    codes /= scale[..., None]
    np.rint(codes, out=codes)
    np.clip(codes, 0, (1 << bits) - 1, out=codes)
    return codes.astype(np.uint8).reshape(rows.shape), scale, bias


def dequantized(codes: NDArray[np.uint8], scales: FloatArray, biases: FloatArray) -> FloatArray:
    """Return scale × code + bias in float32, [n, cols]: the product rounded, then the sum."""
    rows = codes.reshape(*scales.shape, -1).astype(np.float32)
    rows *= scales[..., None]
    rows += biases[..., None]
    return rows.reshape(codes.shape)


def _lines(least: FloatArray, greatest: FloatArray, codes: np.float32) -> tuple[FloatArray, FloatArray]:
    """Return scale and bias of groups with these ends."""
    downwards = np.abs(least) > np.abs(greatest)
    with np.errstate(over="ignore"):  # a range too wide for float32 has an infinite scale, which whoever stores refuses
        step = np.maximum((greatest - least) / codes, _LEAST_SCALE)
    scale = np.where(downwards, step, -step)
    end = np.where(downwards, least, greatest)
    steps = np.rint(end / scale)  # from zero to the end
    met = steps != 0
    scale = np.where(met, end / np.where(met, steps, np.float32(1)), scale)
    return scale, np.where(met, end, np.float32(0))
