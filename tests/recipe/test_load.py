"""Whole recipes: what the tried ones mean, rules parsed for a target, and all faults of all rules at once."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

sys.path.insert(0, str(Path(__file__).parent))
from languages import PAGES, page_table

from qrecipe.codecs.builtin import FITS, FORMATS
from qrecipe.errors import RecipeError, Span
from qrecipe.recipe.chain import bind_chain
from qrecipe.recipe.functions import BUILTINS
from qrecipe.recipe.load import load_recipe, load_recipe_text
from qrecipe.recipe.model import RecipeModel, RuleModel, TargetModel
from qrecipe.types.decision import RuleRef

TESTS = Path(__file__).parents[1]
RECIPES = TESTS / "data" / "recipes"
FUNCTIONS = {made.__name__: made for made in BUILTINS}
BY_NAME = {made.name: made for made in FORMATS}, {made.name: made for made in FITS}


def rows():
    table = yaml.safe_load((TESTS / "cases" / "recipe" / "load.yaml").read_text(encoding="utf-8"))
    return [pytest.param(row, id=row["recipe"]) for row in table]


def loaded(text, **settings):
    return load_recipe_text(f'qrecipe = 1\nname = "x"\n{text}', Path("here"), file="f.toml", set=settings)


def rules_of(recipe, target=None):
    closed = {"target": [one.name for one in recipe.targets], "dtype": ["F32", "F16", "BF16"], "backend": ["gguf"]}
    return recipe.rules_for(target or recipe.targets[0].name, FUNCTIONS, closed)


def told(rule):
    when = f" if {rule.when}" if rule.when is not None else ""
    flags = "".join(f" {flag}" for flag in ("protected", "optional", "inherited") if getattr(rule, flag))
    return f"{rule.match}{when}: {' | '.join(map(str, bind_chain(rule.chain, *BY_NAME)))}{flags}"


@pytest.mark.parametrize("row", rows())
def test_a_tried_recipe_means(row):
    recipe = load_recipe(RECIPES / f"{row['recipe']}.toml")
    assert {
        "recipe": Path(recipe.file).stem,
        "name": recipe.name,
        "source": recipe.source,
        "inventory": recipe.inventory,
        "parents": list(recipe.parents),
        "targets": [f"{one.name}: {one.backend}, {one.profile} -> {one.output}" for one in recipe.targets],
        "rules": [told(rule) for rule in rules_of(recipe)],
    } == row


def test_a_rule_knows_where_it_stands():
    (first, second) = rules_of(
        loaded('[[rules]]\nmatch = "a"\ntype = "F16"\n[[rules]]\nmatch = "b"\nwhen = "layer < 3"\ntype = "F16"\n')
    )
    assert (first.ref, second.ref) == (RuleRef("f.toml", 0, 3), RuleRef("f.toml", 1, 6))
    assert str(second.where_match) == "f.toml:7:10, rules[1].match"
    assert str(second.where_when) == "f.toml:8:9, rules[1].when"
    assert str(second.where_type) == "f.toml:9:9, rules[1].type"
    assert str(first.where_when) == "f.toml:3:1, rules[0]"
    assert first.when is None


def test_faults_of_all_rules_are_told_at_once_and_one_in_a_variable_once():
    recipe = loaded("""
vars = { bad = "Q4_K |" }
[[rules]]
match = "blk.{1"
when = "layr < 3"
type = "${typ}"
[[rules]]
match = "a"
type = "${bad}"
[[rules]]
match = "b"
type = "F16 | ${bad}"
why = "${reason}"
""")
    with pytest.raises(RecipeError) as caught:
        rules_of(recipe)
    found = [(one.code, one.where.key_path, one.where.line) for one in caught.value.diagnostics]
    assert found == [
        ("pattern-syntax", "rules[0].match", 6),
        ("unknown-fact", "rules[0].when", 7),
        ("unknown-variable", "rules[0].type", 8),
        ("chain-syntax", "vars.bad", 4),
        ("unknown-variable", "rules[2].why", 15),
    ]


def test_the_same_text_in_two_rules_is_one_parse_at_two_places():
    one, two = rules_of(loaded('[[rules]]\nmatch = "a"\ntype = "Q4_M"\n[[rules]]\nmatch = "b"\ntype = "Q4_M"\n'))
    assert one.chain.entries is two.chain.entries
    lines = []
    for rule in (one, two):
        with pytest.raises(RecipeError) as caught:
            bind_chain(rule.chain, *BY_NAME)
        lines += [diagnostic.where.line for diagnostic in caught.value.diagnostics]
    assert lines == [5, 8]


def test_the_targets_name_is_a_variable_of_its_rules():
    recipe = loaded(
        """
[[rules]]
match = "${target}.*"
when = "target == 'two'"
type = "Q8_0"
why = "for ${target} of ${name}"
[[targets]]
name = "one"
backend = "gguf"
output = "${target}.gguf"
[[targets]]
name = "two"
backend = "gguf"
output = "${target}.gguf"
"""
    )
    (rule,) = rules_of(recipe, "two")
    assert rule.match.covers("two.weight")
    assert rule.why == "for two of x"
    assert [target.output for target in recipe.targets] == ["one.gguf", "two.gguf"]


def test_a_setting_changes_what_rules_mean():
    text = 'vars = { q = "Q4_K", n = 3 }\n[[rules]]\nmatch = "**"\nwhen = "layer < ${n}"\ntype = "${q}"\n'
    (rule,) = rules_of(loaded(text, q="Q5_K | F16", n="7"))
    assert told(rule) == "** if layer < ${n}: Q5_K | F16"
    assert rule.when.evaluate({"layer": 6}) is True


def test_a_fault_inside_a_setting_points_at_the_setting():
    recipe = loaded('vars = { q = "Q4_K" }\n[[rules]]\nmatch = "**"\ntype = "${q}"\n', q="Q4_K |")
    with pytest.raises(RecipeError) as caught:
        rules_of(recipe)
    assert str(caught.value) == (
        "error: unexpected end in a chain\n"
        "  --> --set q=Q4_K |\n"
        "   | Q4_K |\n"
        "   |       ^\n"
        "why: expected a name, a variable ${…} or any(…)\n"
        "fix: a chain reads like Q4_K | Q8_0(fit=rtn) | keep"
    )


def test_keys_are_found_in_whichever_file_has_them(tmp_path):
    (tmp_path / "b.toml").write_text('qrecipe = 1\nname = "b"\nsource = "m.gguf"\n')
    (tmp_path / "a.toml").write_text('qrecipe = 1\nname = "a"\nextends = ["b.toml"]\nimatrix = "i"\n')
    recipe = load_recipe(tmp_path / "a.toml")
    assert str(recipe.where("source")) == f"{tmp_path / 'b.toml'}:3:10, source"
    assert str(recipe.where("imatrix")) == f"{tmp_path / 'a.toml'}:4:11, imatrix"
    assert recipe.where("inventory").line is None
    assert recipe.imatrix_folder == tmp_path


def test_a_text_is_a_recipe_in_its_folder():
    recipe = loaded('source = "m.gguf"\n')
    assert (recipe.file, recipe.folder, recipe.source_folder) == ("f.toml", Path("here"), Path("here"))
    assert recipe.requantize is False


def test_a_string_over_several_lines_keeps_its_line_and_gets_no_wrong_column():
    recipe = loaded('[[rules]]\nmatch = "**"\ntype = """\n  Q8_0 |\n  Q4_M"""\n')
    with pytest.raises(RecipeError) as caught:
        bind_chain(rules_of(recipe)[0].chain, *BY_NAME)
    where = caught.value.diagnostics[0].where
    assert (where.line, where.column, where.text, where.span) == (5, None, "  Q8_0 |\n  Q4_M", Span(11, 15))


def test_a_path_that_exists_wins_over_a_shipped_name(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert load_recipe("quickstart").name == "smollm2-135m-quickstart"
    (tmp_path / "quickstart").write_text('qrecipe = 1\nname = "mine"\n')
    assert load_recipe("quickstart").name == "mine"


def test_a_base_can_be_loaded_by_itself_and_its_rules_may_lie_idle():
    recipe = load_recipe("lib:llama/q4_k_m")
    assert (recipe.name, recipe.file) == ("q4_k_m", "lib:llama/q4_k_m")
    assert all(rule.inherited for rule in rules_of(recipe))


def test_ten_thousand_rules_are_parsed_without_delay():
    """Counts instead of measuring: 10,000 rules of three texts are three parses of each language."""
    rules = "".join(
        f'[[rules]]\nmatch = "blk.{i % 3}.*"\nwhen = "layer < {i % 3}"\ntype = "Q{i % 3}_0"\n' for i in range(10_000)
    )
    parsed = rules_of(loaded(rules))
    assert len(parsed) == 10_000
    for part in ("match", "when"):
        assert len({id(getattr(rule, part)) for rule in parsed}) == 3
    assert len({id(rule.chain.entries) for rule in parsed}) == 3


def test_loading_needs_no_numpy_and_no_codec():
    code = (
        "import sys; from qrecipe.recipe.load import load_recipe; load_recipe('quickstart');"
        "print([name for name in ('numpy', 'qrecipe.codecs', 'libggml', 'tomlkit') if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"


EXAMPLES = re.findall(
    r"```toml\n(# (\w+\.toml)\n.*?)```\n(?:```text\n(.*?)\n```)?",
    (PAGES / "recipe.md").read_text(encoding="utf-8"),
    re.DOTALL,
)


@pytest.mark.parametrize(("name", "message"), [(name, message) for _, name, message in EXAMPLES])
def test_an_example_of_the_page(tmp_path, monkeypatch, name, message):
    monkeypatch.chdir(tmp_path)
    for text, file, _ in EXAMPLES:
        Path(file).write_text(text, encoding="utf-8")
    if message:
        with pytest.raises(RecipeError) as caught:
            load_recipe(name)
        assert str(caught.value) == message
        return
    recipe = load_recipe(name)
    assert all(told(rule) for target in recipe.targets for rule in rules_of(recipe, target.name))


def test_the_page_shows_inheritance_and_faults():
    assert len(EXAMPLES) == 7
    assert sum(1 for *_, message in EXAMPLES if message) == 4


@pytest.mark.parametrize(
    ("heading", "model"), [("key", RecipeModel), ("key of a rule", RuleModel), ("key of a target", TargetModel)]
)
def test_the_page_has_every_key_and_says_which_are_required(heading, model):
    listed = {key[0]: "required" in kind for key, kind, _ in page_table("recipe.md", heading, "kind", "meaning")}
    assert listed == {name: field.is_required() for name, field in model.model_fields.items()}
