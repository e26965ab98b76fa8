import struct
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest

from qrecipe.errors import Diagnostic, SourceError
from qrecipe.inventory.build import converted_inventory, inventory_of
from qrecipe.types.architecture import Conversion, MappedTensor
from qrecipe.types.metadata import MetadataEntry, MetadataKind
from qrecipe.types.source import StoredFile, StoredTensor
from qrecipe.types.tensor import LeftOut, ModelFacts
from qrecipe.types.transform import Add, Stack, Stored

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
    folder: Path | None = None
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
    models: tuple[str, ...] = ("LlamaForCausalLM",)
    protected: tuple[str, ...] = ("blk.*.odd",)
    calls: list[str] = field(default_factory=list)

    def claims(self, config: Mapping[str, object]) -> bool:
        return True

    def checkpoint_names(self, canonical: str) -> tuple[str, ...]:
        return () if canonical == "rope_freqs.weight" else (f"hf.{canonical}",)

    def convert(self, checkpoint: FakeCheckpoint) -> Conversion:
        raise AssertionError("whoever opens a checkpoint converts it")


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
        ("lm_head.weight", "output", None),
        ("model.layers.9.w.weight", "model.layers.9.w", 9),
        ("model.layers.10.w.weight", "model.layers.10.w", 10),
    ]
    assert (inventory.mapped, inventory.arch, inventory.metadata) == (False, "", None)


CONVERSION = Conversion(
    tensors=(
        MappedTensor("blk.0.x.weight", Stack((Stored("hf.x"), Stored("hf.y")))),
        MappedTensor("a_norm.weight", Add(Stored("hf.n"), 1.0), "F32"),
    ),
    metadata=(MetadataEntry.of("general.architecture", STRING, "llama"), MetadataEntry.of("llama.block_count", U32, 1)),
    left_out=(LeftOut("vision", 3, 600, "an mmproj file"),),
    findings=(Diagnostic("odd", "something is odd", severity="warning"),),
)
LACKING = Diagnostic("tokenizer-missing", "there is no tokenizer", fix="download it", severity="warning")


def converted(conversion: Conversion):
    shapes = {"blk.0.x.weight": (2, 4, 4), "a_norm.weight": (4,)}
    return converted_inventory(FakeCheckpoint(shapes, None, "safetensors"), FakeArchitecture(), conversion)


def test_a_converted_checkpoint_has_canonical_tensors_and_metadata():
    inventory = converted(CONVERSION)
    assert [(t.name, t.shape, t.dtype, t.gguf_dtype, t.source_names) for t in inventory.tensors] == [
        ("a_norm.weight", (4,), "BF16", "F32", ("hf.n",)),
        ("blk.0.x.weight", (2, 4, 4), "BF16", "BF16", ("hf.x", "hf.y")),
    ]
    assert (inventory.arch, inventory.mapped, inventory.facts.n_layers) == ("llama", True, 1)
    assert (inventory.protected, inventory.left_out) == (("blk.*.odd",), CONVERSION.left_out)
    assert (inventory.metadata, inventory.findings) == (CONVERSION.metadata, CONVERSION.findings)


def test_without_a_tokenizer_the_metadata_is_unknown_and_the_facts_are_not():
    inventory = converted(replace(CONVERSION, lacking=LACKING))
    assert (inventory.metadata, inventory.why_no_metadata) == (None, "there is no tokenizer")
    assert (inventory.arch, inventory.facts.n_layers) == ("llama", 1)
    assert inventory.findings == (LACKING, *CONVERSION.findings)


def test_checkpoint_without_tensors_is_an_error():
    with pytest.raises(SourceError) as caught:
        inventory_of(FakeCheckpoint({}, METADATA))
    assert str(caught.value) == (
        "error: the checkpoint holds no tensors\n"
        "  --> model.gguf\n"
        "why: its header describes none, as in a file with a vocabulary only\n"
        "fix: name the file that holds the model's weights"
    )
