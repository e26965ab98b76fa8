import struct
from collections.abc import Mapping
from dataclasses import dataclass, field

import pytest

from qrecipe.errors import SourceError
from qrecipe.inventory.build import inventory_of
from qrecipe.types.metadata import MetadataEntry, MetadataKind
from qrecipe.types.source import StoredFile, StoredTensor
from qrecipe.types.tensor import ModelFacts, TensorInfo

U32, STRING = MetadataKind.UINT32, MetadataKind.STRING


@dataclass(frozen=True)
class FakeCheckpoint:
    """Header facts only; reading a weight is a failure."""

    shapes: Mapping[str, tuple[int, ...]]
    metadata: tuple[MetadataEntry, ...] | None
    container: str = "gguf"
    reference: str = "model.gguf"
    files: tuple[StoredFile, ...] = ()
    config: Mapping[str, object] | None = None
    header_digest: str = "ab" * 32
    warnings: tuple[str, ...] = ()

    @property
    def tensors(self) -> Mapping[str, StoredTensor]:
        return {name: StoredTensor(name, "BF16", shape, 0, 0, 0) for name, shape in self.shapes.items()}

    def read(self, name: str, start: int, size: int) -> bytes:
        raise AssertionError("an inventory reads no weights")


@dataclass(frozen=True)
class FakeArchitecture:
    name: str = "llama"
    protected: tuple[str, ...] = ("blk.*.odd",)
    calls: list[str] = field(default_factory=list)

    def claims(self, config: Mapping[str, object]) -> bool:
        return True

    def checkpoint_names(self, canonical: str) -> tuple[str, ...]:
        return () if canonical == "rope_freqs.weight" else (f"hf.{canonical}",)

    def tensors(self, checkpoint: FakeCheckpoint) -> list[TensorInfo]:
        return [TensorInfo("blk.0.x.weight", (2, 2), "BF16", "F32", "x", 0), TensorInfo("a", (4,), "BF16", "F32", "a")]

    def metadata(self, checkpoint: FakeCheckpoint) -> list[MetadataEntry]:
        return [
            MetadataEntry.of("general.architecture", STRING, "llama"),
            MetadataEntry.of("llama.block_count", U32, 1),
        ]


def array(key: str, *values: int) -> MetadataEntry:
    return MetadataEntry(key, MetadataKind.ARRAY, struct.pack(f"<IQ{len(values)}I", U32, len(values), *values))


METADATA = (
    MetadataEntry.of("general.architecture", STRING, "llama"),
    MetadataEntry.of("llama.block_count", U32, 30),
    MetadataEntry.of("llama.embedding_length", U32, 576),
    MetadataEntry.of("llama.expert_count", U32, 8),
    MetadataEntry.of("llama.attention.head_count", U32, 9),
    array("llama.attention.head_count_kv", 3, 1),
)
SHAPES = {"blk.1.ffn_up.weight": (4, 8), "token_embd.weight": (100, 8), "rope_freqs.weight": (4,), "blk.0.b.bias": (4,)}


def test_gguf_inventory_stands_in_canonical_order_with_its_facts():
    inventory = inventory_of(FakeCheckpoint(SHAPES, METADATA))
    assert [(t.name, t.shape, t.dtype, t.gguf_dtype, t.role, t.layer) for t in inventory.tensors] == [
        ("rope_freqs.weight", (4,), "BF16", "BF16", "rope_freqs", None),
        ("token_embd.weight", (100, 8), "BF16", "BF16", "token_embd", None),
        ("blk.0.b.bias", (4,), "BF16", "BF16", "b.bias", 0),
        ("blk.1.ffn_up.weight", (4, 8), "BF16", "BF16", "ffn_up", 1),
    ]
    assert inventory.facts == ModelFacts(30, 8, 576, 100, 9, 3)
    assert (inventory.arch, inventory.mapped, inventory.tied) == ("llama", True, True)
    assert (inventory.source, inventory.header_digest) == ("model.gguf", "ab" * 32)
    assert inventory.metadata == METADATA
    assert all(tensor.source_names == () for tensor in inventory.tensors)


def test_architecture_knows_the_checkpoints_names_of_a_gguf():
    inventory = inventory_of(FakeCheckpoint(SHAPES, METADATA), FakeArchitecture())
    assert [tensor.source_names for tensor in inventory.tensors][:2] == [(), ("hf.token_embd.weight",)]
    assert inventory.protected == ("blk.*.odd",)


def test_dense_model_has_no_experts_and_missing_facts_stay_unknown():
    inventory = inventory_of(FakeCheckpoint({"x.weight": (1,)}, METADATA[:1]))
    assert inventory.facts == ModelFacts(None, 0, None, None, None, None)


def test_facts_of_the_wrong_kind_stay_unknown():
    odd = (
        MetadataEntry.of("general.architecture", MetadataKind.UINT8, 3),
        MetadataEntry.of(".block_count", STRING, "many"),
        MetadataEntry.of(".embedding_length", MetadataKind.BOOL, True),
        MetadataEntry.of(".attention.head_count", MetadataKind.INT32, -1),
        array(".attention.head_count_kv"),
    )
    inventory = inventory_of(FakeCheckpoint({"x.weight": (1,)}, odd))
    assert (inventory.arch, inventory.facts) == ("", ModelFacts(n_experts=0))


@pytest.mark.parametrize(
    ("entry", "n_vocab"),
    [(array("tokenizer.ggml.tokens", 1, 2, 3), 3), (MetadataEntry.of("llama.vocab_size", U32, 7), 7)],
)
def test_vocabulary_is_counted_where_there_is_no_embedding(entry, n_vocab):
    assert inventory_of(FakeCheckpoint({"x.weight": (1,)}, (*METADATA[:1], entry))).facts.n_vocab == n_vocab


def test_safetensors_without_an_architecture_keep_their_names():
    shapes = {"model.layers.10.w.weight": (2, 2), "model.layers.9.w.weight": (2, 2), "lm_head.weight": (2, 2)}
    inventory = inventory_of(FakeCheckpoint(shapes, None, "safetensors"))
    assert [(t.name, t.role, t.layer) for t in inventory.tensors] == [
        ("lm_head.weight", "lm_head", None),
        ("model.layers.9.w.weight", "model.layers.9.w", 9),
        ("model.layers.10.w.weight", "model.layers.10.w", 10),
    ]
    assert (inventory.mapped, inventory.arch, inventory.metadata) == (False, "", None)


def test_safetensors_with_an_architecture_get_its_tensors_and_metadata():
    inventory = inventory_of(FakeCheckpoint({"hf.x": (2, 2)}, None, "safetensors"), FakeArchitecture())
    assert [tensor.name for tensor in inventory.tensors] == ["a", "blk.0.x.weight"]
    assert (inventory.arch, inventory.mapped, inventory.facts.n_layers) == ("llama", True, 1)
    assert [entry.key for entry in inventory.metadata] == ["general.architecture", "llama.block_count"]


def test_checkpoint_without_tensors_is_an_error():
    with pytest.raises(SourceError) as caught:
        inventory_of(FakeCheckpoint({}, METADATA))
    assert str(caught.value) == (
        "error: the checkpoint holds no tensors\n"
        "  --> model.gguf\n"
        "why: its header describes none, as in a file with a vocabulary only\n"
        "fix: name the file that holds the model's weights"
    )
