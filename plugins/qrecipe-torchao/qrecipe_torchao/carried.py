"""The ggml types that integers with scales hold exactly: scale · code in float32 is ggml's own decoding, to the bit.

In all of them a weight is an integer times a scale that 16 to 256 columns of a row share (`blocks` takes them apart).
K-types with minima (Q2_K, Q4_K, Q5_K), Q4_1 and Q5_1 add a float to that, and IQ types take weights from a codebook:
they are not here. `Int4Tensor` does add a zero point, but in bfloat16, which holds few of Q4_1's minima: so not that
either.
"""

from __future__ import annotations

from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True, slots=True)
class Carried:
    """One type.

    Attributes:
        width: Bits of its codes.
        group: Columns that share a scale.
        scale: The dtype that holds its scales exactly.
        block: Columns of a block.
        block_bytes: Bytes of a block.
    """

    width: int
    group: int
    scale: str
    block: int
    block_bytes: int


TYPES: Mapping[str, Carried] = MappingProxyType(
    {
        "Q4_0": Carried(4, 32, "F16", 32, 18),
        "Q5_0": Carried(5, 32, "F16", 32, 22),
        "Q8_0": Carried(8, 32, "F16", 32, 34),
        "TQ1_0": Carried(2, 256, "F16", 256, 54),
        "TQ2_0": Carried(2, 256, "F16", 256, 66),
        "Q3_K": Carried(3, 16, "F32", 256, 110),
        "Q6_K": Carried(6, 16, "F32", 256, 210),
    }
)
