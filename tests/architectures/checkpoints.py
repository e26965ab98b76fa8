"""Checkpoints that are headers only, and a small one of each family: config.json and the shapes that go with it."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from dataclasses import dataclass, field
from math import prod
from pathlib import Path
from typing import Any

from qrecipe.architectures.builtin import ARCHITECTURES
from qrecipe.architectures.family import Family
from qrecipe.types.architecture import Architecture, Conversion
from qrecipe.types.source import StoredFile, StoredTensor

Shapes = dict[str, tuple[int, ...]]
_WIDTHS = {"F32": 4, "F16": 2, "BF16": 2, "F8_E4M3": 1, "I32": 4}


@dataclass(frozen=True)
class Headers:
    """A checkpoint without weights; reading one is a failure."""

    tensors: Mapping[str, StoredTensor]
    config: Mapping[str, object] | None
    folder: Path | None = None
    reference: str = "model"
    container: str = "safetensors"
    files: tuple[StoredFile, ...] = ()
    metadata: None = None
    header_digest: str = "ab" * 32
    warnings: tuple[str, ...] = field(default=())

    def read(self, name: str, start: int, size: int) -> bytes:
        raise AssertionError("an architecture reads no weights")

    def read_file(self, file: int, start: int, size: int) -> bytes:
        raise AssertionError("an architecture reads no weights")


def headers(config: Mapping[str, object], shapes: Mapping[str, Any], dtype: str = "BF16", **more: Any) -> Headers:
    """Return a checkpoint of one dtype."""
    stored = {
        name: StoredTensor(name, dtype, tuple(shape), _WIDTHS[dtype] * prod(shape), 0, 0)
        for name, shape in shapes.items()
    }
    return Headers(stored, config, **more)


def family_of(config: Mapping[str, object]) -> Architecture:
    """Return the first architecture that claims a config."""
    return next(each for each in ARCHITECTURES if each.claims(config))


def converted(config: Mapping[str, object], shapes: Mapping[str, Any], dtype: str = "BF16", **more: Any) -> Conversion:
    """Return what the family makes of a checkpoint."""
    return family_of(config).convert(headers(config, shapes, dtype, **more))


def named(name: str) -> Family:
    """Return a built-in family."""
    return next(each for each in ARCHITECTURES if isinstance(each, Family) and each.name == name)


def changed(config: Mapping[str, object], **keys: object) -> dict[str, Any]:
    """Return a config with other values; a value of ... takes the key out."""
    made = {**copy.deepcopy(dict(config)), **keys}
    return {key: value for key, value in made.items() if value is not ...}


LLAMA: dict[str, Any] = {
    "architectures": ["LlamaForCausalLM"],
    "model_type": "llama",
    "hidden_size": 8,
    "intermediate_size": 12,
    "num_hidden_layers": 1,
    "num_attention_heads": 2,
    "num_key_value_heads": 1,
    "vocab_size": 10,
    "rope_theta": 10000.0,
}
_BLOCK: Shapes = {
    "model.layers.0.input_layernorm.weight": (8,),
    "model.layers.0.mlp.down_proj.weight": (8, 12),
    "model.layers.0.mlp.gate_proj.weight": (12, 8),
    "model.layers.0.mlp.up_proj.weight": (12, 8),
    "model.layers.0.post_attention_layernorm.weight": (8,),
    "model.layers.0.self_attn.k_proj.weight": (4, 8),
    "model.layers.0.self_attn.o_proj.weight": (8, 8),
    "model.layers.0.self_attn.q_proj.weight": (8, 8),
    "model.layers.0.self_attn.v_proj.weight": (4, 8),
}
LLAMA_SHAPES: Shapes = {
    "model.embed_tokens.weight": (10, 8),
    **_BLOCK,
    "model.norm.weight": (8,),
    "lm_head.weight": (10, 8),
}
QWEN3 = changed(LLAMA, architectures=["Qwen3ForCausalLM"], model_type="qwen3", head_dim=4)
_HEAD_NORMS: Shapes = {"model.layers.0.self_attn.q_norm.weight": (4,), "model.layers.0.self_attn.k_norm.weight": (4,)}
QWEN3_SHAPES: Shapes = {**LLAMA_SHAPES, **_HEAD_NORMS}
QWEN3MOE = changed(
    QWEN3,
    architectures=["Qwen3MoeForCausalLM"],
    model_type="qwen3_moe",
    num_experts=2,
    num_experts_per_tok=1,
    moe_intermediate_size=6,
)
_DENSE = ("mlp.down_proj", "mlp.gate_proj", "mlp.up_proj")
_WITHOUT_DENSE = {name: shape for name, shape in QWEN3_SHAPES.items() if not any(part in name for part in _DENSE)}
QWEN3MOE_SHAPES: Shapes = {
    **_WITHOUT_DENSE,
    "model.layers.0.mlp.gate.weight": (2, 8),
    **{
        f"model.layers.0.mlp.experts.{expert}.{part}_proj.weight": (8, 6) if part == "down" else (6, 8)
        for expert in range(2)
        for part in ("gate", "up", "down")
    },
}
GEMMA3 = changed(
    QWEN3, architectures=["Gemma3ForCausalLM"], model_type="gemma3_text", sliding_window=4, tie_word_embeddings=True
)
_MORE_NORMS: Shapes = {
    "model.layers.0.pre_feedforward_layernorm.weight": (8,),
    "model.layers.0.post_feedforward_layernorm.weight": (8,),
}
GEMMA3_SHAPES: Shapes = {
    name: shape for name, shape in {**QWEN3_SHAPES, **_MORE_NORMS}.items() if name != "lm_head.weight"
}
GEMMA4 = changed(
    GEMMA3,
    architectures=["Gemma4ForCausalLM"],
    model_type="gemma4_text",
    global_head_dim=4,
    hidden_size_per_layer_input=0,
    layer_types=["full_attention"],
    rope_theta=...,
)
GEMMA4_SHAPES: Shapes = {**GEMMA3_SHAPES, "model.layers.0.layer_scalar": (1,)}
FAMILIES = {
    "llama": (LLAMA, LLAMA_SHAPES),
    "qwen3": (QWEN3, QWEN3_SHAPES),
    "qwen3moe": (QWEN3MOE, QWEN3MOE_SHAPES),
    "gemma3": (GEMMA3, GEMMA3_SHAPES),
    "gemma4": (GEMMA4, GEMMA4_SHAPES),
}
