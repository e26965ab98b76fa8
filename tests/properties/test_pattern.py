"""Patterns against two independent matchers: a backtracking one over the pattern's meaning, and Python's `re`."""

from __future__ import annotations

import re

from hypothesis import given, settings
from hypothesis import strategies as st

from qrecipe.errors import Location, QrecipeError
from qrecipe.recipe.automaton import PatternSet
from qrecipe.recipe.pattern import parse_pattern
from qrecipe.recipe.variables import Variable, Variables

ALPHABET = "ab.01"
NAMES = st.text(ALPHABET + "w", max_size=9).flatmap(lambda name: st.sampled_from([name, name + ".weight"]))

# A tree of (kind, value); written out for the parser, and matched by `rests` as it stands.
PIECES = st.deferred(
    lambda: st.one_of(
        st.tuples(st.just("text"), st.text(ALPHABET, min_size=1, max_size=3)),
        st.sampled_from([("star", None), ("deep", None), ("one", None)]),
        st.tuples(st.just("class"), st.tuples(st.booleans(), st.text("ab01.", min_size=1, max_size=3))),
        st.tuples(st.just("range"), st.tuples(st.integers(0, 120), st.none() | st.integers(0, 120))),
        st.tuples(st.just("either"), st.lists(GLOBS, min_size=2, max_size=3)),
    )
)
GLOBS = st.lists(PIECES, max_size=4)


def written(glob):
    return "".join(_written(kind, value) for kind, value in glob)


def _written(kind, value):
    match kind:
        case "text":
            return value
        case "star" | "deep" | "one":
            return {"star": "*", "deep": "**", "one": "?"}[kind]
        case "class":
            return f"[{'!' * value[0]}{value[1]}]"
        case "range":
            low, high = ends(value)
            return f"{{{low}..{'' if high is None else high}}}"
        case _:
            return "{" + ",".join(map(written, value)) + "}"


def ends(value):
    low, high = value
    return (low, high) if high is None or low <= high else (high, low)


def rests(glob, name):
    """Return what can be left of a name behind a glob."""
    left = {name}
    for kind, value in glob:
        left = {rest for each in left for rest in _rests(kind, value, each)}
    return left


def _rests(kind, value, name):  # noqa: PLR0911 - one line a kind of piece
    match kind:
        case "text":
            return {name[len(value) :]} if name.startswith(value) else set()
        case "star":
            run = len(name) if "." not in name else name.index(".")
            return {name[i:] for i in range(run + 1)}
        case "deep":
            return {name[i:] for i in range(len(name) + 1)}
        case "one":
            return {name[1:]} if name and name[0] != "." else set()
        case "class":
            return {name[1:]} if name and (name[0] in value[1]) is not value[0] else set()
        case "range":
            low, high = ends(value)
            numbers = [
                name[:i] for i in range(1, len(name) + 1) if name[:i].isdecimal() and str(int(name[:i])) == name[:i]
            ]
            return {name[len(n) :] for n in numbers if low <= int(n) and (high is None or int(n) <= high)}
        case _:
            return {rest for option in value for rest in rests(option, name)}


def slowly_covers(glob, name):
    return "" in rests(glob, name) or (name.endswith(".weight") and "" in rests(glob, name[: -len(".weight")]))


def pattern(text, variables=None):
    return parse_pattern(text, Location(), variables or Variables())


@settings(max_examples=200, deadline=None)
@given(st.lists(GLOBS, min_size=1, max_size=6), st.lists(NAMES, min_size=1, max_size=8))
def test_many_globs_cover_what_a_backtracking_matcher_says(globs, names):
    globs = [_apart(glob) for glob in globs]
    globs = [glob for glob in globs if written(glob)]
    found = [list(each) for each in PatternSet([pattern(written(glob)) for glob in globs]).match(names)]
    assert found == [[i for i, glob in enumerate(globs) if slowly_covers(glob, name)] for name in names]


@settings(max_examples=150, deadline=None)
@given(GLOBS, NAMES)
def test_one_pattern_covers_what_it_covers_among_many(glob, name):
    glob = _apart(glob)
    if written(glob):
        assert pattern(written(glob)).covers(name) is slowly_covers(glob, name)


@settings(max_examples=150, deadline=None)
@given(st.text("ab*?.", min_size=1, max_size=8), NAMES)
def test_wildcards_are_what_a_regular_expression_says(text, name):
    tokens = re.findall(r"\*\*|\*|\?|[ab.]", text)
    meaning = {"**": "[^$]*", "*": r"[^.]*", "?": r"[^.]", ".": r"\."}
    regex = "".join(meaning.get(token, token) for token in tokens)
    assert pattern(text).covers(name) is (re.fullmatch(f"(?:{regex})(?:\\.weight)?", name) is not None)


@settings(max_examples=150, deadline=None)
@given(GLOBS, GLOBS, NAMES)
def test_a_variable_means_what_its_text_means(glob, inner, name):
    glob, inner = _apart(glob), _apart(inner)
    variables = Variables({"x": Variable("x", written(inner), Location())})
    text = written(glob) + "." + "${x}"
    assert pattern(text, variables).covers(name) is slowly_covers([*glob, ("text", "."), *inner], name)


@settings(max_examples=300, deadline=None)
@given(st.integers(0, 10**12), st.integers(0, 10**12) | st.none(), st.integers(0, 10**13))
def test_ranges_are_their_numbers(low, high, number):
    low, high = ends((low, high))
    inside = low <= number and (high is None or number <= high)
    parsed = pattern(f"x{{{low}..{'' if high is None else high}}}y")
    assert parsed.covers(f"x{number}y") is inside
    assert not parsed.covers(f"x0{number}y")


@settings(max_examples=300, deadline=None)
@given(st.text(r"ab*?{}[],\$!-.0x1:hfre", max_size=12))
def test_any_text_parses_or_has_a_whole_message(text):
    variables = Variables({"x": Variable("x", "a{b,c}", Location())})
    assert all(each.what and each.fix and each.where is not None for each in faults(text, variables))


def faults(text, variables):
    try:
        pattern(text, variables)
    except QrecipeError as error:
        return error.diagnostics
    return ()


def _apart(glob):
    """Put a letter between wildcards that would read as another one, and in front of a prefix."""
    apart = []
    for kind, value in glob:
        if apart and kind in ("star", "deep") and apart[-1][0] in ("star", "deep"):
            apart.append(("text", "a"))
        apart.append((kind, [_apart(option) for option in value]) if kind == "either" else (kind, value))
    return apart
