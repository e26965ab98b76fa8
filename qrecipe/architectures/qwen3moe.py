"""Qwen 3 with experts: stored one by one, or fused as transformers 5 holds them; after llama.cpp's `Qwen2MoeModel`.

Every block has experts; models with dense blocks in between have no place in GGUF's `qwen3moe`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING

from qrecipe.architectures import blocks
from qrecipe.architectures.body import Body, experts_of
from qrecipe.architectures.config import SIZE_MOST
from qrecipe.architectures.entries import Entries
from qrecipe.architectures.family import Family, Made
from qrecipe.architectures.qwen3 import qwen_attention, qwen_parameters
from qrecipe.architectures.slots import Names, Slot, canonical, plain_name
from qrecipe.types.transform import Split, Stored

if TYPE_CHECKING:
    from qrecipe.architectures.config import Settings
    from qrecipe.types.metadata import MetadataEntry
    from qrecipe.types.source import Checkpoint

_DEFAULTS: Mapping[str, object] = MappingProxyType(
    {
        "vocab_size": 151936,
        "num_key_value_heads": 4,
        "max_position_embeddings": 32768,
        "rms_norm_eps": 1e-6,
        "moe_intermediate_size": 768,
        "num_experts_per_tok": 8,
        "num_experts": 128,
        "decoder_sparse_step": 1,
    }
)
_NAMES = Names(
    blocks.OUTSIDE,
    {
        **blocks.ATTENTION,
        **blocks.BIASES,
        **blocks.HEAD_NORMS,
        **blocks.TWO_NORMS,
        "ffn_gate_inp.weight": "mlp.gate.weight",
    },
)
_APART: Mapping[str, str] = MappingProxyType(
    {
        f"ffn_{part}_exps.weight": f"model.layers.{{block}}.mlp.experts.{{expert}}.{part}_proj.weight"
        for part in ("gate", "up", "down")
    }
)
_WITH_SUFFIX = ("mlp.experts.gate_up_proj.weight", "mlp.experts.down_proj.weight")
_FUSED = "model.layers.{}.mlp.experts.{}_proj"


def _make(checkpoint: Checkpoint, config: Settings) -> Made:
    from qrecipe.architectures.tokenizer import families  # noqa: PLC0415  its schemas take long to load

    body = Body.of(config)
    if config.values.get("mlp_only_layers"):
        raise config.variant("mlp_only_layers", "Qwen 3 with both dense blocks and experts is not converted")
    if config.integer("decoder_sparse_step") != 1:
        raise config.variant("decoder_sparse_step", "Qwen 3 with both dense blocks and experts is not converted")
    fused = any(_plain(name) == _FUSED.format(0, "gate_up") for name in checkpoint.tensors)
    return Made(
        slots=_slots(body, config, fused=fused),
        parameters=_parameters(body, config),
        vocabulary=lambda: families.qwen_entries(checkpoint.folder, body.vocab),
    )


def _parameters(body: Body, config: Settings) -> Iterator[MetadataEntry]:
    entries = Entries("qwen3moe")
    yield from qwen_parameters(entries, body, config)
    yield entries.u32("expert_feed_forward_length", config.integer("moe_intermediate_size"))
    shared = "shared_expert_intermediate_size"  # 0 in Qwen3-Coder, and written there
    if config.given(shared):
        yield entries.u32("expert_shared_feed_forward_length", config.integer(shared, least=0))


def _slots(body: Body, config: Settings, *, fused: bool) -> Iterator[Slot]:
    experts, inner = experts_of(config), config.integer("moe_intermediate_size", most=SIZE_MOST)
    yield from blocks.outer_slots(_NAMES, body)
    for block in range(body.blocks):
        yield from qwen_attention(_NAMES, body, block)
        yield _NAMES.slot("ffn_gate_inp.weight", (experts, body.width), block=block)
        if fused:
            yield from _fused(body, block, experts, inner)
        else:
            yield from blocks.expert_slots(_APART, experts, inner, body, block)


def _fused(body: Body, block: int, experts: int, inner: int) -> Iterator[Slot]:
    """Yield experts that are stored together; of each one's rows the first half is gate, the second up."""
    both, shape = Stored(_FUSED.format(block, "gate_up")), (experts, 2 * inner, body.width)
    yield Slot(canonical("ffn_gate_exps.weight", block), Split(both, 0, inner, axis=1), shape)
    yield Slot(canonical("ffn_up_exps.weight", block), Split(both, inner, 2 * inner, axis=1), shape)
    down = Stored(_FUSED.format(block, "down"))
    yield Slot(canonical("ffn_down_exps.weight", block), down, (experts, body.width, inner))


def _plain(name: str) -> str:
    """Take `.weight` from fused experts, which some makers put there."""
    return plain_name(name.removesuffix(".weight") if name.endswith(_WITH_SUFFIX) else name)


QWEN3MOE = Family(
    name="qwen3moe",
    defaults={"Qwen3MoeForCausalLM": _DEFAULTS},
    names=_NAMES,
    plain=_plain,
    make=_make,
)
