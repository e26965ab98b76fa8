"""Tensors as headers describe them, and the inventory of a model. Shapes are outermost first (GGUF reverses them)."""

from __future__ import annotations

from dataclasses import dataclass, field
from math import prod
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from qrecipe.errors import Diagnostic
    from qrecipe.types.metadata import MetadataEntry
    from qrecipe.types.origin import Origin

Shape = tuple[int, ...]
"""Dimensions, outermost first: (rows, cols) or (matrices, rows, cols), in GGUF files reversed; () is a number."""


@dataclass(frozen=True, slots=True)
class TensorInfo:
    """One tensor of a model. dtypes are spelled as ggml spells its types, in capitals (`BF16`, `Q4_K`).

    Attributes:
        name: The canonical name, a GGUF's.
        shape: Outermost dimension first.
        dtype: What the source stores.
        gguf_dtype: What a GGUF stores when the tensor is kept (F32 for norms, say); `dtype` in a GGUF source.
        role: The name without `blk.N.` and `.weight`.
        layer: The first component of the name that is a number, from 0; None if there is none.
        source_names: The checkpoint's names behind it: several for stacked experts, none for a tensor that a converter
            makes, and none where no architecture plug-in knows them.
        source_dtype: What the checkpoint stores under these names; empty where that is `dtype`. They differ where a
            conversion computes (norms of Gemma 3).

    >>> experts = TensorInfo("blk.3.ffn_up_exps.weight", (128, 704, 2816), "BF16", "BF16", "ffn_up_exps", layer=3)
    >>> experts.stacked, experts.rows, experts.cols, experts.params
    (128, 704, 2816, 253755392)
    """

    name: str
    shape: Shape
    dtype: str
    gguf_dtype: str
    role: str
    layer: int | None = None
    source_names: tuple[str, ...] = ()
    source_dtype: str = ""

    @property
    def params(self) -> int:
        """Number of weights."""
        return prod(self.shape)

    @property
    def cols(self) -> int:
        """Row length: the innermost dimension (`ne0`)."""
        return self.shape[-1] if self.shape else 1

    @property
    def rows(self) -> int:
        """Rows of one matrix (`ne1`)."""
        return self.shape[-2] if len(self.shape) > 1 else 1

    @property
    def stacked(self) -> int:
        """Matrices in the tensor, 1 if it is not stacked (`ne2`·`ne3`)."""
        return prod(self.shape[:-2])

    @property
    def dims(self) -> int:
        """Dimensions, leading 1s dropped."""
        return next((len(self.shape) - i for i, n in enumerate(self.shape) if n != 1), 0)


@dataclass(frozen=True, slots=True)
class ModelFacts:
    """What conditions may ask of a model as a whole; None where the source does not say. Named as in GGUF metadata.

    Attributes:
        n_layers: Blocks, MTP blocks included (`block_count`).
        n_experts: 0 in a dense model.
        n_embd: Embedding length.
        n_vocab: Size of the vocabulary.
        n_heads: Attention heads of block 0.
        n_kv_heads: Key-value heads of block 0.
        n_mtp_layers: MTP (next-token) blocks among the blocks (`nextn_predict_layers`).
    """

    n_layers: int | None = None
    n_experts: int | None = None
    n_embd: int | None = None
    n_vocab: int | None = None
    n_heads: int | None = None
    n_kv_heads: int | None = None
    n_mtp_layers: int | None = None


@dataclass(frozen=True, slots=True)
class LeftOut:
    """Tensors of a checkpoint that its model does not use.

    Attributes:
        kind: What they are, as it reads before `tensors`: `vision`, `audio`, `MTP`, `unused`.
        count: How many.
        nbytes: Their bytes in the checkpoint.
        needed: What one needs to use them, one phrase; empty where nobody does.
    """

    kind: str
    count: int
    nbytes: int
    needed: str = ""


@dataclass(frozen=True, slots=True)
class Inventory:
    """What a checkpoint holds, read from headers alone.

    Attributes:
        tensors: In canonical order: those without a block, then by block number, then by the bytes of the name.
        arch: GGUF's `general.architecture`; empty where it is unknown.
        mapped: The names are canonical (GGUF) names.
        facts: What conditions may ask of the model as a whole.
        metadata: GGUF metadata in the source's order; None where it is not known (a shipped inventory).
        source: Where it comes from, for people.
        header_digest: SHA-256 of all headers, hexadecimal; it identifies the source in a plan.
        protected: Patterns that the architecture adds to the shipped ones.
        architecture: The plug-in that converted the checkpoint; empty where the names are its own.
        left_out: What the checkpoint holds besides.
        findings: Warnings about the checkpoint, for people.
        why_unmapped: Where the names are not canonical: why not, in one phrase.
        map_them: And what to do about it; empty where only a plug-in helps.
        why_no_metadata: Where `metadata` is None: why.
        origin: The checkpoint under its own names; None for GGUF files and shipped inventories.
        tied: No `output.weight`: the embeddings are the head. Follows from the tensors.
    """

    tensors: tuple[TensorInfo, ...]
    arch: str = ""
    mapped: bool = True
    facts: ModelFacts = field(default_factory=ModelFacts)
    metadata: tuple[MetadataEntry, ...] | None = None
    source: str = ""
    header_digest: str = ""
    protected: tuple[str, ...] = ()
    architecture: str = ""
    left_out: tuple[LeftOut, ...] = ()
    findings: tuple[Diagnostic, ...] = ()
    why_unmapped: str = ""
    map_them: str = ""
    why_no_metadata: str = ""
    origin: Origin | None = None
    tied: bool = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        """Look once whether there is a head: planning asks for every tensor."""
        object.__setattr__(self, "tied", all(tensor.name != "output.weight" for tensor in self.tensors))
