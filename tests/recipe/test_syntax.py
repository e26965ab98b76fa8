"""The shared way from Lark's exceptions to diagnostics: places, words and caps that all three languages have."""

import pytest

from qrecipe.errors import Location, RecipeError, Span
from qrecipe.recipe.condition_syntax import CONDITION
from qrecipe.recipe.syntax import article, check_depth, did_you_mean, parse, place, standing


def test_a_place_keeps_its_column_only_for_its_own_text():
    where = Location("m.toml", "x", 3, 9, "abc", verbatim=True)
    assert standing(where, "abc") is where
    assert place(where, "abc", Span(1, 2)).column == 10
    assert place(where, "other", Span(1, 2)).column is None
    assert place(where.at(Span(0, 1)), "abc", Span(2, 3)).span == Span(2, 3)


@pytest.mark.parametrize(
    ("word", "known", "fix"),
    [
        ("lay", ["layer", "role"], "did you mean 'layer'?"),
        ("q4_k", ["Q4_K", "Q6_K"], "did you mean 'Q4_K'?"),
        ("zzz", ["layer"], "look it up"),
        ("x", [], "look it up"),
    ],
)
def test_did_you_mean(word, known, fix):
    assert did_you_mean(word, known, otherwise="look it up") == fix


def test_the_end_stands_behind_the_text():
    with pytest.raises(RecipeError) as raised:
        parse(CONDITION, "layer <", Location("m.toml", "when", 4, 2, "layer <", verbatim=True))
    where = raised.value.diagnostics[0].where
    assert where is not None
    assert (where.span, where.column) == (Span(7, 8), 9)


def test_lines_inside_a_text_have_no_column():
    text = "layer < 3\nadn tied"
    with pytest.raises(RecipeError) as raised:
        parse(CONDITION, text, Location("m.toml", "when", 4, text=text))
    assert str(raised.value).splitlines()[1:4] == ["  --> m.toml:4, when", "   | adn tied", "   | ~~^"]


def test_parsers_are_made_once():
    assert CONDITION.parser is CONDITION.parser


def test_depth_counts_from_one():
    check_depth("chain", 64, Location())
    with pytest.raises(RecipeError, match="error: a chain nested more than 64 deep"):
        check_depth("chain", 65, Location())


@pytest.mark.parametrize(("noun", "words"), [("pattern", "a pattern"), ("integer", "an integer")])
def test_article(noun, words):
    assert article(noun) == words
