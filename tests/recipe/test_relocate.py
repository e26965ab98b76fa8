"""A recipe's text for another folder: letter for letter the same but for its references, which still lead there."""

from pathlib import Path

import pytest

from qrecipe.recipe.load import load_recipe
from qrecipe.recipe.relocate import relocated
from qrecipe.recipe.shipped import shipped_folder

PARENT = 'qrecipe = 1\nname = "parent"\n[[rules]]\nmatch = "**"\ntype = "Q8_0"\n'
CHILD = """\
qrecipe = 1  # first
name = "child"
extends = [ 'parent.toml', "lib:llama/base",   # why
  "../%s" ]
source = "${where}/model.gguf"   # stays
inventory = 'model.json'
imatrix = "/abs/imatrix.gguf"

[vars]
where = "models"  # a folder
"""


@pytest.fixture
def recipes(tmp_path):
    (tmp_path / "recipes").mkdir()
    (tmp_path / "recipes" / "parent.toml").write_text(PARENT)
    (tmp_path / "other.toml").write_text(PARENT.replace("parent", "other"))
    (tmp_path / "recipes" / "child.toml").write_text(CHILD % "other.toml")
    return tmp_path


def found(recipe):
    parents = [one.identity for one in recipe.family[1:]]
    references = [
        (recipe.source_folder / recipe.source).resolve(),
        (recipe.inventory_folder / recipe.inventory).resolve(),
        (recipe.imatrix_folder / recipe.imatrix).resolve(),
    ]
    return parents, references


def test_only_what_depends_on_the_folder_changes(recipes):
    text = relocated(load_recipe(recipes / "recipes" / "child.toml"), recipes)
    assert text == (CHILD % "other.toml").replace("'parent.toml'", '"recipes/parent.toml"').replace(
        '"../other.toml"', '"other.toml"'
    ).replace('"${where}/', '"recipes/${where}/').replace("'model.json'", '"recipes/model.json"')


@pytest.mark.parametrize("folder", [".", "recipes", "deep/er", "recipes/below"])
def test_it_refers_to_the_same_files(recipes, folder):
    original = load_recipe(recipes / "recipes" / "child.toml")
    (recipes / folder).mkdir(parents=True, exist_ok=True)
    copy = recipes / folder / "copy.toml"
    copy.write_text(relocated(original, recipes / folder))
    assert found(load_recipe(copy)) == found(original)


def test_in_its_own_folder_nothing_changes(recipes):
    original = load_recipe(recipes / "recipes" / "child.toml")
    assert relocated(original, recipes / "recipes") == CHILD % "other.toml"


def test_shipped_files_are_named_as_shipped(tmp_path):
    base = Path(shipped_folder(), "lib", "llama", "base.toml")
    inventory = Path(shipped_folder(), "inventories", "gemma-4-e2b.json")
    relative = Path("../" * (len(tmp_path.parts) - 1))
    text = 'qrecipe = 1\nname = "mine"\nextends = ["{}"]\ninventory = "{}"\n'
    (tmp_path / "mine.toml").write_text(text.format(*(relative / path.relative_to("/") for path in (base, inventory))))
    moved = relocated(load_recipe(tmp_path / "mine.toml"), tmp_path)
    assert moved == text.format("lib:llama/base", "lib:gemma-4-e2b")


def test_strings_of_every_kind_are_replaced_whole(tmp_path):
    (tmp_path / "in").mkdir()
    text = 'qrecipe = 1\nname = "x"\nsource = """\\\n  a\\u0020b.gguf"""  # end\n'
    (tmp_path / "in" / "x.toml").write_text(text)
    moved = relocated(load_recipe(tmp_path / "in" / "x.toml"), tmp_path)
    assert moved == 'qrecipe = 1\nname = "x"\nsource = "in/a b.gguf"  # end\n'
