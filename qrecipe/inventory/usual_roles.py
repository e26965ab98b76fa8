"""Roles of tensors that no architecture maps, by the usual last parts of checkpoints' names.

The names are those of transformers' and Meta's modules; the roles are canonical (GGUF's), so that a condition on `role`
means the same for a known family and an unknown one.
"""

from __future__ import annotations

import re

_USUAL: tuple[tuple[str, str], ...] = (
    ("token_embd", r"embed_tokens|wte|embed_in|tok_embeddings|word_embeddings"),
    ("position_embd", r"wpe|embed_positions|position_embeddings"),
    ("output", r"lm_head|embed_out"),
    ("attn_qkv", r"qkv_proj|query_key_value|c_attn|W?qkv|qkv_proj"),
    ("attn_q", r"q_proj|wq|q_lin"),
    ("attn_k", r"k_proj|wk|k_lin"),
    ("attn_v", r"v_proj|wv|v_lin"),
    ("attn_output", r"o_proj|out_proj|wo|out_lin|attention\.dense|attn\.c_proj"),
    ("ffn_gate_inp", r"mlp\.gate|router|block_sparse_moe\.gate"),
    ("ffn_gate_up", r"gate_up_proj"),
    ("ffn_gate", r"gate_proj|w1"),
    ("ffn_up", r"up_proj|w3|fc1|dense_h_to_4h|fc_in|mlp\.c_fc"),
    ("ffn_down", r"down_proj|w2|fc2|dense_4h_to_h|fc_out|mlp\.c_proj"),
)
_PATTERN = re.compile(
    r"(?:.*\.)?(?:" + "|".join(f"(?P<{role}>{names})" for role, names in _USUAL) + r")(?:\.weight)?", re.ASCII
)


def usual_role(name: str) -> str:
    """Return the role that a checkpoint's name usually has; the name less `.weight` where it says none.

    >>> usual_role("model.layers.3.self_attn.q_proj.weight"), usual_role("model.layers.3.mixer.A_log")
    ('attn_q', 'model.layers.3.mixer.A_log')
    """
    found = _PATTERN.fullmatch(name)
    return name.removesuffix(".weight") if found is None or found.lastgroup is None else found.lastgroup
