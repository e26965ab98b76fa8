"""The pre-tokenizer's name: where it is written, and when a target must say it."""

from __future__ import annotations

from dataclasses import replace

import pytest

from qrecipe.backends.gguf.backend import GgufBackend
from qrecipe.backends.gguf.options import GgufOptions
from qrecipe.backends.gguf.pre import names, with_pre
from qrecipe.types.metadata import MetadataEntry, MetadataKind
from qrecipe.types.tensor import Inventory
from tests.backends.gguf.model_in_memory import target


def entry(name: str, value: str) -> MetadataEntry:
    return MetadataEntry.of(name, MetadataKind.STRING, value)


MODEL = entry("tokenizer.ggml.model", "gpt2")
MERGES = MetadataEntry.array("tokenizer.ggml.merges", MetadataKind.STRING, 0, b"")
PRE = entry("tokenizer.ggml.pre", "qwen2")
FILE_TYPE = MetadataEntry.of("general.file_type", MetadataKind.UINT32, 1)
LAST = entry("z", "z")


@pytest.mark.parametrize(
    ("metadata", "written"),
    [
        ((MODEL, MERGES), (MODEL, PRE, MERGES)),
        ((MODEL, MERGES, entry("tokenizer.ggml.pre", "default")), (MODEL, PRE, MERGES)),
        ((LAST,), (LAST, PRE)),
    ],
)
def test_the_name_stands_where_a_converter_writes_it(
    metadata: tuple[MetadataEntry, ...], written: tuple[MetadataEntry, ...]
):
    assert with_pre(metadata, "qwen2") == written
    assert with_pre(metadata, None) == metadata


@pytest.mark.parametrize(
    ("metadata", "options", "codes"),
    [
        ((MODEL, MERGES), {}, ["tokenizer-pre-unknown"]),
        ((MODEL, MERGES), {"pre": "qwen2"}, []),
        ((MODEL, MERGES), {"metadata": {"tokenizer.ggml.pre": "next-year-s"}}, []),
        ((MODEL, MERGES, PRE), {}, []),
        ((FILE_TYPE, MODEL, MERGES), {}, []),
        ((entry("tokenizer.ggml.model", "gemma4"), MERGES), {}, []),
        (None, {}, []),
    ],
)
def test_a_name_that_nobody_knows_must_be_said(
    metadata: tuple[MetadataEntry, ...] | None, options: dict[str, object], codes: list[str]
):
    wanted = replace(target(), options=GgufOptions.model_validate(options))
    found = GgufBackend().check(Inventory((), metadata=metadata), (), wanted)
    assert [each.code for each in found] == codes


def test_names_are_sorted_and_stand_once():
    assert list(names()) == sorted(set(names()))
    assert len(names()) == 92
