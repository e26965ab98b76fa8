"""Which tensor type an id in a GGUF file means, and what to say about the ids that mean nothing here.

Known types are the formats that the codecs offer (`Format.gguf_id`). The rest are ids that ggml removed, ids that it
only uses in memory, and ids of forks, which share the number space without any mark in the file.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from types import MappingProxyType

from qrecipe.codecs.builtin import FORMATS
from qrecipe.codecs.ggml.table import NO_STORAGE
from qrecipe.types.format import Format

_IK = "ik_llama.cpp"
_PRISM = "Prism's llama.cpp"
_FORKS = MappingProxyType(
    {
        36: (_IK, "I2_S (IQ2_BN in old files)"),
        133: (_IK, "Q6_0"), 134: (_IK, "IQ1_BN"), 135: (_IK, "IQ2_BN"), 137: (_IK, "IQ2_K"), 138: (_IK, "IQ3_K"),
        139: (_IK, "IQ4_K"), 140: (_IK, "IQ5_K"), 141: (_IK, "IQ6_K"), 142: (_PRISM, "PQ2_0"), 143: (_PRISM, "PTQ1_0"),
        144: (_IK, "IQ4_KS"), 145: (_IK, "IQ2_KS"), 146: (_IK, "IQ4_KSS"), 152: (_IK, "IQ5_KS"), 153: (_IK, "IQ2_KT"),
        154: (_IK, "IQ3_KT"), 155: (_IK, "IQ4_KT"), 156: (_IK, "IQ3_KS"), 157: (_IK, "IQ2_KL"), 158: (_IK, "IQ1_KT"),
    }
)  # fmt: skip
_ROW_INTERLEAVED = range(200, 400)


@cache
def formats_by_id() -> Mapping[int, Format]:
    """Return every format that a GGUF file may hold."""
    return MappingProxyType({format_.gguf_id: format_ for format_ in FORMATS if format_.gguf_id is not None})


def why_unknown(type_id: int) -> tuple[str, str]:
    """Say why no tensor of this type can be read, and what to do."""
    if type_id in _ROW_INTERLEAVED:
        return _of_fork(_IK, "a row-interleaved type")
    if type_id in _FORKS:
        return _of_fork(*_FORKS[type_id])
    if type_id in NO_STORAGE:
        name, meaning = NO_STORAGE[type_id]
        return f"it is {name}, {meaning}", "convert the model again from its original"
    why = f"ggml's types go from 0 to {max(formats_by_id())}"
    return why, "get the file again; if a newer llama.cpp wrote it, update qrecipe"


def _of_fork(fork: str, name: str) -> tuple[str, str]:
    why = f"it is {name} of {fork}, whose types other programs cannot read"
    return why, "start from the original checkpoint, or from a GGUF with types of mainline llama.cpp"
