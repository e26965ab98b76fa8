"""The names of each family against gguf-py's own map of tensor names."""

import gguf
import pytest

from tests.architectures.checkpoints import named

BLOCK = 3
NOT_RENAMED_BY_THE_MAP = {"ffn_gate_inp.scale", "ffn_down_exps.scale"}  # the converter of Gemma 4 does it itself
SUFFIXES = (".weight", ".bias")


@pytest.mark.parametrize("name", ["gemma3", "gemma4", "llama", "qwen3", "qwen3moe"])
def test_names_are_those_of_the_map(name):
    arch = next(arch for arch, spelled in gguf.MODEL_ARCH_NAMES.items() if spelled == name)
    names, known = named(name).names, gguf.get_tensor_name_map(arch, BLOCK + 1)
    for key, plain in names.outside.items():
        assert known.get_name(plain, try_suffixes=SUFFIXES) == key
    for key in names.block.keys() - NOT_RENAMED_BY_THE_MAP:
        plain = names.stored(key, BLOCK).name
        whole = plain if plain.endswith(SUFFIXES) else f"{plain}.weight"
        assert known.get_name(whole, try_suffixes=SUFFIXES) == f"blk.{BLOCK}.{key}"


@pytest.mark.parametrize(
    ("family", "canonical", "stored"),
    [
        ("llama", "token_embd.weight", ("model.embed_tokens.weight",)),
        ("llama", "output.weight", ("lm_head.weight",)),
        ("llama", "blk.12.attn_q.weight", ("model.layers.12.self_attn.q_proj.weight",)),
        ("llama", "blk.12.attn_q.bias", ("model.layers.12.self_attn.q_proj.bias",)),
        ("llama", "blk.12.ffn_up_exps.weight", ()),
        ("llama", "blk.012.attn_q.weight", ()),
        ("llama", "blk.12.attn_rot_embd.weight", ()),
        ("llama", "rope_freqs.weight", ()),
        ("qwen3moe", "blk.0.ffn_gate_exps.weight", ()),
        ("qwen3moe", "blk.0.ffn_gate_inp.weight", ("model.layers.0.mlp.gate.weight",)),
        ("gemma3", "blk.0.ffn_norm.weight", ("language_model.model.layers.0.pre_feedforward_layernorm.weight",)),
        ("gemma4", "blk.7.layer_output_scale.weight", ("model.language_model.layers.7.layer_scalar",)),
        ("gemma4", "", ()),
    ],
)
def test_names_of_the_checkpoint_behind_a_gguf_files(family, canonical, stored):
    assert named(family).checkpoint_names(canonical) == stored
