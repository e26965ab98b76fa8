"""The recipes for fine-tunes with quantization-aware training: what they decide, and that they build."""

from collections import Counter
from importlib.util import find_spec
from pathlib import Path

import pytest
import yaml

import qrecipe
from qrecipe.recipe.load import load_recipe
from qrecipe.recipe.shipped import shipped_recipes
from tests.oracle.convert_hf import checkpoints
from tests.oracle.convert_hf.families import FAMILIES

ROOT = Path(__file__).parents[2]
CASES = yaml.safe_load((ROOT / "tests" / "cases" / "recipes" / "qat.yaml").read_text(encoding="utf-8"))
MODELS = {family.name: family for family in FAMILIES}
ROWS = [(name, model) for name, models in CASES.items() for model in models]
needs_plugins = pytest.mark.skipif(
    any(find_spec(name) is None for name in ("qrecipe_compressed_tensors", "qrecipe_torchao")),
    reason="pip install plugins/qrecipe-compressed-tensors plugins/qrecipe-torchao",
)


@pytest.fixture(scope="module")
def folders(tmp_path_factory):
    place = tmp_path_factory.mktemp("fine-tunes")
    wanted = dict.fromkeys(model for _, model in ROWS)
    return {model: checkpoints.write(MODELS[model], "BF16", place) for model in wanted}


def outcome(target):
    """Return the row of the table for a target."""
    matrices = [d for d in target.decisions if d.tensor.gguf_dtype != "F32"]
    return {
        **Counter(str(d.type) for d in matrices if not d.keep),
        "kept": sorted({d.tensor.role for d in matrices if d.keep}),
    }


def test_there_is_a_recipe_for_each_scheme():
    assert sorted(CASES) == [name for name in shipped_recipes() if name.startswith("qat-")]
    assert sorted(CASES) == ["qat-fp8-fp8", "qat-fp8-int4", "qat-int4", "qat-int8-int4"]


@pytest.mark.parametrize("name", CASES)
def test_each_rule_says_why(name):
    rules = [rule for member in load_recipe(name).family for rule in member.model.rules]
    assert len(rules) > 3
    assert [rule.match for rule in rules if rule.why is None] == []


@pytest.mark.parametrize(("name", "model"), ROWS)
def test_without_the_plug_ins_the_gguf_is_planned(name, model, folders):
    plan = qrecipe.plan(name, source=str(folders[model]))
    assert [target.name for target in plan.targets] == ["gguf"]
    assert outcome(plan.targets[0]) == CASES[name][model]["gguf"]
    assert [each.code for each in plan.missing] == ["backend-missing", "backend-missing"]


@needs_plugins
@pytest.mark.parametrize(("name", "model"), ROWS)
def test_with_them_all_three_are(name, model, folders, installed_plugins):
    plan = qrecipe.plan(name, source=str(folders[model]))
    assert {target.name: outcome(target) for target in plan.targets} == CASES[name][model]
    assert all(target.file_bytes is not None for target in plan.targets)


def test_without_a_source_it_says_what_is_missing():
    with pytest.raises(qrecipe.QrecipeError) as caught:
        qrecipe.plan("qat-int4")
    assert [each.code for each in caught.value.diagnostics] == ["no-source"]


@needs_plugins
@pytest.mark.parametrize("name", CASES)
def test_a_mixture_of_experts_with_rows_of_704_is_planned(name, tmp_path, installed_plugins):
    text = f"""
qrecipe = 1
name = "mixture"
extends = ["lib:qat-tables", "lib:{name}"]
inventory = "lib:gemma-4-26b-a4b"
"""
    (tmp_path / "mixture.toml").write_text(text, encoding="utf-8")
    plan = qrecipe.plan(tmp_path / "mixture.toml")
    experts = {
        target.name: {"keep" if d.keep else str(d.type) for d in target.decisions if d.tensor.role.endswith("_exps")}
        for target in plan.targets
    }
    group = {"int8-int4": "int4(group=32)", "fp8-fp8": "keep"}.get(name.removeprefix("qat-"), "int4(group=64, fit=mse)")
    eights, fours = {"Q8_0"}, {"Q4_0"} if name != "qat-int4" else {"Q4_K", "Q4_1"}
    assert experts == {
        "torchao": {"keep"},
        "compressed-tensors": {group},
        "gguf": eights if name == "qat-fp8-fp8" else fours,
    }
