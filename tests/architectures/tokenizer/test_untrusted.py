"""Whatever stands in the files: an error with words, or metadata. Never a traceback, a panic or an abort."""

from __future__ import annotations

import copy
import json
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from qrecipe.architectures.described import Described
from qrecipe.architectures.tokenizer import families
from qrecipe.errors import QrecipeError
from tests.architectures.tokenizer.tokenizers import BPE, FALLBACK, added, files

FOLDER: dict[str, Any] = {
    "bpe": BPE | {"added_tokens": [added("<|end|>", 4)]},
    "fallback": FALLBACK | {"added_tokens": [added("<end>", 7)]},
    "tokenizer_config.json": {
        "bos_token": "a",
        "eos_token": {"content": "<|end|>"},
        "chat_template": [{"name": "default", "template": "x"}, {"name": "tool use", "template": "y"}],
        "added_tokens_decoder": {"4": {"content": "<|end|>", "special": True}},
        "extra_special_tokens": ["<|end|>"],
    },
    "config.json": {"bos_token_id": 1, "text_config": {"eos_token_id": 2}},
    "added_tokens.json": {"<end>": 7},
    "generation_config.json": {"temperature": 1.0},
}
KINDS: dict[str, tuple[str, Callable[[Path], Described]]] = {
    "gemma4": ("fallback", lambda folder: families.gemma4(folder, None).entries()),
    "llama": ("fallback", lambda folder: families.llama_entries(folder, None)),
    "qwen": ("bpe", lambda folder: families.qwen_entries(folder, 16)),
}
STRANGE = st.sampled_from(
    [
        None,
        True,
        -1,
        0,
        2**31,
        10**9,
        10**40,
        1.5,
        "",
        "a",
        "\ud800",
        "\x00",
        [],
        [[]],
        {},
        {"type": "Sequence"},
        [1, "a"],
    ]
)


def _places(value: object, path: tuple[str | int, ...] = ()) -> list[tuple[str | int, ...]]:
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [path, *(place for key, part in inner for place in _places(part, (*path, key)))]


PLACES = [place for place in _places(FOLDER) if len(place) > 1]


def _put(whole: Any, place: tuple[str | int, ...], value: object) -> None:
    for key in place[:-1]:
        whole = whole[key] if isinstance(whole, (dict, list)) and _has(whole, key) else {}
    if isinstance(whole, (dict, list)) and _has(whole, place[-1]):
        whole[place[-1]] = value


def _has(whole: Any, key: str | int) -> bool:
    return key in whole if isinstance(whole, dict) else isinstance(key, int) and key < len(whole)


@settings(max_examples=300, deadline=None)
@given(st.sampled_from(sorted(KINDS)), st.lists(st.tuples(st.sampled_from(PLACES), STRANGE), min_size=1, max_size=3))
def test_a_changed_value_is_told_in_words(kind: str, changes: list[tuple[tuple[str | int, ...], object]]):
    whole = copy.deepcopy(FOLDER)
    for place, value in changes:
        _put(whole, place, value)
    name, entries = KINDS[kind]
    with tempfile.TemporaryDirectory() as folder:
        found = {key: json.dumps(value) for key, value in whole.items() if key.endswith(".json")}
        _told_or_done(lambda: entries(files(Path(folder), {**found, "tokenizer.json": json.dumps(whole[name])})))


@settings(max_examples=300, deadline=None)
@given(st.binary(max_size=64))
def test_any_bytes_are_no_model(data: bytes):
    with tempfile.TemporaryDirectory() as folder:
        _told_or_done(lambda: families.gemma3(files(Path(folder), {"tokenizer.model": data}), None).entries())


@pytest.mark.parametrize("opening", ["[", '{"a":'])
def test_depth_is_no_way_in(tmp_path: Path, opening: str):
    with pytest.raises(QrecipeError, match="is no valid JSON"):
        families.gemma4(files(tmp_path, {"tokenizer.json": opening * 100_000}), None).entries()


def _told_or_done(entries: Callable[[], Described]) -> None:
    try:
        found = entries()
    except QrecipeError as error:
        told = error.diagnostics
    else:
        told = found.findings
        assert found.entries[0].key.startswith("tokenizer.ggml.")
        assert len({entry.key for entry in found.entries}) == len(found.entries)
    assert all(each.code and each.fix and each.where for each in told)
