"""Tensors as headers describe them, and the inventory of a model. Shapes are outermost first (GGUF reverses them)."""

from __future__ import annotations

from dataclasses import dataclass, field
from math import prod
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from qrecipe.types.metadata import MetadataEntry

Shape = tuple[int, ...]


@dataclass(frozen=True, slots=True)
class TensorInfo:
    """One tensor of a model, under its canonical name.

    `dtype` is what the source stores; `gguf_dtype` what a GGUF stores when the tensor is kept (F32 for norms, say;
    equal to `dtype` in a GGUF source). Both are spelled as ggml spells its types, in capitals (`BF16`, `Q4_K`).
    `source_names` are the checkpoint's names behind it: several for stacked experts, none for a tensor that a
    converter makes, and none where no architecture plug-in knows them.
    """

    name: str
    shape: Shape
    dtype: str
    gguf_dtype: str
    role: str
    layer: int | None = None
    source_names: tuple[str, ...] = ()

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
    """What conditions may ask of a model as a whole; None where the source does not say.

    `n_layers` counts MTP blocks; `n_heads` and `n_kv_heads` are block 0's; `n_experts` is 0 in a dense model.
    """

    n_layers: int | None = None
    n_experts: int | None = None
    n_embd: int | None = None
    n_vocab: int | None = None
    n_heads: int | None = None
    n_kv_heads: int | None = None


@dataclass(frozen=True, slots=True)
class Inventory:
    """What a checkpoint holds, read from headers alone.

    `tensors` stand in canonical order. `mapped` says that the names are canonical (GGUF) names. `metadata` is the
    GGUF metadata in the source's order, or None where it is not known (a shipped inventory). `header_digest` is the
    SHA-256 of all headers in hexadecimal and identifies the source in a plan. `protected` holds patterns that the
    architecture adds to the shipped ones.
    """

    tensors: tuple[TensorInfo, ...]
    arch: str = ""
    mapped: bool = True
    facts: ModelFacts = field(default_factory=ModelFacts)
    metadata: tuple[MetadataEntry, ...] | None = None
    source: str = ""
    header_digest: str = ""
    protected: tuple[str, ...] = ()

    @property
    def tied(self) -> bool:
        """No `output.weight`: the embeddings are the head."""
        return all(tensor.name != "output.weight" for tensor in self.tensors)
