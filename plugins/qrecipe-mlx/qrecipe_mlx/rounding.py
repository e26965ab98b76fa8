"""Rounding to codes around zero."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from qrecipe.types.format import FloatArray


def furthest(rows: FloatArray, group: int) -> FloatArray:
    """Return the weight of each group that is furthest from zero, [n, groups of a row]."""
    groups = rows.reshape(len(rows), -1, group)
    least, greatest = groups.min(axis=-1), groups.max(axis=-1)
    ends: FloatArray = np.where(-least > greatest, least, greatest)
    return ends


def nearest(rows: FloatArray, scales: FloatArray, half: int) -> NDArray[np.int8]:
    """Return the codes from -half to half - 1, [n, cols], that are nearest to weight / scale; 0 where the scale is."""
    groups = rows.reshape(*scales.shape, -1)
    codes = groups / np.where(scales == 0, np.float32(1), scales)[..., None]
    return np.clip(np.rint(codes), -half, half - 1).astype(np.int8).reshape(rows.shape)
