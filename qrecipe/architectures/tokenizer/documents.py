"""The tokenizer's JSON files as far as a conversion reads them, checked while they are parsed.

Untrusted: a value of another kind is a `SourceError` with the file and the key path. What the converter passes over
when it is odd (a `bos_token` that is a number) is `object` here, and whoever reads it looks.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, TypeVar

from pydantic import BaseModel, ConfigDict, Field, PlainValidator, TypeAdapter, ValidationError

from qrecipe.architectures.tokenizer import faults

MOST_BYTES = 128 << 20
_MOST_ID = (1 << 31) - 1
_SPOKEN = {
    "missing": "is missing",
    "string_type": "is no text",
    "bool_type": "is neither true nor false",
    "int_type": "is no whole number",
    "dict_type": "is no object",
    "model_type": "is no object",
    "list_type": "is no list",
    "tuple_type": "is no pair",
    "too_long": "is no pair",
    "too_short": "is no pair",
    "greater_than_equal": "is negative",
    "less_than_equal": "is beyond 2147483647",
}

Id = Annotated[int, Field(ge=0, le=_MOST_ID)]
"""A token's number."""
Pairs = list[tuple[str, str]]
Merges = Annotated[Annotated[Pairs, Field(fail_fast=True)] | list[str], Field(union_mode="left_to_right")]
"""Either form of merges; half a million pairs are read as tuples, which are the quickest."""
Vocabulary = dict[str, Id]
"""Tokens with their numbers."""
Document = TypeVar("Document")


@dataclass(frozen=True, slots=True)
class Unread:
    """What a tokenizer has where others have a `Vocabulary`; of no kind of ours."""

    value: object = None


AnyVocabulary = Annotated[Vocabulary | Annotated[Unread, PlainValidator(Unread)], Field(union_mode="left_to_right")]


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, strict=True, extra="ignore", cache_strings="none")


class AddedToken(_Part):
    """A token besides the model's own; `id` is missing where the file has it as the key."""

    content: str
    id: Id | None = None
    special: bool = False
    normalized: bool | None = None
    lstrip: bool = False
    rstrip: bool = False
    single_word: bool = False


class Model(_Part):
    """`model` of a tokenizer.json; what `vocab` is depends on `type`."""

    type: str | None = None
    vocab: AnyVocabulary = Unread()
    merges: Merges = Field(default_factory=list)
    byte_fallback: bool | None = None
    ignore_merges: bool | None = None
    continuing_subword_prefix: str | None = None
    end_of_word_suffix: str | None = None


class TokenizerJson(_Part):
    """tokenizer.json."""

    model: Model
    added_tokens: list[AddedToken] = Field(default_factory=list)
    normalizer: dict[str, object] | None = None
    pre_tokenizer: dict[str, object] | None = None
    post_processor: dict[str, object] | None = None
    decoder: dict[str, object] | None = None
    truncation: object = None
    padding: object = None


Settings = dict[str, object]
"""tokenizer_config.json, config.json, special_tokens_map.json: any object."""
SETTINGS: TypeAdapter[Settings] = TypeAdapter(dict[str, object])
VOCABULARY: TypeAdapter[Vocabulary] = TypeAdapter(Vocabulary)
ADDED_DECODER: TypeAdapter[dict[str, AddedToken]] = TypeAdapter(dict[str, AddedToken])
TOKENIZER_JSON: TypeAdapter[TokenizerJson] = TypeAdapter(TokenizerJson)


def content(path: Path) -> bytes:
    """Return the bytes of a file that is there; SourceError for one that is too large or cannot be read."""
    try:
        nbytes = path.stat().st_size
        if nbytes > MOST_BYTES:
            raise faults.too_large(path, nbytes, MOST_BYTES)
        return path.read_bytes()
    except OSError as error:
        raise faults.unreadable(path, error) from None


def text(path: Path) -> str:
    """Return a file that holds UTF-8."""
    try:
        return content(path).decode("utf-8")
    except UnicodeDecodeError as error:
        raise faults.malformed(path, f"byte {error.start}", f"{path.name} is no UTF-8 text") from None


def parsed(path: Path, kind: TypeAdapter[Document]) -> Document:
    """Return the document that a file holds."""
    return _checked(path, "", lambda: kind.validate_json(content(path), strict=True))


def checked(path: Path, key_path: str, value: object, kind: TypeAdapter[Document]) -> Document:
    """Return a part of a document, of a kind that the document leaves open."""
    return _checked(path, key_path, lambda: kind.validate_python(value, strict=True))


def _checked(path: Path, key_path: str, validate: Callable[[], Document]) -> Document:
    try:
        return validate()
    except ValidationError as error:
        first = error.errors(include_url=False, include_context=False, include_input=False)[0]
        if first["type"] == "json_invalid":
            what = f"{path.name} is no valid JSON: {first['msg'].removeprefix('Invalid JSON: ')}"
            raise faults.malformed(path, "", what) from None
        place = _place(key_path, first["loc"])
        what = f"{place or path.name} {_SPOKEN.get(first['type'], 'is not what it should be')}"
        raise faults.malformed(path, place, what) from None


def _place(key_path: str, parts: tuple[str | int, ...]) -> str:
    """Return the key path of a part; of merges, which have two forms, without the form."""
    if parts[:2] == ("model", "merges"):
        parts = parts[:2] + parts[3:]
    return (key_path + "".join(f"[{p}]" if isinstance(p, int) else f".{p}" for p in parts)).removeprefix(".")
