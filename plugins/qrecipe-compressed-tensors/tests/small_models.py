"""Small random models of each architecture, saved as transformers saves them: names and shapes are the real ones'."""

from __future__ import annotations

from pathlib import Path

import pytest

_S, _F = "sliding_attention", "full_attention"
_COMMON = {
    "vocab_size": 256,
    "hidden_size": 128,
    "intermediate_size": 256,
    "num_attention_heads": 4,
    "num_key_value_heads": 2,
    "max_position_embeddings": 512,
}
_LLAMA = {**_COMMON, "num_hidden_layers": 2}
_QWEN = {**_LLAMA, "head_dim": 64}
_EXPERTS = {"num_experts": 4, "num_experts_per_tok": 2, "moe_intermediate_size": 64}
_GEMMA3 = {**_COMMON, "num_hidden_layers": 2, "head_dim": 32, "sliding_window": 64, "layer_types": [_S, _F]}
_SIGLIP = {
    "hidden_size": 32,
    "intermediate_size": 64,
    "num_hidden_layers": 1,
    "num_attention_heads": 2,
    "image_size": 56,
    "patch_size": 14,
}
_ROPE = {
    _F: {"partial_rotary_factor": 0.25, "rope_theta": 1000000.0, "rope_type": "proportional"},
    _S: {"rope_theta": 10000.0, "rope_type": "default"},
}
_GEMMA4 = {
    **_COMMON,
    "vocab_size_per_layer_input": 256,
    "head_dim": 32,
    "global_head_dim": 64,
    "hidden_size_per_layer_input": 0,
    "num_kv_shared_layers": 0,
    "num_hidden_layers": 3,
    "layer_types": [_S, _S, _F],
    "sliding_window": 64,
    "final_logit_softcapping": 30.0,
    "rope_parameters": _ROPE,
    "use_double_wide_mlp": False,
}
_PER_LAYER = {
    **_GEMMA4,
    "hidden_size_per_layer_input": 32,
    "num_hidden_layers": 6,
    "layer_types": [_S, _S, _F, _S, _S, _F],
    "num_kv_shared_layers": 3,
    "use_double_wide_mlp": True,
}
_SHARED_VALUES = {**_GEMMA4, "attention_k_eq_v": True, "num_global_key_value_heads": 1}
_EXPERTS4 = {"enable_moe_block": True, "num_experts": 4, "top_k_experts": 2, "moe_intermediate_size": 64}
_VISION4 = {
    "hidden_size": 32,
    "intermediate_size": 64,
    "num_hidden_layers": 1,
    "num_attention_heads": 2,
    "num_key_value_heads": 2,
    "head_dim": 16,
    "position_embedding_size": 64,
}

MODELS = {
    "llama": ("LlamaForCausalLM", {**_LLAMA, "tie_word_embeddings": False}),
    "llama-tied": ("LlamaForCausalLM", {**_LLAMA, "tie_word_embeddings": True}),
    "qwen3": ("Qwen3ForCausalLM", {**_QWEN, "tie_word_embeddings": True}),
    "qwen3moe": ("Qwen3MoeForCausalLM", {**_QWEN, **_EXPERTS, "tie_word_embeddings": False}),
    "gemma3": ("Gemma3ForCausalLM", _GEMMA3),
    "gemma3-vision": ("Gemma3ForConditionalGeneration", {"text_config": _GEMMA3, "vision_config": _SIGLIP}),
    "gemma4-per-layer": ("Gemma4ForConditionalGeneration", {"text_config": _PER_LAYER, "vision_config": _VISION4}),
    "gemma4-shared-values": (
        "Gemma4ForConditionalGeneration",
        {"text_config": _SHARED_VALUES, "vision_config": _VISION4},
    ),
    "gemma4-experts": (
        "Gemma4ForConditionalGeneration",
        {"text_config": {**_SHARED_VALUES, **_EXPERTS4}, "vision_config": _VISION4},
    ),
}


def save(name: str, folder: Path, seed: int = 1) -> Path:
    """Save a random model in BF16."""
    torch = pytest.importorskip("torch")
    transformers = pytest.importorskip("transformers")
    class_name, settings = MODELS[name]
    torch.manual_seed(seed)
    model_class = getattr(transformers, class_name)
    model = model_class(model_class.config_class(**settings, dtype="bfloat16")).to(torch.bfloat16)
    model.save_pretrained(folder)
    return folder
