"""Roles by the usual names of modules, for families that no architecture knows."""

import pytest

from qrecipe.inventory.usual_roles import usual_role


@pytest.mark.parametrize(
    ("name", "role"),
    [
        ("model.layers.0.self_attn.q_proj.weight", "attn_q"),
        ("model.layers.0.self_attn.o_proj.weight", "attn_output"),
        ("model.layers.31.self_attn.qkv_proj.weight", "attn_qkv"),
        ("gpt_neox.layers.1.attention.query_key_value.weight", "attn_qkv"),
        ("gpt_neox.layers.1.attention.dense.weight", "attn_output"),
        ("gpt_neox.layers.1.mlp.dense_h_to_4h.weight", "ffn_up"),
        ("transformer.h.2.attn.c_proj.weight", "attn_output"),
        ("transformer.h.2.mlp.c_proj.weight", "ffn_down"),
        ("model.layers.5.mlp.experts.7.down_proj.weight", "ffn_down"),
        ("model.layers.5.block_sparse_moe.gate.weight", "ffn_gate_inp"),
        ("model.layers.5.mlp.gate_proj.weight", "ffn_gate"),
        ("model.embed_tokens.weight", "token_embd"),
        ("lm_head.weight", "output"),
        ("model.layers.5.input_layernorm.weight", "model.layers.5.input_layernorm"),
        ("model.layers.5.self_attn.q_proj.bias", "model.layers.5.self_attn.q_proj.bias"),
        ("model.layers.5.mixer.my_q_proj.weight", "model.layers.5.mixer.my_q_proj"),
    ],
)
def test_role(name: str, role: str):
    assert usual_role(name) == role
