"""Key paths to places: literal lines and columns in one text that has every form of TOML."""

from __future__ import annotations

import pytest

from qrecipe.errors import Span
from qrecipe.recipe.locate import Places, key_path

TEXT = '''\
# a comment with "quotes" and [brackets]
name = "x"   # after
'quoted key' = 'it is'
dotted . deep."in quotes" = 3
array = [ # not ]
  "one", [2, "in"],
  { k = "v", 'l.m' = [true] },
]
escaped = "tab\\t here"
long = """
first
second"""
short_long = """one"""
ends = """a"""""
date = 2026-11-21 07:00:00

[vars]
small = "Q4_K"
[[rules]]
match = "**"
[[ rules ]]
match="blk.*"
when.x = 1
[rules.more]
z = 1
[[targets.inner]]
a = 1
[[targets.inner]]
b = { c = 2 }
'''


def places() -> Places:
    return Places.of("f.toml", TEXT)


@pytest.mark.parametrize(
    ("path", "written", "line"),
    [
        (("name",), '"x"', 2),
        (("quoted key",), "'it is'", 3),
        (("dotted", "deep", "in quotes"), "3", 4),
        (("array", 0), '"one"', 6),
        (("array", 1), '[2, "in"]', 6),
        (("array", 1, 0), "2", 6),
        (("array", 1, 1), '"in"', 6),
        (("array", 2), """{ k = "v", 'l.m' = [true] }""", 7),
        (("array", 2, "k"), '"v"', 7),
        (("array", 2, "l.m", 0), "true", 7),
        (("escaped",), '"tab\\t here"', 9),
        (("long",), '"""\nfirst\nsecond"""', 10),
        (("ends",), '"""a"""""', 14),
        (("date",), "2026-11-21 07:00:00", 15),
        (("vars",), "[vars]", 17),
        (("vars", "small"), '"Q4_K"', 18),
        (("rules", 0), "[[rules]]", 19),
        (("rules", 0, "match"), '"**"', 20),
        (("rules", 1), "[[ rules ]]", 21),
        (("rules", 1, "when", "x"), "1", 23),
        (("rules", 1, "more"), "[rules.more]", 24),
        (("rules", 1, "more", "z"), "1", 25),
        (("targets", "inner", 0, "a"), "1", 27),
        (("targets", "inner", 1, "b", "c"), "2", 29),
    ],
)
def test_a_value_is_found_in_the_text(path, written, line):
    start, end = places().values[path]
    assert TEXT[start:end] == written
    assert places().line(path) == line


def test_a_fault_in_a_plain_string_has_its_column():
    where = places().string(("vars", "small"), "Q4_K").at(Span(1, 2))
    assert (where.line, where.column, where.text, where.span) == (18, 11, "Q4_K", Span(1, 2))
    assert str(where) == "f.toml:18:11, vars.small"


@pytest.mark.parametrize(("path", "value", "line"), [(("escaped",), "tab\t here", 9), (("long",), "first\nsecond", 10)])
def test_a_fault_in_a_string_that_is_not_verbatim_has_its_line_and_no_column(path, value, line):
    where = places().string(path, value).at(Span(5, 6))
    assert (where.line, where.column, where.text, where.span) == (line, None, value, Span(5, 6))


def test_a_one_line_string_in_three_quotes_is_verbatim():
    where = places().string(("short_long",), "one").at(Span(1, 3))
    assert (where.line, where.column) == (13, 18)


def test_a_string_that_ends_in_quotes_is_not_cut():
    assert places().string(("ends",), 'a""').verbatim


def test_keys_and_whole_values_are_shown_in_their_line():
    where = places().key(("array", 2, "l.m"))
    assert (where.line, where.column, where.text) == (7, 14, """  { k = "v", 'l.m' = [true] },""")
    whole = places().value(("array",))
    assert (whole.line, whole.column, whole.text, whole.span) == (5, 9, "array = [ # not ]", Span(8, 17))


def test_what_the_text_does_not_have_keeps_its_key_path():
    where = places().value(("nowhere", 3))
    assert (where.file, where.key_path, where.line) == ("f.toml", "nowhere[3]", None)
    assert places().line(("nowhere",)) is None


@pytest.mark.parametrize(
    ("path", "text"),
    [
        (("rules", 1, "when"), "rules[1].when"),
        (("vars", "a b"), 'vars."a b"'),
        ((), ""),
        ((0, "x"), "[0].x"),
        (("a.b", "c\n"), '"a.b"."c\\n"'),
    ],
)
def test_key_paths_read_as_toml(path, text):
    assert key_path(path) == text


def test_deep_nesting_needs_no_recursion():
    text = "a = " + "[" * 1_000 + "1" + "]" * 1_000
    found = Places.of("f", text)
    assert len(found.values) == 1_001
