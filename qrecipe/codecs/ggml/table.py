"""Every storage type of ggml, as data: name, id in a GGUF file, block and bytes of a block, use of an imatrix.

A row of a tensor is cut into blocks of `block` weights, each stored in `block_bytes` bytes; plain dtypes have blocks of
one. Names are spelled as users write them, in capitals (`Q4_K`, `IQ2_XXS`); ggml writes `q4_K` and `iq2_xxs`. The ids
and sizes are checked against the library by a test. This is the only place that states them.

`imatrix` says how ggml's encoder uses an imatrix: `required` types abort the process without one; `needed` types are
those that llama-quantize refuses without, though the encoder can do it; `used` and `unused` were found by experiment.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from types import MappingProxyType
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from collections.abc import Mapping

Imatrix = Literal["unused", "used", "needed", "required"]
Kind = Literal["block", "float", "integer"]


@dataclass(frozen=True, slots=True)
class GgmlType:
    """One type. `kind` tells blocks with scales from plain dtypes; `meaning` is a phrase for the table of types."""

    name: str
    id: int
    block: int
    block_bytes: int
    imatrix: Imatrix
    meaning: str
    kind: Kind = "block"


TYPES: tuple[GgmlType, ...] = (
    GgmlType("F32", 0, 1, 4, "unused", "single precision", "float"),
    GgmlType("F16", 1, 1, 2, "unused", "half precision", "float"),
    GgmlType("Q4_0", 2, 32, 18, "used", "4 bits, a scale"),
    GgmlType("Q4_1", 3, 32, 20, "used", "4 bits, a scale and a minimum"),
    GgmlType("Q5_0", 6, 32, 22, "used", "5 bits, a scale"),
    GgmlType("Q5_1", 7, 32, 24, "used", "5 bits, a scale and a minimum"),
    GgmlType("Q8_0", 8, 32, 34, "unused", "8 bits, a scale"),
    GgmlType("Q2_K", 10, 256, 84, "used", "2 bits, scales and minima of 4 bits"),
    GgmlType("Q3_K", 11, 256, 110, "used", "3 bits, scales of 6 bits"),
    GgmlType("Q4_K", 12, 256, 144, "used", "4 bits, scales and minima of 6 bits"),
    GgmlType("Q5_K", 13, 256, 176, "used", "5 bits, scales and minima of 6 bits"),
    GgmlType("Q6_K", 14, 256, 210, "used", "6 bits, scales of 8 bits"),
    GgmlType("IQ2_XXS", 16, 256, 66, "required", "codebook of 256 points, 8 weights each"),
    GgmlType("IQ2_XS", 17, 256, 74, "required", "codebook of 512 points, 8 weights each"),
    GgmlType("IQ3_XXS", 18, 256, 98, "needed", "codebook of 256 points, 4 weights each"),
    GgmlType("IQ1_S", 19, 256, 50, "required", "ternary codebook of 2048 points, 8 weights each"),
    GgmlType("IQ4_NL", 20, 32, 18, "used", "4 bits on an uneven grid, a scale"),
    GgmlType("IQ3_S", 21, 256, 110, "used", "codebook of 512 points, 4 weights each"),
    GgmlType("IQ2_S", 22, 256, 82, "needed", "codebook of 1024 points, 8 weights each"),
    GgmlType("IQ4_XS", 23, 256, 136, "used", "4 bits on an uneven grid, scales of 6 bits"),
    GgmlType("I8", 24, 1, 1, "unused", "integers, carried only", "integer"),
    GgmlType("I16", 25, 1, 2, "unused", "integers, carried only", "integer"),
    GgmlType("I32", 26, 1, 4, "unused", "integers, carried only", "integer"),
    GgmlType("I64", 27, 1, 8, "unused", "integers, carried only", "integer"),
    GgmlType("F64", 28, 1, 8, "unused", "double precision, carried only", "float"),
    GgmlType("IQ1_M", 29, 256, 56, "needed", "ternary codebook of 2048 points, finer scales"),
    GgmlType("BF16", 30, 1, 2, "unused", "the upper half of single precision", "float"),
    GgmlType("TQ1_0", 34, 256, 54, "unused", "ternary, 5 weights a byte"),
    GgmlType("TQ2_0", 35, 256, 66, "unused", "ternary, 2 bits; scale=negative: -2 to 1"),
    GgmlType("MXFP4", 39, 32, 17, "unused", "OCP MX: E2M1 with a power of two as scale"),
    GgmlType("NVFP4", 40, 64, 36, "unused", "E2M1 with an E4M3 scale for 16 weights"),
    GgmlType("Q1_0", 41, 128, 18, "unused", "one bit, a scale"),
    GgmlType("Q2_0", 42, 64, 18, "unused", "2 bits, a scale"),
)

_INTERNAL = "a type that ggml computes with and never stores"
_REMOVED = "a type that ggml removed"
_REPACKED = "a type that ggml removed: it repacks {} while loading"
NO_STORAGE: Mapping[int, tuple[str, str]] = MappingProxyType(
    {
        4: ("Q4_2", _REMOVED),
        5: ("Q4_3", _REMOVED),
        9: ("Q8_1", _INTERNAL),
        15: ("Q8_K", _INTERNAL),
        31: ("Q4_0_4_4", _REPACKED.format("Q4_0")),
        32: ("Q4_0_4_8", _REPACKED.format("Q4_0")),
        33: ("Q4_0_8_8", _REPACKED.format("Q4_0")),
        36: ("IQ4_NL_4_4", _REPACKED.format("IQ4_NL")),
        37: ("IQ4_NL_4_8", _REPACKED.format("IQ4_NL")),
        38: ("IQ4_NL_8_8", _REPACKED.format("IQ4_NL")),
    }
)
"""Ids that no file may hold: name, and what it is."""


def type_of_id(type_id: int) -> GgmlType | None:
    """Return the type that a GGUF file means by this id; None if it means none (see `NO_STORAGE`)."""
    return _by_id().get(type_id)


def type_named(name: str) -> GgmlType | None:
    """Return the type of this name, whatever its case; None if ggml has none."""
    return _by_name().get(name.upper())


@cache
def _by_id() -> Mapping[int, GgmlType]:
    return MappingProxyType({type_.id: type_ for type_ in TYPES})


@cache
def _by_name() -> Mapping[str, GgmlType]:
    return MappingProxyType({type_.name: type_ for type_ in TYPES})
