"""`tokenizer.*` of small invented tokenizers; against llama.cpp's own converter see tests/oracle/convert_hf."""

from __future__ import annotations

import json
import struct
from pathlib import Path
from typing import Any

import pytest

from qrecipe.architectures.described import Described
from qrecipe.architectures.tokenizer.families import (
    gemma3,
    gemma4,
    llama_entries,
    qwen_entries,
)
from qrecipe.architectures.tokenizer.faults import TokenizerLackingError
from qrecipe.types.metadata import MetadataEntry, MetadataKind
from tests.architectures.tokenizer.test_pieces import _piece
from tests.architectures.tokenizer.tokenizers import BPE, FALLBACK, added, changed, files

SPIECE = _piece(b"<unk>", 0.0, 2) + _piece(b"<s>", 0.0, 3) + _piece(b"a", -1.5) + _piece(b"mine", 0.0, 4)


def said(described: Described) -> dict[str, object]:
    return {entry.key.removeprefix("tokenizer."): _value(entry) for entry in described.entries}


def _value(entry: MetadataEntry) -> object:
    """Decode an entry the slow way."""
    if entry.kind is not MetadataKind.ARRAY:
        return entry.scalar()
    data, at = entry.payload[12:], 0
    if entry.element_kind is not MetadataKind.STRING:
        return list(struct.unpack(f"<{entry.count}{'f' if entry.element_kind is MetadataKind.FLOAT32 else 'i'}", data))
    found = []
    for _ in range(entry.count):
        (n,) = struct.unpack_from("<Q", data, at)
        found.append(data[at + 8 : at + 8 + n].decode())
        at += 8 + n
    assert at == len(data)
    return found


def test_gemma_4(tmp_path: Path):
    settings = {"eos_token": "<eos>", "sot_token": "<end>"}
    document = FALLBACK | {"added_tokens": [added("<eos>", 1), added("<|tool_call>", 6), added("<end>", 7)]}
    found = gemma4(files(tmp_path, {"tokenizer.json": document, "tokenizer_config.json": settings}), None).entries()
    assert said(found) == {
        "ggml.model": "gemma4",
        "ggml.tokens": ["<pad>", "<eos>", "<0x0A>", "a", "b", "ab", "<|tool_call>", "<end>"],
        "ggml.scores": [-1000.0] * 8,
        "ggml.token_type": [3, 3, 6, 1, 1, 1, 4, 3],
        "ggml.merges": ["a b"],
        "ggml.eos_token_id": 1,
        "ggml.add_space_prefix": False,
        "ggml.add_bos_token": True,
    }


def test_a_default_token_that_is_disowned_is_no_control_token(tmp_path: Path):
    found = gemma4(
        files(tmp_path, {"tokenizer.json": FALLBACK, "tokenizer_config.json": {"pad_token": None}}), None
    ).entries()
    assert said(found)["ggml.token_type"] == [1, 3, 6, 1, 1, 1, 4]


def test_a_sentencepiece_model(tmp_path: Path):
    decoder = {"3": {"content": "▁two", "special": False}, "4": {"content": "<|turn|>"}, "9": {"content": "far"}}
    folder = files(
        tmp_path,
        {
            "tokenizer.model": SPIECE,
            "added_tokens.json": {"new": 4},
            "tokenizer_config.json": {"added_tokens_decoder": decoder},
        },
    )
    found = gemma3(folder, 6).entries()
    assert said(found) == {
        "ggml.model": "llama",
        "ggml.pre": "default",
        "ggml.tokens": ["<unk>", "<s>", "a", " two", "<|turn|>", "[PAD5]"],
        "ggml.scores": [0.0, 0.0, -1.5, -1000.0, -1000.0, -10000.0],
        "ggml.token_type": [2, 3, 1, 4, 3, 5],
        "ggml.add_space_prefix": False,
    }
    assert [each.what for each in found.findings] == ["token 9 is beyond the model's vocabulary of 6"]
    assert gemma3(folder, 6).rows == 6
    assert gemma3(folder, None).rows == 4


def test_user_defined_pieces_are_normal_as_the_converter_has_them(tmp_path: Path):
    found = said(qwen_entries(files(tmp_path, {"tokenizer.model": SPIECE}), None))
    assert found["ggml.token_type"] == [2, 3, 1, 1]


def test_a_byte_level_bpe(tmp_path: Path):
    document = BPE | {"added_tokens": [added("<|end|>", 4), added("<note>", 5, special=False)]}
    config = {"eos_token_id": [4, 5], "text_config": {"bos_token_id": 4}}
    folder = files(tmp_path, {"tokenizer.json": document, "config.json": config})
    assert said(qwen_entries(folder, 7)) == {
        "ggml.model": "gpt2",
        "ggml.pre": "gpt-2",
        "ggml.tokens": ["a", "b", "c", "ab", "<|end|>", "<note>", "[PAD6]"],
        "ggml.token_type": [1, 1, 1, 1, 3, 4, 5],
        "ggml.merges": ["a b"],
        "ggml.bos_token_id": 4,
    }
    assert gemma3(folder, None).rows == 6


def test_merges_with_blanks_inside(tmp_path: Path):
    document = changed(FALLBACK, "model.merges", [["a", "b"], [" ", "a b"]])
    assert said(gemma4(files(tmp_path, {"tokenizer.json": document}), None).entries())["ggml.merges"] == [
        "a b",
        "Ġ aĠb",
    ]
    document = changed(FALLBACK, "model.merges", ["a b"])
    assert said(gemma4(files(tmp_path, {"tokenizer.json": document}), None).entries())["ggml.merges"] == ["a b"]


@pytest.mark.parametrize(("vocab_size", "flag"), [(49152, False), (49153, True)])
def test_llama_of_the_size_of_smollm2_adds_no_start(tmp_path: Path, vocab_size: int, flag: bool):
    settings = {"add_prefix_space": False, "add_bos_token": True}
    folder = files(tmp_path, {"tokenizer.json": BPE, "tokenizer_config.json": settings})
    found = said(llama_entries(folder, vocab_size))
    assert next(iter(found)) == "ggml.add_space_prefix"
    assert found["ggml.add_bos_token"] is flag


def test_code_llama_has_an_end_of_turn(tmp_path: Path):
    assert said(llama_entries(files(tmp_path, {"tokenizer.model": SPIECE}), 32016))["ggml.eot_token_id"] == 32010


@pytest.mark.parametrize("folder", [None, Path("nowhere")])
def test_no_tokenizer(folder: Path | None):
    with pytest.raises(TokenizerLackingError) as caught:
        gemma3(folder, None).entries()
    (finding,) = caught.value.diagnostics
    assert (finding.code, finding.severity) == ("tokenizer-missing", "warning")
    assert finding.what == "the checkpoint has no tokenizer: no tokenizer.model or tokenizer.json beside the weights"
    assert gemma3(folder, None).rows is None


def _template(single: str, pair: str) -> dict[str, Any]:
    """Return a post-processor: `A` and `B` are the texts, everything else special tokens."""

    def piece(word: str) -> dict[str, Any]:
        return {"Sequence" if word in "AB" else "SpecialToken": {"id": word, "type_id": 0}}

    steps = {"single": [piece(word) for word in single.split()], "pair": [piece(word) for word in pair.split()]}
    return {"type": "TemplateProcessing", "special_tokens": {}} | steps


ENDS = {"bos_token": "s", "eos_token": "e"}


@pytest.mark.parametrize(
    ("post", "settings", "expected"),
    [
        ({"type": "ByteLevel"}, {}, {"bos": False, "eos": False}),
        ({"type": "ByteLevel"}, {"add_bos_token": True}, {"bos": False, "eos": False}),
        (None, {"add_bos_token": True, "add_eos_token": False}, {"bos": True, "eos": False}),
        (None, {"add_bos_token": "yes"}, {}),
        (_template("s A", "s A s B"), {"bos_token": "s"}, {"bos": True, "sep": False}),
        (_template("s A", "s A B"), {"bos_token": "t", "cls_token": "u"}, {"bos": False}),
        (_template("s A e", "s A e B e"), ENDS, {"bos": True, "eos": True, "sep": False}),
        (_template("s A e", "s A e e B e"), ENDS, {"bos": True, "eos": True, "sep": True}),
        (_template("A", "A e B"), {"eos_token": "e"}, {"sep": True}),
        ({"type": "RobertaProcessing", "cls": ["s", 0], "sep": ["e", 1]}, {}, {"bos": True, "eos": True, "sep": True}),
    ],
)
def test_which_tokens_are_added(tmp_path: Path, post: object, settings: dict[str, Any], expected: dict[str, bool]):
    found = {"tokenizer.json": FALLBACK | {"post_processor": post}, "tokenizer_config.json": settings | {"x": 1}}
    entries = said(llama_entries(files(tmp_path, found), None))
    flags = {key: value for key, value in entries.items() if key.startswith("ggml.add_")}
    assert flags == {f"ggml.add_{kind}_token": value for kind, value in expected.items()}


def test_a_template_that_ends_otherwise_makes_an_end_of_turn(tmp_path: Path):
    document = FALLBACK | {
        "post_processor": _template("A b", "A b B b"),
        "added_tokens": [added("a", 3), added("b", 4)],
    }
    settings = {"eos_token": "a"}
    found = said(llama_entries(files(tmp_path, {"tokenizer.json": document, "tokenizer_config.json": settings}), None))
    assert (found["ggml.eos_token_id"], found["ggml.eot_token_id"]) == (4, 3)


TEMPLATES = [
    {"name": "default", "template": "d"},
    {"name": "tool use", "template": "t"},
    {"name": "rag", "template": "r"},
]
NAMED = {"chat_template.tool_use": "t", "chat_template.rag": "r", "chat_templates": ["tool_use", "rag"]}


@pytest.mark.parametrize(
    ("found", "expected"),
    [
        ({"tokenizer_config.json": {"chat_template": "c"}, "chat_template.jinja": "j"}, {"chat_template": "c"}),
        ({"tokenizer_config.json": {"chat_template": None}, "chat_template.jinja": "j"}, {}),
        ({"tokenizer_config.json": {"x": 1}, "chat_template.jinja": "j"}, {"chat_template": "j"}),
        ({"chat_template.jinja": "j"}, {}),
        ({"tokenizer_config.json": {"x": 1}, "chat_template.json": {"chat_template": "o"}}, {"chat_template": "o"}),
        ({"tokenizer_config.json": {"chat_template": TEMPLATES}}, NAMED | {"chat_template": "d"}),
        (
            {
                "tokenizer_config.json": {"x": 1},
                "chat_template.jinja": "j",
                "additional_chat_templates/b.jinja": "2",
                "additional_chat_templates/a.jinja": "1",
            },
            {"chat_template.a": "1", "chat_template.b": "2", "chat_templates": ["a", "b"], "chat_template": "j"},
        ),
    ],
)
def test_chat_templates(tmp_path: Path, found: dict[str, Any], expected: dict[str, object]):
    entries = said(gemma4(files(tmp_path, {"tokenizer.json": json.dumps(FALLBACK), **found}), None).entries())
    assert {key: value for key, value in entries.items() if key.startswith("chat_")} == expected
