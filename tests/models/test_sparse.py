"""The shipped recipes on checkpoints of published names and shapes that hold no weights: plans, parts, memory."""

import sys

import numpy as np
import pytest
from huggingface_hub import constants

import qrecipe
from benchmarks.cost import measure
from qrecipe.recipe.shipped import shipped_recipes
from tests.models.sparse_checkpoint import is_sparse, made_up_tokenizer, published

VOCABULARY = 262_144
MODELS = {"e2b": "e2b", "e4b": "e4b", "12b": "12b", "26b": "26b-a4b", "31b": "31b"}
NAME = "model.language_model.layers.0.self_attn.k_proj.weight"


@pytest.fixture(autouse=True)
def holes(tmp_path):
    if not is_sparse(tmp_path):
        pytest.skip("this file system keeps no holes")


@pytest.mark.parametrize("short", MODELS)
def test_the_checkpoint_gives_the_plan_that_the_inventory_gave(tmp_path, monkeypatch, short):
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", True)
    folder = published(f"gemma-4-{MODELS[short]}").write(tmp_path / "model")
    for recipe in (name for name in shipped_recipes() if name.startswith(f"gemma4-{short}-")):
        from_inventory = qrecipe.plan(recipe).targets[0]
        from_checkpoint = qrecipe.plan(recipe, source=str(folder)).targets[0]
        assert from_checkpoint.layout.parts == from_inventory.layout.parts
        types = [[str(d.type) for d in target.decisions] for target in (from_checkpoint, from_inventory)]
        assert types[0] == types[1]


@pytest.mark.slow
def test_with_a_tokenizer_the_size_is_exact(tmp_path):
    folder = published("gemma-4-e2b", made_up_tokenizer(VOCABULARY)).write(tmp_path / "model")
    built = qrecipe.build("gemma4-e2b-ud-q4_k_xl", source=str(folder), only=["blk.0.*_norm"], output=tmp_path).built[0]
    assert built.paths[0].stat().st_size == built.target.file_bytes


@pytest.mark.slow
def test_weights_on_a_grid_come_back_to_the_bit(tmp_path):
    """QAT weights as the checkpoints have them: bf16(scale * q), a scale for each 32 weights of a row."""
    rng = np.random.default_rng(5)
    q = rng.integers(-7, 8, (2048, 88, 32))
    scales = rng.uniform(0.001, 0.1, (2048, 88, 1)).astype(np.float16).astype(np.float32)
    weights = {NAME: bf16(scales * q).tobytes()}
    folder = published("gemma-4-26b-a4b", made_up_tokenizer(VOCABULARY), weights).write(tmp_path / "model")
    found = {}
    for recipe in ("gemma4-26b-ud-q4_k_xl", "gemma4-26b-q4_0-naive"):
        built = qrecipe.build(recipe, source=str(folder), only=[f"hf:{NAME}"], targets=["gguf"], output=tmp_path)
        (values,) = qrecipe.verify(built.built[0].paths[0], source=str(folder)).values
        found[recipe] = values.tensor, values.weights, values.identical == 1
    assert found == {
        "gemma4-26b-ud-q4_k_xl": ("blk.0.attn_k.weight", 5_767_168, True),
        "gemma4-26b-q4_0-naive": ("blk.0.attn_k.weight", 5_767_168, False),
    }


@pytest.mark.slow
def test_blocks_with_full_size_experts_are_built_within_a_gibibyte(tmp_path):
    folder = published("gemma-4-26b-a4b", made_up_tokenizer(VOCABULARY)).write(tmp_path / "model")
    line = ["build", "gemma4-26b-ud-q4_k_xl", "--source", folder, "--target", "gguf", "--only", "blk.{0,1}.**"]
    cost = measure([sys.executable, "-m", "qrecipe", *line, "--output", tmp_path])
    assert (tmp_path / "gemma4-26b-ud-q4_k_xl-only.gguf").stat().st_size > 900 * 10**6
    assert cost.memory < 1 << 30


def bf16(values):
    """Return float32 values rounded to the nearest BF16, ties to even."""
    bits = np.ascontiguousarray(values, np.float32).view(np.uint32)
    return ((bits + 0x7FFF + ((bits >> 16) & 1)) >> 16).astype("<u2")
