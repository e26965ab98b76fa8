"""Checkpoint folders of each family, small, with tokenizers, model cards and settings: what the fuzzer breaks one of.

Families come from `architectures/checkpoints` (eight columns, ten tokens) and, with zeros for weights, from the goldens
of llama.cpp's converter. `recipe.toml` lies beside the folder `m`; `hub` seeds are what a hub answers.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from math import prod
from pathlib import Path

from tests.architectures.checkpoints import FAMILIES
from tests.architectures.tokenizer.tokenizers import BPE, FALLBACK, GPT2, added
from tests.oracle.convert_hf import cards, sentencepiece_bytes, tiny_tokenizers
from tests.sources.safetensors_bytes import entry, index, safetensors

GOLDEN = Path(__file__).parents[1] / "golden" / "convert_hf"
RECIPE = "recipe.toml"
WEIGHTS = "m/model.safetensors"
INDEX = "m/model.safetensors.index.json"
_TEXT = """\
qrecipe = 1
name = "fuzz"
source = "m"
[[rules]]
match = "rope_freqs"
type = "F32"
protected = true
optional = true
[[rules]]
match = "**"
protected = true
type = "Q8_0 | F16 | keep"
[[targets]]
backend = "gguf"
output = "fuzz.gguf"
pre = "default"
"""
_SETTINGS = {
    "bos_token": "a",
    "eos_token": {"content": "<|end|>"},
    "add_bos_token": True,
    "chat_template": [{"name": "default", "template": "x"}, {"name": "tool use", "template": "y"}],
    "added_tokens_decoder": {"4": {"content": "<|end|>", "special": True}},
    "tokenizer_class": "LlamaTokenizer",
}
_PIECES = [("<unk>", 0.0, 2), ("<s>", 0.0, 3), ("</s>", 0.0, 3), ("<0x0A>", 0.0, 6), ("▁a", -1.0, 1), ("b", -2.0, 1)]
_BYTE_LEVEL = BPE | {"added_tokens": [added("<|end|>", 4)], "post_processor": GPT2}
_TOKENIZERS: Mapping[str, Mapping[str, object]] = {
    "bytes": {"tokenizer.json": _BYTE_LEVEL, "tokenizer_config.json": _SETTINGS},
    "fallback": {
        "tokenizer.json": FALLBACK | {"added_tokens": [added("<end>", 7)]},
        "tokenizer_config.json": {"bos_token": "a"},
        "chat_template.jinja": "{{ messages }}",
    },
    "pieces": {
        "tokenizer.model": sentencepiece_bytes.model(_PIECES, {"unk": 0, "bos": 1, "eos": 2}),
        "tokenizer_config.json": _SETTINGS,
        "added_tokens.json": {"<end>": 7},
        "special_tokens_map.json": {"bos_token": "<s>"},
    },
}
_BESIDE = {
    "generation_config.json": {"temperature": 1.0, "top_k": 64, "top_p": 0.95},
    "README.md": cards.QWEN.replace("datasets:", "tags: [a, b]\nmodel_name: Tiny 1B\ndatasets:"),
}
_SMALL = (("llama", "bytes"), ("llama", "pieces"), ("qwen3", "bytes"), ("qwen3moe", "bytes"), ("gemma3", "pieces"),
          ("gemma4", "fallback"))  # fmt: skip
_GOLDEN = (("gemma4-e2b", "gemma4"), ("gemma4-moe", "gemma4"), ("llama", "byte_level_llama3"))
_OFTEN = {"m/config.json": 4, "m/tokenizer.json": 3, "m/tokenizer_config.json": 2, "m/tokenizer.model": 2}


def folders() -> Iterator[tuple[Mapping[str, bytes], str]]:
    """Yield the files of each checkpoint with one that is to be broken; those that say most, more than once."""
    for files in (*(_small(*names) for names in _SMALL), *(_golden(*names) for names in _GOLDEN)):
        for name in files:
            if name != RECIPE:
                yield from ((files, name) for _ in range(_OFTEN.get(name, 1)))


def _small(family: str, tokenizer: str) -> dict[str, bytes]:
    config, shapes = FAMILIES[family]
    beside = {**_BESIDE, **_TOKENIZERS[tokenizer]}
    return _folder(config, shapes, {name: _bytes(value) for name, value in beside.items()}, sharded=family == "qwen3")


def _golden(name: str, tokenizer: str) -> dict[str, bytes]:
    golden = json.loads((GOLDEN / f"{name}.json").read_text(encoding="utf-8"))
    return _folder(golden["config"], golden["shapes"], tiny_tokenizers.KINDS[tokenizer](None))


def _folder(
    config: object, shapes: Mapping[str, tuple[int, ...]], beside: Mapping[str, bytes], *, sharded: bool = False
) -> dict[str, bytes]:
    files = {RECIPE: _TEXT.encode(), "m/config.json": _bytes(config)}
    files |= {f"m/{name}": data for name, data in beside.items()}
    if not sharded:
        return files | {WEIGHTS: _zeros(shapes)}
    names = list(shapes)
    shards = {"one.safetensors": names[::2], "two.safetensors": names[1::2]}
    files |= {f"m/{file}": _zeros({name: shapes[name] for name in part}) for file, part in shards.items()}
    return files | {INDEX: index({name: file for file, part in shards.items() for name in part})}


def _zeros(shapes: Mapping[str, tuple[int, ...]]) -> bytes:
    table: dict[str, object] = {"__metadata__": {"format": "pt"}}
    place = 0
    for name, shape in shapes.items():
        table[name] = entry("BF16", list(shape), place, place + 2 * prod(shape))
        place += 2 * prod(shape)
    return safetensors(table, bytes(place))


def _bytes(value: object) -> bytes:
    if isinstance(value, bytes):
        return value
    return (value if isinstance(value, str) else json.dumps(value)).encode()
