"""The keys of a `[[targets]]` table with `backend = "gguf"`: `metadata`, overrides of GGUF metadata, and `pre`.

Values become what llama-quantize's `--override-kv` writes: an integer from 0 to 2^32-1 is u32, any other i64; a float
is f32, which must be able to hold it; true and false are bool; text is a string. Errors carry `why` and `fix` in their
context, for whoever turns them into diagnostics.
"""

from __future__ import annotations

import math
import re
import struct
from difflib import get_close_matches
from typing import Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, WithJsonSchema
from pydantic_core import PydanticCustomError

from qrecipe.backends.gguf.pre import names
from qrecipe.types.metadata import MetadataEntry, MetadataKind, Scalar

_KEY = re.compile(r"[!-~]+", re.ASCII)
_MOST_KEY_BYTES = 65535
_SEGMENTS = re.compile(r"[^.]+(\.[^.]+)*")


def _checked_key(key: str) -> str:
    """Refuse keys that GGUF forbids, and those that the build itself must decide."""
    if len(key) > _MOST_KEY_BYTES or not _KEY.fullmatch(key) or not _SEGMENTS.fullmatch(key):
        raise _fault(
            "metadata-key",
            f"{key[:60]!r} is no metadata key",
            why="GGUF keys are printable ASCII without blanks, words joined by dots, at most 65535 bytes",
            fix='write it as "general.name" is written',
        )
    refusal = _refusal(key)
    if refusal is not None:
        raise _fault("metadata-reserved", f"{key!r} cannot be overridden", why=refusal, fix="take the key out")
    return key


def _refusal(key: str) -> str | None:
    if key == "general.alignment":
        return "data is always aligned to 32 bytes, and a header that says otherwise makes the file unreadable"
    if key == "general.architecture":
        return "it decides what every tensor means; another architecture needs another conversion"
    if key.startswith("qrecipe."):
        return "these keys are the lock: they say what made the file"
    if key == "split" or key.startswith("split."):
        return "split keys say how many files there are, which the build knows"
    return None


def _checked_value(value: object) -> Scalar:
    """Refuse what `--override-kv` has no kind for, and numbers that their kind cannot hold."""
    match value:
        case bool() | str():
            return value
        case int() if -(2**63) <= value < 2**63:
            return value
        case float() if _fits_float32(value):
            return value
        case int():
            raise _value_fault(f"{value} does not fit into 64 bits", "write it as text, or as a float")
        case float():
            raise _value_fault(f"{value} is no finite float32", "write a number below 3.4e38, or text")
        case dict():
            fix = 'put the whole key in quotes: metadata."general.name" = "…" (without, dots make tables)'
            raise _value_fault("a table is no metadata value", fix)
        case _:
            what = "an array" if isinstance(value, list) else "a date or time"
            raise _value_fault(f"{what} is no metadata value", "write text, an integer, a float, true or false")


def _checked_pre(name: str) -> str:
    """Refuse a name that llama.cpp does not load."""
    known = names()
    if name not in known:
        near = get_close_matches(name, known, n=1)
        raise _fault(
            "tokenizer-pre-name",
            f"llama.cpp knows no pre-tokenizer {name[:60]!r}",
            why="it refuses a file that names one which it does not know",
            fix=f"did you mean {near[0]!r}?" if near else f"choose among {', '.join(known)}",
        )
    return name


def _fits_float32(value: float) -> bool:
    try:
        return math.isfinite(value) and bool(struct.pack("<f", value))
    except OverflowError:
        return False


def _value_fault(what: str, fix: str) -> PydanticCustomError:
    return _fault("metadata-value", what, why="an override is one string, integer, float or boolean", fix=fix)


def _fault(code: str, what: str, *, why: str, fix: str) -> PydanticCustomError:
    return PydanticCustomError(code, "{what}", {"what": what, "why": why, "fix": fix})


class GgufOptions(BaseModel):
    """What a gguf target may say besides `backend`, `name`, `profile` and `output`."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    metadata: dict[
        Annotated[str, AfterValidator(_checked_key)],
        Annotated[object, AfterValidator(_checked_value), WithJsonSchema({"type": ["string", "number", "boolean"]})],
    ] = Field(default_factory=dict, description="GGUF metadata to set, key by key: a string, number or boolean each")

    pre: Annotated[str, AfterValidator(_checked_pre)] | None = Field(
        default=None,
        description="What llama.cpp calls the tokenizer's way to cut text (`tokenizer.ggml.pre`), where it is not "
        "recognised: `llama-bpe`, `qwen2`, `gpt-2`, …",
    )

    def overrides(self) -> tuple[MetadataEntry, ...]:
        """Return the overrides as they are written, in their order."""
        return tuple(_entry(key, _checked_value(value)) for key, value in self.metadata.items())


def _entry(key: str, value: Scalar) -> MetadataEntry:
    match value:
        case bool():
            kind = MetadataKind.BOOL
        case str():
            kind = MetadataKind.STRING
        case float():
            kind = MetadataKind.FLOAT32
        case int():
            kind = MetadataKind.UINT32 if 0 <= value < 2**32 else MetadataKind.INT64
    return MetadataEntry.of(key, kind, value)
