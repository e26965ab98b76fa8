"""`general.file_type` of a mixture: one number by which llama.cpp names a whole file.

llama.cpp's loader guesses it from the most frequent type among the tensors when a file does not say; we write that
guess, over tensors of two dimensions or more, so that a model with many norms is not called "all F32". Equal counts:
the type that reached the count first. Where every tensor is copied, the source's own number stays true and is kept.
Numbers: llama.cpp's `enum llama_ftype`, of which several share a tensor type; the guess takes the loader's choice.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from types import MappingProxyType

from qrecipe.types.decision import Decision
from qrecipe.types.metadata import MetadataEntry, MetadataKind

FILE_TYPES: Mapping[str, int] = MappingProxyType(
    {
        "F32": 0,
        "F16": 1,
        "Q4_0": 2,
        "Q4_1": 3,
        "Q8_0": 7,
        "Q5_0": 8,
        "Q5_1": 9,
        "Q2_K": 10,
        "Q3_K": 12,
        "Q4_K": 15,
        "Q5_K": 17,
        "Q6_K": 18,
        "IQ2_XXS": 19,
        "IQ2_XS": 20,
        "IQ3_XXS": 23,
        "IQ1_S": 24,
        "IQ4_NL": 25,
        "IQ3_S": 26,
        "IQ2_S": 28,
        "IQ4_XS": 30,
        "IQ1_M": 31,
        "BF16": 32,
        "TQ1_0": 36,
        "TQ2_0": 37,
        "MXFP4": 38,
        "NVFP4": 39,
        "Q1_0": 40,
        "Q2_0": 41,
    }
)


def file_type(metadata: Sequence[MetadataEntry], decisions: Sequence[Decision]) -> int:
    """Return the number for these decisions over a source with this metadata."""
    own = next((entry for entry in metadata if entry.key == "general.file_type"), None)
    if own is not None and own.kind is MetadataKind.UINT32 and all(decision.copied for decision in decisions):
        return int(own.scalar() or 0)
    matrices = [decision for decision in decisions if decision.tensor.dims > 1]
    return _most_frequent(matrices or decisions)


def _most_frequent(decisions: Sequence[Decision]) -> int:
    counts: Counter[int] = Counter()
    best = 0
    for decision in decisions:
        number = FILE_TYPES.get(decision.type.format.name)
        if number is not None:
            counts[number] += 1
            best = number if counts[number] > counts[best] else best
    return best
