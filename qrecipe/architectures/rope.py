"""Rotary embeddings: what config.json says in several generations of spelling, as metadata and as `rope_freqs`.

transformers 5 has one table `rope_parameters`, before it there were `rope_scaling` and `rope_theta`; llama.cpp's
converter reads whatever transformers makes of it. Here are the keys of models with one kind of attention; families with
two (Gemma) hand in the table of their full attention.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from math import pi
from typing import TYPE_CHECKING

from qrecipe.architectures.entries import Entries
from qrecipe.architectures.float32 import inverse, rounded

if TYPE_CHECKING:
    from qrecipe.architectures.config import Settings
    from qrecipe.types.metadata import MetadataEntry

KINDS = ("default", "linear", "yarn", "dynamic")
"""Kinds that metadata can say. For `dynamic` the converter writes no key: up to the trained context nothing changes."""
_SCALED_BY_LENGTH = ("llama3", "yarn", "longrope")


@dataclass(frozen=True, slots=True)
class Rope:
    """One kind of rotary embeddings.

    Attributes:
        table: Its keys.
        kind: `rope_type`.
    """

    table: Settings
    kind: str

    @property
    def theta(self) -> float:
        """The base of the frequencies."""
        found = self.table.number("rope_theta")
        if found <= 0:
            raise self.table.refused("rope_theta", "it has to be above 0")
        return found


def rope_of(config: Settings, theta: float = 10000.0, kinds: Sequence[str] = KINDS) -> Rope:
    """Return the rotary embeddings of a model that has one form of attention.

    Args:
        config: The model's.
        theta: The default of its config class.
        kinds: Kinds that the family converts; of another kind it is refused.
    """
    key = "rope_scaling" if config.table("rope_scaling").values else "rope_parameters"
    table = config.table(key)
    if "full_attention" in table.values or "mrope_section" in table.values:
        raise config.variant(key, "rotary embeddings of this form are not converted for this family")
    base = config.number("rope_theta") if config.given("rope_theta") else theta
    return rope_in(replace(table, values={"rope_theta": base, **table.values}), config, kinds)


def rope_in(table: Settings, config: Settings, kinds: Sequence[str] = KINDS) -> Rope:
    """Return the rotary embeddings that a table says, of one of `kinds`."""
    kind = table.word("rope_type") or table.word("type") or "default"
    if kind not in kinds:
        key = "rope_type" if table.given("rope_type") else "type"
        raise table.variant(key, f"rotary embeddings of the kind {kind!r} are not converted for this family")
    if kind in _SCALED_BY_LENGTH and not table.given("original_max_position_embeddings"):
        length = {"original_max_position_embeddings": config.values.get("max_position_embeddings")}
        table = replace(table, values={**table.values, **length})
    return Rope(table, kind)


def rope_entries(entries: Entries, rope: Rope) -> Iterator[MetadataEntry]:
    """Yield scaling and base, as `TextModel.set_gguf_parameters` writes them."""
    table = rope.table
    if rope.kind in ("linear", "yarn"):
        yield entries.string("rope.scaling.type", rope.kind)
        yield entries.f32("rope.scaling.factor", table.number("factor"))
        if rope.kind == "yarn":
            yield from _yarn(entries, table)
    yield entries.f32("rope.freq_base", rope.theta)


def llama3_factors(rope: Rope, head_dim: int) -> tuple[float, ...]:
    """Return `rope_freqs` for `rope_type: llama3`, in the steps of `LlamaModel.generate_extra_tensors`.

    Powers are rounded to the nearest float32. Those of torch are in rare cases the neighbour of that, as its
    processor has it; for the bases and head sizes of published models they are the same.
    """
    scaling = _Llama3.of(rope.table)
    return tuple(scaling.factor_for(_frequency(rope.theta, index, head_dim)) for index in range(0, head_dim, 2))


@dataclass(frozen=True, slots=True)
class _Llama3:
    factor: float
    low: float
    high: float
    context: float

    @classmethod
    def of(cls, table: Settings) -> _Llama3:
        defaults = {"factor": 8.0, "low_freq_factor": 1.0, "high_freq_factor": 4.0}
        filled = replace(table, values={**defaults, **table.values})
        factor, low, high = (filled.number(key) for key in defaults)
        found = cls(factor, low, high, float(filled.integer("original_max_position_embeddings")))
        if found.low <= 0 or found.factor <= 0 or found.high <= found.low:
            raise table.refused(
                "low_freq_factor", "it has to be above 0 and below `high_freq_factor`, and `factor` above 0"
            )
        return found

    def factor_for(self, frequency: float) -> float:
        """Return what divides a frequency: 1 for short waves, `factor` for long ones, between them in between."""
        wave = rounded(inverse(frequency) * rounded(2 * pi))
        if wave < rounded(self.context / self.high):
            return 1.0
        if wave > rounded(self.context / self.low):
            return rounded(self.factor)
        turns = rounded(inverse(wave) * self.context)
        smooth = rounded(rounded(turns - rounded(self.low)) / rounded(self.high - self.low))
        rest = rounded(rounded(1.0 - smooth) / rounded(self.factor))
        return inverse(rounded(rest + smooth))


def _frequency(theta: float, index: int, head_dim: int) -> float:
    return inverse(rounded(rounded(theta) ** rounded(index / head_dim)))


def _yarn(entries: Entries, table: Settings) -> Iterator[MetadataEntry]:
    yield entries.u32("rope.scaling.original_context_length", table.integer("original_max_position_embeddings"))
    attention = "attention_factor" if "attention_factor" in table.values else "attn_factor"
    for key, name in (
        ("extrapolation_factor", "yarn_ext_factor"),
        (attention, "yarn_attn_factor"),
        ("beta_fast", "yarn_beta_fast"),
        ("beta_slow", "yarn_beta_slow"),
    ):
        if table.given(key):
            yield entries.f32(f"rope.scaling.{name}", table.number(key))
