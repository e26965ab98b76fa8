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
_LOADING = 2  # seconds that ggml would have to take, for one that was compiled before


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

    @property
    def loads_from(self) -> int:
        """Weights from which it pays to load it, where it was compiled before."""
        return int(_LOADING * self.speed * 1e6)


KERNELS: tuple[Kernel, ...] = (
    Kernel("Q4_0", False, "round32", "encode_q4_0", 3.0, 5.0, "26b97b34ca32c943"),
    Kernel("Q4_0", True, "search32", "encode_q4_0_weighted", 3.0, 5.0, "07ac67c454f7e84f"),
    Kernel("Q4_1", False, "round32", "encode_q4_1", 3.0, 5.0, "0469504c2a308a4b"),
    Kernel("Q4_1", True, "search32", "encode_q4_1_weighted", 3.0, 5.0, "54fe729175ad59d0"),
    Kernel("Q5_0", False, "round32", "encode_q5_0", 3.0, 5.0, "b1b60b3080c7f091"),
    Kernel("Q5_0", True, "search32", "encode_q5_0_weighted", 3.0, 5.0, "4c1239b5c2344d0b"),
    Kernel("Q5_1", False, "round32", "encode_q5_1", 3.0, 5.0, "08496d22c35292f6"),
    Kernel("Q5_1", True, "search32", "encode_q5_1_weighted", 3.0, 5.0, "1bb6d225c492dd6b"),
    Kernel("Q8_0", False, "round32", "encode_q8_0", 3.0, 5.0, "77e9a78c3f4881e0"),
    Kernel("Q2_K", False, "q2_k", "encode", 3.0, 5.0, "c9ecacc720d91438"),
    Kernel("Q2_K", True, "q2_k", "encode_weighted", 3.0, 5.0, "4ac66deb54588e72"),
    Kernel("Q3_K", False, "q3_k", "encode", 3.0, 5.0, "aadb804bdeff55f7"),
    Kernel("Q3_K", True, "q3_k", "encode_weighted", 3.0, 5.0, "90c06f9e3c39c818"),
    Kernel("Q4_K", False, "k4", "encode_q4_k", 3.0, 5.0, "e22ad35624420987"),
    Kernel("Q4_K", True, "k4", "encode_q4_k_weighted", 3.0, 5.0, "d1a1f909f0022d5c"),
    Kernel("Q5_K", False, "k4", "encode_q5_k", 3.0, 5.0, "c39be25a249534bc"),
    Kernel("Q5_K", True, "k4", "encode_q5_k_weighted", 3.0, 5.0, "7bc1472296e78104"),
    Kernel("Q6_K", False, "q6_k", "encode", 3.0, 5.0, "676deb748e51e2d6"),
    Kernel("Q6_K", True, "q6_k", "encode_weighted", 3.0, 5.0, "5c266810726047f6"),
    Kernel("IQ4_NL", False, "iq4", "encode_nl", 3.0, 5.0, "b114bb53753c6cb0"),
    Kernel("IQ4_NL", True, "iq4", "encode_nl_weighted", 3.0, 5.0, "ac98c240fd4250a9"),
    Kernel("IQ4_XS", False, "iq4", "encode_xs", 3.0, 5.0, "3f2c3b4fcf4ee65b"),
    Kernel("IQ4_XS", True, "iq4", "encode_xs_weighted", 3.0, 5.0, "67e36a6f6053ad7b"),
    Kernel("TQ1_0", False, "ternary", "encode_tq1_0", 3.0, 5.0, "2c061ed85815cd31"),
    Kernel("TQ2_0", False, "ternary", "encode_tq2_0", 3.0, 5.0, "2729533d75fc0feb"),
    Kernel("MXFP4", False, "fp4", "encode_mxfp4", 3.0, 5.0, "eca0167e90f17ef0"),
    Kernel("NVFP4", False, "fp4", "encode_nvfp4", 3.0, 5.0, "0a463bf5d562f99e"),
)

BY_USE: Mapping[tuple[str, bool], Kernel] = MappingProxyType({(each.type, each.weighted): each for each in KERNELS})
"""By type, and whether there is an imatrix."""
