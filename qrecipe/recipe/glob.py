"""Globs: the text of a pattern that is no regular expression → its pieces, variables parsed by themselves and put in.

Lark makes the tree of tokens; this module gives the tokens their meaning and knows where each stands. A glob with its
variables put in is held to the same caps of length and depth as one text.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import pairwise
from typing import cast

from lark import Token, Transformer

from qrecipe.errors import Location, Span
from qrecipe.recipe.pattern_nodes import ANY, NOT_DOT, Alternatives, CharClass, Glob, Piece, Range, Run, Text
from qrecipe.recipe.syntax import MAX_LENGTH, Grammar, check_depth, fault, parse, standing
from qrecipe.recipe.variables import Variables

_DIGITS = 18
_WILDCARDS: Mapping[str, Piece] = {"DEEP": Run(ANY), "STAR": Run(NOT_DOT), "ONE": NOT_DOT}
_MEMBER = re.compile(r"(\\.|[^\\])(?:-(\\.|[^\\]))?", re.DOTALL)


def parse_glob(text: str, where: Location, variables: Variables) -> Glob:
    """Parse a glob, with its `hf:` if it has one; RecipeError with a caret."""
    place = _Place(standing(where, text), variables, depth=0)
    return _glob(cast("_Children", parse(GLOB, text, where)), place)


def size_of(glob: Glob) -> int:
    """Return roughly the number of characters that write this glob."""
    return sum(_size(piece) for piece in glob)


@dataclass(frozen=True, slots=True)
class _Braces:
    options: tuple[_Children, ...]
    spans: tuple[Span, ...]

    @property
    def span(self) -> Span:
        return Span(self.spans[0].start - 1, self.spans[-1].end + 1)


_Children = list[Token | _Braces]


class GlobBuilder(Transformer[Token, _Children]):
    """Keeps tokens as they are; only braces become nodes."""

    def start(self, children: list[_Children]) -> _Children:  # noqa: D102 - Lark calls methods by the names of rules
        return children[-1]

    def glob(self, children: _Children) -> _Children:  # noqa: D102
        return children

    def alternatives(self, children: list[Token | _Children]) -> _Braces:  # noqa: D102
        marks = [child for child in children[::2] if isinstance(child, Token)]
        options = [child for child in children[1::2] if not isinstance(child, Token)]
        spans = [Span(before.end_pos or 0, after.start_pos or 0) for before, after in pairwise(marks)]
        return _Braces(tuple(options), tuple(spans))


_BRACES = "{…} holds two or more alternatives, {up,down}, or a range, {0..3}; write \\{ \\} for plain braces"
_BRACKETS = "a class reads like [abc], [a-z] or [!0-9]; write \\[ \\] for plain brackets"
GLOB = Grammar(
    name="pattern",
    code="pattern-syntax",
    file="pattern.lark",
    builder=GlobBuilder,
    spoken={
        "$END": "the end",
        "HF": "'hf:'",
        "DEEP": "a wildcard",
        "STAR": "a wildcard",
        "ONE": "a wildcard",
        "RANGE": "{…}",
        "LBRACE": "{…}",
        "CLASS": "a [class]",
        "ESCAPED": "plain characters",
        "TEXT": "plain characters",
        "VARIABLE": "a ${variable}",
        "COMMA": "','",
        "RBRACE": "'}'",
    },
    example="blk.*.ffn_{up,down}",
    mistakes={
        "}": _BRACES,
        "{": _BRACES,
        ",": "a comma stands between alternatives, {up,down}; write \\, for a plain one",
        "[": _BRACKETS,
        "]": _BRACKETS,
        "$": "a variable reads ${name}, in small letters, digits and _; write \\$ for a plain dollar sign",
        "\\": "a backslash stands before the character that it makes plain; write \\\\ for a plain one",
    },
)


@dataclass(frozen=True, slots=True)
class _Place:
    """Where a glob's text stands, what it may use, and how deep in other braces and variables it is."""

    where: Location
    variables: Variables
    depth: int

    def deeper(self, span: Span) -> _Place:
        check_depth("pattern", self.depth + 1, self.where.at(span))
        return _Place(self.where, self.variables, self.depth + 1)


def _glob(children: _Children, place: _Place) -> Glob:
    pieces: list[Piece] = []
    size = 0
    for child in children:
        for piece in _pieces(child, place):
            size += _size(piece)
            if size > MAX_LENGTH:
                raise _too_long(place.where.at(_span(child)))
            if isinstance(piece, Text) and pieces and isinstance(pieces[-1], Text):
                pieces[-1] = Text(pieces[-1].text + piece.text)
            else:
                pieces.append(piece)
    return tuple(pieces)


def _pieces(child: Token | _Braces, place: _Place) -> Glob:
    if isinstance(child, _Braces):
        inside = place.deeper(child.span)
        places = tuple(place.where.at(span) for span in child.spans)
        return (Alternatives(tuple(_glob(option, inside) for option in child.options), places),)
    if child.type == "VARIABLE":
        return _variable(child, place)
    return (_piece(child, place),)


def _piece(token: Token, place: _Place) -> Piece:
    if token.type in _WILDCARDS:
        return _WILDCARDS[token.type]
    if token.type == "RANGE":
        return _range(token, place)
    if token.type == "CLASS":
        return CharClass(tuple(_members(token, place)), negated=_is_negated(token))
    return Text(token[1:] if token.type == "ESCAPED" else str(token))


def _variable(token: Token, place: _Place) -> Glob:
    inside = place.deeper(_span(token))
    variable, variables = place.variables.enter(token[2:-1], _span(token), place.where)
    if not variable.text:
        return ()
    for prefix in ("hf:", "re:"):
        if variable.text.startswith(prefix):
            raise fault(
                "pattern-prefix",
                f"variable '{variable.name}' brings {prefix} into the middle of a pattern",
                place.where.at(_span(token)),
                why=f"{prefix} stands once, at the start, and holds for the whole pattern",
                fix=f"take {prefix} out of the variable and write it at the start of the pattern",
            )
    children = cast("_Children", parse(GLOB, variable.text, variable.location))
    return _glob(children, _Place(standing(variable.location, variable.text), variables, inside.depth))


def _range(token: Token, place: _Place) -> Range:
    low, _, high = token[1:-1].partition("..")
    where = place.where.at(_span(token))
    for number in (low, high):
        if len(number) > _DIGITS or (number.startswith("0") and number != "0"):
            raise fault(
                "pattern-range",
                f"{number} is no end of a range",
                where,
                why=f"a range stands for decimal numbers of at most {_DIGITS} digits, without leading zeros",
                fix="write the numbers as names have them: {0..11}",
            )
    if high and int(high) < int(low):
        raise fault(
            "pattern-range",
            f"a range from {low} down to {high}",
            where,
            why="it holds no number, so it can cover nothing",
            fix=f"write {{{high}..{low}}}",
        )
    return Range(int(low), int(high) if high else None)


def _is_negated(token: Token) -> bool:
    return len(token) > len("[!]") and token[1] == "!"


def _members(token: Token, place: _Place) -> Iterator[tuple[str, str]]:
    """Yield the ranges of a class; a character by itself is a range of one."""
    inside = token[1 + _is_negated(token) : -1]
    for member in _MEMBER.finditer(inside):
        first = member[1][-1]
        last = member[2][-1] if member[2] else first
        if last < first:
            raise fault(
                "pattern-class",
                f"'{member[0]}' goes backwards",
                place.where.at(_span(token)),
                why="it holds no character",
                fix=f"write [{last}-{first}]",
            )
        yield first, last


def _size(piece: Piece) -> int:
    if isinstance(piece, Text):
        return len(piece.text)
    if isinstance(piece, Alternatives):
        return len(piece.options) + sum(size_of(option) for option in piece.options)
    return 1 + len(piece.ranges) if isinstance(piece, CharClass) else 1


def _span(child: Token | _Braces) -> Span:
    return child.span if isinstance(child, _Braces) else Span(child.start_pos or 0, child.end_pos or 0)


def _too_long(where: Location) -> Exception:
    return fault(
        "too-long",
        f"a pattern of more than {MAX_LENGTH:,} characters, its variables put in",
        where,
        why="variables count with what they hold",
        fix="split the rule",
    )
