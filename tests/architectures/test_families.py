"""What is special about each family, on models of one block: transforms, dtypes, what is claimed, what is refused."""

from __future__ import annotations

import json
import re

import pytest

from qrecipe.architectures.builtin import ARCHITECTURES
from qrecipe.architectures.config import settings_of
from qrecipe.architectures.tokenizer import families
from qrecipe.errors import SourceError
from qrecipe.types.tensor import LeftOut
from qrecipe.types.transform import Add, Constant, Permute, Split, Stack, Stored
from tests.architectures.checkpoints import (
    FAMILIES,
    GEMMA3,
    GEMMA3_SHAPES,
    GEMMA4,
    GEMMA4_SHAPES,
    LLAMA,
    LLAMA_SHAPES,
    QWEN3,
    QWEN3_SHAPES,
    QWEN3MOE,
    QWEN3MOE_SHAPES,
    changed,
    converted,
    headers,
    named,
)

S, F = "sliding_attention", "full_attention"
CLAIMED = {
    "Gemma4ForConditionalGeneration": "gemma4",
    "Gemma4ForCausalLM": "gemma4",
    "Gemma4UnifiedForConditionalGeneration": "gemma4",
    "Gemma3ForConditionalGeneration": "gemma3",
    "Gemma3ForCausalLM": "gemma3",
    "LlamaForCausalLM": "llama",
    "LLaMAForCausalLM": "llama",
    "MistralForCausalLM": "llama",
    "MixtralForCausalLM": "llama",
    "Qwen3ForCausalLM": "qwen3",
    "Qwen3MoeForCausalLM": "qwen3moe",
}


def values(conversion):
    return {tensor.name: tensor.value for tensor in conversion.tensors}


def entries(conversion):
    return {entry.key: entry.first() for entry in conversion.metadata}


def code(config, shapes, dtype="BF16", **more):
    with pytest.raises(SourceError) as error:
        converted(config, shapes, dtype, **more)
    return [diagnostic.code for diagnostic in error.value.diagnostics]


def test_each_class_has_its_family():
    assert {model: family.name for family in ARCHITECTURES for model in family.models} == CLAIMED


@pytest.mark.parametrize(
    "config",
    [
        {},
        {"architectures": []},
        {"architectures": None},
        {"architectures": "LlamaForCausalLM"},
        {"architectures": [3]},
        {"architectures": ["Gemma4AssistantForCausalLM"]},
        {"architectures": ["Gemma3nForConditionalGeneration"]},
        {"architectures": ["Qwen3ForSequenceClassification"]},
        {"architectures": ["LlamaForCausalLMEagle3"]},
        {"architectures": ["LlavaForConditionalGeneration"], "text_config": {"architectures": ["LlamaForCausalLM"]}},
        {"architectures": ["Gemma3ForConditionalGeneration"], "text_config": {"architectures": ["Gemma3TextModel"]}},
    ],
    ids=str,
)
def test_other_classes_are_nobodys(config):
    assert [family.name for family in ARCHITECTURES if family.claims(config)] == []


@pytest.mark.parametrize("name", FAMILIES)
@pytest.mark.parametrize("dtype", ["F32", "F16", "BF16"])
def test_norms_are_f32_and_matrices_as_they_are(name, dtype):
    config, shapes = FAMILIES[name]
    for tensor in converted(config, shapes, dtype).tensors:
        single = tensor.name.endswith("norm.weight") or "scale" in tensor.name or "rope_freqs" in tensor.name
        forced = single or tensor.name.endswith("ffn_gate_inp.weight")
        assert tensor.gguf_dtype == ("F32" if forced else None), tensor.name


@pytest.mark.parametrize("name", FAMILIES)
def test_a_checkpoint_without_a_folder_lacks_the_tokenizer_only(name):
    made = converted(*FAMILIES[name])
    assert made.lacking is not None
    assert (made.lacking.code, made.lacking.severity) == ("tokenizer-missing", "warning")
    keys = [entry.key for entry in made.metadata]
    assert keys[0] == "general.architecture"
    assert len(set(keys)) == len(keys)
    assert not any(key.startswith("tokenizer.") for key in keys)
    assert not {"general.file_type", "general.quantization_version"} & set(keys)


def test_llama_permutes_queries_and_keys_by_their_own_heads():
    biases = {
        f"model.layers.0.self_attn.{part}_proj.bias": (rows,) for part, rows in zip("qkvo", (8, 4, 4, 8), strict=True)
    }
    found = values(converted(LLAMA, {**LLAMA_SHAPES, **biases}))
    block = "model.layers.0.self_attn"
    assert found["blk.0.attn_q.weight"] == Permute(Stored(f"{block}.q_proj.weight"), 2)
    assert found["blk.0.attn_k.weight"] == Permute(Stored(f"{block}.k_proj.weight"), 1)
    assert found["blk.0.attn_v.weight"] == Stored(f"{block}.v_proj.weight")
    assert found["blk.0.attn_q.bias"] == Permute(Stored(f"{block}.q_proj.bias"), 2)
    assert found["blk.0.attn_k.bias"] == Permute(Stored(f"{block}.k_proj.bias"), 1)
    assert found["blk.0.attn_output.bias"] == Stored(f"{block}.o_proj.bias")


def test_llama_needs_biases_where_the_config_says_so():
    assert code(changed(LLAMA, attention_bias=True), LLAMA_SHAPES) == ["tensors-missing"]
    assert code(changed(LLAMA, mlp_bias=True), LLAMA_SHAPES) == ["tensors-missing"]


def test_a_head_is_left_away_where_it_is_tied_and_taken_where_it_is_there():
    tied = changed(LLAMA, tie_word_embeddings=True)
    without = {name: shape for name, shape in LLAMA_SHAPES.items() if name != "lm_head.weight"}
    assert "output.weight" not in values(converted(tied, without))
    assert values(converted(tied, LLAMA_SHAPES))["output.weight"] == Stored("lm_head.weight")
    assert code(LLAMA, without) == ["tensors-missing"]


def test_mixtral_stacks_its_experts():
    config = changed(LLAMA, architectures=["MixtralForCausalLM"], num_local_experts=2, num_experts_per_tok=1)
    moe = "model.layers.0.block_sparse_moe"
    experts = {
        f"{moe}.experts.{expert}.{part}.weight": (8, 12) if part == "w2" else (12, 8)
        for expert in range(2)
        for part in ("w1", "w2", "w3")
    }
    dense = {name: shape for name, shape in LLAMA_SHAPES.items() if ".mlp." not in name}
    made = converted(config, {**dense, **experts, f"{moe}.gate.weight": (2, 8)})
    for name, part in (("gate", "w1"), ("up", "w3"), ("down", "w2")):
        parts = tuple(Stored(f"{moe}.experts.{expert}.{part}.weight") for expert in range(2))
        assert values(made)[f"blk.0.ffn_{name}_exps.weight"] == Stack(parts)
    assert (entries(made)["llama.expert_count"], entries(made)["llama.expert_used_count"]) == (2, 1)
    assert "llama.attention.key_length" not in entries(made), "Mixtral's config class derives no head_dim"


def test_qwen3moe_takes_experts_apart_or_fused():
    mlp = "model.layers.0.mlp"
    apart = values(converted(QWEN3MOE, QWEN3MOE_SHAPES))
    assert apart["blk.0.ffn_up_exps.weight"] == Stack(
        tuple(Stored(f"{mlp}.experts.{e}.up_proj.weight") for e in (0, 1))
    )
    rest = {name: shape for name, shape in QWEN3MOE_SHAPES.items() if ".experts." not in name}
    for suffix in ("", ".weight"):
        both, down = f"{mlp}.experts.gate_up_proj{suffix}", f"{mlp}.experts.down_proj{suffix}"
        fused = values(converted(QWEN3MOE, {**rest, both: (2, 12, 8), down: (2, 8, 6)}))
        assert fused["blk.0.ffn_gate_exps.weight"] == Split(Stored(both), 0, 6, axis=1)
        assert fused["blk.0.ffn_up_exps.weight"] == Split(Stored(both), 6, 12, axis=1)
        assert fused["blk.0.ffn_down_exps.weight"] == Stored(down)


def test_gemma3_adds_one_to_every_norm_and_to_nothing_else():
    for name, value in values(converted(GEMMA3, GEMMA3_SHAPES)).items():
        assert isinstance(value, Add) == name.endswith("norm.weight"), name
        assert not isinstance(value, Add) or value.value == 1.0


def test_gemma3_cuts_embeddings_to_the_tokenizers_tokens(tmp_path):
    vocabulary = {f"token{index}": index for index in range(7)}
    whole = {"model": {"type": "BPE", "vocab": vocabulary, "merges": []}, "added_tokens": []}
    (tmp_path / "tokenizer.json").write_text(json.dumps(whole), encoding="utf-8")
    rows = families.gemma3(tmp_path, 10).rows
    assert rows == 7
    family = named("gemma3")
    slots = family.make(headers(GEMMA3, GEMMA3_SHAPES, folder=tmp_path), settings(GEMMA3)).slots
    (found,) = [slot.value for slot in slots if slot.name == "token_embd.weight"]
    assert found == Split(Stored("model.embed_tokens.weight"), 0, 7)


def settings(config):
    return settings_of(headers(config, {}), named("gemma3").defaults["Gemma3ForCausalLM"])


def test_gemma3_reads_both_generations_of_rotary_embeddings():
    old = changed(GEMMA3, rope_theta=5e5, rope_local_base_freq=2e4, rope_scaling={"rope_type": "linear", "factor": 8.0})
    new = changed(
        GEMMA3,
        rope_theta=...,
        rope_parameters={F: {"rope_type": "linear", "factor": 8.0, "rope_theta": 5e5}, S: {"rope_theta": 2e4}},
    )
    made = [entries(converted(config, GEMMA3_SHAPES)) for config in (old, new)]
    assert made[0] == made[1]
    assert [(key.removeprefix("gemma3.rope."), made[0][key]) for key in made[0] if ".rope." in key] == [
        ("scaling.type", "linear"),
        ("scaling.factor", 8.0),
        ("freq_base", 5e5),
        ("freq_base_swa", 2e4),
    ]


def test_gemma4_reads_full_attention_from_either_spelling():
    two = changed(GEMMA4, attention_k_eq_v=True, num_key_value_heads=2, num_attention_heads=4, head_dim=2)
    flat = changed(two, num_global_key_value_heads=1, global_head_dim=4)
    nested = changed(two, global_head_dim=..., per_layer_config={"0": {"head_dim": 4, "num_key_value_heads": 1}})
    shapes = {
        **GEMMA4_SHAPES,
        "model.layers.0.self_attn.q_proj.weight": (16, 8),
        "model.layers.0.self_attn.o_proj.weight": (8, 16),
    }
    del shapes["model.layers.0.self_attn.v_proj.weight"]
    made = [converted(config, shapes) for config in (flat, nested)]
    assert entries(made[0]) == entries(made[1])
    assert entries(made[0])["gemma4.attention.head_count_kv"] == 1
    assert values(made[0])["rope_freqs.weight"] == Constant((1e30, 1e30)), "a quarter of 4 dimensions is no pair"


@pytest.mark.parametrize(
    ("config", "shapes"),
    [
        (changed(GEMMA4, per_layer_config={"0": {"head_dim": 4}, "1": {}}), GEMMA4_SHAPES),
        (changed(GEMMA4, per_layer_config={"x": {"head_dim": 4}}), GEMMA4_SHAPES),
        (changed(GEMMA4, layer_types=["chunked_attention"]), GEMMA4_SHAPES),
        (
            changed(GEMMA4, rope_parameters={F: {"rope_type": "proportional", "partial_rotary_factor": 2}}),
            GEMMA4_SHAPES,
        ),
        (changed(LLAMA, num_attention_heads=3), LLAMA_SHAPES),
        (changed(LLAMA, num_key_value_heads=7), LLAMA_SHAPES),
        (changed(LLAMA, head_dim=5), LLAMA_SHAPES),
        (changed(LLAMA, rope_theta=-1), LLAMA_SHAPES),
        (changed(LLAMA, rms_norm_eps="small"), LLAMA_SHAPES),
        (changed(LLAMA, text_config=[]), LLAMA_SHAPES),
        (changed(LLAMA, tie_word_embeddings=1), LLAMA_SHAPES),
        (changed(QWEN3MOE, num_experts=10**9), QWEN3MOE_SHAPES),
        (changed(LLAMA, hidden_size=True), LLAMA_SHAPES),
    ],
    ids=str,
)
def test_values_that_cannot_be(config, shapes):
    assert code(config, shapes) == ["config-bad-value"]


@pytest.mark.parametrize(
    ("config", "shapes"),
    [
        (changed(GEMMA3, attn_logit_softcapping=50.0), GEMMA3_SHAPES),
        (changed(GEMMA3, use_bidirectional_attention=True), GEMMA3_SHAPES),
        (changed(GEMMA4, use_bidirectional_attention="all"), GEMMA4_SHAPES),
        (changed(GEMMA4, rope_parameters={F: {"rope_type": "default", "partial_rotary_factor": 1.0}}), GEMMA4_SHAPES),
        (changed(LLAMA, draft_vocab_size=5), LLAMA_SHAPES),
        (changed(LLAMA, is_causal=False), LLAMA_SHAPES),
        (changed(LLAMA, rope_parameters={F: {"rope_theta": 1e4}}), LLAMA_SHAPES),
        (changed(QWEN3, rope_scaling={"rope_type": "llama3", "factor": 8.0}), QWEN3_SHAPES),
        (changed(QWEN3, _name_or_path="Qwen/Qwen3-Reranker-0.6B"), QWEN3_SHAPES),
        (changed(QWEN3MOE, mlp_only_layers=[0]), QWEN3MOE_SHAPES),
        (changed(QWEN3MOE, decoder_sparse_step=2), QWEN3MOE_SHAPES),
    ],
    ids=str,
)
def test_forms_that_are_not_converted(config, shapes):
    assert code(config, shapes) == ["model-variant-unknown"]


def test_qwen3_embedding_and_reranking_models_are_not_converted(tmp_path):
    (tmp_path / "modules.json").write_text("[]", encoding="utf-8")
    assert code(QWEN3, QWEN3_SHAPES, folder=tmp_path) == ["model-variant-unknown"]
    (tmp_path / "modules.json").unlink()
    (tmp_path / "README.md").write_text("---\n---\n# Qwen3-Reranker-4B\n", encoding="utf-8")
    assert code(QWEN3, QWEN3_SHAPES, folder=tmp_path) == ["model-variant-unknown"]


@pytest.mark.parametrize(
    ("table", "words"),
    [
        ({"quant_method": "awq"}, " with AWQ"),
        ({"quant_method": "compressed-tensors"}, " with compressed-tensors"),
        ({"quant_method": "fp8"}, " with FP8"),
        ({"quant_method": "bitsandbytes", "load_in_4bit": True}, " with bitsandbytes"),
        ({"quant_method": "someone's"}, " with someone's"),
        ({"bits": 4}, ""),
    ],
)
def test_quantized_checkpoints_say_how(table, words):
    for key, place in (
        ({"quantization_config": table}, ""),
        ({"text_config": {"quantization_config": table}}, "text_config."),
    ):
        with pytest.raises(SourceError, match=re.escape(f"these weights are quantized already{words}\n")) as error:
            converted({**LLAMA, **key}, LLAMA_SHAPES)
        assert f"--> config.json, {place}quantization_config\n" in str(error.value)


def test_towers_and_old_buffers_are_left_out_by_kind():
    more = {
        "model.vision_tower.encoder.layers.0.mlp.up_proj.weight": (4, 4),
        "model.embed_vision.embedding_projection.weight": (8, 4),
        "model.audio_tower.layers.0.feed.weight": (2, 2),
        "model.layers.0.self_attn.rotary_emb.inv_freq": (2,),
        "mtp.layers.0.norm.weight": (8,),
        "model.layers.0.mlp.up_proj.input_scale": (1,),
    }
    mmproj = "an mmproj file, which llama.cpp's convert_hf_to_gguf.py --mmproj makes"
    made = converted(GEMMA4, {**GEMMA4_SHAPES, **more})
    assert made.left_out == (
        LeftOut("vision", 2, 96, mmproj),
        LeftOut("audio", 1, 8, mmproj),
        LeftOut("MTP", 1, 16, "a converter and a runtime that know them"),
        LeftOut("activation scale", 1, 2, "a target with static activations (compressed-tensors has them)"),
        LeftOut("unused", 1, 4, ""),
    )
    assert len(made.tensors) == len(GEMMA4_SHAPES) + 1


def test_prefixes_of_either_generation_are_the_same_model():
    plain = values(converted(GEMMA3, GEMMA3_SHAPES))
    for prefix in ("model.language_model.", "language_model.model."):
        shapes = {name.replace("model.", prefix, 1): shape for name, shape in GEMMA3_SHAPES.items()}
        found = values(converted(GEMMA3, shapes))
        assert found.keys() == plain.keys()
        assert found["token_embd.weight"] == Stored(f"{prefix}embed_tokens.weight")


@pytest.mark.parametrize("prefix", ["model.", "model.language_model.", "language_model.model."])
def test_what_is_missing_is_spelled_as_the_checkpoint_spells(prefix):
    shapes = {name.replace("model.", prefix, 1): shape for name, shape in GEMMA4_SHAPES.items()}
    del shapes[f"{prefix}norm.weight"]
    with pytest.raises(SourceError, match=re.escape(f"error: the checkpoint lacks a tensor: '{prefix}norm.weight'\n")):
        converted(GEMMA4, shapes)


def test_a_head_that_is_missing_may_be_tied():
    shapes = {name: shape for name, shape in LLAMA_SHAPES.items() if name != "lm_head.weight"}
    with pytest.raises(SourceError) as error:
        converted(LLAMA, shapes)
    assert str(error.value) == (
        "error: the checkpoint lacks a tensor: 'lm_head.weight'\n"
        "  --> config.json\n"
        "why: config.json describes a model that has it, and does not say that the embeddings are the head "
        "(`tie_word_embeddings`)\n"
        "fix: download the checkpoint again, all of its shards, with its own config.json"
    )
