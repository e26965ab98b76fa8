"""What every text model has: sizes from config.json, their metadata, and the tensors of embeddings and blocks.

Order and keys follow llama.cpp's `TextModel.set_gguf_parameters`. Sizes are bounded before anything is multiplied out.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from qrecipe.architectures.config import BLOCKS_MOST, EXPERTS_MOST, HEAD_MOST, HEADS_MOST, SIZE_MOST, Settings
from qrecipe.architectures.rope import rope_entries

if TYPE_CHECKING:
    from qrecipe.architectures.entries import Entries
    from qrecipe.architectures.rope import Rope
    from qrecipe.types.metadata import MetadataEntry


@dataclass(frozen=True, slots=True)
class Body:
    """Sizes of a text model.

    Attributes:
        blocks: `num_hidden_layers`.
        width: `hidden_size`.
        feed_forward: `intermediate_size`.
        heads: `num_attention_heads`.
        kv_heads: `num_key_value_heads`.
        head_dim: Of one head.
        vocab: `vocab_size`.
        tied: The embeddings are the head.
        biased: The attention's projections have biases.
    """

    blocks: int
    width: int
    feed_forward: int
    heads: int
    kv_heads: int
    head_dim: int
    vocab: int
    tied: bool
    biased: bool

    @classmethod
    def of(cls, config: Settings) -> Body:
        """Read the sizes."""
        width, heads = _size(config, "hidden_size"), config.integer("num_attention_heads", most=HEADS_MOST)
        return cls(
            blocks=config.integer("num_hidden_layers", most=BLOCKS_MOST),
            width=width,
            feed_forward=_size(config, "intermediate_size"),
            heads=heads,
            kv_heads=_kv_heads(config, heads),
            head_dim=_head_dim(config, width, heads),
            vocab=_size(config, "vocab_size"),
            tied=config.flag("tie_word_embeddings"),
            biased=config.flag("attention_bias"),
        )


def experts_of(config: Settings) -> int:
    """Return how many experts a block has; `num_local_experts` goes first, as in the converter."""
    key = "num_local_experts" if "num_local_experts" in config.values else "num_experts"
    return config.integer(key, most=EXPERTS_MOST)


def body_entries(entries: Entries, body: Body, config: Settings, rope: Rope) -> Iterator[MetadataEntry]:
    """Yield what stands before rotary embeddings, and these."""
    if config.values.get("is_causal") is False:
        raise config.variant("is_causal", "models that look ahead are not converted")
    yield entries.u32("block_count", body.blocks)
    yield entries.u32("context_length", config.integer("max_position_embeddings"))
    yield entries.u32("embedding_length", body.width)
    yield entries.u32("feed_forward_length", body.feed_forward)
    yield entries.u32("attention.head_count", body.heads)
    yield entries.u32("attention.head_count_kv", body.kv_heads)
    yield from rope_entries(entries, rope)


def norm_and_experts(entries: Entries, config: Settings, used: str = "num_experts_per_tok") -> Iterator[MetadataEntry]:
    """Yield what stands behind rotary embeddings, up to the sizes of heads."""
    yield entries.f32("attention.layer_norm_rms_epsilon", config.number("rms_norm_eps"))
    if config.given("num_local_experts") or config.given("num_experts"):
        yield entries.u32("expert_count", experts_of(config))
    if config.given(used):
        yield entries.u32("expert_used_count", config.integer(used, most=EXPERTS_MOST))


def head_entries(entries: Entries, body: Body) -> Iterator[MetadataEntry]:
    """Yield the sizes of heads."""
    yield entries.u32("attention.key_length", body.head_dim)
    yield entries.u32("attention.value_length", body.head_dim)


def _size(config: Settings, key: str) -> int:
    return config.integer(key, most=SIZE_MOST)


def _kv_heads(config: Settings, heads: int) -> int:
    found = config.integer("num_key_value_heads", most=HEADS_MOST) if config.given("num_key_value_heads") else heads
    if heads % found:
        why = f"{heads} heads (`num_attention_heads`) do not share {found} evenly"
        raise config.refused("num_key_value_heads", why)
    return found


def _head_dim(config: Settings, width: int, heads: int) -> int:
    if config.given("head_dim"):
        return config.integer("head_dim", most=HEAD_MOST)
    if width % heads or width // heads > HEAD_MOST:
        why = f"without `head_dim`, {width} (`hidden_size`) over it is the size of a head, {HEAD_MOST} at most"
        raise config.refused("num_attention_heads", why)
    return width // heads
