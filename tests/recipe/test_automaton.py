"""Many patterns at once: order, duplicates, regular expressions among globs, and costs that are counted, not timed."""

import sys

import pytest

from qrecipe.errors import Location
from qrecipe.recipe import automaton, regex
from qrecipe.recipe.automaton import Automaton, PatternSet
from qrecipe.recipe.pattern import parse_pattern
from qrecipe.recipe.variables import Variables


def patterns(*texts):
    return [parse_pattern(text, Location(), Variables()) for text in texts]


def hits(texts, names):
    return [list(found) for found in PatternSet(patterns(*texts)).match(names)]


def automaton_of(*texts):
    made = Automaton()
    for index, pattern in enumerate(patterns(*texts)):
        made.add(pattern.glob, index)
    return made


def test_indexes_ascend_and_none_comes_twice():
    texts = ["**", "output", "out*", "re:out.*", "output.weight", "x", "{out,**}put**", "output"]
    assert hits(texts, ["output.weight", "output", "x.weight", "y"]) == [
        [0, 1, 2, 3, 4, 6, 7],
        [0, 1, 2, 3, 6, 7],
        [0, 5],
        [0],
    ]


def test_no_patterns_and_no_names():
    assert hits([], ["a"]) == [[]]
    assert hits(["a"], []) == []


def test_the_first_match_comes_without_the_others():
    found = PatternSet(patterns("a*", "re:a.*", "ab")).match(["ab"])
    assert next(next(found)) == 0


def test_patterns_share_beginnings_but_not_endings():
    texts = ["a{b,c}d", "abd*", "a{b,c}*", "a{b,c}d", "ab"]
    assert hits(texts, ["abd", "acd", "ab", "acx", "abdx"]) == [[0, 1, 2, 3], [0, 2, 3], [2, 4], [2], [1, 2]]


def test_forgetting_changes_nothing(monkeypatch):
    texts = [f"**{i}*{i + 1}**" for i in range(30)]
    names = [f"blk.{i}.x{i + 1}.{i * 7}" for i in range(60)]
    remembered = hits(texts, names)
    monkeypatch.setattr(automaton, "_REMEMBERED", 5)
    assert hits(texts, names) == remembered


@pytest.mark.parametrize("text", ["**a" * 500 + "b", "*a*" * 300 + "*.x", "{a,aa}" * 400 + "b", "{a,}" * 500 + "b"])
def test_time_is_linear_in_the_name(text):
    made = automaton_of(text)
    length = 3000
    assert made.accepted("a" * length, None) == []
    assert made.visits <= made.size * (length + 1)


def test_a_name_that_begins_like_another_costs_its_difference():
    made = automaton_of("blk.*.attn_{q,k,v}", "**ffn**", "blk.{3..17}.**")
    made.accepted("blk.12.attn_norm.weight", None)
    before = made.visits
    made.accepted("blk.12.attn_norm.weight", None)
    assert made.visits == before
    made.accepted("blk.12.attn_norm.weighx", None)
    assert made.visits - before <= made.size


def test_nests_of_alternatives_are_not_written_out():
    assert automaton_of("{a,b,c,d}" * 200).size <= 1 + 200 * 5


def test_ranges_are_not_written_out():
    assert automaton_of("{3..120000}").size < 60
    assert automaton_of("{0..999999999999999999}").size < 400


def test_equal_beginnings_are_stored_once():
    one = automaton_of("blk.{0..40}.ffn_{up,down}_0").size
    assert automaton_of(*[f"blk.{{0..40}}.ffn_{{up,down}}_{i}" for i in range(1000)]).size <= one + 1200


def test_many_regular_expressions():
    texts = [f"re:blk\\.{i}\\..*" for i in range(450)] + ["**"]
    assert hits(texts, ["blk.449.x", "blk.7.y.weight", "x"]) == [[449, 450], [7, 450], [450]]


def test_a_set_that_runs_out_of_memory_is_not_believed(monkeypatch):
    class Exhausted:
        def Match(self, _name):  # noqa: N802 - re2's name
            return None

    monkeypatch.setattr(regex, "_set", lambda _regexes: Exhausted())
    assert hits(["re:a.*", "re:b"], ["abc", "b", "c"]) == [[0], [1], []]
    monkeypatch.setattr(regex, "_set", lambda _regexes: None)
    assert hits(["re:a.*", "re:b"], ["abc", "b", "c"]) == [[0], [1], []]


def test_globs_alone_need_no_re2(monkeypatch):
    monkeypatch.setitem(sys.modules, "re2", None)
    assert hits(["a*"], ["ab"]) == [[0]]


@pytest.mark.slow
def test_ten_thousand_rules_over_ten_thousand_names():
    names = [
        f"blk.{block}.{role}.weight"
        for block in range(1000)
        for role in ("attn_q", "attn_k", "attn_v", "ffn_up", "ffn_down", "ffn_gate", "norm", f"x_{block}", "a", "b")
    ]
    texts = []
    for i in range(2500):
        texts += [names[i * 3][:-7], f"blk.{i}.*", f"**x_{i}**", f"blk.{{0..40}}.ffn_{{up,down}}_{i}"]
    found = PatternSet(patterns(*texts))
    winners = [next(each, None) for each in found.match(names)]
    assert winners.count(None) == 0
    assert winners[0] == 0
    # Every name visits few states: what makes this a second and not an hour.
    assert found._globs.visits < 60 * len(names)
