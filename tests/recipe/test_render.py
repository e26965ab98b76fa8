"""A recipe rendered as one file: a fixpoint that means the same, for every recipe at hand; without folders."""

from pathlib import Path

import pytest

from qrecipe.api.opening import open_inventory
from qrecipe.api.outcome import model_with
from qrecipe.api.targets import Facts, resolve_targets
from qrecipe.host.catalog import make_catalog
from qrecipe.recipe.load import load_recipe, load_recipe_text
from qrecipe.recipe.render import rendered

ROOT = Path(__file__).parents[2]
RECIPES = sorted([*(ROOT / "tests/data/recipes").glob("*.toml"), *(ROOT / "recipes").glob("*.toml")])
ONLY_ELSEWHERE = ("unknown-arch",)  # its backend is a plug-in
TINY = "tests/data/inventories/tiny.json"


def again(text: str, folder: Path):
    return load_recipe_text(text, folder, file="again.toml")


@pytest.mark.parametrize("path", RECIPES, ids=lambda path: path.stem)
def test_rendering_is_a_fixpoint(path, tmp_path):
    text = rendered(load_recipe(path), source=None)
    assert rendered(again(text, tmp_path), source=None) == text


@pytest.mark.parametrize("path", RECIPES, ids=lambda path: path.stem)
def test_what_is_rendered_means_the_same(path, tmp_path):
    recipe = load_recipe(path)
    model = open_inventory(recipe.inventory or TINY, recipe.inventory_folder if recipe.inventory else ROOT)
    catalog = make_catalog(discover=False)
    meant, means = (
        resolve_targets(one, Facts(model_with(model)), catalog)
        for one in (recipe, again(rendered(recipe, source=None), tmp_path))
    )
    assert planned(means) == planned(meant)
    assert len(means.missing) == len(meant.missing)
    assert bool(meant.targets) or path.stem in ONLY_ELSEWHERE


def planned(found):
    return [
        (target.name, target.target.output, [(d.tensor.name, str(d.type), d.open) for d in target.decisions])
        for target in found.targets
    ]


TEXT = r"""
qrecipe = 1
name = "all"
description = "what \"it\" is for ${name}"
source = "/home/me/models/m.gguf"
imatrix = "../data/i.gguf"
requantize = true
[vars]
a = "Q4_0 | ${b}"
b = "F16"
n = 3
yes = true
[[rules]]
match = "blk.*.x"
when = "layer == ${n} and ${yes}"
type = "${a}"
why = "because of \"it\" and ${b}"
[[rules]]
match = "r"
type = "keep"
optional = true
protected = true
[[targets]]
backend = "gguf"
name = "one"
output = "${name}/${target}.gguf"
metadata = { "general.name" = "x \u202e ${target}", "a.b" = 1.5, c = -1, d = true }
"""
RENDERED = r"""qrecipe = 1
name = "all"
description = "what \"it\" is for all"
source = "m.gguf"
imatrix = "i.gguf"
requantize = true

[vars]
a = "Q4_0 | ${b}"
b = "F16"
n = 3
yes = true

[[rules]]
match = "blk.*.x"
when = "layer == ${n} and ${yes}"
type = "${a}"
why = "because of \"it\" and ${b}"

[[rules]]
match = "r"
type = "keep"
protected = true
optional = true

[[targets]]
name = "one"
backend = "gguf"
output = "all/one.gguf"
metadata = { "general.name" = "x \u202e one", "a.b" = 1.5, c = -1, d = true }
"""


def test_everything_is_written_without_folders_and_printable():
    recipe = load_recipe_text(TEXT, Path("/home/me"), file="all.toml")
    assert rendered(recipe, source=None) == RENDERED
    assert 'source = "other.gguf"' in rendered(recipe, source="C:\\models\\other.gguf")
    assert 'source = "pkg:name"' in rendered(recipe, source="pkg:name")


def test_settings_are_written_where_the_variables_stand(tmp_path):
    recipe = load_recipe_text(TEXT, tmp_path, file="all.toml", set={"n": "7", "yes": "false", "a": "Q8_0"})
    text = rendered(recipe, source=None)
    assert '[vars]\na = "Q8_0"\nb = "F16"\nn = 7\nyes = false\n' in text
    assert rendered(again(text, tmp_path), source=None) == text


def test_a_variable_that_nothing_uses_any_more_is_left_out(tmp_path):
    (tmp_path / "base.toml").write_text(
        'qrecipe = 1\nname = "base"\nvars = { a = "Q8_0", b = "F16" }\nrules = [{ match = "x", type = "${a}" }]\n'
    )
    child = 'qrecipe = 1\nname = "child"\nextends = ["base.toml"]\nvars = { a = "F32" }\n'
    text = rendered(load_recipe_text(child, tmp_path), source=None)
    assert text == (
        'qrecipe = 1\nname = "child"\n\n[vars]\na = "F32"\n\n[[rules]]\nmatch = "x"\ntype = "${a}"\noptional = true\n'
        '\n[[targets]]\nname = "gguf"\nbackend = "gguf"\noutput = "child.gguf"\n'
    )
