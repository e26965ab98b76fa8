"""Decisions and faults of the planner, from case tables."""

import time
from pathlib import Path

import pytest
import yaml

from qrecipe.hooks import hookimpl
from tests.planner.planning import decisions, inventory, resolved, tensor

CASES = Path(__file__).parents[1] / "cases" / "planner"


def cases(file):
    return [pytest.param(case, id=case["name"]) for case in yaml.safe_load((CASES / file).read_text())]


def model(case):
    dtypes = case.get("dtypes", {})
    return inventory(tensor(name, shape, dtypes.get(name, "BF16")) for name, shape in case["tensors"].items())


def imatrix(case):
    return frozenset(case["imatrix"]) if "imatrix" in case else None


@pytest.mark.parametrize("case", cases("decisions.yaml"))
def test_decisions(case):
    found = decisions(case["recipe"], model(case), imatrix=imatrix(case))
    assert {n: "-" if d.protected else str(d.type) for n, d in found.items()} == case["types"]
    passed = [[n, entry.type, entry.code] for n, d in found.items() for entry in d.passed_over]
    assert passed == case.get("passed", [])
    assert {n: list(d.open) for n, d in found.items() if d.open} == case.get("open", {})
    fallen = {row[0] for row in case.get("passed", []) if row[2] == "shape"}
    assert {n for n, d in found.items() if d.fell_back} == fallen


@pytest.mark.parametrize("case", cases("faults.yaml"))
def test_faults(case):
    errors = resolved(case["recipe"], model(case), imatrix=imatrix(case)).errors
    text = "\n\n".join(map(str, errors)) + "\n"
    if "starts" in case:
        assert text.startswith(case["starts"])
    else:
        assert text == case["errors"]


def test_a_missing_plug_in_leaves_its_target_out_and_unused_rules_are_warnings():
    recipe = """
        rules = [
          { match = "a", type = "int8", when = "backend == 'compressed-tensors'" },
          { match = "**", type = "Q8_0" },
        ]
        targets = [
          { backend = "gguf", output = "x.gguf" },
          { name = "serve", backend = "compressed-tensors", output = "x/" },
        ]
    """
    found = resolved(recipe, inventory([tensor("a.weight", [4, 64])]))
    assert found.errors == ()
    assert [target.name for target in found.targets] == ["gguf"]
    assert [(d.code, d.severity, d.fix) for d in found.missing] == [
        ("backend-missing", "warning", "pip install qrecipe-compressed-tensors")
    ]
    assert [(d.code, d.severity) for d in found.warnings] == [("rule-never-true", "warning")]


ALTERNATIVES = """
vars = { up = "{ffn_up,ffn_upp}", both = "{ffn_up,ffn_gate}" }
rules = [
  { match = "blk.0.{gate,${up}}", type = "Q8_0" },
  { match = "blk.1.${both}", type = "Q8_0" },
  { match = "blk.2.${both}", type = "Q8_0" },
  { match = "{x,y}.*", type = "F16", optional = true },
  { match = "{blk.7.*,*}.**", type = "F16" },
]
"""


def test_alternatives_that_match_nothing_are_warnings():
    names = ["blk.0.ffn_up", "blk.1.ffn_up", "blk.2.ffn_gate", "blk.3.ffn_up"]
    found = resolved(ALTERNATIVES, inventory(tensor(f"{name}.weight", [4, 64]) for name in names))
    assert found.errors == ()
    assert [str(warning).split("\n")[:4] for warning in found.warnings] == [
        [
            "warning: the alternative 'gate' matches no tensor of this model",
            "  --> case.toml:7:21, rules[0].match",
            "   | blk.0.{gate,${up}}",
            "   |        ~~~^",
        ],
        [
            "warning: the alternative 'ffn_upp' matches no tensor of this model",
            "  --> case.toml:5:24, vars.up",
            "   | {ffn_up,ffn_upp}",
            "   |         ~~~~~~^",
        ],
        [
            "warning: the alternative 'blk.7.*' matches no tensor of this model",
            "  --> case.toml:11:15, rules[4].match",
            "   | {blk.7.*,*}.**",
            "   |  ~~~~~~^",
        ],
    ]


def test_inherited_rules_may_speak_of_their_own_file_s_targets(tmp_path):
    parent = 'qrecipe = 1\nname = "p"\n[[rules]]\nmatch = "**"\nwhen = "target == \'serve\'"\ntype = "F16"\n'
    (tmp_path / "p.toml").write_text(parent + '[[targets]]\nname = "serve"\nbackend = "gguf"\noutput = "s.gguf"\n')
    child = """
        extends = ["p.toml"]
        rules = [{ match = "**", type = "Q8_0" }]
        targets = [{ name = "mine", backend = "gguf", output = "m.gguf" }]
    """
    found = resolved(child, inventory([tensor("a.weight", [4, 64])]), folder=tmp_path)
    assert found.errors == ()
    assert [target.name for target in found.targets] == ["mine"]


class Stacker:
    """An architecture whose experts are stacked from the checkpoint's."""

    name = "test"
    protected = ("**.special",)

    def claims(self, config):
        return True


class WithStacker:
    @hookimpl
    def qrecipe_architectures(self):
        return [Stacker()]


EXPERTS = [f"model.layers.0.experts.{i}.up.weight" for i in range(3)]


@pytest.mark.parametrize(
    ("pattern", "outcome"),
    [
        ("hf:model.layers.*.experts.*.up", "Q8_0"),
        ("hf:**.up.weight", "Q8_0"),
        ("hf:model.layers.*.experts.{0..2}.up", "Q8_0"),
        ("hf:**.experts.{0..1}.up", "torn-stack"),
        ("hf:blk.0.ffn_up_exps", "rule-matches-nothing"),
    ],
)
def test_checkpoint_names_of_a_stack_are_covered_all_or_not_at_all(pattern, outcome):
    stack = tensor("blk.0.ffn_up_exps.weight", [3, 8, 64], source_names=EXPERTS)
    made = tensor("rope_freqs.weight", [8, 64])
    recipe = f'rules = [{{ match = "{pattern}", type = "Q8_0" }}, {{ match = "**", type = "F16" }}]'
    found = resolved(recipe, inventory([stack, made]))
    if found.errors:
        assert [error.code for error in found.errors] == [outcome]
    else:
        types = {d.tensor.name: str(d.type) for d in found.targets[0].decisions}
        assert types == {"rope_freqs.weight": "F16", "blk.0.ffn_up_exps.weight": outcome}


def test_a_model_without_canonical_names_cannot_become_gguf():
    found = resolved('rules = [{ match = "**", type = "Q8_0" }]', inventory([tensor("x", [4, 64])], mapped=False))
    assert [error.code for error in found.errors] == ["unmapped-names"]


def test_thousands_of_rules_that_count_or_match_nothing_are_judged_in_one_walk():
    tensors = [tensor(f"blk.{i // 10}.w{i % 10}.weight", (4, 256)) for i in range(2000)]
    one = '{{ match = "blk.{}.{}{}", {}type = "Q8_0" }}'
    counting = [one.format(i // 10, "w", i % 10, 'when = "index == 0 and count == 1", ') for i in range(2000)]
    idle = [one.format(i // 10, "v", i % 10, "") for i in range(1000)]
    start = time.perf_counter()
    result = resolved(f"rules = [{', '.join(counting + idle)}]", inventory(tensors))
    assert time.perf_counter() - start < 8  # pattern by pattern it was 20
    assert [error.code for error in result.errors] == ["rule-matches-nothing"] * 1000
    assert "did you mean" in result.errors[19].fix
    assert "did you mean" not in result.errors[20].fix
