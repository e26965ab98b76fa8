"""What a checkpoint under its own names can be told by the family that claims it: provocations by name."""

from __future__ import annotations

from tests.architectures.checkpoints import (
    GEMMA4,
    GEMMA4_SHAPES,
    LLAMA,
    LLAMA_SHAPES,
    QWEN3MOE,
    QWEN3MOE_SHAPES,
    changed,
    converted,
)


def a_config_without_a_size() -> object:
    return converted(changed(LLAMA, hidden_size=...), LLAMA_SHAPES)


def a_config_with_a_size_that_is_null() -> object:
    return converted(changed(LLAMA, text_config={"hidden_size": None}), LLAMA_SHAPES)


def a_config_with_blocks_beyond_counting() -> object:
    return converted(changed(LLAMA, num_hidden_layers=10**9), LLAMA_SHAPES)


def a_config_whose_kinds_of_blocks_do_not_fit_their_number() -> object:
    return converted(changed(GEMMA4, layer_types=["full_attention"] * 3), GEMMA4_SHAPES)


def a_config_with_rotary_embeddings_of_another_kind() -> object:
    return converted(changed(LLAMA, rope_scaling={"rope_type": "longrope", "factor": 4.0}), LLAMA_SHAPES)


def a_config_of_weights_that_are_quantized_already() -> object:
    return converted(changed(LLAMA, quantization_config={"quant_method": "gptq", "bits": 4}), LLAMA_SHAPES)


def a_model_without_its_experts() -> object:
    return converted(QWEN3MOE, {name: shape for name, shape in QWEN3MOE_SHAPES.items() if ".experts." not in name})


def a_model_with_an_adapters_tensors() -> object:
    added = {f"model.layers.0.self_attn.q_proj.lora_{part}.weight": (4, 4) for part in "AB"}
    return converted(LLAMA, {**LLAMA_SHAPES, **added})


def a_model_that_names_its_norm_otherwise() -> object:
    shapes = {name.replace("model.norm", "model.normal"): shape for name, shape in LLAMA_SHAPES.items()}
    return converted(LLAMA, shapes)


def a_model_of_another_size() -> object:
    return converted(changed(LLAMA, hidden_size=16, head_dim=4), LLAMA_SHAPES)


def a_model_with_a_tensor_under_two_names() -> object:
    return converted(GEMMA4, {**GEMMA4_SHAPES, "language_model.model.norm.weight": (8,)})


def a_model_in_8_bits() -> object:
    return converted(LLAMA, LLAMA_SHAPES, "F8_E4M3")
