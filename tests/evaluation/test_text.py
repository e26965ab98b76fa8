"""Texts, tokens and BOS."""

import pytest

from qrecipe.evaluation.text import bos_of, read_text, tokens_of
from qrecipe.types.metadata import MetadataEntry, MetadataKind
from tests.oracle.convert_hf import checkpoints
from tests.oracle.convert_hf.families import FAMILIES


def metadata(**known):
    kinds = {bool: MetadataKind.BOOL, int: MetadataKind.UINT32, str: MetadataKind.STRING}
    return [MetadataEntry.of(f"tokenizer.ggml.{key}", kinds[type(value)], value) for key, value in known.items()]


@pytest.mark.parametrize(
    ("known", "bos"),
    [
        ({"model": "llama", "add_bos_token": True, "bos_token_id": 5}, 5),
        ({"model": "llama", "bos_token_id": 5}, 5),
        ({"model": "llama"}, 1),
        ({"model": "llama", "add_bos_token": False, "bos_token_id": 5}, None),
        ({"model": "gpt2", "pre": "llama-bpe", "bos_token_id": 7}, 7),
        ({"model": "gpt2", "pre": "tekken"}, 11),
        ({"model": "gpt2", "pre": "qwen2", "bos_token_id": 7}, None),
        ({"model": "gpt2", "pre": "qwen2", "bos_token_id": 7, "add_bos_token": True}, 7),
        ({"model": "gpt2", "pre": "llama-bpe", "bos_token_id": 7, "add_bos_token": False}, None),
        ({"model": "gemma4", "bos_token_id": 2}, 2),
        ({"model": "gemma4", "bos_token_id": 2, "add_bos_token": False}, 2),
    ],
)
def test_bos_as_llama_cpp_has_it(known, bos):
    assert bos_of(metadata(**known)) == bos


def test_one_line_break_at_the_end_is_dropped(tmp_path):
    path = tmp_path / "text.txt"
    path.write_bytes("häuser\r\n\n\n".encode())
    assert read_text(path) == "häuser\r\n\n"


@pytest.mark.parametrize("name", ["gemma4-text", "llama", "mistral"])
def test_tokens(name, tmp_path):
    family = next(family for family in FAMILIES if family.name == name)
    folder = checkpoints.write(family, "BF16", tmp_path)
    tokens = tokens_of("the text", folder, "source", bos=300)
    assert tokens[0] == 300
    assert len(tokens) > 2
    assert tokens[1:].tolist() == tokens_of("the text", folder, "source", bos=None).tolist()


def test_special_tokens_that_are_spelled_out_are_text(tmp_path):
    family = next(family for family in FAMILIES if family.name == "gemma4-text")
    folder = checkpoints.write(family, "BF16", tmp_path)
    assert len(tokens_of("<bos>", folder, "source", bos=None)) > 1
