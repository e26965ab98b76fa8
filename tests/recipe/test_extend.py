"""Families of recipes from a table: in which order they stand, what is merged, and the whole message of every fault."""

from __future__ import annotations

import itertools
from pathlib import Path

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from qrecipe.errors import RecipeError
from qrecipe.recipe.load import load_recipe
from qrecipe.recipe.shipped import shipped_bases, shipped_recipes

CASES = Path(__file__).parents[1] / "cases" / "recipe"


def rows(name):
    return [pytest.param(row, id=row["case"]) for row in yaml.safe_load((CASES / name).read_text(encoding="utf-8"))]


def written(folder, files):
    """Write recipes; what every recipe needs is put in front."""
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f'qrecipe = 1\nname = "{path.stem}"\n{text or ""}', encoding="utf-8")


def loaded(row):
    return load_recipe(row.get("load", "a.toml"), set=row.get("set", {}))


def meaning(recipe):
    """Return what the table's rows may ask for."""
    rules = recipe.rules_for(recipe.targets[0].name, {}, {})
    return {
        "family": [recipe.file, *recipe.parents],
        "rules": [f"{rule.match} = {rule.chain}" for rule in rules],
        "inherited": [rule.inherited for rule in rules],
        "vars": {name: made.value for name, made in recipe.variables.values.items() if name != "name"},
        "targets": [f"{target.name}: {target.backend} -> {target.output}" for target in recipe.targets],
        "name": recipe.name,
        "description": recipe.description,
        "source": recipe.source,
        "source_folder": recipe.source_folder.as_posix(),
        "inventory": recipe.inventory,
        "imatrix": recipe.imatrix,
        "requantize": recipe.requantize,
        "options": recipe.targets[0].options,
    }


@pytest.mark.parametrize("row", rows("extend.yaml"))
def test_a_family_means(row, tmp_path, monkeypatch):
    written(tmp_path, row["files"])
    monkeypatch.chdir(tmp_path)
    found = meaning(loaded(row))
    assert {key: found[key] for key in row["means"]} == row["means"]


@pytest.mark.parametrize("row", rows("extend_faults.yaml"))
def test_a_faulty_family_says_what_is_wrong(row, tmp_path, monkeypatch):
    written(tmp_path, row["files"])
    monkeypatch.chdir(tmp_path)
    with pytest.raises(RecipeError) as caught:
        loaded(row)
    bases = ", ".join(f"lib:{name}" for name in shipped_bases())
    expected = row["error"].replace("<bases>", bases).replace("<shipped>", ", ".join(shipped_recipes()))
    assert str(caught.value) + "\n" == expected
    assert all(diagnostic.fix for diagnostic in caught.value.diagnostics)


def spelled_out(parents, name):
    """Return the order as the language page says it: depth first with repetitions, then each at its last place."""
    line = [name, *itertools.chain.from_iterable(spelled_out(parents, parent) for parent in parents[name])]
    return [one for place, one in enumerate(line) if one not in line[place + 1 :]]


@settings(max_examples=60, deadline=None)
@given(st.lists(st.lists(st.integers(1, 5), max_size=3, unique=True), min_size=6, max_size=6))
def test_the_order_is_depth_first_with_each_at_its_last_place(tmp_path_factory, steps):
    parents = {f"r{i}": [f"r{i + step}" for step in each if i + step < len(steps)] for i, each in enumerate(steps)}
    folder = tmp_path_factory.mktemp("family")
    written(folder, {f"{name}.toml": f"extends = {[f'{one}.toml' for one in each]}" for name, each in parents.items()})
    recipe = load_recipe(folder / "r0.toml")
    assert [Path(file).stem for file in (recipe.file, *recipe.parents)] == spelled_out(parents, "r0")


def test_doublings_of_doublings_are_read_once(tmp_path):
    files = {f"r{i}.toml": f'extends = ["r{i + 1}.toml", "s{i + 1}.toml"]' for i in range(25)}
    files |= {f"s{i}.toml": f'extends = ["r{i + 1}.toml"]' for i in range(1, 25)}
    written(tmp_path, files | {"r25.toml": "", "s25.toml": ""})
    assert len(load_recipe(tmp_path / "r0.toml").parents) == 50


@pytest.mark.parametrize("number", [40, 120], ids=["too deep", "too many"])
def test_families_beyond_any_size_are_refused(tmp_path, number):
    deep = number < 100
    children = {f"r{i}.toml": f'extends = ["r{i + 1}.toml"]' if deep else "" for i in range(number)}
    first = {"a.toml": f"extends = {[f'r{i}.toml' for i in range(1 if deep else number)]}"}
    written(tmp_path, children | first | {f"r{number}.toml": ""})
    with pytest.raises(RecipeError) as caught:
        load_recipe(tmp_path / "a.toml")
    assert caught.value.diagnostics[0].what == "more than 100 recipes, or 32 levels of them"
