"""The shipped mixtures give every tensor the type that llama-quantize gives it."""

import pytest

from qrecipe.recipe.load import load_recipe
from qrecipe.recipe.shipped import shipped_bases
from tests.planner.planning import inventory, resolved, tensor
from tests.recipes.llama_snapshots import ARCHITECTURES, snapshots

MIXTURES = [name.removeprefix("llama/") for name in shipped_bases() if name.startswith("llama/")]


def types(name, model, imatrix=None):
    """Return tensor → type under a shipped mixture; what lacks imatrix data has its type all the same."""
    found = resolved(f'extends = ["lib:llama/{name}"]\n', model, imatrix=imatrix)
    assert {error.code for error in found.errors} <= {"imatrix-missing", "imatrix-entry-missing"}
    return {decision.tensor.name: decision.type.format.name for decision in found.resolutions["gguf"].decisions}


@pytest.mark.parametrize("model", ARCHITECTURES)
def test_every_type_of_llama_cpps_snapshots(model):
    snapshot = snapshots()[model]
    found = {file_type: types(file_type.lower(), snapshot.model) for file_type in snapshot.types}
    assert found == snapshot.types


def test_the_snapshots_are_all_there():
    tables = [table for snapshot in snapshots().values() for table in snapshot.types.values()]
    assert [len(snapshot.types) for snapshot in snapshots().values()] == [33] * 12
    assert sum(map(len, tables)) == 159_159


BLOCK = {
    "attn_q": (256, 256),
    "attn_k": (256, 256),
    "attn_v": (256, 256),
    "attn_output": (256, 256),
    "ffn_gate": (512, 256),
    "ffn_up": (512, 256),
    "ffn_down": (256, 512),
}
FACTS = {"n_experts": 0, "n_heads": 8, "n_kv_heads": 2}


def small(arch="llama", layers=16, extra=(), **facts):
    """Return a model of that many equal blocks, with a head of its own."""
    named = [("token_embd.weight", (512, 256)), ("output.weight", (512, 256)), *extra]
    named += [(f"blk.{i}.{role}.weight", shape) for i in range(layers) for role, shape in BLOCK.items()]
    tensors = [tensor(name, shape) for name, shape in named]
    return inventory(tensors, arch=arch, n_layers=layers, **(FACTS | facts))


@pytest.mark.parametrize(
    ("name", "arch", "layers", "facts", "boosted"),
    [
        ("q4_k_s", "llama", 80, {}, True),
        ("q4_k_s", "llama", 80, {"n_kv_heads": 8}, False),
        ("q4_k_s", "llama", 79, {}, False),
        ("q4_k_s", "qwen2", 80, {"n_kv_heads": 8}, True),
        ("q4_k_s", "qwen2", 81, {"n_mtp_layers": 1}, True),
        ("q4_k_s", "qwen2", 81, {}, False),
        ("q3_k_s", "jais2", 68, {}, True),
        ("q3_k_s", "jais2", 80, {}, False),
    ],
)
def test_the_70b_class_gives_values_more(name, arch, layers, facts, boosted):
    found = types(name, small(arch, layers, **facts))
    assert (found[f"blk.{layers - 1}.attn_v.weight"] == "Q5_K") is boosted


def test_glm5_next_keeps_its_small_matrices_and_gives_queries_8_bits():
    extra = [("blk.0.ssm_f_a.weight", (64, 256)), ("blk.0.attn_q_b.weight", (64, 256)), ("blk.0.hc_x.weight", (4, 256))]
    model = small("glm5-next", extra=extra)
    found = types("q2_k", model, imatrix=frozenset())
    assert [found[name] for name, _ in extra] == ["BF16", "Q8_0", "BF16"]
    assert types("q2_k", small("glm4", extra=extra))["blk.0.ssm_f_a.weight"] == "Q2_K"


@pytest.mark.parametrize(
    ("name", "without", "given"),
    [("q4_0", "Q4_0", "Q4_1"), ("q5_0", "Q5_0", "Q5_1"), ("iq4_xs", "Q5_K", "IQ4_XS"), ("iq3_xxs", "Q4_K", "IQ3_XXS")],
)
def test_an_imatrix_changes_the_first_ffn_down(name, without, given):
    model = small()
    assert types(name, model)["blk.0.ffn_down.weight"] == without
    assert types(name, model, imatrix=frozenset({"other"}))["blk.0.ffn_down.weight"] == given


@pytest.mark.parametrize(
    "name", ["iq1_s", "iq1_m", "iq2_xxs", "iq2_xs", "iq2_s", "iq2_m", "iq3_xxs", "iq3_xs", "q2_k_s"]
)
def test_a_mixture_that_needs_an_imatrix_says_so(name):
    found = resolved(f'extends = ["lib:llama/{name}"]\n', small())
    assert {error.code for error in found.errors} == {"imatrix-missing"}


@pytest.mark.parametrize("name", MIXTURES)
def test_each_rule_says_why(name):
    family = load_recipe(f"lib:llama/{name}").family
    assert [rule.match for written in family for rule in written.model.rules if not rule.why] == []


def test_names_that_nobody_knows_get_what_no_rule_singles_out():
    found = types("q4_k_m", small(extra=[("blk.0.strange.weight", (8, 256)), ("odd.weight", (8, 320))]))
    assert (found["blk.0.strange.weight"], found["odd.weight"]) == ("Q4_K", "Q5_0")


def test_mtp_blocks_count():
    found = types("q3_k_m", small(layers=32, n_mtp_layers=1))
    assert [found[f"blk.{i}.ffn_down.weight"] for i in (0, 1, 2, 31)] == ["Q5_K", "Q5_K", "Q4_K", "Q4_K"]
