"""The vocabulary of a tokenizer.json with byte fallback (Gemma 4; Llama 2 and Mistral without a tokenizer.model).

What llama.cpp's converter takes from transformers (`gguf.LlamaHfVocab`), from the file alone: the model's tokens by
their numbers, then the added ones that the model has not. Control tokens are those that transformers counts as
special: named in tokenizer_config.json (or special_tokens_map.json where that has no `added_tokens_decoder`), under
whatever key that ends in `_token`, or listed as extra ones. transformers 5.23 has the rule, in
`PreTrainedTokenizerBase`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from itertools import product

from qrecipe.architectures.tokenizer import faults
from qrecipe.architectures.tokenizer.documents import SETTINGS, Model, Settings, Vocabulary, parsed
from qrecipe.architectures.tokenizer.files import TokenizerFiles
from qrecipe.architectures.tokenizer.table import MOST_TOKENS, TokenTable, TokenType

_SCORE = -1000.0
_BYTES = frozenset(f"<0x{high}{low}>" for high, low in product("0123456789ABCDEFabcdef", repeat=2))
_EXTRA = ("extra_special_tokens", "additional_special_tokens")


def has_byte_fallback(files: TokenizerFiles) -> bool:
    """Whether tokenizer.json is of this kind."""
    if files.json is None:
        return False
    decoder = files.json.decoder or {}
    return files.json.model.type == "BPE" and bool(files.json.model.byte_fallback) and decoder.get("type") == "Sequence"


def llama_hf_table(files: TokenizerFiles, defaults: Mapping[str, str]) -> TokenTable:
    """Return the table.

    Args:
        files: With a tokenizer.json.
        defaults: Control tokens that the family's class in transformers has where tokenizer_config.json is silent about
            the key (`mask_token`).
    """
    if not has_byte_fallback(files):
        found = _described(files.json.model if files.json is not None else Model())
        raise faults.wrong_kind(files.json_path, "model", found, "a BPE with byte fallback, decoded in a sequence")
    base = files.vocabulary()
    _check_numbers(files, base)
    texts = sorted(base, key=base.__getitem__)
    added = _added(files, base)
    unsaid = (token for key, token in defaults.items() if key not in (files.settings or {}))
    special = {*unsaid, *special_tokens(files)}
    types = [TokenType.NORMAL] * len(base)
    for kind, tokens in ((TokenType.CONTROL, special), (TokenType.BYTE, _BYTES)):
        for token in base.keys() & tokens:
            types[base[token]] = kind
    types += [TokenType.CONTROL if token in special else TokenType.USER_DEFINED for token in added]
    texts += added
    return TokenTable(list(map(str.encode, texts)), types, [_SCORE] * len(texts))


def special_tokens(files: TokenizerFiles) -> Iterator[str]:
    """Yield the tokens that transformers counts as special, as far as the files say so."""
    settings: Settings = dict(files.settings or {})
    legacy = files.folder / "special_tokens_map.json"
    if "added_tokens_decoder" not in settings and legacy.is_file():
        more: Settings = parsed(legacy, SETTINGS)
        settings |= more
    for key, value in settings.items():
        if key.endswith("_token"):
            yield from _contents([value])
    extra = next((settings[key] for key in _EXTRA if settings.get(key)), [])
    for value in (extra, settings.get("model_specific_special_tokens")):
        yield from _contents(value.values() if isinstance(value, Mapping) else value if isinstance(value, list) else ())


def _contents(values: Iterable[object]) -> Iterator[str]:
    for value in values:
        content = value.get("content") if isinstance(value, Mapping) else value
        if isinstance(content, str):
            yield content


def _check_numbers(files: TokenizerFiles, base: Vocabulary) -> None:
    if not base:
        raise faults.malformed(files.json_path, "model.vocab", "model.vocab has no tokens")
    if len(base) > MOST_TOKENS or max(base.values()) != len(base) - 1:
        what = f"{len(base)} tokens have numbers up to {max(base.values())}"
        raise faults.wrong_ids(files.json_path, "model.vocab", what)


def _added(files: TokenizerFiles, base: Vocabulary) -> list[str]:
    """Return the added tokens that the model has not, by their numbers, which go on where the model's end."""
    found: dict[int, str] = {}
    for i, token in enumerate(files.json.added_tokens if files.json is not None else ()):
        number = base.get(token.content)
        if number is not None and token.id not in (None, number):
            what = f"{token.content!r} is token {number} of the vocabulary and token {token.id} of the added ones"
            raise faults.wrong_ids(files.json_path, f"added_tokens[{i}]", what)
        if number is None and token.id is not None:
            found[token.id] = token.content
    numbers = sorted(found)
    if numbers != list(range(len(base), len(base) + len(numbers))):
        what = f"the added tokens have the numbers {_run(numbers)}, and {len(base)} should come first"
        raise faults.wrong_ids(files.json_path, "added_tokens", what)
    return [found[number] for number in numbers]


def _run(numbers: list[int]) -> str:
    return ", ".join(map(str, numbers[:8])) + (", …" if len(numbers) > 8 else "")  # noqa: PLR2004 - enough to see


def _described(model: Model) -> str:
    if model.type != "BPE":
        return f"a tokenizer of type {model.type!r}"
    return "a BPE without byte fallback" if not model.byte_fallback else "a BPE with another decoder"
