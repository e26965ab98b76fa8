"""The tensors that transformers of every family here share: embeddings, head, attention, feed-forward."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import TYPE_CHECKING

from qrecipe.architectures.slots import Slot, canonical
from qrecipe.types.transform import Permute, Stack, Stored

if TYPE_CHECKING:
    from qrecipe.architectures.body import Body
    from qrecipe.architectures.slots import Names

OUTSIDE: Mapping[str, str] = MappingProxyType(
    {
        "token_embd.weight": "model.embed_tokens.weight",
        "output_norm.weight": "model.norm.weight",
        "output.weight": "lm_head.weight",
    }
)
"""Names outside the blocks."""
ATTENTION: Mapping[str, str] = MappingProxyType(
    {
        "attn_q.weight": "self_attn.q_proj.weight",
        "attn_k.weight": "self_attn.k_proj.weight",
        "attn_v.weight": "self_attn.v_proj.weight",
        "attn_output.weight": "self_attn.o_proj.weight",
    }
)
"""Names of the attention's projections."""
BIASES: Mapping[str, str] = MappingProxyType(
    {key.replace(".weight", ".bias"): name.replace(".weight", ".bias") for key, name in ATTENTION.items()}
)
"""Names of their biases."""
HEAD_NORMS: Mapping[str, str] = MappingProxyType(
    {"attn_q_norm.weight": "self_attn.q_norm.weight", "attn_k_norm.weight": "self_attn.k_norm.weight"}
)
"""Names of the norms of queries and keys."""
FEED_FORWARD: Mapping[str, str] = MappingProxyType(
    {
        "ffn_gate.weight": "mlp.gate_proj.weight",
        "ffn_up.weight": "mlp.up_proj.weight",
        "ffn_down.weight": "mlp.down_proj.weight",
    }
)
"""Names of the feed-forward's matrices."""
TWO_NORMS: Mapping[str, str] = MappingProxyType(
    {"attn_norm.weight": "input_layernorm.weight", "ffn_norm.weight": "post_attention_layernorm.weight"}
)
"""Names of the norms where a block has one before attention and one before the feed-forward."""
FOUR_NORMS: Mapping[str, str] = MappingProxyType(
    {
        "attn_norm.weight": "input_layernorm.weight",
        "post_attention_norm.weight": "post_attention_layernorm.weight",
        "ffn_norm.weight": "pre_feedforward_layernorm.weight",
        "post_ffw_norm.weight": "post_feedforward_layernorm.weight",
    }
)
"""Names of the norms where a block has one before and one behind each."""


@dataclass(frozen=True, slots=True)
class Attention:
    """A block's attention.

    Attributes:
        heads: Of the queries.
        kv_heads: Of keys and values.
        head_dim: Of one head.
        permuted: Queries and keys are brought from halves to pairs (llama).
        keys: Keys are required.
        values: Values are required.
    """

    heads: int
    kv_heads: int
    head_dim: int
    permuted: bool = False
    keys: bool = True
    values: bool = True

    @classmethod
    def of(cls, body: Body, *, permuted: bool = False) -> Attention:
        """Return the attention that all blocks have."""
        return cls(body.heads, body.kv_heads, body.head_dim, permuted)


def outer_slots(names: Names, body: Body) -> Iterator[Slot]:
    """Yield embeddings, last norm and head."""
    yield names.slot("token_embd.weight", (body.vocab, body.width))
    yield names.slot("output_norm.weight", (body.width,))
    yield names.slot("output.weight", (body.vocab, body.width), required=not body.tied)


def attention_slots(names: Names, body: Body, block: int, form: Attention) -> Iterator[Slot]:
    """Yield the projections."""
    queries, keys = form.heads * form.head_dim, form.kv_heads * form.head_dim
    yield _turned(names.slot("attn_q.weight", (queries, body.width), block=block), form, form.heads)
    key = names.slot("attn_k.weight", (keys, body.width), block=block, required=form.keys)
    yield _turned(key, form, form.kv_heads)
    yield names.slot("attn_v.weight", (keys, body.width), block=block, required=form.values)
    yield names.slot("attn_output.weight", (body.width, queries), block=block)


def bias_slots(names: Names, body: Body, block: int, form: Attention) -> Iterator[Slot]:
    """Yield the biases of the projections, which the converter takes where they are."""
    queries, keys = form.heads * form.head_dim, form.kv_heads * form.head_dim
    yield _turned(names.slot("attn_q.bias", (queries,), block=block, required=body.biased), form, form.heads)
    yield _turned(names.slot("attn_k.bias", (keys,), block=block, required=body.biased), form, form.kv_heads)
    yield names.slot("attn_v.bias", (keys,), block=block, required=body.biased)
    yield names.slot("attn_output.bias", (body.width,), block=block, required=body.biased)


def head_norm_slots(names: Names, block: int, form: Attention) -> Iterator[Slot]:
    """Yield the norms of queries and keys."""
    yield names.slot("attn_q_norm.weight", (form.head_dim,), block=block)
    yield names.slot("attn_k_norm.weight", (form.head_dim,), block=block, required=form.keys)


def norm_slots(names: Names, body: Body, block: int, keys: Mapping[str, str]) -> Iterator[Slot]:
    """Yield norms over the model's width."""
    for key in keys:
        yield names.slot(key, (body.width,), block=block)


def feed_forward_slots(names: Names, body: Body, block: int, inner: int) -> Iterator[Slot]:
    """Yield the dense feed-forward; `inner` is its width."""
    yield names.slot("ffn_gate.weight", (inner, body.width), block=block)
    yield names.slot("ffn_up.weight", (inner, body.width), block=block)
    yield names.slot("ffn_down.weight", (body.width, inner), block=block)


def expert_slots(pattern: Mapping[str, str], count: int, inner: int, body: Body, block: int) -> Iterator[Slot]:
    """Yield experts that are stored one by one; `{block}` and `{expert}` stand in the plain names of `pattern`."""
    for key, name in pattern.items():
        parts = tuple(Stored(name.format(block=block, expert=expert)) for expert in range(count))
        shape = (body.width, inner) if key.startswith("ffn_down") else (inner, body.width)
        yield Slot(canonical(key, block), Stack(parts), shape)


def _turned(slot: Slot, form: Attention, heads: int) -> Slot:
    return replace(slot, value=Permute(slot.value, heads)) if form.permuted else slot
