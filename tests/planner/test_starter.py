"""A starter plans as it stands, and holds nothing that is of no use: over every kind of model."""

from functools import cache
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as some

from qrecipe.api.outcome import model_with
from qrecipe.api.targets import Facts, resolve_targets
from qrecipe.host.catalog import make_catalog
from qrecipe.inventory.compact import read_inventory
from qrecipe.planner.starter import Destination, starter
from qrecipe.recipe.load import load_recipe_text
from qrecipe.recipe.shipped import shipped_inventories, shipped_inventory
from qrecipe.types.target import Target
from tests.planner.planning import inventory, tensor

ROLES = ("attn_q", "attn_v", "attn_qkv", "attn_output", "ffn_up", "ffn_down", "ffn_down_exps", "attn_norm")
COLUMNS = (256, 576, 320, 33, 4096)
DTYPES = ("F32", "F16", "BF16", "Q4_1", "Q8_0", "Q4_K")


@cache
def catalog():
    return make_catalog(discover=False)


def text_for(model) -> str:
    target = Target("gguf", "gguf", "${name}.gguf")
    into = Destination(target, catalog().backends["gguf"], catalog().formats, model)
    return starter(model_with(model), into, name="mine", source="model.gguf")


def outcome(model):
    recipe = load_recipe_text(text_for(model), Path("/nowhere"))
    return recipe, resolve_targets(recipe, Facts(model_with(model)), catalog())


def assert_all_of_it_is_of_use(model) -> None:
    recipe, result = outcome(model)
    assert [str(finding) for finding in (*result.errors, *result.warnings)] == []
    decisions = [decision for decision in result.targets[0].decisions if decision.rule is not None]
    for name in {"large", "small"} & set(recipe.variables.values):
        entries = recipe.variables.values[name].value.split(" | ")
        kept = {"keep" for decision in decisions if decision.keep}
        assert set(entries) <= {str(decision.type) for decision in decisions} | kept
    assert recipe.requantize is any(decision.requantized for decision in decisions)


@pytest.mark.parametrize("name", shipped_inventories())
def test_shipped_models(name):
    assert_all_of_it_is_of_use(read_inventory(shipped_inventory(name)))


@some.composite
def models(draw):
    """Models with and without each role, of any number of blocks; a row of a block's type divides into its blocks."""
    blocks = draw(some.integers(1, 20))
    roles = draw(some.sets(some.sampled_from(ROLES)))
    names = [f"blk.{block}.{role}.weight" for role in roles for block in (*range(blocks), "x", "007")]
    names += draw(some.sets(some.sampled_from(["output.weight", "token_embd.weight", "enc.blk.0.attn_v.weight"])))
    names = [name for name in names if draw(some.integers(0, 9))] or ["token_embd.weight"]
    return inventory([_tensor(draw, name) for name in names], n_layers=draw(some.none() | some.just(blocks)))


def _tensor(draw, name):
    columns = draw(some.sampled_from(COLUMNS))
    dtype = draw(some.sampled_from(DTYPES))
    stored = catalog().formats[dtype]
    return tensor(name, (64, columns), "F16" if stored.refuses((64, columns), ()) else dtype)


@settings(deadline=None)
@given(models())
def test_any_model(model):
    assert_all_of_it_is_of_use(model)


def rules_of(*tensors, **facts):
    recipe, result = outcome(inventory(list(tensors), **facts))
    assert result.errors == ()
    return [(rule.match, rule.when, rule.type) for rule in recipe.family[0].model.rules]


def test_the_head_is_the_output_where_there_is_one():
    both = tensor("token_embd.weight", (32, 256)), tensor("output.weight", (32, 256))
    assert rules_of(*both) == [("output", None, "${large}"), ("**", None, "${small}")]
    assert rules_of(both[0]) == [("token_embd", None, "${large}")]


def test_experts_and_a_shared_expert_make_one_rule():
    roles = "ffn_down_exps", "ffn_down_shexp"
    tensors = [tensor(f"blk.{block}.{role}.weight", (8, 256)) for block in range(2) for role in roles]
    assert rules_of(*tensors) == [
        ("blk.*.{ffn_down_exps,ffn_down_shexp}", "more_bits(layer, n_layers)", "${large}"),
        ("**", None, "${small}"),
    ]


def test_a_model_of_norms_needs_no_rule():
    text = text_for(inventory([tensor("output_norm.weight", (256,))]))
    assert "[[rules]]" not in text
    assert "[vars]" not in text


def test_rows_that_no_block_divides_are_kept():
    text = text_for(inventory([tensor("output.weight", (8, 33))]))
    assert 'large = "keep"\n' in text


@pytest.mark.parametrize(
    "role", ["\x1b[31m\nx", 'ffn_down"\n[x]', "ffn_down{", "ffn_down*", "attn_v\\", "ffn_down\u202e"]
)
def test_names_from_a_file_stay_in_their_place(role):
    model = inventory([tensor(f"blk.0.{role}.weight", (8, 256))], arch="a\nname = 'b'")
    assert_all_of_it_is_of_use(model)
    assert all(line.isprintable() for line in text_for(model).split("\n"))
