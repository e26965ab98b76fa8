"""The tiny models on which qrecipe is compared with llama.cpp's converter: what each one is, as data.

A family has the class and the settings of a real model in small: few blocks, rows of 32 to 256 weights, a vocabulary of
384 tokens. `settings` are keyword arguments of transformers' configuration; names and shapes of tensors are those of
transformers' own model (`shapes.py` records them). `folder` is named as published models are: converters read names,
versions and sizes off it. Nothing here needs torch or transformers.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from tests.oracle.convert_hf import cards

VOCAB = 384
Settings = Mapping[str, object]


@dataclass(frozen=True, slots=True)
class Case:
    """A checkpoint's dtype, and the type to which it is converted."""

    stored: str
    out: str

    @property
    def name(self) -> str:
        """As goldens and messages name it: `BF16-F16`."""
        return f"{self.stored}-{self.out}"


@dataclass(frozen=True, slots=True)
class Family:
    """One tiny model.

    Attributes:
        name: For goldens and messages.
        folder: The checkpoint's folder.
        model: The class in transformers.
        settings: Its configuration, what differs from the default.
        tokenizer: A function of `tiny_tokenizers.py`.
        real: The vocabulary of llama.cpp's tree that goes with it (`ggml-vocab-NAME.gguf`); empty without one.
        pre: What llama.cpp calls the pre-tokenizer; empty where the converter does not ask.
        cases: Which dtypes are tried.
        shards: In how many files the checkpoint is.
        files: More files beside the weights: name → text.
        extra: Tensors that published checkpoints hold besides those that transformers saves: name → shape.
        old: config.json as it was published before transformers 5: `rope_theta`, `torch_dtype`, defaults left out.
    """

    name: str
    folder: str
    model: str
    settings: Settings
    tokenizer: str
    real: str = ""
    pre: str = ""
    cases: tuple[Case, ...] = (Case("BF16", "BF16"),)
    shards: int = 1
    files: Mapping[str, str] = field(default_factory=dict)
    extra: Mapping[str, tuple[int, ...]] = field(default_factory=dict)
    old: bool = False


def _cases(*names: str) -> tuple[Case, ...]:
    return tuple(Case(*name.split("-")) for name in names)


_S, _F = "sliding_attention", "full_attention"
_GEMMA4_ROPE = {
    _F: {"partial_rotary_factor": 0.25, "rope_theta": 1000000.0, "rope_type": "proportional"},
    _S: {"rope_theta": 10000.0, "rope_type": "default"},
}
_GEMMA4 = {
    "vocab_size": VOCAB,
    "vocab_size_per_layer_input": VOCAB,
    "hidden_size": 64,
    "intermediate_size": 96,
    "num_attention_heads": 4,
    "num_key_value_heads": 2,
    "head_dim": 32,
    "global_head_dim": 64,
    "hidden_size_per_layer_input": 0,
    "num_kv_shared_layers": 0,
    "num_hidden_layers": 3,
    "layer_types": [_S, _S, _F],
    "sliding_window": 64,
    "max_position_embeddings": 512,
    "final_logit_softcapping": 30.0,
    "rope_parameters": _GEMMA4_ROPE,
    "use_double_wide_mlp": False,
    "bos_token_id": 2,
    "eos_token_id": 1,
    "pad_token_id": 0,
}
_E2B = _GEMMA4 | {
    "num_key_value_heads": 1,
    "hidden_size_per_layer_input": 32,
    "num_hidden_layers": 6,
    "layer_types": [_S, _S, _F, _S, _S, _F],
    "num_kv_shared_layers": 3,
    "use_double_wide_mlp": True,
}
_UNUSED = (("k_proj.weight", (32, 64)), ("v_proj.weight", (32, 64)), ("k_norm.weight", (32,)))
_DENSE = _GEMMA4 | {"attention_k_eq_v": True, "num_global_key_value_heads": 1}
_VISION = {
    "hidden_size": 32,
    "intermediate_size": 64,
    "num_hidden_layers": 1,
    "num_attention_heads": 2,
    "num_key_value_heads": 2,
    "head_dim": 16,
    "position_embedding_size": 64,
}
_AUDIO = {
    "hidden_size": 32,
    "num_hidden_layers": 1,
    "num_attention_heads": 2,
    "output_proj_dims": 64,
    "subsampling_conv_channels": [8, 4],
}
_PATCHES = {  # what the unified models have in place of a tower
    "mm_embed_dim": 32,
    "mm_posemb_size": 16,
    "patch_size": 4,
    "pooling_kernel_size": 2,
    "model_patch_size": 8,
    "output_proj_dims": 64,
}
_LLAMA = {
    "vocab_size": VOCAB,
    "hidden_size": 128,
    "intermediate_size": 256,
    "num_hidden_layers": 2,
    "num_attention_heads": 4,
    "num_key_value_heads": 2,
    "max_position_embeddings": 2048,
    "rms_norm_eps": 1e-05,
    "tie_word_embeddings": False,
    "bos_token_id": 1,
    "eos_token_id": 2,
}
_BPE_IDS = {"bos_token_id": 380, "eos_token_id": 381}
_LLAMA3_ROPE = {
    "rope_type": "llama3",
    "rope_theta": 500000.0,
    "factor": 32.0,
    "low_freq_factor": 1.0,
    "high_freq_factor": 4.0,
    "original_max_position_embeddings": 256,
}
_QWEN = _LLAMA | _BPE_IDS | {"head_dim": 64, "rms_norm_eps": 1e-06}
_YARN = {"rope_type": "yarn", "rope_theta": 1000000.0, "factor": 4.0, "original_max_position_embeddings": 512}
_QWEN_MOE = {"num_experts": 4, "num_experts_per_tok": 2, "moe_intermediate_size": 64, "norm_topk_prob": True}
_GEMMA3 = {
    "vocab_size": VOCAB,
    "hidden_size": 64,
    "intermediate_size": 128,
    "num_hidden_layers": 6,
    "num_attention_heads": 4,
    "num_key_value_heads": 1,
    "head_dim": 32,
    "query_pre_attn_scalar": 32,
    "sliding_window": 64,
    "layer_types": [_S] * 5 + [_F],
    "max_position_embeddings": 512,
}
_GEMMA3_ROPE = {
    _F: {"rope_type": "linear", "factor": 8.0, "rope_theta": 1000000.0},
    _S: {"rope_type": "default", "rope_theta": 10000.0},
}
_SIGLIP = {
    "hidden_size": 32,
    "intermediate_size": 64,
    "num_hidden_layers": 1,
    "num_attention_heads": 2,
    "image_size": 56,
    "patch_size": 14,
}

FAMILIES = (
    Family(
        "gemma4-e2b",
        "gemma-4-E2B-it",
        "Gemma4ForConditionalGeneration",
        {"text_config": _E2B, "vision_config": _VISION, "audio_config": _AUDIO, "eos_token_id": [1, 106]},
        "gemma4",
        real="gemma-4",
        cases=_cases("BF16-BF16", "BF16-F32", "BF16-F16"),
        shards=2,
        files={
            "README.md": cards.GEMMA,
            "generation_config.json": cards.generation(temperature=1.0, top_k=64, top_p=0.95),
        },
        old=True,
    ),
    Family(
        "gemma4-e2b-original",
        "gemma-4-e2b-original",
        "Gemma4ForConditionalGeneration",
        {"text_config": _E2B, "vision_config": None, "audio_config": None},
        "gemma4",
        extra={f"model.language_model.layers.{n}.self_attn.{name}": shape for n in (3, 4) for name, shape in _UNUSED},
        old=True,
    ),
    Family("gemma4-text", "tiny-gemma4", "Gemma4ForCausalLM", _E2B, "gemma4", cases=_cases("F32-BF16")),
    Family(
        "gemma4-dense",
        "gemma-4-31B-it-qat-q4_0-unquantized",
        "Gemma4ForConditionalGeneration",
        {"text_config": _DENSE, "vision_config": _VISION, "audio_config": None},
        "gemma4",
        cases=_cases("BF16-BF16", "F16-F16"),
        old=True,
    ),
    Family(
        "gemma4-unified",
        "gemma-4-12B-it",
        "Gemma4UnifiedForConditionalGeneration",
        {
            "text_config": _DENSE | {"moe_intermediate_size": None},
            "vision_config": _PATCHES,
            "audio_config": {"audio_embed_dim": 32},
        },
        "gemma4",
        files={"generation_config.json": cards.generation(suppress_tokens=[258883, 258882], eos_token_id=[1, 106])},
    ),
    Family(
        "gemma4-moe",
        "gemma-4-26B-A4B-it",
        "Gemma4ForConditionalGeneration",
        {
            "text_config": _DENSE
            | {"enable_moe_block": True, "num_experts": 4, "top_k_experts": 2, "moe_intermediate_size": 32},
            "vision_config": _VISION,
            "audio_config": None,
        },
        "gemma4",
        cases=_cases("BF16-BF16", "BF16-F32", "F32-F16", "BF16-Q4_0"),
        old=True,
    ),
    Family(
        "gemma3-text",
        "gemma-3-1b-it",
        "Gemma3ForCausalLM",
        _GEMMA3,
        "sentencepiece_gemma",
        cases=_cases("BF16-BF16", "F16-F32", "F32-F32"),
        old=True,
        extra={"lm_head.weight": (VOCAB, 64)},
    ),
    Family(
        "gemma3",
        "gemma-3-4b-it",
        "Gemma3ForConditionalGeneration",
        {
            "text_config": _GEMMA3 | {"rope_parameters": _GEMMA3_ROPE},
            "vision_config": _SIGLIP,
            "mm_tokens_per_image": 4,
        },
        "sentencepiece_gemma",
        shards=2,
        old=True,
        cases=_cases("BF16-BF16", "BF16-Q8_0"),
    ),
    Family(
        "llama",
        "Llama-3.2-1B-Instruct",
        "LlamaForCausalLM",
        _LLAMA | _BPE_IDS | {"rope_parameters": _LLAMA3_ROPE},
        "byte_level_llama3",
        real="llama-bpe",
        pre="llama-bpe",
        cases=_cases("BF16-BF16", "BF16-F32", "F16-F16", "F32-F32", "BF16-Q4_0"),
        shards=3,
        files={"README.md": cards.LLAMA, "generation_config.json": cards.generation(temperature=0.6, top_p=0.9)},
        old=True,
    ),
    Family(
        "llama-bias",
        "Llama-2-7b-chat-hf",
        "LlamaForCausalLM",
        _LLAMA | {"attention_bias": True, "mlp_bias": True},
        "sentencepiece",
        real="llama-spm",
        cases=_cases("F16-F16"),
        extra={f"model.layers.{n}.self_attn.rotary_emb.inv_freq": (16,) for n in range(2)},
    ),
    Family(
        "llama-fast",
        "TinyLlama_v1.1",
        "LlamaForCausalLM",
        _LLAMA,
        "byte_fallback",
    ),
    Family(
        "smollm2",
        "SmolLM2-135M-Instruct",
        "LlamaForCausalLM",
        _LLAMA
        | _BPE_IDS
        | {"hidden_size": 96, "num_attention_heads": 3, "num_key_value_heads": 1}
        | {"tie_word_embeddings": True},
        "byte_level_gpt2",
        real="starcoder",
        pre="smollm",
        files={"README.md": cards.SMOLLM},
        old=True,
        extra={"lm_head.weight": (VOCAB, 96)},
    ),
    Family(
        "mistral",
        "Mistral-7B-Instruct-v0.1",
        "MistralForCausalLM",
        _LLAMA | {"sliding_window": 4096},
        "sentencepiece",
        real="llama-spm",
        cases=_cases("BF16-BF16", "F32-F16"),
        old=True,
    ),
    Family(
        "mixtral",
        "Mixtral-8x7B-Instruct-v0.1",
        "MixtralForCausalLM",
        _LLAMA | {"num_local_experts": 4, "num_experts_per_tok": 2, "sliding_window": None},
        "sentencepiece",
        real="llama-spm",
        cases=_cases("BF16-BF16", "F16-F16", "BF16-Q5_1"),
        shards=3,
        old=True,
    ),
    Family(
        "qwen3",
        "Qwen3-0.6B",
        "Qwen3ForCausalLM",
        _QWEN | {"tie_word_embeddings": True, "vocab_size": 416},
        "byte_level_qwen2",
        real="qwen2",
        pre="qwen2",
        files={
            "README.md": cards.QWEN,
            "generation_config.json": cards.generation(do_sample=True, temperature=0.6, top_k=20),
        },
    ),
    Family(
        "qwen3-untied",
        "Qwen3-8B",
        "Qwen3ForCausalLM",
        _QWEN | {"rope_parameters": _YARN},
        "byte_level_qwen2",
        pre="qwen2",
        cases=_cases("BF16-F16", "F32-F32"),
    ),
    Family(
        "qwen3moe",
        "Qwen3-30B-A3B-Instruct-2507",
        "Qwen3MoeForCausalLM",
        _QWEN | _QWEN_MOE,
        "byte_level_qwen2",
        real="qwen2",
        pre="qwen2",
        cases=_cases("BF16-BF16", "BF16-F32"),
        shards=2,
        old=True,
    ),
    Family(
        "qwen3moe-5",
        "Qwen3-Coder-30B-A3B-Instruct",
        "Qwen3MoeForCausalLM",
        _QWEN | _QWEN_MOE,
        "byte_level_qwen2",
        pre="qwen2",
    ),
)
