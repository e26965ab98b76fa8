"""Conditions: what is true of which facts, and what every mistake says, from tables; limits and costs by hand."""

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))
from languages import CLOSED, FUNCTIONS, cases, facts_of, message_of, page_errors, page_table, place, variables_of

from qrecipe.errors import Location, PluginError, RecipeError
from qrecipe.recipe.condition import parse_condition
from qrecipe.recipe.condition_syntax import CONDITION
from qrecipe.recipe.facts import FACTS, KIND_NAMES
from qrecipe.recipe.variables import Variables

VALUES = {"true": True, "false": False, "unknown": None}
PAGE = "conditions.md"


def condition(text, variables=None, functions=FUNCTIONS, key="when"):
    return parse_condition(text, place(text, key), variables or Variables(), functions, CLOSED)


@pytest.mark.parametrize("case", cases("condition.yaml"))
def test_value(case):
    parsed = condition(case["when"], variables_of(case))
    assert parsed.evaluate(case.get("facts", {})) is case["value"]
    assert parsed.facts == set(case["asks"]) if "asks" in case else parsed.facts <= set(case.get("facts", {}))


@pytest.mark.parametrize("case", cases("condition_errors.yaml"))
def test_error(case):
    assert message_of(lambda: condition(case["when"], variables_of(case))) == case["message"].rstrip("\n")


@pytest.mark.parametrize("row", page_table(PAGE, "condition", "facts", "value"))
def test_page_row(row):
    [text], [facts], value = row
    assert condition(text).evaluate(facts_of(facts)) is VALUES[value]


@pytest.mark.parametrize(("text", "message"), page_errors(PAGE, "when"))
def test_page_error(text, message):
    assert message_of(lambda: condition(text)) == message


def test_page_lists_the_facts():
    rows = page_table(PAGE, "fact", "kind", "meaning", plain=True)
    kinds = {f.name: KIND_NAMES[f.kind] + ", may be unknown" * f.may_lack for f in FACTS.values()}
    assert rows == [(f"`{fact.name}`", kinds[fact.name], fact.meaning) for fact in FACTS.values()]


def test_every_terminal_has_words():
    fixed = {t.name for t in CONDITION.parser.terminals if type(t.pattern).__name__ == "PatternStr"}
    spoken = CONDITION.spoken.keys() | fixed
    assert {t.name for t in CONDITION.parser.terminals} - set(CONDITION.parser.ignore_tokens) <= spoken
    assert "__ANON_0" not in {t.name for t in CONDITION.parser.terminals}


@pytest.mark.parametrize(
    ("before", "after"), [("(", ")"), ("not ", ""), ("min(", ", 1)"), ("1 if tied else ", ""), ("1 + (", ")")]
)
@pytest.mark.parametrize("times", [65, 250])
def test_too_deep_is_an_error(before, after, times):
    core = "tied" if before in ("(", "not ") else "1"
    with pytest.raises(RecipeError) as raised:
        condition(before * times + core + after * times)
    assert raised.value.diagnostics[0].code == "too-deep"


def test_as_deep_as_allowed():
    assert condition("(" * 64 + "tied" + ")" * 64).evaluate({"tied": True}) is True
    assert condition("not " * 64 + "tied").evaluate({"tied": True}) is True


def test_long_chains_are_flat():
    assert condition(" and ".join(["tied"] * 450)).evaluate({"tied": True}) is True
    assert condition("+".join(["1"] * 2000) + " == 2000").evaluate({}) is True


def test_variables_do_not_multiply_without_bound():
    values = {f"v{i}": f"${{v{i + 1}}} + ${{v{i + 1}}}" for i in range(40)} | {"v40": "1"}
    with pytest.raises(RecipeError, match="more than 4,096 characters"):
        condition("${v0} > 0", variables_of({"vars": values}))


def test_many_uses_of_a_long_variable_are_too_long():
    variables = variables_of({"vars": {"x": "1" + " + 1" * 500}})
    assert condition("${x} == 501 and ${x} > 0", variables).evaluate({}) is True
    with pytest.raises(RecipeError, match="a condition with variables of more than 4,096 characters"):
        condition("${x} > 0 or ${x} > 0 or ${x} > 0", variables)


def test_long_words_are_cropped():
    message = message_of(lambda: condition("x" * 4000 + " < 3"))
    assert f"unknown fact '{'x' * 60}…'" in message
    assert max(map(len, message.splitlines())) < 150


def test_equal_conditions_are_equal_and_print_as_written():
    assert condition("layer < 3") == condition("layer < 3") != condition("layer < 4")
    assert str(condition(" layer  < 3")) == " layer  < 3"


def test_variables_are_remembered():
    parsed = condition("${a} < 3", variables_of({"vars": {"a": "${b} + 1", "b": 2, "c": 3}}))
    assert parsed.variables == {"a", "b"}


def test_a_function_that_breaks_its_promise_is_named():
    def half(n: int) -> int:
        return n / 2

    def fails(n: int) -> int:
        raise KeyError(n)

    parsed = condition("half(layer) == 1", functions={"half": half})
    with pytest.raises(PluginError, match=r"function 'half' gave 1\.5, which is no integer"):
        parsed.evaluate({"layer": 3})
    parsed = condition("fails(layer) == 1", functions={"fails": fails})
    with pytest.raises(PluginError, match="function 'fails' raised KeyError: 3"):
        parsed.evaluate({"layer": 3})


def test_a_place_without_its_text_still_shows_the_caret():
    with pytest.raises(RecipeError) as raised:
        parse_condition("lay < 3", Location("--set x", ""), Variables(), FUNCTIONS, CLOSED)
    assert str(raised.value).splitlines()[1:4] == ["  --> --set x", "   | lay < 3", "   | ~~^"]


def test_a_long_chain_of_comparisons_is_still_one():
    assert message_of(lambda: condition("<".join("1" * 40))).startswith("error: a chain of comparisons\n")
