"""What follows the tokens in `tokenizer.*`: merges, the numbers of special tokens, whether they are added, templates.

Numbers come from tokenizer_config.json (a token that is among tokenizer.json's added ones), else from config.json, in
the text model's part too. Source: `gguf.SpecialVocab` of llama.cpp b11434.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

from qrecipe.architectures.described import Described
from qrecipe.architectures.tokenizer import faults
from qrecipe.architectures.tokenizer.files import TokenizerFiles
from qrecipe.architectures.tokenizer.merges import merges_entry
from qrecipe.architectures.tokenizer.postprocessor import Added, read_post_processor
from qrecipe.architectures.tokenizer.template import template_entries
from qrecipe.errors import Diagnostic
from qrecipe.types.metadata import MetadataEntry, MetadataKind

KINDS = ("bos", "eos", "unk", "sep", "pad", "cls", "mask")
_ID_KEYS = {
    "bos": "tokenizer.ggml.bos_token_id",
    "eos": "tokenizer.ggml.eos_token_id",
    "unk": "tokenizer.ggml.unknown_token_id",
    "sep": "tokenizer.ggml.seperator_token_id",  # so GGUF spells it
    "pad": "tokenizer.ggml.padding_token_id",
    "mask": "tokenizer.ggml.mask_token_id",
    "eot": "tokenizer.ggml.eot_token_id",
    "eom": "tokenizer.ggml.eom_token_id",
}
_ADDED = ("bos", "eos", "sep")
_NORMALIZER = "tokenizer.ggml.normalizer"
_MOST_ID = (1 << 32) - 1
Flag = Literal["lowercase", "strip_accents"]


@dataclass(slots=True)
class _Special:
    """What is found out, in the order in which it is written."""

    files: TokenizerFiles
    n_vocab: int | None
    ids: dict[str, int] = field(default_factory=dict)
    findings: list[Diagnostic] = field(default_factory=list)

    def set(self, kind: str, number: object, key_path: str) -> None:
        """Note a token's number, unless one is known; what is no number is passed over."""
        if not isinstance(number, int) or isinstance(number, bool) or kind in self.ids:
            return
        most = _MOST_ID if self.n_vocab is None else self.n_vocab - 1
        if 0 <= number <= most:
            self.ids[kind] = number
            return
        what = f"{key_path} is {number}, which is no token's number" + (f" (0 to {most})" if self.n_vocab else "")
        self.findings.append(faults.passed_over(self.files.folder / "config.json", key_path, what))


def special_entries(
    files: TokenizerFiles, *, merges: bool = False, n_vocab: int | None = None, kinds: Sequence[str] = KINDS
) -> Described:
    """Return the entries and warnings.

    Args:
        files: Where to look.
        merges: Whether tokenizer.json's merges are written.
        n_vocab: Numbers from here on are passed over; None: whatever the files say.
        kinds: Which special tokens to look for.
    """
    added = Added(dict(files.settings) if files.settings is not None else None, list(kinds))
    if files.json is not None and files.json.post_processor:
        read_post_processor(files.json.post_processor, files.json_path, added)
    special = _Special(files, n_vocab)
    _from_settings(special, added)
    _from_config(special, added)
    entries = (
        *(merges_entry(files) if merges else ()),
        *(_u32(_ID_KEYS[kind], number) for kind, number in special.ids.items() if kind in _ID_KEYS),
        *(_bool(f"tokenizer.ggml.add_{kind}_token", value) for kind, value in added.flags.items() if kind in _ADDED),
        *template_entries(files),
        *(_bool(f"{_NORMALIZER}.{flag}", value) for flag, value in _normalizer_flags(files)),
    )
    return Described(entries, tuple(special.findings))


def _from_settings(special: _Special, added: Added) -> None:
    """Take tokens by their text, which tokenizer.json's added tokens give a number."""
    if not added.settings:
        return
    numbers: dict[str, int | None] = {}
    for known in special.files.json.added_tokens if special.files.json is not None else ():
        numbers.setdefault(known.content, known.id)
    for kind in added.types:
        flag = added.settings.get(f"add_{kind}_token")
        if isinstance(flag, bool):
            added.flags.setdefault(kind, flag)
        token = added.settings.get(f"{kind}_token")
        content = token.get("content") if isinstance(token, Mapping) else token
        if isinstance(content, str):
            special.set(kind, numbers.get(content), f"{kind}_token")


def _from_config(special: _Special, added: Added) -> None:
    config = special.files.config
    text_config = config.get("text_config")
    for kind in added.types:
        key = f"{kind}_token_id"
        number, place = config.get(key), key
        if number is None and isinstance(text_config, Mapping):
            number, place = text_config.get(key), f"text_config.{key}"
        special.set(kind, number, place)


def _normalizer_flags(files: TokenizerFiles) -> Iterator[tuple[Flag, bool]]:
    """Yield whether the normalizer lowers case and strips accents, as far as it says so; the last word counts."""
    found: dict[Flag, object] = {}
    _normalizer(files.json.normalizer if files.json is not None else None, found)
    flags: tuple[Flag, Flag] = ("lowercase", "strip_accents")
    for flag in flags:
        value = found.get(flag)
        if isinstance(value, bool):
            yield flag, value


def _normalizer(step: object, found: dict[Flag, object]) -> None:
    if not isinstance(step, Mapping):
        return
    match step.get("type"):
        case "Lowercase":
            found["lowercase"] = True
        case "StripAccents":
            found["strip_accents"] = True
        case "BertNormalizer":
            found |= {flag: step[flag] for flag in ("lowercase", "strip_accents") if flag in step}
        case "Sequence" if isinstance(inner := step.get("normalizers"), list):
            for one in inner:
                _normalizer(one, found)


def _u32(key: str, value: int) -> MetadataEntry:
    return MetadataEntry.of(key, MetadataKind.UINT32, value)


def _bool(key: str, value: bool) -> MetadataEntry:
    return MetadataEntry.of(key, MetadataKind.BOOL, value)
