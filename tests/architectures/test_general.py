"""`general.*` of invented models; against llama.cpp's own converter see tests/oracle/convert_hf."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from qrecipe.architectures.general import general_entries, model_name
from tests.architectures.checkpoints import headers
from tests.architectures.tokenizer.test_families import _value
from tests.architectures.tokenizer.tokenizers import files

CARD = """---
license:
- mit
- apache-2.0
license_link: https://example.org/licence
language:
- en
- no
pipeline_tag: text-generation
tags: [small, odd]
base_model: https://huggingface.co/some-org/base-model-7b
datasets:
- some-org/words-v2
- name: by hand
  version: "3"
- 7
---
# A model
"""


def said(folder: Path, shapes: dict[str, tuple[int, ...]] | None = None, config: dict[str, Any] | None = None) -> Any:
    found = general_entries("llama", headers(config or {}, {}, folder=folder, reference=str(folder)), shapes or {})
    return {entry.key.removeprefix("general."): _value(entry) for entry in found.entries}, found.findings


def test_nothing_but_a_folder(tmp_path: Path):
    folder = files(tmp_path / "tiny-model-instruct", {})
    entries, findings = said(folder, {"a.weight": (1000, 700), "blk.0.ffn_up_exps.weight": (4, 1000, 700)})
    assert entries == {
        "architecture": "llama",
        "type": "model",
        "name": "Tiny Model Instruct",
        "finetune": "instruct",
        "basename": "tiny-model",
        "size_label": "4x1.4M",
    }
    assert findings == ()


def test_a_card(tmp_path: Path):
    entries, findings = said(files(tmp_path / "model", {"README.md": CARD}))
    assert entries == {
        "architecture": "llama",
        "type": "model",
        "name": "Model",
        "license": "mit,apache-2.0",
        "license.link": "https://example.org/licence",
        "base_model.count": 1,
        "base_model.0.name": "Base Model 7b",
        "base_model.0.organization": "Some Org",
        "base_model.0.repo_url": "https://huggingface.co/some-org/base-model-7b",
        "dataset.count": 2,
        "dataset.0.name": "Words v2",
        "dataset.0.version": "v2",
        "dataset.0.organization": "Some Org",
        "dataset.0.repo_url": "https://huggingface.co/some-org/words-v2",
        "dataset.1.name": "by hand",
        "dataset.1.version": "3",
        "tags": ["small", "odd", "text-generation"],
        "languages": ["en", "no"],
    }
    assert [each.code for each in findings] == ["model-card-value"]


def test_half_a_character_is_no_text(tmp_path: Path):
    """YAML and JSON can spell what no UTF-8 has."""
    card = rb'license: "\uD800"' + b"\n" + rb'tags: ["\uDFFF", kept]' + b"\n" + rb'base_model: [{name: "\uD800"}]'
    folder = files(tmp_path / "word-3b", {"README.md": b"---\n" + card + b"\n---\n"})
    entries, findings = said(folder, config={"_name_or_path": "org/\ud800"})
    assert (entries["name"], entries["tags"], entries.get("license")) == ("Word 3b", ["kept"], None)
    assert [each.where.key_path for each in findings] == ["license", "tags", "base_model"]


def test_a_name_in_the_config_comes_before_the_folder(tmp_path: Path):
    entries, _ = said(files(tmp_path / "abc", {}), config={"_name_or_path": "some-org/Word-3B-v1.5"})
    assert (entries["name"], entries["organization"], entries["version"]) == ("Word 3B v1.5", "Some Org", "v1.5")


def test_settings_for_samplers(tmp_path: Path):
    settings = {
        "temperature": 1,
        "top_k": 64,
        "top_p": 0.5,
        "repetition_penalty": 1.25,
        "mirostat": True,
        "min_p": 1e60,
    }
    entries, findings = said(files(tmp_path / "m", {"generation_config.json": settings}))
    assert {key: value for key, value in entries.items() if key.startswith("sampling.")} == {
        "sampling.top_k": 64,
        "sampling.top_p": 0.5,
        "sampling.temp": 1.0,
        "sampling.penalty_repeat": 1.25,
    }
    assert [each.what for each in findings] == [
        "min_p = 1e+60 is no value for a sampler and is left out",
        "mirostat = True is no value for a sampler and is left out",
    ]


@pytest.mark.parametrize(
    ("card", "why"),
    [
        (b"---\n\xff\n---\n", "it is no UTF-8 text"),
        (b"---\n- a\n---\n", "its front matter is no mapping"),
        (b"---\n" + b"[" * 20000 + b"\n---\n", "its front matter is no YAML"),
        (b"---\ndate: 2026-99-99\n---\n", "its front matter is no YAML"),
        (b"---\n" + b"a" * 300_000, "its front matter has more than 65536 bytes"),
        (b"---\na: &a x\ntags: [*a, *a]\n---\n", "its front matter has an alias, `*`"),
    ],
)
def test_a_card_that_cannot_be_read_is_a_warning(tmp_path: Path, card: bytes, why: str):
    entries, (finding,) = said(files(tmp_path / "model", {"README.md": card}))
    assert (finding.code, finding.severity, finding.why) == ("model-card-unread", "warning", why)
    assert entries == {"architecture": "llama", "type": "model", "name": "Model"}


@pytest.mark.parametrize("card", ["", "# A model", "---\n---\n", "text\n---\nlicense: mit\n---\n"])
def test_a_card_that_says_nothing(tmp_path: Path, card: str):
    assert said(files(tmp_path / "model", {"README.md": card})) == (
        {"architecture": "llama", "type": "model", "name": "Model"},
        (),
    )


@pytest.mark.parametrize(
    ("reference", "folder", "name"),
    [
        ("/models/some-model", Path("/models/some-model"), "some-model"),
        ("/models/some-model/model.safetensors", Path("/models/some-model"), "some-model"),
        ("hf://org/some-model@0123abc", Path("/cache/0123abc"), "some-model"),
        ("s3://bucket/some-model/", Path("/cache/xyz"), "some-model"),
        ("s3://bucket/some-model/model.safetensors.index.json", Path("/cache/xyz"), "some-model"),
    ],
)
def test_what_a_model_is_called(reference: str, folder: Path, name: str):
    assert model_name(headers({}, {}, folder=folder, reference=reference)) == name
