"""What a shape must be so that a type can store it, said in words with numbers. Shapes are outermost first."""

from __future__ import annotations

from math import prod
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from qrecipe.types.tensor import Shape


def refuse_blocks(shape: Shape, block: int, unit: str) -> str | None:
    """Say why rows of this shape are not made of blocks of `block` (`unit`: its block, its group); None if they are."""
    if not shape:
        return "a single number has no rows to quantize"
    if not prod(shape):
        return "an empty tensor has nothing to quantize"
    if shape[-1] % block:
        return f"{_columns(shape[-1])} no multiple of {block}, {unit}"
    return None


def _columns(cols: int) -> str:
    return f"{cols} column is" if cols == 1 else f"{cols} columns are"
