"""The syntax of conditions: text → nodes with spans, nothing looked up yet. `condition_check` gives them meaning.

Long sums, products and chains of `and` are flat here, so that only real nesting is deep. Two things that the language
lacks are parsed nonetheless, for the sake of their messages: chained comparisons, and integers beyond 64 bits.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, cast

from lark import Token, Transformer, v_args

from qrecipe.errors import Span
from qrecipe.recipe.syntax import Grammar


@dataclass(frozen=True, slots=True)
class Literal:
    """An integer, a string or a truth value."""

    value: int | str | bool
    span: Span


@dataclass(frozen=True, slots=True)
class Name:
    """A fact."""

    name: str
    span: Span


@dataclass(frozen=True, slots=True)
class Use:
    """A variable."""

    name: str
    span: Span


@dataclass(frozen=True, slots=True)
class Call:
    """A function's call; `name_span` is where its name stands."""

    name: str
    name_span: Span
    arguments: tuple[Syntax, ...]
    span: Span


@dataclass(frozen=True, slots=True)
class Group:
    """Parentheses: no meaning, but depth."""

    inner: Syntax
    span: Span


@dataclass(frozen=True, slots=True)
class Negated:
    """`not`."""

    operand: Syntax
    span: Span


@dataclass(frozen=True, slots=True)
class Connected:
    """`a and b and c`, or the same with `or`."""

    word: str
    operands: tuple[Syntax, ...]
    span: Span


@dataclass(frozen=True, slots=True)
class Compared:
    """`a < b`; more operands than two are an error that is yet to be reported."""

    signs: tuple[str, ...]
    operands: tuple[Syntax, ...]
    span: Span


@dataclass(frozen=True, slots=True)
class InSet:
    """`a in {1, 2}`, or `not in`."""

    operand: Syntax
    members: tuple[Syntax, ...]
    negated: bool
    span: Span


@dataclass(frozen=True, slots=True)
class InRange:
    """`a in b..c`, or `not in`."""

    operand: Syntax
    low: Syntax
    high: Syntax
    negated: bool
    span: Span


@dataclass(frozen=True, slots=True)
class Computed:
    """A sum or a product: `first`, then signs with operands. A leading minus is a sum that starts from 0."""

    first: Syntax
    rest: tuple[tuple[str, Syntax], ...]
    span: Span


@dataclass(frozen=True, slots=True)
class Chosen:
    """`a if b else c`."""

    then: Syntax
    condition: Syntax
    otherwise: Syntax
    span: Span


Syntax = Literal | Name | Use | Call | Group | Negated | Connected | Compared | InSet | InRange | Computed | Chosen


@v_args(inline=True)
class ConditionBuilder(Transformer[Token, Syntax]):
    """One method a rule of condition.lark, called by Lark as it parses."""

    def start(self, node: Syntax) -> Syntax:  # noqa: D102 - named and explained by the grammar, as all that follow
        return node

    def integer(self, token: Token) -> Syntax:  # noqa: D102
        return Literal(int(token), _of(token))

    def string(self, token: Token) -> Syntax:  # noqa: D102
        return Literal(token[1:-1], _of(token))

    def truth(self, token: Token) -> Syntax:  # noqa: D102
        return Literal(token.type == "TRUE", _of(token))

    def variable(self, token: Token) -> Syntax:  # noqa: D102
        return Use(token[2:-1], _of(token))

    def name(self, token: Token) -> Syntax:  # noqa: D102
        return Name(str(token), _of(token))

    def call(self, name: Token, *rest: Any) -> Syntax:  # noqa: ANN401, D102
        arguments = tuple(child for child in rest if child is not None and not isinstance(child, Token))
        return Call(str(name), _of(name), arguments, _from_to(name, rest[-1]))

    def group(self, left: Token, inner: Syntax, right: Token) -> Syntax:  # noqa: D102
        return Group(inner, _from_to(left, right))

    def negated(self, word: Token, operand: Syntax) -> Syntax:  # noqa: D102
        return Negated(operand, _from_to(word, operand))

    def all_of(self, *children: Any) -> Syntax:  # noqa: ANN401, D102
        return Connected("and", children[::2], _from_to(children[0], children[-1]))

    def any_of(self, *children: Any) -> Syntax:  # noqa: ANN401, D102
        return Connected("or", children[::2], _from_to(children[0], children[-1]))

    def compare_sign(self, token: Token) -> Token:  # noqa: D102
        return token

    def compare(self, *children: Any) -> Syntax:  # noqa: ANN401, D102
        return Compared(tuple(map(str, children[1::2])), children[::2], _from_to(children[0], children[-1]))

    chained = compare

    def member(self, operand: Syntax, no: Token | None, _in: Token, members: tuple[Syntax, ...]) -> Syntax:  # noqa: D102
        return InSet(operand, members[:-1], no is not None, _from_to(operand, members[-1]))

    def set(self, *children: Any) -> tuple[Any, ...]:  # noqa: ANN401, D102
        return (*children[1::2], children[-1])  # the closing brace, for the span

    def between(self, operand: Syntax, no: Token | None, _in: Token, *ends: Any) -> Syntax:  # noqa: ANN401, D102
        low, _, high = ends
        return InRange(operand, low, high, no is not None, _from_to(operand, high))

    def arithmetic(self, *children: Any) -> Syntax:  # noqa: ANN401, D102
        rest = zip(map(str, children[1::2]), children[2::2], strict=True)
        return Computed(children[0], tuple(rest), _from_to(children[0], children[-1]))

    def negative(self, minus: Token, operand: Syntax) -> Syntax:  # noqa: D102
        return Computed(Literal(0, _of(minus)), (("-", operand),), _from_to(minus, operand))

    def choice(self, then: Syntax, _if: Token, condition: Syntax, _else: Token, otherwise: Syntax) -> Syntax:  # noqa: D102
        return Chosen(then, condition, otherwise, _from_to(then, otherwise))


_QUOTE = "a string ends with the quote that it began with, on the same line; it knows no escapes"
CONDITION = Grammar(
    name="condition",
    code="condition-syntax",
    file="condition.lark",
    builder=ConditionBuilder,
    spoken={
        "$END": "the end",
        **dict.fromkeys(("EQUAL", "UNEQUAL", "LESS", "LESS_EQUAL", "GREATER", "GREATER_EQUAL"), "a comparison"),
        **dict.fromkeys(("PLUS", "TIMES", "DIVIDE", "MODULO"), "arithmetic"),
        "INT": "an integer",
        "STRING": "a string",
        "TRUE": "true or false",
        "FALSE": "true or false",
        "VARIABLE": "a ${variable}",
        "NAME": "a fact",
    },
    example="layer < 4 and role in {'attn_v', 'ffn_down'}",
    mistakes={
        "&": "write and",
        "|": "write or",
        "!": "write not, or != between two values",
        "=": "write == to compare",
        "'": _QUOTE,
        '"': _QUOTE,
        "$": "a variable reads ${name}, in small letters, digits and _",
        ".": "a range reads layer in 0..3; facts have no attributes and integers no fraction",
        "[": "a set reads role in {'attn_q', 'attn_k'}",
        ";": "write and, or one rule for each",
    },
)


def _of(token: Token) -> Span:
    return Span(cast("int", token.start_pos), cast("int", token.end_pos))


def _from_to(first: Token | Syntax, last: Token | Syntax) -> Span:
    start = _of(first) if isinstance(first, Token) else first.span
    end = _of(last) if isinstance(last, Token) else last.span
    return Span(start.start, end.end)
