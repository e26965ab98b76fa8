"""Which special tokens a tokenizer adds by itself, and what tokenizer_config.json must mean then.

Read from tokenizer.json's `post_processor`, as far as llama.cpp's converter understands it: simple templates only.
What it finds also corrects the settings (a template that ends in another token than `eos_token` makes that one the end
of turn). Source: `gguf.SpecialVocab` of llama.cpp b11434; the package gguf 0.19.0 on PyPI lacks two of these cases,
which is why it is not used.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from qrecipe.architectures.tokenizer import faults
from qrecipe.architectures.tokenizer.documents import Settings

_TURNS = ("eot", "eom")
_SEPARATORS = 2  # </s></s> at most


@dataclass(slots=True)
class Added:
    """What the post-processor says.

    Attributes:
        settings: A copy of tokenizer_config.json, corrected; None where there is none.
        types: The kinds of special tokens to look for.
        flags: Whether a kind is added (`bos`, `eos`, `sep`).
    """

    settings: Settings | None
    types: list[str]
    flags: dict[str, bool] = field(default_factory=dict)
    bos: object = None
    cls: object = None
    eos: object = None
    sep: object = None

    def __post_init__(self) -> None:
        settings = self.settings or {}
        self.bos, self.cls = settings.get("bos_token"), settings.get("cls_token")
        self.eos, self.sep = settings.get("eos_token"), settings.get("sep_token")
        if not self.bos and self.cls:
            self.bos = self.correct("bos", self.cls)
        if not self.eos and self.sep:
            self.eos = self.correct("eos", self.sep)

    def correct(self, kind: str, token: object) -> object:
        """Make `token` the special token of a kind, where there are settings; return it."""
        if self.settings:
            self.settings[f"{kind}_token"] = token
        return token


def read_post_processor(post: Mapping[str, object], path: Path, added: Added) -> None:
    """Note what `post` says in `added`; SourceError where it is no post-processor."""
    place = "post_processor"
    steps = _objects(post["processors"], path, f"{place}.processors") if "processors" in post else [post]
    for step in steps:
        match step.get("type"):
            case "ByteLevel":
                added.flags.setdefault("bos", False)
                added.flags.setdefault("eos", False)
            case "RobertaProcessing":
                _roberta(step, added)
            case "TemplateProcessing":
                single = _objects(step.get("single", []), path, f"{place}.single")
                pair = _objects(step.get("pair", []), path, f"{place}.pair")
                first, last = _single(single, added)
                _pair(pair, first, last, added)


def _roberta(step: Mapping[str, object], added: Added) -> None:
    added.flags |= {"bos": True, "eos": True, "sep": True}
    if not added.cls and added.settings:
        added.cls = added.correct("cls", _first(step.get("cls"), added.bos))
    if not added.sep and added.settings:
        added.sep = added.correct("sep", _first(step.get("sep"), added.eos))


def _first(pair: object, otherwise: object) -> object:
    return pair[0] if isinstance(pair, list) and pair else otherwise


def _single(single: list[Mapping[str, object]], added: Added) -> tuple[str | None, str | None]:
    """Return the special tokens at both ends of the template for one text."""
    if len(single) <= 1:
        return None, None
    first, last = _special(single[0]), _special(single[-1])
    if first:
        _lead(first, added)
    if last:
        _trail(last, added)
    return first, last


def _lead(first: str, added: Added) -> None:
    if not added.settings:
        added.bos = first
    elif first not in (added.bos, added.cls):
        added.bos = added.bos or added.correct("bos", first)
        added.cls = added.cls or added.correct("cls", first)
    added.flags["bos"] = first in (added.bos, added.cls)


def _trail(last: str, added: Added) -> None:
    if not added.settings:
        added.eos = last
    elif last != added.eos:
        turn = next((kind for kind in _TURNS if kind not in added.types), None)
        if turn is not None:
            added.types.append(turn)
            added.correct(turn, added.eos)
        added.eos = added.correct("eos", last)
    added.flags["eos"] = last == added.eos


def _pair(pair: list[Mapping[str, object]], first: str | None, last: str | None, added: Added) -> None:
    """Find out about separators between two texts: A [sep] [eos] B."""
    if not pair:
        return
    start = 1 if first and _special(pair[0]) == first else 0
    stop = -1 if last and _special(pair[-1]) == last else None
    inner = pair[start:stop]
    if not inner or (_text(inner[0]), _text(inner[-1])) != ("A", "B") or not (between := inner[1:-1]):
        return
    known = (added.sep, added.eos)
    separated = _special(between[0]) in known and bool(_special(between[0])) and not last
    if len(between) == _SEPARATORS:
        separated = separated or (bool(_special(between[1])) and _special(between[1]) in known)
    added.flags["sep"] = separated
    if separated and not added.sep:
        added.correct("sep", added.eos)


def _special(piece: Mapping[str, object]) -> str | None:
    return _id(piece.get("SpecialToken"))


def _text(piece: Mapping[str, object]) -> str | None:
    return _id(piece.get("Sequence"))


def _id(part: object) -> str | None:
    found = part.get("id") if isinstance(part, Mapping) else None
    return found if isinstance(found, str) else None


def _objects(value: object, path: Path, key_path: str) -> list[Mapping[str, object]]:
    if not isinstance(value, list) or not all(isinstance(item, Mapping) for item in value):
        raise faults.malformed(path, key_path, f"{key_path} is no list of objects")
    return value
