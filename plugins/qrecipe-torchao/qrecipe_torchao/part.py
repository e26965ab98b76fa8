"""Arrays of torchao's tensor classes, and the range of codes: what all of the classes are told by."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Part:
    """One array of a tensor class.

    Attributes:
        name: As the class calls it: `qdata`.
        dtype: As safetensors spells it.
        row: Elements that a row of the matrix has in it.
        turned: The matrix's rows run along its second dimension.
    """

    name: str
    dtype: str
    row: int
    turned: bool = False


def bounds(width: int) -> tuple[int, int]:
    """Return the smallest and the largest code of `width` bits."""
    return -(1 << (width - 1)), (1 << (width - 1)) - 1
