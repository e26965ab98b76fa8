"""What is shipped: every file of it is sound, is found by its name from wherever it is installed, and by no other."""

from __future__ import annotations

import pytest

from qrecipe.codecs.builtin import FITS, FORMATS
from qrecipe.errors import RecipeError, SourceError
from qrecipe.recipe import shipped
from qrecipe.recipe.chain import bind_chain
from qrecipe.recipe.functions import BUILTINS
from qrecipe.recipe.load import load_recipe
from qrecipe.recipe.protected import protected_patterns

FUNCTIONS = {made.__name__: made for made in BUILTINS}
BY_NAME = {made.name: made for made in FORMATS}, {made.name: made for made in FITS}


@pytest.mark.parametrize("name", [*shipped.shipped_recipes(), *(f"lib:{name}" for name in shipped.shipped_bases())])
def test_every_shipped_recipe_parses_and_knows_its_types(name):
    recipe = load_recipe(name)
    for target in recipe.targets:
        for rule in recipe.rules_for(target.name, FUNCTIONS, {}):
            assert bind_chain(rule.chain, *BY_NAME)


def test_the_bases_of_the_language_page_are_there():
    assert {"gemma4-qat", "gemma4-mobile", "llama/base", "llama/q4_k_m", "llama/q3_k_m", "llama/iq2_m"} <= set(
        shipped.shipped_bases()
    )
    assert "quickstart" in shipped.shipped_recipes()


def test_the_list_of_protected_tensors_is_no_recipe():
    assert "protected" not in shipped.shipped_bases()


def test_names_lead_to_files():
    assert shipped.lib("llama/base").is_file()
    assert shipped.shipped_inventory("gemma-4-e2b").is_file()
    assert shipped.shipped_recipe("quickstart").is_file()
    assert shipped.shipped_recipe("nothing") is None
    assert (shipped.shipped_model("bard-3m-qat-q4_0") / "config.json").is_file()


@pytest.mark.parametrize("name", ["../pyproject", "llama/../llama/base", "/etc/passwd", "", "llama", "protected"])
def test_a_name_is_a_name_and_never_a_path(name):
    assert shipped.shipped_recipe(name) is None
    with pytest.raises(RecipeError):
        shipped.lib(name)
    with pytest.raises(RecipeError):
        shipped.shipped_inventory(name)
    with pytest.raises(SourceError):
        shipped.shipped_model(name)


def test_an_unknown_inventory_is_told_with_the_nearest():
    with pytest.raises(RecipeError) as caught:
        shipped.shipped_inventory("gemma-4-e2")
    assert str(caught.value) == (
        "error: no inventory is shipped as lib:gemma-4-e2\n"
        f"why: shipped are {', '.join(f'lib:{name}' for name in shipped.shipped_inventories())}\n"
        "fix: did you mean 'lib:gemma-4-e2b'?"
    )


def test_a_wheel_has_the_files_inside_the_package(tmp_path, monkeypatch):
    module = tmp_path / "qrecipe" / "recipe" / "shipped.py"
    (tmp_path / "recipes").mkdir()
    monkeypatch.setattr(shipped, "__file__", str(module))
    assert shipped.shipped_folder() == tmp_path / "recipes"
    (tmp_path / "qrecipe" / "shipped" / "lib" / "llama").mkdir(parents=True)
    (tmp_path / "qrecipe" / "shipped" / "lib" / "llama" / "base.toml").touch()
    assert shipped.shipped_folder() == tmp_path / "qrecipe" / "shipped"
    (tmp_path / "qrecipe" / "shipped" / "models" / "small").mkdir(parents=True)
    (tmp_path / "qrecipe" / "shipped" / "models" / "small" / "config.json").touch()
    assert shipped.shipped_bases() == ("llama/base",)
    assert shipped.shipped_models() == ("small",)


@pytest.mark.parametrize(
    ("name", "is_protected"),
    [
        ("blk.0.attn_norm.weight", True),
        ("blk.3.ffn_gate_inp.weight", True),
        ("per_layer_model_proj.weight", True),
        ("blk.0.ssm_conv1d.weight", True),
        ("blk.0.shortconv.conv.weight", True),
        ("position_embd.weight", True),
        ("blk.0.attn_q.weight", False),
        ("token_embd.weight", False),
        ("blk.0.ffn_gate_exps.weight", False),
        ("blk.0.extra.weight", True),
    ],
)
def test_norms_routers_and_the_like_are_protected(name, is_protected):
    patterns, release = protected_patterns(["blk.*.extra"])
    assert any(pattern.covers(name) for pattern in patterns) is is_protected
    assert release == "llama.cpp 11434"
