"""The shipped Gemma 4 recipes give each tensor the published type, and with it the published size."""

from collections import Counter
from functools import cache
from importlib.util import find_spec
from pathlib import Path

import pytest
import yaml
from huggingface_hub import constants
from pydantic import BaseModel

import qrecipe
from qrecipe.api.outcome import model_with
from qrecipe.api.targets import Facts, resolve_targets
from qrecipe.errors import BuildError, Location
from qrecipe.host.catalog import make_catalog
from qrecipe.recipe.load import load_recipe
from qrecipe.recipe.pattern import parse_pattern
from qrecipe.recipe.shipped import shipped_recipes
from qrecipe.recipe.variables import Variables
from qrecipe.types.target import Layout
from tests.catalogue.workplace import offering

ROOT = Path(__file__).parents[2]
CASES = yaml.safe_load((ROOT / "tests" / "cases" / "recipes" / "gemma4.yaml").read_text(encoding="utf-8"))
PAGE = (ROOT / "docs" / "how-to" / "gemma4.md").read_text(encoding="utf-8")
PLUGINS = ("qrecipe_compressed_tensors", "qrecipe_torchao")
REST_OF_HEADER = 15_782_400  # tokenizer, settings and chat template, whatever the model
LATTICE = {
    "Q4_0": "Q4_0(fit=lattice)",
    "Q8_0": "Q8_0(fit=lattice)",
    "TQ2_0": "TQ2_0(scale=negative, fit=lattice)",
}


class Options(BaseModel):
    """No keys of its own."""


class StoresIntegers:
    """Stands in for a plug-in: stores 4 and 8 bits in groups of 32 and what is kept, nothing of GGUF's."""

    options = Options

    def __init__(self, name, profiles=()):
        self.name = name
        self.profiles = profiles

    def refuses(self, inventory, target):
        return None

    def stores(self, use, tensor, target, inventory):
        known = use.format.name in ("int4", "int8") and use.argument("group") == 32
        return None if known else f"no codes for {use.format.name}"

    def stored_as(self, use, tensor, target, inventory):
        return use.format

    def keep(self, tensor, target):
        return tensor.dtype

    def check(self, inventory, decisions, target):
        return ()

    def layout(self, inventory, decisions, target, provenance):
        return Layout((), {decision.tensor.name: () for decision in decisions}, 0)

    def tasks(self, job, limits):
        raise NotImplementedError

    def finish(self, job, results):
        raise NotImplementedError

    def read_lock(self, checkpoint):
        return None

    def artifact(self, checkpoint):
        return None


FOLDERS = {"compressed-tensors": "-w4a16/", "torchao": "-torchao/"}
STAND_INS = (StoresIntegers("compressed-tensors", ("hf", "vllm")), StoresIntegers("torchao", ("hf",)))


@pytest.fixture(autouse=True)
def no_hub(monkeypatch):
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", True)  # the environment is read once, by whoever comes first


@cache
def gguf_of(name):
    return next(target for target in planned(name).targets if target.name == "gguf")


@cache
def planned(name):
    return qrecipe.plan(name)


def table_bytes(target):
    """Return what the file's tensor table takes: name, number of dimensions, dimensions, type, offset of each."""
    return sum(8 + len(d.tensor.name) + 4 + 8 * len(d.tensor.shape) + 4 + 8 for d in target.decisions)


def rest(name):
    target = gguf_of(name)
    return CASES[name]["published"] - target.tensor_bytes - table_bytes(target)


def test_the_table_has_every_shipped_recipe_of_the_family():
    assert sorted(CASES) == [name for name in shipped_recipes() if name.startswith("gemma4-")]


@pytest.mark.parametrize("name", CASES)
def test_published_less_predicted_is_one_constant(name):
    assert abs(rest(name) - REST_OF_HEADER) < 2000


@pytest.mark.parametrize(("name", "case"), CASES.items())
def test_every_tensor_has_the_published_type(name, case):
    decisions = gguf_of(name).decisions
    assert Counter(d.type.format.name for d in decisions) == case["types"]
    named = [(parse_pattern(text, Location(), Variables()), type_) for text, type_ in case.get("named", {}).items()]
    for decision in decisions:
        tensor = decision.tensor
        expected = [type_ for pattern, type_ in named if pattern.covers(tensor.name)]
        assert [decision.type.format.name] == (expected or [case["others"] if tensor.gguf_dtype != "F32" else "F32"])


@pytest.mark.parametrize("name", [name for name in CASES if "naive" not in name])
def test_what_training_put_on_a_grid_is_found_there(name):
    for decision in gguf_of(name).decisions:
        type_ = decision.type.format.name
        assert str(decision.type) == LATTICE.get(type_, type_)


@pytest.mark.parametrize("name", [name for name in CASES if "naive" in name])
def test_naive_recipes_round_as_llama_quantize_does(name):
    assert all(str(decision.type) == decision.type.format.name for decision in gguf_of(name).decisions)


def folder_targets(name, *plugins):
    """Return the targets for folders by name, with these plug-ins, or with those that are installed."""
    catalog = make_catalog(*plugins, discover=not plugins)
    resolved = resolve_targets(load_recipe(name), Facts(model_with(planned(name).inventory)), catalog)
    assert resolved.errors == ()
    return {target.name: target for target in resolved.targets if target.name != "gguf"}


def kept_matrices(target):
    return {d.tensor.role for d in target.decisions if d.keep and d.tensor.gguf_dtype != "F32"}


@pytest.mark.parametrize("name", CASES)
def test_folders_get_every_matrix_in_few_bits_but_the_tables(name):
    targets = folder_targets(name, offering("backends", *STAND_INS))
    per_layer = {"per_layer_token_embd", "per_layer_model_proj"} if name.startswith("gemma4-e") else set()
    experts = {"ffn_down_exps", "ffn_gate_up_exps"} if name.startswith("gemma4-26b") else set()
    for backend, target in targets.items():
        assert target.target.output == f"{name}{FOLDERS[backend]}"
        assert kept_matrices(target) == {"token_embd"} | per_layer | (experts if backend == "torchao" else set())
        types = {str(d.type) for d in target.decisions if not d.keep}
        if "naive" in name:
            assert types == {"int4(group=32)"}
        else:
            gates = {"int8(group=32, fit=lattice)"} if "mobile" in name else set()
            assert types == {"int4(group=32, fit=lattice)"} | gates
    assert list(targets) == list(FOLDERS)


@pytest.mark.skipif(any(find_spec(name) is None for name in PLUGINS), reason="pip install the two plug-ins")
@pytest.mark.parametrize("name", CASES)
def test_the_plug_ins_store_what_the_recipe_asks_for(name, installed_plugins):
    wanted = folder_targets(name, offering("backends", *STAND_INS))
    for backend, target in folder_targets(name).items():
        assert [str(d.type) for d in target.decisions] == [str(d.type) for d in wanted[backend].decisions]
        assert kept_matrices(target) == kept_matrices(wanted[backend])
        assert [each for each in target.decisions if each.passed_over] == []


@pytest.mark.skipif(any(find_spec(name) is None for name in PLUGINS), reason="pip install the two plug-ins")
@pytest.mark.parametrize(("name", "model"), [("gemma4-26b-ud-q4_k_xl", "26B-A4B"), ("gemma4-e2b-ud-q4_k_xl", "E2B")])
def test_the_page_has_the_folders_sizes(name, model, installed_plugins):
    (row,) = [line for line in PAGE.splitlines() if line.startswith(f"| size of {model} |")]
    said = [cell.split()[0] for cell in row.strip("| ").split(" | ")[1:]]
    assert said == [f"{target.file_bytes_estimate / 1e9:.1f}" for target in qrecipe.plan(name).targets]


def test_each_rule_of_the_folders_says_why():
    (base,) = [
        each.model for each in load_recipe("gemma4-26b-ud-q4_k_xl").family if each.model.name == "gemma4-families"
    ]
    assert [rule.match for rule in base.rules if rule.why is None] == []


@pytest.mark.parametrize("name", CASES)
def test_the_page_has_the_difference(name):
    target = gguf_of(name)
    row = f"| `{name}` | {CASES[name]['published']:,} | {target.tensor_bytes:,} | {rest(name):,} |"
    assert row in PAGE


@pytest.mark.parametrize("name", CASES)
def test_check_and_explain_need_no_checkpoint(name):
    found = qrecipe.check(name)
    assert [each.severity for each in found] == ["warning"] * len(found)
    (told,) = qrecipe.explain(name, "token_embd")
    assert told.decision.tensor.name == "token_embd.weight"


@pytest.mark.parametrize("name", CASES)
def test_build_says_what_is_missing(name, tmp_path):
    with pytest.raises(BuildError) as caught:
        qrecipe.build(name, output=tmp_path)
    assert [each.code for each in caught.value.diagnostics] == ["no-checkpoint"]
    assert not list(tmp_path.iterdir())


def test_build_says_how_to_get_it(tmp_path):
    with pytest.raises(BuildError) as caught:
        qrecipe.build("gemma4-26b-ud-q4_k_xl", output=tmp_path)
    name = "gemma-4-26B-A4B-it-qat-q4_0-unquantized"
    assert str(caught.value) == (
        "error: the plan for gemma4-26b-ud-q4_k_xl was made from the inventory lib:gemma-4-26b-a4b; "
        "weights are needed to build\n"
        "  --> gemma4-26b-ud-q4_k_xl\n"
        f"why: an inventory holds names and shapes only; the list of files of google/{name} is not in the cache, "
        "and HF_HUB_OFFLINE forbids to ask the hub\n"
        "fix: build again where the hub can be reached, which downloads it; or fetch it with "
        f"`hf download google/{name} --local-dir {name}` and build with --source {name}"
    )
