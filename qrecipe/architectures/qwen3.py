"""Qwen 3, dense: norms of queries and keys, nothing else unusual; after llama.cpp's `Qwen3Model`.

Its embedding and reranking models share the class and are not converted: they pool, or keep two rows of the head.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING

from qrecipe.architectures import blocks
from qrecipe.architectures.body import Body, body_entries, head_entries, norm_and_experts
from qrecipe.architectures.config import variant
from qrecipe.architectures.entries import Entries
from qrecipe.architectures.family import Family, Made
from qrecipe.architectures.rope import rope_of
from qrecipe.architectures.slots import Names, Slot, plain_name
from qrecipe.errors import Location

if TYPE_CHECKING:
    from qrecipe.architectures.config import Settings
    from qrecipe.types.metadata import MetadataEntry
    from qrecipe.types.source import Checkpoint

_DEFAULTS: Mapping[str, object] = MappingProxyType(
    {
        "vocab_size": 151936,
        "num_key_value_heads": 32,
        "head_dim": 128,
        "max_position_embeddings": 32768,
        "rms_norm_eps": 1e-6,
    }
)
_CARD_MOST = 1 << 20
_NAMES = Names(
    blocks.OUTSIDE,
    {**blocks.ATTENTION, **blocks.BIASES, **blocks.HEAD_NORMS, **blocks.FEED_FORWARD, **blocks.TWO_NORMS},
)


def qwen_attention(names: Names, body: Body, block: int) -> Iterator[Slot]:
    """Yield what all Qwen 3 blocks have besides the feed-forward."""
    form = blocks.Attention.of(body)
    yield from blocks.attention_slots(names, body, block, form)
    yield from blocks.bias_slots(names, body, block, form)
    yield from blocks.head_norm_slots(names, block, form)
    yield from blocks.norm_slots(names, body, block, blocks.TWO_NORMS)


def qwen_parameters(entries: Entries, body: Body, config: Settings) -> Iterator[MetadataEntry]:
    """Yield what all Qwen 3 models write."""
    yield from body_entries(entries, body, config, rope_of(config))
    yield from norm_and_experts(entries, config)
    if config.given("head_dim"):
        yield from head_entries(entries, body)


def _make(checkpoint: Checkpoint, config: Settings) -> Made:
    from qrecipe.architectures.tokenizer import families  # noqa: PLC0415  its schemas take long to load

    body = Body.of(config)
    _refuse_variants(checkpoint, config)
    return Made(
        slots=_slots(body),
        parameters=qwen_parameters(Entries("qwen3"), body, config),
        vocabulary=lambda: families.qwen_entries(checkpoint.folder, body.vocab),
    )


def _slots(body: Body) -> Iterator[Slot]:
    yield from blocks.outer_slots(_NAMES, body)
    for block in range(body.blocks):
        yield from qwen_attention(_NAMES, body, block)
        yield from blocks.feed_forward_slots(_NAMES, body, block, body.feed_forward)


def _refuse_variants(checkpoint: Checkpoint, config: Settings) -> None:
    folder = checkpoint.folder
    if folder is not None and (folder / "modules.json").is_file():
        raise variant("Qwen 3 embedding models are not converted", Location(str(folder / "modules.json")))
    names = (checkpoint.reference.rpartition("/")[2], folder.name if folder else "", config.word("_name_or_path"))
    if "qwen3-reranker" in " ".join(names).lower() or _says_reranker(checkpoint):
        raise variant("Qwen 3 reranking models are not converted", Location(checkpoint.reference))


def _says_reranker(checkpoint: Checkpoint) -> bool:
    """Say whether the model card's title is that of the reranker, as the converter looks."""
    card = None if checkpoint.folder is None else checkpoint.folder / "README.md"
    if card is None or not card.is_file():
        return False
    try:
        with card.open(encoding="utf-8", errors="replace") as text:
            return "# qwen3-reranker" in text.read(_CARD_MOST).lower()
    except OSError:
        return False  # whoever describes the model says that the card cannot be read


QWEN3 = Family(
    name="qwen3",
    defaults={"Qwen3ForCausalLM": _DEFAULTS},
    names=_NAMES,
    plain=plain_name,
    make=_make,
)
