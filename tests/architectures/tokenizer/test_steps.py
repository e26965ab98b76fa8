"""What of a tokenizer.json reaches Rust, and which expressions are sure to be quick."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from qrecipe.architectures.tokenizer.expression import repeats
from qrecipe.architectures.tokenizer.pre import _NAMES
from qrecipe.architectures.tokenizer.steps import sound
from qrecipe.errors import SourceError
from tests.architectures.tokenizer.tokenizers import BPE, GPT2, changed

PATH = Path("m/tokenizer.json")
TEMPLATE = {
    "type": "TemplateProcessing",
    "single": [{"SpecialToken": {"id": "a", "type_id": 0}}, {"Sequence": {"id": "A", "type_id": 0}}],
    "pair": [],
    "special_tokens": {"a": {"id": "a", "ids": [0], "tokens": ["a"]}},
}


def handed(document: dict[str, Any]) -> dict[str, Any]:
    return json.loads(sound(json.dumps(document).encode(), PATH).data)


def split(expression: str) -> dict[str, Any]:
    return {"type": "Split", "pattern": {"Regex": expression}, "behavior": "Isolated", "invert": False}


def test_what_is_plain_is_handed_over_as_it_is():
    document = BPE | {"post_processor": TEMPLATE, "normalizer": {"type": "NFC"}}
    assert handed(document) == document


def test_what_bpe_has_no_use_for_falls_away():
    document = changed(changed(BPE, "model.dropout", 0.5), "padding", {"strategy": {"Fixed": 1 << 40}})
    assert handed(document) == BPE


def test_of_a_key_that_stands_twice_the_last_is_handed_over_alone():
    raw = json.dumps(BPE).replace('"normalizer": null', '"normalizer": {"type": "Precompiled"}, "normalizer": null')
    assert json.loads(sound(raw.encode(), PATH).data) == BPE


@pytest.mark.parametrize(
    ("key", "value", "found"),
    [
        ("model.continuing_subword_prefix", "##", "a BPE whose merges have a prefix"),
        ("normalizer", {"type": "Precompiled"}, "a normalizer of the kind 'Precompiled'"),
        ("normalizer", {"type": "Prepend", "prepend": ""}, "a normalizer that puts nothing in front"),
        (
            "normalizer",
            {"type": "Replace", "pattern": {"String": " "}, "content": "x" * 64},
            "a normalizer that makes text more than 64 times as long",
        ),
        (
            "pre_tokenizer",
            {"type": "Sequence", "pretokenizers": [GPT2] * 12},
            "a pre_tokenizer of more than 12 steps",
        ),
        (
            "pre_tokenizer",
            {"type": "Sequence", "pretokenizers": [GPT2] * 7},
            "a pre_tokenizer that makes text more than 64 times as long",
        ),
        (
            "post_processor",
            TEMPLATE | {"single": [{"Sequence": {"id": "A"}}] * 2},
            "a template that is not one text with tokens around it",
        ),
        (
            "post_processor",
            TEMPLATE | {"special_tokens": {"a": {"ids": [0] * 65}}},
            "a template of more than 64 pieces",
        ),
    ],
)
def test_what_could_end_the_process_or_never_end_is_refused(key: str, value: object, found: str):
    with pytest.raises(SourceError) as caught:
        handed(changed(BPE, key, value))
    assert str(caught.value) == (
        f"error: tokenizer.json holds {found}\n"
        f"  --> m/tokenizer.json, {key}\n"
        "why: this family of models has a byte-level BPE with the usual steps around it, "
        "and GGUF stores each kind in its own way\n"
        "fix: take the tokenizer from the repository that the weights come from"
    )


def test_a_slow_expression_is_taken_out_and_how_text_is_cut_is_not_known():
    found = sound(json.dumps(changed(BPE, "pre_tokenizer", split("(a+)+$"))).encode(), PATH)
    assert not found.cuts
    assert json.loads(found.data)["pre_tokenizer"] == {
        "type": "ByteLevel",
        "add_prefix_space": False,
        "trim_offsets": True,
        "use_regex": False,
    }
    assert sound(json.dumps(changed(BPE, "pre_tokenizer", split("a+$"))).encode(), PATH).cuts


def test_the_expressions_of_llama_cpp_are_quick():
    assert all(repeats(step) is not None for structure in _NAMES for step in structure.steps)


@pytest.mark.parametrize(
    ("expression", "count"),
    [
        ("", 0),
        (r"'(?i:[sdmt]|ll|ve|re)|[^\r\n\p{L}\p{N}]?+\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]++[\r\n]*|\s*[\r\n]", 4),
        (r"(?=(\d{3})+(?!\d))", 1),
        (r"[[:alpha:]\]+]*(?:x|y*)", 2),
        ("a*b*|c*d*|e*", 5),
        ("a*b*c*", None),
        ("(x|a*)(b*)(c*)", None),
        ("(a+)+$", None),
        ("(a|b*)+", None),
        ("(a?){30}", None),
        ("((a{16}){16}){16}", None),
        ("a{0,9}", None),
        ("a{1,99999}", None),
        ("a**", None),
        (r"(.)\1", None),
        (r"\g<0>", None),
        ("[a", None),
        ("a" * 4097, None),
    ],
)
def test_which_expressions_are_plain(expression: str, count: int | None):
    assert repeats(expression) == count
