"""What of a tokenizer.json reaches the package `tokenizers`, Rust and C: steps that it can run in bounded time.

A step that replaces text can let it grow without end, a prefix of merges ends the process (it cuts a character in two),
an expression can take hours, and whatever Rust panics at is printed past us. So the document is read here, keys that
stand twice and all that BPE has no use for fall away, the steps are held against short lists, and only what is left is
handed over. An expression that could take long is taken out, and `cuts` is false: nobody can tell then how text is cut.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from math import prod
from pathlib import Path
from typing import NoReturn

from qrecipe.architectures.tokenizer import faults
from qrecipe.architectures.tokenizer.expression import repeats

_INNER = {
    "normalizer": "normalizers",
    "pre_tokenizer": "pretokenizers",
    "post_processor": "processors",
    "decoder": "decoders",
}
_KINDS = {
    "normalizer": ("NFC", "NFD", "NFKC", "NFKD", "Lowercase", "StripAccents", "Strip", "Nmt", "BertNormalizer",
                   "Replace", "Prepend"),
    "pre_tokenizer": ("ByteLevel", "Digits", "Split", "Punctuation", "Whitespace", "WhitespaceSplit", "Metaspace",
                      "UnicodeScripts", "BertPreTokenizer", "CharDelimiterSplit"),
    "post_processor": ("ByteLevel", "TemplateProcessing", "RobertaProcessing", "BertProcessing"),
    "decoder": ("ByteLevel", "Replace", "ByteFallback", "Fuse", "Strip", "Metaspace", "BPEDecoder"),
}  # fmt: skip
_MODEL = ("vocab", "merges", "unk_token", "fuse_unk", "byte_fallback", "ignore_merges", "end_of_word_suffix")
_STEPS_MOST = 12
_GROWTH_MOST = 64  # times the text, by all steps together
_PIECES_MOST = 64  # of a template, and numbers that stand for one token in it
_REPEATS_MOST = 32  # in all expressions together
_PLAIN_CUT = {"type": "ByteLevel", "add_prefix_space": False, "trim_offsets": True, "use_regex": False}
Step = Mapping[str, object]


@dataclass(frozen=True, slots=True)
class Sound:
    """A tokenizer.json as `tokenizers` gets it; `cuts` says whether it cuts text as the file does."""

    data: bytes
    cuts: bool


def sound(raw: bytes, path: Path) -> Sound:
    """Return what of a document, known to be JSON of a tokenizer's form, is handed over; SourceError for the rest."""
    document = json.loads(raw)
    steps = {place: list(_steps(document.get(place), place, path)) for place in _INNER}
    _check_growth(steps, path)
    _check_templates(steps["post_processor"], path)
    model = document["model"]
    if model.get("continuing_subword_prefix"):
        _refuse(path, "model.continuing_subword_prefix", "a BPE whose merges have a prefix")
    cuts = all(map(_is_quick, steps["normalizer"])) and _is_quick(*steps["pre_tokenizer"])
    made = {place: document.get(place) for place in ("added_tokens", *_INNER)}
    made |= {"version": "1.0", "model": {"type": "BPE"} | {key: model[key] for key in _MODEL if key in model}}
    if not cuts:
        made |= {"normalizer": None, "pre_tokenizer": _PLAIN_CUT}
    return Sound(json.dumps(made, ensure_ascii=False).encode(), cuts)


def _steps(step: object, place: str, path: Path) -> Iterator[Step]:
    """Yield the steps in the order in which they run; SourceError for one that is not of the kinds that are run."""
    waiting, seen = [step] if step is not None else [], 0
    while waiting:
        step = waiting.pop()
        seen += 1
        if not isinstance(step, Mapping) or seen > _STEPS_MOST:
            _refuse(path, place, f"a {place} of more than {_STEPS_MOST} steps" if seen > _STEPS_MOST else "no step")
        inner = step.get(_INNER[place])
        if step.get("type") == "Sequence" and isinstance(inner, list):
            waiting += reversed(inner[: _STEPS_MOST + 1])
        elif step.get("type") in _KINDS[place]:
            yield step
        else:
            _refuse(path, place, f"a {place} of the kind {str(step.get('type'))[:60]!r}")


def _check_growth(steps: Mapping[str, list[Step]], path: Path) -> None:
    for place in ("normalizer", "pre_tokenizer", "decoder"):
        if prod(map(_growth, steps[place])) > _GROWTH_MOST:
            _refuse(path, place, f"a {place} that makes text more than {_GROWTH_MOST} times as long")
        if any(step["type"] == "Prepend" and not step.get("prepend") for step in steps[place]):
            _refuse(path, place, f"a {place} that puts nothing in front")


def _growth(step: Step) -> int:
    """Return how many times as long a text may become."""
    match step:
        case {"type": "Replace", "content": str(text)} | {"type": "Prepend", "prepend": str(text)}:
            return len(text.encode("utf-8", errors="replace")) + 1
        case {"type": "ByteLevel"}:
            return 2
    return 1


def _check_templates(steps: list[Step], path: Path) -> None:
    """Refuse templates that repeat the text, or name another text where there is only one."""
    for step in steps:
        if step["type"] != "TemplateProcessing":
            continue
        single, tokens = _items(step.get("single")), step.get("special_tokens")
        named = [token.get("ids") for token in (tokens.values() if isinstance(tokens, Mapping) else _items(tokens))
                 if isinstance(token, Mapping)]  # fmt: skip
        texts = [part["Sequence"] for part in single if isinstance(part, Mapping) and "Sequence" in part]
        whole = all(isinstance(part, Mapping) for part in single) and len(texts) == 1
        if not whole or not isinstance(texts[0], Mapping) or texts[0].get("id") != "A":
            _refuse(path, "post_processor", "a template that is not one text with tokens around it")
        if max(len(single), *(len(_items(ids)) for ids in named), 0) > _PIECES_MOST:
            _refuse(path, "post_processor", f"a template of more than {_PIECES_MOST} pieces")


def _items(value: object) -> list[object]:
    return value if isinstance(value, list) else []


def _is_quick(*steps: Step) -> bool:
    """Say whether the expressions of these steps take a time that is bounded well."""
    patterns = [pattern for step in steps if isinstance(pattern := step.get("pattern"), Mapping)]
    counts = [repeats(str(found["Regex"])) for found in patterns if "Regex" in found]
    return None not in counts and sum(filter(None, counts)) <= _REPEATS_MOST


def _refuse(path: Path, place: str, found: str) -> NoReturn:
    raise faults.wrong_kind(path, place, found, "a byte-level BPE with the usual steps around it")
