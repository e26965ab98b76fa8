"""`tokenizer.ggml.pre`: the names that llama.cpp loads, and how a target's own name gets into the metadata.

A byte-level BPE without the name loads, and cuts text in another way than the model was trained on. The names are those
in `src/llama-vocab.cpp` of llama.cpp b11434.
"""

from __future__ import annotations

from collections.abc import Sequence

from qrecipe.types.metadata import MetadataEntry, MetadataKind

KEY = "tokenizer.ggml.pre"
_MODEL = "tokenizer.ggml.model"
_MERGES = "tokenizer.ggml.merges"
_NAMES = (
    "a.x-4.0 afmoe bailingmoe bailingmoe2 bloom chameleon chatglm-bpe codeshell cohere2moe command-r dbrx "
    "deepseek-coder deepseek-llm deepseek-r1-qwen deepseek-v3 default exaone exaone-moe exaone4 f2llmv2 falcon "
    "falcon-h1 falcon3 gemma4 gigachat glm4 glm5 gpt-2 gpt-4o gpt3-finnish granite-docling granite-embed-multi-311m "
    "granite-embed-multi-97m grok-2 hunyuan hunyuan-dense hy_v4 jais jais-2 jina-de jina-es jina-v1-en jina-v2-code "
    "jina-v2-de jina-v2-es jina-v5-nano joyai-llm kanana2 kimi-k2 kormo laguna lfm2 llada-moe llama-bpe llama-v3 "
    "llama3 llama4 megrez mellum mellum2 midm-2.0 minerva-7b minicpm5 minimax-m2 mmbert modern-bert mpt olmo phi-2 "
    "pixtral poro-chat qwen2 qwen35 refact roberta-bpe sarvam-moe seed-coder smaug-bpe smollm solar-open spark2_5 "
    "stablelm2 starcoder superbpe talkie tekken tiny_aya trillion ufakzeka viking whitespace youtu"
)


def names() -> tuple[str, ...]:
    """Return the names, sorted."""
    return tuple(_NAMES.split())


def with_pre(metadata: Sequence[MetadataEntry], name: str | None) -> tuple[MetadataEntry, ...]:
    """Return the metadata with the name where a converter writes it, behind `tokenizer.ggml.model`; None: as it is."""
    if name is None:
        return tuple(metadata)
    entry = MetadataEntry.of(KEY, MetadataKind.STRING, name)
    rest = [each for each in metadata if each.key != KEY]
    at = next((i + 1 for i, each in enumerate(rest) if each.key == _MODEL), len(rest))
    return (*rest[:at], entry, *rest[at:])


def lacks_pre(metadata: Sequence[MetadataEntry]) -> bool:
    """Whether a conversion found no name for a BPE; a GGUF file, which says its type, is copied as it is."""
    values = {each.key: each for each in metadata if each.key in (KEY, _MODEL, _MERGES, "general.file_type")}
    return values.keys() == {_MODEL, _MERGES} and values[_MODEL].scalar() == "gpt2"
