"""The GGUF types whose codes and scales `pack-quantized` holds exactly, as data; `relaying` does it to the bytes.

A type is in the table if each of its blocks is code * scale, codes symmetric integers of at most eight bits: no
minimum, no codebook. Scales of Q6_K and Q3_K are products of an F16 and an integer, which only float32 holds; those of
the others are F16 numbers. Sources: ggml's `ggml-common.h` and `dequantize_row_*`; `ggml-quants.c`.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from types import MappingProxyType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True, slots=True)
class Carried:
    """One type of ggml.

    Attributes:
        name: As recipes write it.
        width: Bits of a code here.
        group: Columns that share a scale.
        block: Columns of a block of ggml.
        scale: The plainest dtype that holds all of its scales.
        kept: Of 100 weights as a BF16 model has them, how many are the same when their scales are rounded to BF16
            first, for normally distributed weights; empty where that is all of them (-1, 0 and 1 times a scale).
    """

    name: str
    width: int
    group: int
    block: int
    scale: str = "F16"
    kept: str = ""


_TYPES = (
    Carried("Q4_0", 4, 32, 32, kept="91.5"),
    Carried("Q5_0", 5, 32, 32, kept="86.3"),
    Carried("Q8_0", 8, 32, 32, kept="76.8"),
    Carried("TQ1_0", 2, 256, 256),
    Carried("TQ2_0", 2, 256, 256),
    Carried("Q6_K", 6, 16, 256, scale="F32"),
    Carried("Q3_K", 3, 16, 256, scale="F32"),
)
_WITH_MINIMUM = ("Q2_K", "Q4_K", "Q5_K", "Q4_1", "Q5_1")


def carried_type(name: str) -> Carried | None:
    """Return the type of this name, None if it cannot be carried."""
    return _by_name().get(name)


def why_not_carried(name: str) -> str:
    """Say why a type of ggml that is not in the table cannot be stored."""
    if name in _WITH_MINIMUM:
        return f"compressed-tensors has no {name}: its blocks have a floating-point minimum, not an integer zero point"
    return f"compressed-tensors has no {name}: its codes are no evenly spaced integers"


@cache
def _by_name() -> Mapping[str, Carried]:
    return MappingProxyType({type_.name: type_ for type_ in _TYPES})
