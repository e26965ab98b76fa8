"""Conditions against an independent evaluator: Python's own expressions, with unknown put in by hand."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from qrecipe.errors import Location, QrecipeError
from qrecipe.recipe.condition import Condition, parse_condition
from qrecipe.recipe.functions import BUILTINS
from qrecipe.recipe.variables import Variable, Variables

FUNCTIONS = {made.__name__: made for made in BUILTINS}
INTEGERS = ("layer", "index", "n_layers", "cols")
BOOLEANS = ("tied", "imatrix", "has_imatrix")
FACTS = st.fixed_dictionaries(
    {name: st.none() | st.integers(-4, 9) | st.integers(2**62, 2**63 - 1) for name in INTEGERS}
    | {name: st.none() | st.booleans() for name in BOOLEANS}
)


class Unknown(Exception):  # noqa: N818 - no error
    """An expression without a value."""


def bounded(number):
    if not -(2**63) <= number < 2**63:
        raise Unknown
    return number


def computed(sign, left, right):
    match sign:
        case "+":
            return bounded(left + right)
        case "-":
            return bounded(left - right)
        case "*":
            return bounded(left * right)
    if right == 0:
        raise Unknown
    quotient = int(abs(left) // abs(right)) * (1 if left * right >= 0 else -1)
    return bounded(quotient) if sign == "/" else left - quotient * right


# Expressions are (text, function of facts); every operator is in parentheses, so precedence is not the subject here.
NUMBERS = st.deferred(
    lambda: st.one_of(
        st.integers(0, 12).map(lambda n: (str(n), lambda _: n)),
        st.sampled_from(INTEGERS).map(lambda name: (name, lambda facts: known(facts[name]))),
        st.tuples(NUMBERS, st.sampled_from("+-*/%"), NUMBERS).map(arithmetic),
        NUMBERS.map(lambda one: (f"(-{one[0]})", lambda facts: computed("-", 0, one[1](facts)))),
        st.tuples(NUMBERS, TRUTHS, NUMBERS).map(choice),
        st.tuples(NUMBERS, NUMBERS).map(greater),
    )
)
TRUTHS = st.deferred(
    lambda: st.one_of(
        st.sampled_from([("true", lambda _: True), ("false", lambda _: False)]),
        st.sampled_from(BOOLEANS).map(lambda name: (name, lambda facts: known(facts[name]))),
        st.tuples(NUMBERS, st.sampled_from(["==", "!=", "<", "<=", ">", ">="]), NUMBERS).map(comparison),
        st.tuples(TRUTHS, st.sampled_from(["and", "or"]), TRUTHS).map(connected),
        TRUTHS.map(lambda one: (f"(not {one[0]})", lambda facts: not one[1](facts))),
        st.tuples(NUMBERS, st.booleans(), st.lists(st.integers(0, 9), min_size=1, max_size=3)).map(in_set),
        st.tuples(NUMBERS, st.booleans(), NUMBERS, NUMBERS).map(in_range),
        st.tuples(TRUTHS, TRUTHS, TRUTHS).map(choice),
    )
)


def known(value):
    if value is None:
        raise Unknown
    return value


def arithmetic(parts):
    (left, a), sign, (right, b) = parts
    return f"({left} {sign} {right})", lambda facts: computed(sign, a(facts), b(facts))


def greater(parts):
    (left, a), (right, b) = parts
    return f"max({left}, {right})", lambda facts: max(a(facts), b(facts))


def comparison(parts):
    (left, a), sign, (right, b) = parts
    signs = {"==": "__eq__", "!=": "__ne__", "<": "__lt__", "<=": "__le__", ">": "__gt__", ">=": "__ge__"}
    return f"({left} {sign} {right})", lambda facts: getattr(int, signs[sign])(a(facts), b(facts))


def connected(parts):
    (left, a), word, (right, b) = parts

    def value(facts):
        decisive = word == "or"
        sides = [outcome(a, facts), outcome(b, facts)]
        if decisive in sides:
            return decisive
        return known(None) if None in sides else not decisive

    return f"({left} {word} {right})", value


def choice(parts):
    (then, a), (condition, c), (otherwise, b) = parts
    return f"({then} if {condition} else {otherwise})", lambda facts: a(facts) if c(facts) else b(facts)


def in_set(parts):
    (operand, a), negated, members = parts
    listed = ", ".join(map(str, members))
    return f"({operand} {'not ' * negated}in {{{listed}}})", lambda facts: (a(facts) in members) is not negated


def in_range(parts):
    (operand, a), negated, (low, b), (high, c) = parts

    def value(facts):
        middle, first, last = a(facts), b(facts), c(facts)
        return (first <= middle <= last) is not negated

    return f"({operand} {'not ' * negated}in {low}..{high})", value


def outcome(value, facts):
    try:
        return value(facts)
    except Unknown:
        return None


def condition(text, variables=None):
    """Return the parsed condition, or the diagnostics of its error."""
    try:
        return parse_condition(text, Location(), variables or Variables(), FUNCTIONS, {})
    except QrecipeError as error:
        return error.diagnostics


def value_of(parsed, facts, expected):
    """Return the value; what is too deep or too long for the language has the expected one."""
    if isinstance(parsed, Condition):
        return parsed.evaluate(facts)
    assert parsed[0].code in ("too-deep", "too-long")
    return expected


@settings(max_examples=500, deadline=None)
@given(TRUTHS, FACTS)
def test_a_condition_is_what_an_independent_evaluator_says(truth, facts):
    text, value = truth
    expected = outcome(value, facts)
    assert value_of(condition(text), facts, expected) is expected


@settings(max_examples=150, deadline=None)
@given(TRUTHS, FACTS)
def test_a_variable_is_one_node(truth, facts):
    text, value = truth
    variables = Variables({"x": Variable("x", text[1:-1] if text.startswith("(") else text, Location())})
    plain = outcome(value, facts)
    expected = None if plain is None else not plain
    assert value_of(condition("not ${x}", variables), facts, expected) is expected


WORDS = [
    *INTEGERS,
    *BOOLEANS,
    "role",
    "9" * 25,
    "'x'",
    "${x}",
    "min",
    "and",
    "or",
    "not",
    "in",
    "if",
    "else",
    "==",
    "..",
]
WORDS += list("(){},<+-3'=$")


@settings(max_examples=500, deadline=None)
@given(st.lists(st.sampled_from(WORDS), max_size=8).map(" ".join))
def test_any_words_parse_or_have_a_whole_message(text):
    variables = Variables({"x": Variable("x", "layer < 2", Location())})
    found = condition(text, variables)
    assert isinstance(found, Condition) or all(each.what and each.fix and each.where is not None for each in found)
