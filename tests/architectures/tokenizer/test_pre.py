"""Names of pre-tokenizers: by structure where the hash is unknown; the table's names are those that llama.cpp loads."""

from __future__ import annotations

import json
from typing import Any

import pytest

from qrecipe.architectures.tokenizer import pre
from qrecipe.architectures.tokenizer.documents import TOKENIZER_JSON
from qrecipe.backends.gguf.pre import names
from tests.architectures.tokenizer.tokenizers import BPE, GPT2, changed

BYTES = {"type": "ByteLevel", "add_prefix_space": False, "trim_offsets": False, "use_regex": False}
# As the tokenizer.json files of Llama 3.1, Qwen 2.5, Mistral Nemo and gpt-4o have them.
LLAMA3 = (
    r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*"
    r"|\s*[\r\n]+|\s+(?!\S)|\s+"
)
QWEN35 = (
    r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?[\p{L}\p{M}]+|\p{N}| ?[^\s\p{L}\p{M}\p{N}]+[\r\n]*"
    r"|\s*[\r\n]+|\s+(?!\S)|\s+"
)
TEKKEN = (
    r"[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]*[\p{Ll}\p{Lm}\p{Lo}\p{M}]+"
    r"|[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]+[\p{Ll}\p{Lm}\p{Lo}\p{M}]*"
    r"|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n/]*|\s*[\r\n]+|\s+(?!\S)|\s+"
)
GPT4O = (
    r"[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]*[\p{Ll}\p{Lm}\p{Lo}\p{M}]+(?i:'s|'t|'re|'ve|'m|'ll|'d)?"
    r"|[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]+[\p{Ll}\p{Lm}\p{Lo}\p{M}]*(?i:'s|'t|'re|'ve|'m|'ll|'d)?"
    r"|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n/]*|\s*[\r\n]+|\s+(?!\S)|\s+"
)


def split(regex: str, behaviour: str = "Isolated") -> dict[str, Any]:
    return {"type": "Split", "pattern": {"Regex": regex}, "behavior": behaviour, "invert": False}


def sequence(*steps: dict[str, Any]) -> dict[str, Any]:
    return {"type": "Sequence", "pretokenizers": list(steps)}


@pytest.mark.parametrize(
    ("step", "ignore_merges", "name"),
    [
        (GPT2, False, "gpt-2"),
        (GPT2, True, None),
        ({"type": "ByteLevel", "add_prefix_space": False}, False, "gpt-2"),
        (GPT2 | {"add_prefix_space": True}, False, None),
        (sequence({"type": "Digits", "individual_digits": True}, GPT2), False, "smollm"),
        (sequence({"type": "Digits", "individual_digits": False}, GPT2), False, None),
        (sequence(split(LLAMA3), BYTES), True, "llama-bpe"),
        (sequence(split(LLAMA3), BYTES), False, "smaug-bpe"),
        (sequence(split(LLAMA3, "Removed"), BYTES), True, None),
        (sequence(split(LLAMA3.replace("{1,3}", "")), BYTES), False, "qwen2"),
        (sequence(split(QWEN35), BYTES), False, "qwen35"),
        (sequence(split(TEKKEN), BYTES), True, "tekken"),
        (sequence(split(GPT4O), BYTES), False, "gpt-4o"),
        (sequence(split("[aeiou]"), BYTES), False, None),
        (sequence(), False, None),
        (None, False, None),
    ],
)
def test_the_structure_has_a_name(step: object, ignore_merges: bool, name: str | None):
    document = changed(changed(BPE, "pre_tokenizer", step), "model.ignore_merges", ignore_merges)
    assert pre.named_by_structure(TOKENIZER_JSON.validate_json(json.dumps(document))) == name


@pytest.mark.parametrize(
    ("key_path", "value", "name"),
    [
        ("normalizer", {"type": "NFC"}, "gpt-2"),
        ("normalizer", {"type": "Lowercase"}, None),
        ("model.byte_fallback", True, None),
        ("model.end_of_word_suffix", "</w>", None),
    ],
)
def test_what_else_changes_the_cut_leaves_no_name(key_path: str, value: object, name: str | None):
    document = changed(BPE, key_path, value)
    assert pre.named_by_structure(TOKENIZER_JSON.validate_json(json.dumps(document))) == name


def test_the_table_names_what_llama_cpp_loads():
    table = pre._table()
    assert set(table.names.values()) - set(names()) == {"jina-v2-en", "bert-bge-large"}, "they are no BPE"
    assert len(table.names) == 96
    assert all(len(digest) == 64 for digest in table.names)
