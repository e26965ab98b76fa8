"""Which blocks of a Gemma 4 model are which: sliding or full attention, sharing keys or not, wide or not.

Head size and key-value heads of full attention stand in `global_head_dim` and `num_global_key_value_heads`, or, as
transformers 5 saves them, in `per_layer_config`, which goes first. transformers defaults are those of the config class.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import TYPE_CHECKING

from qrecipe.architectures.blocks import Attention
from qrecipe.architectures.config import HEAD_MOST, HEADS_MOST
from qrecipe.architectures.rope import Rope, rope_in
from qrecipe.errors import SourceError

if TYPE_CHECKING:
    from qrecipe.architectures.body import Body
    from qrecipe.architectures.config import Settings

_SLIDING, _FULL = "sliding_attention", "full_attention"
_EVERY = 6  # the last of so many blocks is full where config.json does not say
_ROPE: Mapping[str, Mapping[str, object]] = MappingProxyType(
    {
        _SLIDING: {"rope_type": "default", "rope_theta": 1e4},
        _FULL: {"rope_type": "proportional", "partial_rotary_factor": 0.25, "rope_theta": 1e6},
    }
)
_STILL = 1e30
_NUMBER = re.compile(r"[0-9]{1,6}", re.ASCII)


@dataclass(frozen=True, slots=True)
class Layers:
    """The blocks' kinds.

    Attributes:
        sliding: Which blocks look at a window.
        shared: How many blocks, the last ones, read the keys of an earlier one.
        wide: Those have twice the feed-forward.
        keys_are_values: In full blocks there is no projection of values.
        full_head_dim: Head size of full attention.
        full_kv_heads: Key-value heads of full attention, where they are others.
        rope: Rotary embeddings of full attention.
        turned: The part of full attention's dimensions that they turn.
        near_theta: The base of sliding attention's.
        near_part: The part of sliding attention's dimensions that they turn.
    """

    sliding: tuple[bool, ...]
    shared: int
    wide: bool
    keys_are_values: bool
    full_head_dim: int
    full_kv_heads: int | None
    rope: Rope
    turned: float
    near_theta: float | None
    near_part: float

    @classmethod
    def of(cls, config: Settings, body: Body) -> Layers:
        """Read them from config.json."""
        sliding = _sliding(config, body.blocks)
        head_dim, kv_heads = _of_full(config, body, sliding)
        ropes = config.table("rope_parameters")
        if not config.given("rope_parameters"):
            ropes = replace(ropes, values=_ROPE)
        full, near = ropes.table(_FULL), ropes.table(_SLIDING)
        return cls(
            sliding=sliding,
            shared=config.integer("num_kv_shared_layers", least=0, most=body.blocks),
            wide=config.flag("use_double_wide_mlp"),
            keys_are_values=config.flag("attention_k_eq_v"),
            full_head_dim=head_dim,
            full_kv_heads=kv_heads,
            rope=rope_in(full, config, ("proportional",)),
            turned=_part(full, "partial_rotary_factor"),
            near_theta=near.number("rope_theta") if near.given("rope_theta") else None,
            near_part=_part(ropes, "partial_rotary_factor") if ropes.given("partial_rotary_factor") else 1.0,
        )

    @property
    def rope_factors(self) -> tuple[float, ...]:
        """`rope_freqs`: 1 for pairs of dimensions that turn, 1e30 for those that stand still."""
        turning = int(self.full_head_dim * self.turned / 2)
        return (1.0,) * turning + (_STILL,) * (self.full_head_dim // 2 - turning)

    def kv_heads(self, body: Body, block: int) -> int:
        """Return the key-value heads of a block."""
        return body.kv_heads if self.sliding[block] or self.full_kv_heads is None else self.full_kv_heads

    def feed_forward(self, body: Body, block: int) -> int:
        """Return the width of a block's dense feed-forward."""
        return body.feed_forward * (2 if self.wide and self._shares(body, block) else 1)

    def attention(self, body: Body, block: int) -> Attention:
        """Return the attention of a block."""
        own = not self._shares(body, block)
        return Attention(
            heads=body.heads,
            kv_heads=self.kv_heads(body, block),
            head_dim=body.head_dim if self.sliding[block] else self.full_head_dim,
            keys=own,
            values=own and (self.sliding[block] or not self.keys_are_values),
        )

    def _shares(self, body: Body, block: int) -> bool:
        return block >= body.blocks - self.shared


def _sliding(config: Settings, blocks: int) -> tuple[bool, ...]:
    """Return which blocks slide; transformers makes the last one full whatever config.json says."""
    if not config.given("layer_types"):
        return tuple((block + 1) % _EVERY != 0 and block + 1 < blocks for block in range(blocks))
    kinds = config.words("layer_types", among=(_SLIDING, _FULL), count=blocks)
    return (*(kind == _SLIDING for kind in kinds[:-1]), False)


def _of_full(config: Settings, body: Body, sliding: tuple[bool, ...]) -> tuple[int, int | None]:
    """Return head size and, where they are others than elsewhere, key-value heads of full attention."""
    if not config.given("per_layer_config"):
        head_dim = config.integer("global_head_dim", most=HEAD_MOST) if config.given("global_head_dim") else 512
        kv_heads = None
        if config.flag("attention_k_eq_v") and config.given("num_global_key_value_heads"):
            kv_heads = config.integer("num_global_key_value_heads", most=HEADS_MOST)
        return head_dim, kv_heads if kv_heads != body.kv_heads else None
    tables = config.tables("per_layer_config")
    found = [table for block, table in tables.items() if _is_full(block, sliding)]
    if len(found) < len(tables) or any(table.values != found[0].values for table in found):
        why = "only blocks of full attention differ from the others, all in the same way"
        raise SourceError(config.fault("per_layer_config", "`per_layer_config` describes another kind of model", why))
    own = found[0] if found else config.table("")
    head_dim = own.integer("head_dim", most=HEAD_MOST) if own.given("head_dim") else body.head_dim
    heads = own.integer("num_key_value_heads", most=HEADS_MOST) if own.given("num_key_value_heads") else None
    return head_dim, heads


def _is_full(block: str, sliding: tuple[bool, ...]) -> bool:
    number = int(block) if _NUMBER.fullmatch(block) else len(sliding)
    return number < len(sliding) and not sliding[number]


def _part(table: Settings, key: str) -> float:
    found = table.number(key)
    if not 0 < found <= 1:
        raise table.refused(key, "it has to be above 0, and 1 at most")
    return found
