"""`tokenizer.ggml.pre`: llama.cpp's name for how a BPE cuts text before it merges.

First as its converter finds it: a text is encoded, and the SHA-256 of the numbers' Python list stands in a table
(`pre.json`, from llama.cpp b11434, MIT, see NOTICE). A vocabulary that is not in the table may still cut as a known
one does: then the name follows from the structure of tokenizer.json's `pre_tokenizer`, if that is one which
llama.cpp's `llama-vocab.cpp` has, expression for expression, and nothing else of the tokenizer changes the cut. Else
there is no name, and whoever writes a GGUF asks the user for one.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from functools import cache
from hashlib import sha256
from importlib.resources import files as resources
from typing import NamedTuple

from qrecipe.architectures.tokenizer.bpe import BpeTokenizer
from qrecipe.architectures.tokenizer.documents import TokenizerJson

_CONTRACTIONS = "(?i:'s|'t|'re|'ve|'m|'ll|'d)"
_UPPER, _LOWER = r"[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]", r"[\p{Ll}\p{Lm}\p{Lo}\p{M}]"
_LEAD = r"[^\r\n\p{L}\p{N}]?"
_BLANKS = r"\s*[\r\n]+|\s+(?!\S)|\s+"
_GPT2, _DIGITS = "ByteLevel", "Digits"  # steps of `tokenizers` that are expressions of their own


class _Structure(NamedTuple):
    """The steps that cut, and whether whole words skip the merges, which llama.cpp decides by the name too."""

    steps: tuple[str, ...]
    ignore_merges: bool


def _words(letters: str, symbols: str, digits: str) -> str:
    return rf"{_CONTRACTIONS}|{_LEAD}{letters}+|{digits}| ?[^\s{symbols}\p{{N}}]+[\r\n]*|{_BLANKS}"


def _cased(suffix: str, digits: str) -> str:
    words = f"{_LEAD}{_UPPER}*{_LOWER}+{suffix}|{_LEAD}{_UPPER}+{_LOWER}*{suffix}"
    return rf"{words}|{digits}| ?[^\s\p{{L}}\p{{N}}]+[\r\n/]*|{_BLANKS}"


_LLAMA3 = _words(r"\p{L}", r"\p{L}", r"\p{N}{1,3}")
_NAMES = {
    _Structure((_GPT2,), ignore_merges=False): "gpt-2",
    _Structure((_DIGITS, _GPT2), ignore_merges=False): "smollm",
    _Structure((_LLAMA3,), ignore_merges=True): "llama-bpe",
    _Structure((_LLAMA3,), ignore_merges=False): "smaug-bpe",
    _Structure((_words(r"\p{L}", r"\p{L}", r"\p{N}"),), ignore_merges=False): "qwen2",
    _Structure((_words(r"[\p{L}\p{M}]", r"\p{L}\p{M}", r"\p{N}"),), ignore_merges=False): "qwen35",
    _Structure((_cased("", r"\p{N}"),), ignore_merges=True): "tekken",
    _Structure((_cased(f"{_CONTRACTIONS}?", r"\p{N}{1,3}"),), ignore_merges=False): "gpt-4o",
}


def pre_name(document: TokenizerJson, opened: BpeTokenizer) -> str | None:
    """Return the name, None where none can be told."""
    table = _table()
    if not opened.cuts:
        return None
    ids = opened.ids(table.text)
    return table.names.get(sha256(str(ids).encode()).hexdigest()) or named_by_structure(document)


def named_by_structure(document: TokenizerJson) -> str | None:
    """Return the name that the pre-tokenizer's steps have in llama.cpp."""
    model, normalizer = document.model, (document.normalizer or {"type": "NFC"}).get("type")
    if normalizer != "NFC" or model.byte_fallback or model.continuing_subword_prefix or model.end_of_word_suffix:
        return None
    steps = tuple(_steps(document.pre_tokenizer or {}))
    if None in steps or not steps:
        return None
    return _NAMES.get(_Structure(tuple(step for step in steps if step), bool(model.ignore_merges)))


class _Table(NamedTuple):
    text: str
    names: Mapping[str, str]


@cache
def _table() -> _Table:
    found = json.loads(resources(__package__).joinpath("pre.json").read_text(encoding="utf-8"))
    return _Table(found["text"], found["names"])


def _steps(step: Mapping[str, object]) -> Iterator[str | None]:
    """Yield the steps that cut, "" for one that does not, None for one that llama.cpp has not."""
    match step:
        case {"type": "Sequence", "pretokenizers": list(inner)}:
            for one in inner:
                yield from _steps(one if isinstance(one, Mapping) else {})
        case {"type": "ByteLevel", "add_prefix_space": False, "use_regex": False}:
            yield ""
        case {"type": "ByteLevel", "add_prefix_space": False}:  # `use_regex` is true where an old file does not say
            yield _GPT2
        case {"type": "Digits", "individual_digits": True}:
            yield _DIGITS
        case {"type": "Split", "pattern": {"Regex": str(pattern)}, "behavior": "Isolated", "invert": False}:
            yield pattern
        case _:
            yield None
