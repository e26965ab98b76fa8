"""Codes of a byte each, with scales and zero points that are all 0: what Intx and Int8 tensors share."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

import numpy as np

from qrecipe_torchao.arithmetic import Quantized
from qrecipe_torchao.floats import from_bytes, rounded, to_bytes
from qrecipe_torchao.store import Part

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from qrecipe_torchao.store import Field


def name(width: int, group: int | None) -> str:
    """Return how people read it: `int8`, `int4(group=32)`."""
    return f"int{width}" if group is None else f"int{width}(group={group})"


def parts(cols: int, group: int | None, scale: str) -> tuple[Part, ...]:
    """Return codes, scales, zero points."""
    groups = cols // (group or cols)
    return Part("qdata", "I8", cols), Part("scale", scale, groups), Part("zero_point", "I8", groups)


def fields(quantized: Quantized, scale: str) -> tuple[Field, ...]:
    """Return the bytes of the parts."""
    scales = to_bytes(rounded(quantized.scales, scale), scale)
    return quantized.codes.view(np.uint8), scales, np.zeros(quantized.scales.shape, np.uint8)


def quantized(stored: tuple[Field, ...], scale: str) -> Quantized:
    """Return codes and scales."""
    codes = cast("NDArray[np.int8]", np.ascontiguousarray(stored[0]).view(np.int8))
    return Quantized(codes, from_bytes(stored[1], scale))
