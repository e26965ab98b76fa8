"""What can be said of a tokenizer and of the files that describe a model: provocations by name."""

from __future__ import annotations

import json
from pathlib import Path

from qrecipe.architectures.general import general_entries
from qrecipe.architectures.tokenizer.documents import content
from qrecipe.architectures.tokenizer.families import gemma3, gemma4, llama_entries, qwen_entries
from qrecipe.architectures.tokenizer.faults import unsettled
from qrecipe.backends.gguf.backend import GgufBackend
from qrecipe.types.tensor import Inventory
from tests.architectures.checkpoints import headers
from tests.architectures.tokenizer.tokenizers import BPE, FALLBACK, changed, files
from tests.backends.gguf.model_in_memory import target
from tests.catalogue.workplace import RULE
from tests.planner.planning import inventory, resolved, tensor

_HERE = Path()


def a_checkpoint_without_a_tokenizer() -> object:
    return gemma4(_HERE, None).entries()


def a_tokenizer_without_its_settings() -> object:
    return [unsettled(Path("model"))]


def a_tokenizer_that_is_a_folder() -> object:
    Path("tokenizer.json").mkdir()
    return content(Path("tokenizer.json"))


def a_tokenizer_of_a_gigabyte() -> object:
    with Path("tokenizer.json").open("wb") as file:
        file.truncate(1 << 30)
    return gemma4(_HERE, None).entries()


def a_tokenizer_that_is_no_json() -> object:
    return gemma4(files(_HERE, {"tokenizer.json": "{"}), None).entries()


def a_tokenizer_with_a_negative_number() -> object:
    return gemma4(files(_HERE, {"tokenizer.json": changed(FALLBACK, "model.vocab.a", -1)}), None).entries()


def a_tokenizer_with_a_merge_of_three() -> object:
    return qwen_entries(
        files(_HERE, {"tokenizer.json": changed(BPE, "model.merges", [["a", "b"], ["a", "b", "c"]])}), None
    )


def a_tokenizer_model_that_is_no_protobuf() -> object:
    Path("tokenizer.model").write_bytes(b"\x7fELF")
    return gemma3(_HERE, None).entries()


def a_chat_template_that_is_a_number() -> object:
    settings = {"chat_template": 7}
    return gemma4(files(_HERE, {"tokenizer.json": FALLBACK, "tokenizer_config.json": settings}), None).entries()


def a_tokenizer_of_another_kind() -> object:
    return gemma4(files(_HERE, {"tokenizer.json": changed(FALLBACK, "model.type", "WordPiece")}), None).entries()


def a_vocabulary_with_a_number_twice() -> object:
    return qwen_entries(files(_HERE, {"tokenizer.json": changed(BPE, "model.vocab.b", 0)}), None)


def a_vocabulary_with_a_gap() -> object:
    return gemma4(files(_HERE, {"tokenizer.json": changed(FALLBACK, "model.vocab.b", 1_000_000_000)}), None).entries()


def a_tokenizer_larger_than_its_model() -> object:
    return qwen_entries(files(_HERE, {"tokenizer.json": BPE}), 3)


def a_model_with_a_vocabulary_beyond_belief() -> object:
    return llama_entries(files(_HERE, {"tokenizer.json": BPE}), 10**9)


def a_tokenizer_that_the_package_refuses() -> object:
    return qwen_entries(files(_HERE, {"tokenizer.json": changed(BPE, "model.merges", [["a", "nowhere"]])}), None)


def a_special_token_with_a_negative_number() -> object:
    config = {"pad_token_id": -1}
    return qwen_entries(files(_HERE, {"tokenizer.json": BPE, "config.json": config}), None).findings


def a_tokenizer_that_cuts_in_its_own_way() -> object:
    step = {"type": "Split", "pattern": {"Regex": "[aeiou]"}, "behavior": "Isolated", "invert": False}
    described = qwen_entries(files(_HERE, {"tokenizer.json": changed(BPE, "pre_tokenizer", step)}), None)
    return GgufBackend().check(Inventory((), "qwen3", metadata=described.entries), (), target())


def a_name_that_no_pre_tokenizer_has() -> object:
    target = '[[targets]]\nbackend = "gguf"\noutput = "x.gguf"\npre = "llama-bqe"\n'
    return resolved(RULE + target, inventory([tensor("blk.0.ffn_up.weight", [4, 64])])).errors


def a_model_card_that_is_no_yaml() -> object:
    return _described({"README.md": "---\nlicense: [mit\n---\n"})


def a_model_card_with_aliases() -> object:
    return _described({"README.md": "---\na: &a {b: c}\nd: {<<: *a}\n---\n"})


def a_model_card_with_a_number_for_a_version() -> object:
    return _described({"README.md": "---\nversion: 1.1\n---\n"})


def generation_settings_that_are_no_json() -> object:
    return _described({"generation_config.json": "temperature = 1"})


def generation_settings_with_text_for_a_number() -> object:
    return _described({"generation_config.json": json.dumps({"top_k": "64", "temperature": 1})})


def _described(found: dict[str, object]) -> object:
    return general_entries("llama", headers({}, {}, folder=files(_HERE, found)), {}).findings
