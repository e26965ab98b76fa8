"""Gemma 3: norms stored less 1, two kinds of attention with a theta each; after llama.cpp's `Gemma3Model`.

Rows of the embeddings beyond the tokenizer's tokens are cut off, as the converter does.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from types import MappingProxyType
from typing import TYPE_CHECKING

from qrecipe.architectures import blocks
from qrecipe.architectures.body import Body, body_entries, head_entries, norm_and_experts
from qrecipe.architectures.entries import Entries
from qrecipe.architectures.family import Family, Made
from qrecipe.architectures.rope import rope_in
from qrecipe.architectures.slots import Names, Slot, cut_embeddings, plain_name
from qrecipe.types.transform import Add

if TYPE_CHECKING:
    from qrecipe.architectures.config import Settings
    from qrecipe.architectures.rope import Rope
    from qrecipe.types.metadata import MetadataEntry
    from qrecipe.types.source import Checkpoint

_DEFAULTS: Mapping[str, object] = MappingProxyType(
    {
        "vocab_size": 262208,
        "num_attention_heads": 8,
        "num_key_value_heads": 4,
        "head_dim": 256,
        "max_position_embeddings": 131072,
        "rms_norm_eps": 1e-6,
        "sliding_window": 4096,
        "tie_word_embeddings": True,
    }
)
_NAMES = Names(
    blocks.OUTSIDE,
    {**blocks.ATTENTION, **blocks.HEAD_NORMS, **blocks.FEED_FORWARD, **blocks.FOUR_NORMS},
    published="language_model.model.",
)


def _make(checkpoint: Checkpoint, config: Settings) -> Made:
    from qrecipe.architectures.tokenizer import families  # noqa: PLC0415  its schemas take long to load

    body, vocab = Body.of(config), config.integer("vocab_size")
    tokenizer = families.gemma3(checkpoint.folder, vocab)
    return Made(
        slots=cut_embeddings(_shifted(body), tokenizer.rows),
        parameters=_parameters(body, config),
        vocabulary=tokenizer.entries,
    )


def _shifted(body: Body) -> Iterator[Slot]:
    for slot in _slots(body):
        yield replace(slot, value=Add(slot.value, 1.0)) if slot.name.endswith("norm.weight") else slot


def _slots(body: Body) -> Iterator[Slot]:
    form = blocks.Attention.of(body)
    yield from blocks.outer_slots(_NAMES, body)
    for block in range(body.blocks):
        yield from blocks.attention_slots(_NAMES, body, block, form)
        yield from blocks.head_norm_slots(_NAMES, block, form)
        yield from blocks.norm_slots(_NAMES, body, block, blocks.FOUR_NORMS)
        yield from blocks.feed_forward_slots(_NAMES, body, block, body.feed_forward)


def _parameters(body: Body, config: Settings) -> Iterator[MetadataEntry]:
    entries = Entries("gemma3")
    _refuse_variants(config)
    full, local_theta = _ropes(config)
    yield from body_entries(entries, body, config, full)
    yield entries.f32("rope.freq_base_swa", local_theta)
    yield from norm_and_experts(entries, config)
    yield from head_entries(entries, body)
    if config.given("final_logit_softcapping") and config.number("final_logit_softcapping"):
        yield entries.f32("final_logit_softcapping", config.number("final_logit_softcapping"))
    if config.values.get("sliding_window_pattern") != 1:
        yield entries.u32("attention.sliding_window", config.integer("sliding_window"))


def _refuse_variants(config: Settings) -> None:
    if config.given("attn_logit_softcapping"):
        raise config.variant("attn_logit_softcapping", "Gemma 3 with a cap on attention is not converted")
    if config.flag("use_bidirectional_attention"):
        raise config.variant("use_bidirectional_attention", "models that look ahead are not converted")


def _ropes(config: Settings) -> tuple[Rope, float]:
    """Return full attention's embeddings, and the base of local attention's."""
    table = config.table("rope_parameters")
    full, local = table.table("full_attention"), table.table("sliding_attention")
    base = config.number("rope_theta") if config.given("rope_theta") else 1e6
    scaling = config.table("rope_scaling")
    if scaling.values:
        full = replace(scaling, values={**full.values, **scaling.values})
    near = config.number("rope_local_base_freq") if config.given("rope_local_base_freq") else 1e4
    local = replace(local, values={"rope_theta": near, **local.values})
    return rope_in(replace(full, values={"rope_theta": base, **full.values}), config), local.number("rope_theta")


GEMMA3 = Family(
    name="gemma3",
    defaults={"Gemma3ForConditionalGeneration": _DEFAULTS, "Gemma3ForCausalLM": _DEFAULTS},
    names=_NAMES,
    plain=plain_name,
    make=_make,
)
