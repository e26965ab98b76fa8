"""The kernels there are: which type each encodes, where it is, and from how many weights on compiling it pays.

`seconds` and `speed` depend on the machine alike, so that `pays_from` hardly does. `digest` is of the bytes that a
kernel must make of the blocks of `check`, 16 hexadecimal digits of their SHA-256; tests hold it against ggml.
"""

from __future__ import annotations

from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

_MARGIN = 3  # ggml would have to take this many times as long as compiling


@dataclass(frozen=True, slots=True)
class Kernel:
    """One encoder.

    Attributes:
        type: The name of the type.
        weighted: Whether it is the one for an imatrix.
        module: The module of `kernels` that has it.
        name: The function there.
        seconds: What compiling it takes, on a core of 2.8 GHz.
        speed: Million weights that ggml encodes in a second there.
        digest: Of what it makes of the blocks of `check`.
    """

    type: str
    weighted: bool
    module: str
    name: str
    seconds: float
    speed: float
    digest: str

    @property
    def pays_from(self) -> int:
        """Weights from which it pays to compile."""
        return int(_MARGIN * self.seconds * self.speed * 1e6)


KERNELS: tuple[Kernel, ...] = (
    Kernel("Q4_K", False, "k4", "encode_q4_k", 3.0, 5.5, "e22ad35624420987"),
    Kernel("Q4_K", True, "k4", "encode_q4_k_weighted", 4.5, 3.0, "d1a1f909f0022d5c"),
    Kernel("Q5_K", False, "k4", "encode_q5_k", 3.0, 6.0, "c39be25a249534bc"),
    Kernel("Q5_K", True, "k4", "encode_q5_k_weighted", 4.5, 3.0, "7bc1472296e78104"),
    Kernel("Q6_K", False, "q6_k", "encode", 1.5, 15, "676deb748e51e2d6"),
    Kernel("Q6_K", True, "q6_k", "encode_weighted", 1.5, 22, "5c266810726047f6"),
)

BY_USE: Mapping[tuple[str, bool], Kernel] = MappingProxyType({(each.type, each.weighted): each for each in KERNELS})
"""By type, and whether there is an imatrix."""
