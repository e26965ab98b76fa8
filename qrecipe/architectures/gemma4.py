"""Gemma 4: two kinds of attention with head sizes of their own, shared keys, experts; after llama.cpp's `Gemma4Model`.

Weights are only renamed; `rope_freqs` turns a quarter of full attention's dimensions and holds the others still. Blocks
that read the keys of an earlier block may still hold their own, unused ones, which the converter writes, and so do we.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING

from qrecipe.architectures import blocks
from qrecipe.architectures.body import Body, body_entries, experts_of, head_entries, norm_and_experts
from qrecipe.architectures.config import SIZE_MOST, model_classes
from qrecipe.architectures.entries import Entries
from qrecipe.architectures.family import Family, Made
from qrecipe.architectures.gemma4_layers import Layers
from qrecipe.architectures.generation import suppressed_tokens
from qrecipe.architectures.slots import Names, Slot, cut_embeddings, plain_name
from qrecipe.types.transform import Constant

if TYPE_CHECKING:
    from qrecipe.architectures.config import Settings
    from qrecipe.types.metadata import MetadataEntry
    from qrecipe.types.source import Checkpoint

_UNIFIED = "Gemma4UnifiedForConditionalGeneration"
_COMMON: Mapping[str, object] = MappingProxyType(
    {
        "vocab_size": 262144,
        "num_attention_heads": 8,
        "num_key_value_heads": 4,
        "head_dim": 256,
        "rms_norm_eps": 1e-6,
        "tie_word_embeddings": True,
        "num_kv_shared_layers": 0,
    }
)
_DEFAULTS: Mapping[str, object] = MappingProxyType(
    {
        **_COMMON,
        "max_position_embeddings": 131072,
        "sliding_window": 512,
        "hidden_size_per_layer_input": 256,
        "vocab_size_per_layer_input": 262144,
    }
)
_UNIFIED_DEFAULTS: Mapping[str, object] = MappingProxyType(
    {**_COMMON, "max_position_embeddings": 262144, "sliding_window": 1024, "hidden_size_per_layer_input": 0}
)
_EXPERT_NORMS: Mapping[str, str] = MappingProxyType(
    {
        "pre_ffw_norm_2.weight": "pre_feedforward_layernorm_2.weight",
        "post_ffw_norm_1.weight": "post_feedforward_layernorm_1.weight",
        "post_ffw_norm_2.weight": "post_feedforward_layernorm_2.weight",
    }
)
_NAMES = Names(
    {
        **blocks.OUTSIDE,
        "per_layer_token_embd.weight": "model.embed_tokens_per_layer.weight",
        "per_layer_model_proj.weight": "model.per_layer_model_projection.weight",
        "per_layer_proj_norm.weight": "model.per_layer_projection_norm.weight",
    },
    {
        **blocks.ATTENTION,
        **blocks.HEAD_NORMS,
        **blocks.FEED_FORWARD,
        **blocks.FOUR_NORMS,
        **_EXPERT_NORMS,
        "layer_output_scale.weight": "layer_scalar",
        "inp_gate.weight": "per_layer_input_gate.weight",
        "proj.weight": "per_layer_projection.weight",
        "post_norm.weight": "post_per_layer_input_norm.weight",
        "ffn_gate_up_exps.weight": "experts.gate_up_proj",
        "ffn_down_exps.weight": "experts.down_proj",
        "ffn_gate_inp.weight": "router.proj.weight",
        "ffn_gate_inp.scale": "router.scale",
        "ffn_down_exps.scale": "router.per_expert_scale",
    },
    published="model.language_model.",
)
_BARE = ("layer_scalar.weight", "experts.gate_up_proj.weight", "experts.down_proj.weight")


def _make(checkpoint: Checkpoint, config: Settings, *, unified: bool) -> Made:
    from qrecipe.architectures.tokenizer import families  # noqa: PLC0415  its schemas take long to load

    body = Body.of(config)
    layers = Layers.of(config, body)
    vocab = config.integer("vocab_size_per_layer_input" if config.given("vocab_size_per_layer_input") else "vocab_size")
    tokenizer = families.gemma4(checkpoint.folder, vocab)
    suppressed = suppressed_tokens(checkpoint) if unified else ()
    return Made(
        slots=cut_embeddings(_slots(body, layers, config), tokenizer.rows),
        parameters=(*_parameters(body, layers, config), *suppressed),
        vocabulary=tokenizer.entries,
    )


def _parameters(body: Body, layers: Layers, config: Settings) -> Iterator[MetadataEntry]:
    entries = Entries("gemma4")
    if config.word("use_bidirectional_attention") == "all":
        raise config.variant("use_bidirectional_attention", "models that look ahead are not converted")
    yield from body_entries(entries, body, config, layers.rope)
    if layers.near_theta is not None:
        yield entries.f32("rope.freq_base_swa", layers.near_theta)
    yield from norm_and_experts(entries, config, used="top_k_experts")
    yield from head_entries(entries, body)
    if config.given("final_logit_softcapping") and config.number("final_logit_softcapping"):
        yield entries.f32("final_logit_softcapping", config.number("final_logit_softcapping"))
    yield entries.u32("attention.sliding_window", config.integer("sliding_window"))
    yield from _layer_parameters(entries, body, layers, config)


def _layer_parameters(entries: Entries, body: Body, layers: Layers, config: Settings) -> Iterator[MetadataEntry]:
    """Yield what `Gemma4Model` adds, and what it writes over."""
    yield entries.u32("attention.shared_kv_layers", layers.shared)
    yield entries.u32("embedding_length_per_layer_input", _per_layer(config))
    yield entries.flags("attention.sliding_window_pattern", layers.sliding)
    yield entries.u32("attention.key_length", layers.full_head_dim)
    yield entries.u32("attention.value_length", layers.full_head_dim)
    yield entries.u32("attention.key_length_swa", body.head_dim)
    yield entries.u32("attention.value_length_swa", body.head_dim)
    if config.given("moe_intermediate_size"):
        yield entries.u32("expert_feed_forward_length", config.integer("moe_intermediate_size"))
    if layers.wide:
        widths = [layers.feed_forward(body, block) for block in range(body.blocks)]
        yield entries.numbers("feed_forward_length", widths)
    if layers.full_kv_heads is not None:
        heads = [layers.kv_heads(body, block) for block in range(body.blocks)]
        yield entries.numbers("attention.head_count_kv", heads)
    yield entries.u32("rope.dimension_count", layers.full_head_dim)
    yield entries.u32("rope.dimension_count_swa", int(body.head_dim * layers.near_part))


def _slots(body: Body, layers: Layers, config: Settings) -> Iterator[Slot]:
    factors = layers.rope_factors
    yield Slot("rope_freqs.weight", Constant(factors), (len(factors),))
    yield from blocks.outer_slots(_NAMES, body)
    per_layer = _per_layer(config)
    if per_layer:
        yield from _per_layer_slots(body, config, per_layer)
    for block in range(body.blocks):
        form = layers.attention(body, block)
        yield from blocks.attention_slots(_NAMES, body, block, form)
        yield from blocks.head_norm_slots(_NAMES, block, form)
        yield from blocks.norm_slots(_NAMES, body, block, blocks.FOUR_NORMS)
        yield from blocks.feed_forward_slots(_NAMES, body, block, layers.feed_forward(body, block))
        yield _NAMES.slot("layer_output_scale.weight", (1,), block=block)
        if per_layer:
            yield _NAMES.slot("inp_gate.weight", (per_layer, body.width), block=block)
            yield _NAMES.slot("proj.weight", (body.width, per_layer), block=block)
            yield _NAMES.slot("post_norm.weight", (body.width,), block=block)
        if config.flag("enable_moe_block"):
            yield from _expert_slots(body, config, block)


def _per_layer_slots(body: Body, config: Settings, per_layer: int) -> Iterator[Slot]:
    rows = config.integer("vocab_size_per_layer_input", most=SIZE_MOST)
    yield _NAMES.slot("per_layer_token_embd.weight", (rows, body.blocks * per_layer))
    yield _NAMES.slot("per_layer_model_proj.weight", (body.blocks * per_layer, body.width))
    yield _NAMES.slot("per_layer_proj_norm.weight", (per_layer,))


def _expert_slots(body: Body, config: Settings, block: int) -> Iterator[Slot]:
    experts, inner = experts_of(config), config.integer("moe_intermediate_size", most=SIZE_MOST)
    yield _NAMES.slot("ffn_gate_up_exps.weight", (experts, 2 * inner, body.width), block=block)
    yield _NAMES.slot("ffn_down_exps.weight", (experts, body.width, inner), block=block)
    yield _NAMES.slot("ffn_gate_inp.weight", (experts, body.width), block=block)
    yield _NAMES.slot("ffn_gate_inp.scale", (body.width,), block=block)
    yield _NAMES.slot("ffn_down_exps.scale", (experts,), block=block)
    yield from blocks.norm_slots(_NAMES, body, block, _EXPERT_NORMS)


def _per_layer(config: Settings) -> int:
    key = "hidden_size_per_layer_input"
    return config.integer(key, least=0, most=SIZE_MOST) if config.given(key) else 0


def _plain(name: str) -> str:
    return plain_name(name.removesuffix(".weight") if name.endswith(_BARE) else name)


def _make_apart(checkpoint: Checkpoint, config: Settings) -> Made:
    return _make(checkpoint, config, unified=model_classes(checkpoint.config or {})[0] == _UNIFIED)


GEMMA4 = Family(
    name="gemma4",
    defaults={
        "Gemma4ForConditionalGeneration": _DEFAULTS,
        "Gemma4ForCausalLM": _DEFAULTS,
        _UNIFIED: _UNIFIED_DEFAULTS,
    },
    names=_NAMES,
    plain=_plain,
    make=_make_apart,
)
