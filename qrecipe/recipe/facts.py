"""The facts that a condition may ask about: name, kind, whether a tensor can lack it, meaning. One table, for everyone.

Values come from `planner.facts`; a fact that a tensor lacks is unknown there (None).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

Kind = type[int] | type[str] | type[bool]
Value = int | str | bool
KIND_NAMES: Mapping[Kind, str] = MappingProxyType({int: "integer", str: "string", bool: "boolean"})


@dataclass(frozen=True, slots=True)
class Fact:
    """One row of the table. `may_lack`: unknown for some tensors or models."""

    name: str
    kind: Kind
    meaning: str
    may_lack: bool = False


_ROWS = (
    Fact("name", str, "canonical name of the tensor"),
    Fact("role", str, "the name without blk.N. and .weight: attn_q, ffn_down_exps, token_embd"),
    Fact("layer", int, "first component of the name that is a number", may_lack=True),
    Fact("index", int, "place, from 0 in canonical order, among the tensors that this rule's match reaches"),
    Fact("count", int, "number of tensors that this rule's match reaches, whatever when and other rules say"),
    Fact("cols", int, "row length (ne0)"),
    Fact("rows", int, "rows of one matrix (ne1)"),
    Fact("stacked", int, "matrices, 1 if not stacked (ne2 times ne3: experts)"),
    Fact("dims", int, "dimensions, leading 1s dropped"),
    Fact("params", int, "number of elements"),
    Fact("dtype", str, "what keep stores in a GGUF: F32, F16, BF16, or the quantized type of the source"),
    Fact("imatrix", bool, "the imatrix has data for this tensor"),
    Fact("has_imatrix", bool, "there is an imatrix at all"),
    Fact("arch", str, "GGUF architecture name, '' if unknown"),
    Fact("n_layers", int, "block_count with MTP blocks; without metadata 1 + the greatest layer"),
    Fact("n_mtp_layers", int, "MTP (next-token) blocks among them, 0 if there are none"),
    Fact("n_experts", int, "number of experts, 0 in a dense model", may_lack=True),
    Fact("n_embd", int, "embedding length", may_lack=True),
    Fact("n_vocab", int, "size of the vocabulary", may_lack=True),
    Fact("n_heads", int, "attention heads of block 0", may_lack=True),
    Fact("n_kv_heads", int, "key-value heads of block 0", may_lack=True),
    Fact("gqa", int, "n_heads / n_kv_heads, 0 if there are no KV heads", may_lack=True),
    Fact("tied", bool, "no tensor output.weight: the embeddings are the head"),
    Fact("target", str, "name of the target being resolved"),
    Fact("backend", str, "its backend"),
    Fact("profile", str, "its profile, '' if it has none"),
)
FACTS: Mapping[str, Fact] = MappingProxyType({fact.name: fact for fact in _ROWS})
