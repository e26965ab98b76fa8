"""Llama and its kin (SmolLM2, TinyLlama, Mistral, Mixtral): queries and keys permuted; after llama.cpp's `LlamaModel`.

`rope_scaling: llama3` becomes `rope_freqs`. Mixtral's experts are stored one by one.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING

from qrecipe.architectures import blocks
from qrecipe.architectures.body import Body, body_entries, experts_of, head_entries, norm_and_experts
from qrecipe.architectures.entries import Entries
from qrecipe.architectures.family import Family, Made
from qrecipe.architectures.rope import KINDS, Rope, llama3_factors, rope_of
from qrecipe.architectures.slots import Names, Slot, plain_name
from qrecipe.errors import SourceError
from qrecipe.types.transform import Constant

if TYPE_CHECKING:
    from qrecipe.architectures.config import Settings
    from qrecipe.types.metadata import MetadataEntry
    from qrecipe.types.source import Checkpoint

_LLAMA: Mapping[str, object] = MappingProxyType(
    {"vocab_size": 32000, "max_position_embeddings": 2048, "rms_norm_eps": 1e-6}
)
_MISTRAL: Mapping[str, object] = MappingProxyType(
    {"vocab_size": 32000, "num_key_value_heads": 8, "max_position_embeddings": 131072, "rms_norm_eps": 1e-6}
)
_MIXTRAL: Mapping[str, object] = MappingProxyType(
    {**_MISTRAL, "rms_norm_eps": 1e-5, "num_experts_per_tok": 2, "num_local_experts": 8}
)
_MIXTRAL_THETA = 1e6
_THETA = 1e4
_FEED_FORWARD_BIASES: Mapping[str, str] = MappingProxyType(
    {key.replace(".weight", ".bias"): name.replace(".weight", ".bias") for key, name in blocks.FEED_FORWARD.items()}
)
_NAMES = Names(
    blocks.OUTSIDE,
    {
        **blocks.ATTENTION,
        **blocks.BIASES,
        **blocks.FEED_FORWARD,
        **_FEED_FORWARD_BIASES,
        **blocks.TWO_NORMS,
        "ffn_gate_inp.weight": "block_sparse_moe.gate.weight",
    },
)
_EXPERTS: Mapping[str, str] = MappingProxyType(
    {
        f"ffn_{part}_exps.weight": f"model.layers.{{block}}.block_sparse_moe.experts.{{expert}}.{stored}.weight"
        for part, stored in (("gate", "w1"), ("up", "w3"), ("down", "w2"))
    }
)


def _make(checkpoint: Checkpoint, config: Settings) -> Made:
    from qrecipe.architectures.tokenizer import families  # noqa: PLC0415  its schemas take long to load

    body, mixed = Body.of(config), config.given("num_local_experts")
    rope = rope_of(config, _MIXTRAL_THETA if mixed else _THETA, (*KINDS, "llama3"))
    _refuse_variants(body, config)
    return Made(
        slots=_slots(body, config, rope),
        parameters=_parameters(body, config, rope),
        vocabulary=lambda: families.llama_entries(checkpoint.folder, body.vocab),
    )


def _refuse_variants(body: Body, config: Settings) -> None:
    if body.head_dim % 2:
        raise SourceError(config.fault("head_dim", f"a head has {body.head_dim} dimensions", "they turn in pairs"))
    for key in ("draft_vocab_size", "transformer_layer_config"):
        if config.given(key):
            raise config.variant(key, "draft models (EAGLE) are not converted")


def _parameters(body: Body, config: Settings, rope: Rope) -> Iterator[MetadataEntry]:
    entries = Entries("llama")
    yield from body_entries(entries, body, config, rope)
    yield from norm_and_experts(entries, config)
    if config.given("head_dim") or not config.given("num_local_experts"):
        yield from head_entries(entries, body)
    yield entries.u32("vocab_size", body.vocab)
    yield entries.u32("rope.dimension_count", body.head_dim)


def _slots(body: Body, config: Settings, rope: Rope) -> Iterator[Slot]:
    form = blocks.Attention.of(body, permuted=True)
    if rope.kind == "llama3":
        factors = llama3_factors(rope, body.head_dim)
        yield Slot("rope_freqs.weight", Constant(factors), (len(factors),))
    yield from blocks.outer_slots(_NAMES, body)
    for block in range(body.blocks):
        yield from blocks.attention_slots(_NAMES, body, block, form)
        yield from blocks.bias_slots(_NAMES, body, block, form)
        yield from blocks.norm_slots(_NAMES, body, block, blocks.TWO_NORMS)
        if config.given("num_local_experts"):
            yield from _experts(body, block, experts_of(config))
        else:
            yield from blocks.feed_forward_slots(_NAMES, body, block, body.feed_forward)
            yield from _feed_forward_biases(body, block, config)


def _experts(body: Body, block: int, experts: int) -> Iterator[Slot]:
    yield _NAMES.slot("ffn_gate_inp.weight", (experts, body.width), block=block)
    yield from blocks.expert_slots(_EXPERTS, experts, body.feed_forward, body, block)


def _feed_forward_biases(body: Body, block: int, config: Settings) -> Iterator[Slot]:
    for key in _FEED_FORWARD_BIASES:
        size = body.width if key == "ffn_down.bias" else body.feed_forward
        yield _NAMES.slot(key, (size,), block=block, required=config.flag("mlp_bias"))


LLAMA = Family(
    name="llama",
    defaults={
        "LlamaForCausalLM": _LLAMA,
        "LLaMAForCausalLM": _LLAMA,
        "MistralForCausalLM": _MISTRAL,
        "MixtralForCausalLM": _MIXTRAL,
    },
    names=_NAMES,
    plain=plain_name,
    make=_make,
)
