"""The five models of Gemma 4: what the shipped inventories say is what their config.json and tensors become."""

import json
import time
from pathlib import Path

import pytest

from qrecipe.architectures.slots import result_shape
from qrecipe.inventory.compact import read_inventory
from qrecipe.types.metadata import MetadataEntry, MetadataKind
from qrecipe.types.transform import Constant, Stored
from tests.architectures.checkpoints import converted, headers, named

ROOT = Path(__file__).parents[2]
MODELS = ("e2b", "e4b", "12b", "26b-a4b", "31b")


def described(model):
    inventory = read_inventory(ROOT / "recipes" / "inventories" / f"gemma-4-{model}.json")
    config = json.loads((ROOT / "tests" / "data" / "gemma4" / f"gemma-4-{model}.json").read_text(encoding="utf-8"))
    return inventory, config


def stored(inventory):
    return {tensor.source_names[0]: tensor.shape for tensor in inventory.tensors if tensor.source_names}


@pytest.mark.parametrize("model", MODELS)
def test_tensors_are_those_of_the_inventory(model):
    inventory, config = described(model)
    shapes = stored(inventory)
    found = {
        tensor.name: (tensor.value, tensor.gguf_dtype or "BF16")
        for tensor in converted(config, shapes).tensors
        if tensor.name != "rope_freqs.weight"
    }
    expected = {t.name: (Stored(t.source_names[0]), t.gguf_dtype) for t in inventory.tensors if t.source_names}
    assert found == expected


@pytest.mark.parametrize("model", MODELS)
def test_rope_freqs_turn_a_quarter(model):
    inventory, config = described(model)
    (made,) = [tensor for tensor in converted(config, stored(inventory)).tensors if isinstance(tensor.value, Constant)]
    (expected,) = [tensor for tensor in inventory.tensors if not tensor.source_names]
    assert (made.name, result_shape(made.value, ())) == (expected.name, expected.shape)
    assert made.value == Constant((1.0,) * 64 + (1e30,) * 192)


@pytest.mark.parametrize("model", MODELS)
def test_names_of_a_gguf_file_have_the_checkpoints_names(model):
    inventory, _ = described(model)
    names = named("gemma4").checkpoint_names
    assert {tensor.name: names(tensor.name) for tensor in inventory.tensors} == {
        tensor.name: tensor.source_names for tensor in inventory.tensors
    }


def test_facts_of_the_inventory_stand_in_the_metadata():
    for model in MODELS:
        inventory, config = described(model)
        found = {entry.key: entry.first() for entry in converted(config, stored(inventory)).metadata}
        facts = inventory.facts
        assert [found.get(f"gemma4.{key}") for key in ("block_count", "embedding_length", "attention.head_count")] == [
            facts.n_layers,
            facts.n_embd,
            facts.n_heads,
        ], model
        assert (found["gemma4.attention.head_count_kv"], found.get("gemma4.expert_count") or 0) == (
            facts.n_kv_heads,
            facts.n_experts,
        ), model


def test_e2b_has_wide_blocks_and_26b_its_experts():
    inventory, config = described("e2b")
    entries = {entry.key: entry for entry in converted(config, stored(inventory)).metadata}
    assert numbers(entries["gemma4.feed_forward_length"]) == (6144,) * 15 + (12288,) * 20
    assert entries["gemma4.attention.shared_kv_layers"].scalar() == 20
    inventory, config = described("26b-a4b")
    entries = {entry.key: entry for entry in converted(config, stored(inventory)).metadata}
    assert numbers(entries["gemma4.attention.head_count_kv"]) == (8, 8, 8, 8, 8, 2) * 5
    assert entries["gemma4.expert_used_count"].scalar() == 8
    assert entries["gemma4.expert_feed_forward_length"].scalar() == 704


def numbers(entry: MetadataEntry) -> tuple[int, ...]:
    assert entry.element_kind is MetadataKind.INT32
    return tuple(memoryview(entry.payload[12:]).cast("i"))


def test_unused_keys_of_sharing_blocks_are_kept_where_the_checkpoint_has_them():
    """The first E2B, before quantization-aware training, holds them; the converter writes them."""
    inventory, config = described("e2b")
    extra = {
        f"model.language_model.layers.{block}.self_attn.{part}": (256 if block % 5 != 4 else 512, *rest)
        for block in range(15, 35)
        for part, rest in (("k_proj.weight", (1536,)), ("v_proj.weight", (1536,)), ("k_norm.weight", ()))
    }
    names = {tensor.name for tensor in converted(config, {**stored(inventory), **extra}).tensors}
    assert len(names) == 601
    assert {"blk.34.attn_k.weight", "blk.34.attn_v.weight", "blk.34.attn_k_norm.weight"} <= names


@pytest.mark.parametrize("model", ["26b-a4b", "31b"])
def test_a_conversion_takes_milliseconds(model):
    inventory, config = described(model)
    checkpoint, family = headers(config, stored(inventory)), named("gemma4")
    family.convert(checkpoint)  # imports
    start = time.perf_counter()
    family.convert(checkpoint)
    assert time.perf_counter() - start < 0.3, "100 ms on a machine of its own"
