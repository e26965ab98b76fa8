"""Patterns: what covers what, and what every mistake says, from tables and from the reference page."""

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))
from languages import cases, message_of, page_errors, page_table, place, variables_of

from qrecipe.errors import RecipeError
from qrecipe.recipe import regex
from qrecipe.recipe.glob import GLOB
from qrecipe.recipe.pattern import parse_pattern
from qrecipe.recipe.variables import Variables

PAGE = "patterns.md"


def pattern(text, variables=None):
    return parse_pattern(text, place(text, "match"), variables or Variables())


@pytest.mark.parametrize("case", cases("pattern.yaml"))
def test_covers(case):
    parsed = pattern(case["match"], variables_of(case))
    assert [name for name in case["covers"] if not parsed.covers(name)] == []
    assert [name for name in case["not"] if parsed.covers(name)] == []
    assert (parsed.hf, parsed.literal) == (case.get("hf", False), case.get("literal"))


@pytest.mark.parametrize("case", cases("pattern_errors.yaml"))
def test_error(case):
    assert message_of(lambda: pattern(case["match"], variables_of(case))) == case["message"].rstrip("\n")


@pytest.mark.parametrize("row", page_table(PAGE, "pattern", "covers", "does not cover"))
def test_page_row(row):
    [text], covered, others = row
    assert covered
    parsed = pattern(text)
    assert [name for name in covered if not parsed.covers(name)] == []
    assert [name for name in others if parsed.covers(name)] == []


@pytest.mark.parametrize(("text", "message"), page_errors(PAGE, "match"))
def test_page_error(text, message):
    assert message_of(lambda: pattern(text)) == message


def test_every_terminal_has_words():
    assert {terminal.name for terminal in GLOB.parser.terminals} <= GLOB.spoken.keys()


def test_alternatives_know_their_text_place_and_narrowed_pattern():
    variables = variables_of({"vars": {"x": "b{c,d}"}})
    found = [
        (each.text, each.location.key_path, each.location.column, each.pattern.covers("abc"))
        for each in pattern("a{${x},e}", variables).alternatives()
    ]
    assert found == [
        ("${x}", "match", 12, True),
        ("c", "vars.x", 7, True),
        ("d", "vars.x", 9, False),
        ("e", "match", 17, False),
    ]


def test_an_alternative_of_no_use_is_seen():
    names = ["blk.0.ffn_gate.weight", "blk.0.ffn_up.weight"]
    useless = [
        str(each.text)
        for each in pattern("blk.*.ffn_{gate,upp}").alternatives()
        if not any(each.pattern.covers(name) for name in names)
    ]
    assert useless == ["upp"]


def test_equal_by_value():
    assert pattern("a{b,c}") == pattern("a{b,c}") != pattern("a{b,d}")
    assert len({pattern("a{b,c}"), pattern("a{b,c}"), pattern("a*")}) == 2
    here = variables_of({"vars": {"x": "b"}})
    assert pattern("a${x}", here) != pattern("a${x}", variables_of({"vars": {"x": "c"}}))


def test_variables_are_remembered():
    variables = variables_of({"vars": {"x": "${y}", "y": "a", "z": "b"}})
    assert pattern("q${x}", variables).variables == {"x", "y"}
    assert pattern("${x}", variables).variables == {"x", "y"}
    assert pattern("re:${x}", variables).variables == {"x", "y"}


@pytest.mark.parametrize("text", ["{" * 65 + "a" + ",b}" * 65, "{a," * 300 + "b" + "}" * 300])
def test_too_deep_is_an_error(text):
    with pytest.raises(RecipeError) as raised:
        pattern(text)
    assert raised.value.diagnostics[0].code == "too-deep"


def test_as_deep_as_allowed():
    assert pattern("{" * 64 + "a" + ",b}" * 64).covers("b")


@pytest.mark.parametrize(("text", "fits"), [("a" * 4096, True), ("a" * 4097, False), ("re:" + "a" * 4094, False)])
def test_length(text, fits):
    if fits:
        assert pattern(text).covers(text)
    else:
        with pytest.raises(RecipeError, match=r"a pattern of 4,097 characters"):
            pattern(text)


@pytest.mark.parametrize("times", [2, 40])
def test_variables_do_not_multiply_without_bound(times):
    values = {f"v{i}": f"{'{${v' + str(i + 1) + '},x}'}" * times for i in range(30)} | {"v30": "y"}
    with pytest.raises(RecipeError) as raised:
        pattern("a${v0}", variables_of({"vars": values}))
    assert raised.value.diagnostics[0].code == "too-long"


def test_many_uses_of_a_long_variable_are_too_long():
    with pytest.raises(RecipeError, match="more than 4,096 characters, its variables put in"):
        pattern("${x}" * 900, variables_of({"vars": {"x": "a" * 4000}}))


def test_without_re2_the_error_says_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "re2", None)
    regex._compiled.cache_clear()
    assert message_of(lambda: pattern("re:abc")) == (
        "error: re: patterns need google-re2, which is not installed\n"
        "  --> mine.toml:1:13, match\n"
        "   | re:abc\n"
        "   |    ~~^\n"
        "why: it matches in time linear in the name, whatever the expression\n"
        "fix: pip install 'qrecipe[regex]', or write the pattern without re:"
    )


@pytest.mark.parametrize("name", ["\ud800", "x\udcff.weight", "a\x00b", "ä.weight", "\U0001f600"])
def test_odd_names(name):
    for text in ("**", "re:.*", "{**,x}"):
        pattern(text).covers(name)
    assert pattern("**").covers(name)


def test_surrogates_in_a_regular_expression_are_an_error():
    assert "why: a character of it is no Unicode text" in message_of(lambda: pattern("re:\ud800"))
