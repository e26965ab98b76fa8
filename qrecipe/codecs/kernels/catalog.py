"""The kernels there are: which type each encodes or decodes, where it is, and from how many weights compiling it pays.

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
_LOADING = 1  # seconds that ggml would have to take, for one that was compiled before


class _Costs:
    """When a kernel pays, by what compiling it takes and how fast the work goes without."""

    __slots__ = ()
    seconds: float
    speed: float

    @property
    def pays_from(self) -> int:
        """Weights from which it pays to compile."""
        return int(_MARGIN * self.seconds * self.speed * 1e6)

    @property
    def loads_from(self) -> int:
        """Weights from which it pays to load it, where it was compiled before; not more than for compiling it."""
        return min(int(_LOADING * self.speed * 1e6), self.pays_from)


@dataclass(frozen=True, slots=True)
class Kernel(_Costs):
    """One encoder.

    Attributes:
        type: The name of the type.
        weighted: Whether it is the one for an imatrix.
        module: The module of `kernels` that has it.
        name: The function there.
        seconds: What compiling it takes, for AVX2 on a core of a recent server.
        speed: Million weights that ggml encodes in a second there.
        digest: Of what it makes of the blocks of `check`.
        codebook: Whether it takes the tables of a codebook.
    """

    type: str
    weighted: bool
    module: str
    name: str
    seconds: float
    speed: float
    digest: str
    codebook: bool = False


@dataclass(frozen=True, slots=True)
class Decoder(_Costs):
    """One decoder, in the module `decode`; `speed` is that of ggml, for F16 of numpy.

    Attributes:
        type: The name of the type.
        seconds: What compiling it takes.
        speed: Million weights that are decoded in a second without it.
        points: Whether it takes a table of points, and one of signs.
    """

    type: str
    seconds: float
    speed: float
    points: bool = False

    @property
    def module(self) -> str:
        """The module of `kernels` that has it."""
        return "decode"

    @property
    def name(self) -> str:
        """The function there."""
        return f"decode_{self.type.lower()}"


KERNELS: tuple[Kernel, ...] = (
    Kernel("Q4_0", False, "round32", "encode_q4_0", 1.2, 680, "26b97b34ca32c943"),
    Kernel("Q4_0", True, "search32", "encode_q4_0_weighted", 3.1, 40, "07ac67c454f7e84f"),
    Kernel("Q4_1", False, "round32", "encode_q4_1", 1.3, 879, "0469504c2a308a4b"),
    Kernel("Q4_1", True, "search32", "encode_q4_1_weighted", 3.7, 9.1, "54fe729175ad59d0"),
    Kernel("Q5_0", False, "round32", "encode_q5_0", 1.2, 515, "b1b60b3080c7f091"),
    Kernel("Q5_0", True, "search32", "encode_q5_0_weighted", 2.8, 39, "4c1239b5c2344d0b"),
    Kernel("Q5_1", False, "round32", "encode_q5_1", 1.4, 562, "08496d22c35292f6"),
    Kernel("Q5_1", True, "search32", "encode_q5_1_weighted", 3.9, 9.1, "1bb6d225c492dd6b"),
    Kernel("Q8_0", False, "round32", "encode_q8_0", 0.8, 290, "77e9a78c3f4881e0"),
    Kernel("Q2_K", False, "q2_k", "encode", 2.7, 18.2, "c9ecacc720d91438"),
    Kernel("Q2_K", True, "q2_k", "encode_weighted", 4.9, 7.5, "4ac66deb54588e72"),
    Kernel("Q3_K", False, "q3_k", "encode", 2.6, 85, "aadb804bdeff55f7"),
    Kernel("Q3_K", True, "q3_k", "encode_weighted", 3.6, 26, "90c06f9e3c39c818"),
    Kernel("Q4_K", False, "k4", "encode_q4_k", 3.9, 15.5, "e22ad35624420987"),
    Kernel("Q4_K", True, "k4", "encode_q4_k_weighted", 5.0, 8.9, "d1a1f909f0022d5c"),
    Kernel("Q5_K", False, "k4", "encode_q5_k", 3.6, 17.4, "c39be25a249534bc"),
    Kernel("Q5_K", True, "k4", "encode_q5_k_weighted", 5.3, 8.2, "7bc1472296e78104"),
    Kernel("Q6_K", False, "q6_k", "encode", 2.3, 34, "676deb748e51e2d6"),
    Kernel("Q6_K", True, "q6_k", "encode_weighted", 2.3, 32, "5c266810726047f6"),
    Kernel("IQ4_NL", False, "iq4", "encode_nl", 2.0, 4.7, "b114bb53753c6cb0"),
    Kernel("IQ4_NL", True, "iq4", "encode_nl_weighted", 2.1, 4.8, "ac98c240fd4250a9"),
    Kernel("IQ4_XS", False, "iq4", "encode_xs", 3.1, 4.5, "3f2c3b4fcf4ee65b"),
    Kernel("IQ4_XS", True, "iq4", "encode_xs_weighted", 3.0, 4.7, "67e36a6f6053ad7b"),
    Kernel("IQ2_XXS", True, "iq2", "encode_xxs", 5.6, 2.9, "1ede814ad4465f78", codebook=True),
    Kernel("IQ2_XS", True, "iq2", "encode_xs", 5.6, 1.3, "c84d2004ef9658f7", codebook=True),
    Kernel("IQ2_S", False, "iq2", "encode_s", 6.6, 4.4, "37dd52651595ab51", codebook=True),
    Kernel("IQ2_S", True, "iq2", "encode_s_weighted", 5.7, 4.5, "a55f436f27f451d2", codebook=True),
    Kernel("IQ3_XXS", False, "iq3", "encode_xxs", 6.4, 2, "a4d5beec8aaec05a", codebook=True),
    Kernel("IQ3_XXS", True, "iq3", "encode_xxs_weighted", 6.1, 2.1, "475a3c5fc671529b", codebook=True),
    Kernel("IQ3_S", False, "iq3", "encode_s", 6.1, 2.9, "eec5ee31daed6e89", codebook=True),
    Kernel("IQ3_S", True, "iq3", "encode_s_weighted", 5.8, 2.9, "f3b2b576b587b3c2", codebook=True),
    Kernel("TQ1_0", False, "ternary", "encode_tq1_0", 0.9, 328, "2c061ed85815cd31"),
    Kernel("TQ2_0", False, "ternary", "encode_tq2_0", 0.9, 336, "2729533d75fc0feb"),
    Kernel("MXFP4", False, "fp4", "encode_mxfp4", 0.5, 155, "eca0167e90f17ef0"),
    Kernel("NVFP4", False, "fp4", "encode_nvfp4", 0.9, 99, "0a463bf5d562f99e"),
)

DECODERS: tuple[Decoder, ...] = (
    Decoder("F16", 0.2, 1300),
    Decoder("Q5_0", 0.4, 1100),
    Decoder("Q5_1", 0.4, 1100),
    Decoder("Q6_K", 0.3, 950),
    Decoder("IQ4_NL", 0.3, 640),
    Decoder("IQ4_XS", 0.3, 900),
    Decoder("IQ2_XXS", 0.4, 300, points=True),
    Decoder("IQ2_XS", 0.4, 290, points=True),
    Decoder("IQ2_S", 0.4, 300, points=True),
    Decoder("IQ3_XXS", 0.4, 310, points=True),
    Decoder("IQ3_S", 0.4, 300, points=True),
)

DECODER_OF: Mapping[str, Decoder] = MappingProxyType({each.type: each for each in DECODERS})
"""By type."""

BY_USE: Mapping[tuple[str, bool], Kernel] = MappingProxyType({(each.type, each.weighted): each for each in KERNELS})
"""By type, and whether there is an imatrix."""
