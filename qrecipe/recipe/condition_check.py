"""Meaning for a condition's syntax: names looked up, variables put in, kinds proven. Everything wrong is an error here.

Three kinds, never mixed: integer (64 bits), string, boolean. A string that is compared with a fact of a closed set must
be in it. Each error points at its place, inside a variable where it is there.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, field, replace
from difflib import get_close_matches
from typing import assert_never

from qrecipe.errors import Location, RecipeError
from qrecipe.recipe import condition_syntax as syntax
from qrecipe.recipe.condition_nodes import (
    Arithmetic,
    Between,
    Choice,
    Compare,
    Constant,
    FactOf,
    Invoke,
    Logic,
    Member,
    Node,
    Not,
)
from qrecipe.recipe.facts import FACTS, KIND_NAMES, Kind, Value
from qrecipe.recipe.functions import Function, function_of
from qrecipe.recipe.integers import GREATEST, LEAST
from qrecipe.recipe.syntax import MAX_LENGTH, article, check_depth, did_you_mean, fault, parse, standing
from qrecipe.recipe.variables import Variables

_SHOWN = 12  # values in a message


@dataclass(frozen=True, slots=True)
class Place:
    """Where a condition's text stands, what it may use, and how deep in other expressions and variables it is."""

    where: Location
    variables: Variables
    functions: Mapping[str, Function | Callable[..., Value]]
    closed: Mapping[str, Collection[str]]
    depth: int = 0


@dataclass(frozen=True, slots=True)
class Checked:
    """A node with its kind and its place; `words` are strings that it may be, `closed` is a fact of a closed set."""

    node: Node
    kind: Kind
    where: Location
    words: tuple[tuple[str, Location], ...] = ()
    closed: str | None = None

    @property
    def said(self) -> str:
        """What is written there."""
        text, span = self.where.text or "", self.where.span
        return text[span.start : span.end] if span is not None else text


@dataclass(slots=True)
class Checker:
    """Checks one condition; afterwards `facts` has the facts that it names."""

    facts: set[str] = field(default_factory=set)
    _put_in: int = 0  # characters of variables

    def check(self, node: syntax.Syntax, place: Place) -> Checked:  # noqa: C901, PLR0911, PLR0912 - one branch a kind of node
        """Return the meaning of an expression; RecipeError with a caret."""
        if not isinstance(node, syntax.Literal | syntax.Name):
            place = replace(place, depth=place.depth + 1)
            check_depth("condition", place.depth, place.where.at(node.span))
        match node:
            case syntax.Group(inner=inner):
                return self.check(inner, place)
            case syntax.Literal(value=value):
                return _literal(value, place.where.at(node.span))
            case syntax.Use():
                return self._variable(node, place)
            case syntax.Name():
                return self._fact(node, place)
            case syntax.Call():
                return self._call(node, place)
            case syntax.Negated(operand=operand):
                return Checked(Not(self._of(bool, operand, "`not`", place).node), bool, place.where.at(node.span))
            case syntax.Connected():
                return self._connected(node, place)
            case syntax.Compared():
                return self._compared(node, place)
            case syntax.InSet():
                return self._in_set(node, place)
            case syntax.InRange():
                return self._in_range(node, place)
            case syntax.Computed():
                return self._computed(node, place)
            case syntax.Chosen():
                return self._chosen(node, place)
            case _:
                assert_never(node)

    def _variable(self, node: syntax.Use, place: Place) -> Checked:
        variable, variables = place.variables.enter(node.name, node.span, place.where)
        if not isinstance(variable.value, str):
            return _literal(variable.value, place.where.at(node.span))
        self._put_in += len(variable.value)
        if self._put_in > MAX_LENGTH:
            raise fault(
                "too-long",
                f"a condition with variables of more than {MAX_LENGTH:,} characters",
                place.where.at(node.span),
                why="a variable counts each time that it is used",
                fix="split the rule",
            )
        where = standing(variable.location, variable.value)
        inner: syntax.Syntax = parse(syntax.CONDITION, variable.value, where)
        checked = self.check(inner, replace(place, where=where, variables=variables))
        return replace(checked, where=place.where.at(node.span))

    def _fact(self, node: syntax.Name, place: Place) -> Checked:
        where = place.where.at(node.span)
        if (fact := FACTS.get(node.name)) is None:
            raise _unknown_fact(node.name, where, place)
        self.facts.add(node.name)
        return Checked(FactOf(node.name), fact.kind, where, closed=node.name if node.name in place.closed else None)

    def _call(self, node: syntax.Call, place: Place) -> Checked:
        made = place.functions.get(node.name)
        if made is None:
            raise _unknown_function(node.name, place.where.at(node.name_span), place)
        function = made if isinstance(made, Function) else function_of(made)
        where = place.where.at(node.span)
        if len(node.arguments) != len(function.parameters):
            raise fault(
                "function-arguments",
                f"{node.name} takes {_count(len(function.parameters), 'argument')}, not {len(node.arguments)}",
                where,
                why=f"its signature is {function}",
                fix=f"write {node.name}({', '.join(name for name, _ in function.parameters)})",
            )
        wanted = zip(node.arguments, function.parameters, strict=True)
        arguments = [self._of(kind, each, f"`{name}` of {node.name}", place).node for each, (name, kind) in wanted]
        return Checked(Invoke(function, tuple(arguments)), function.result, where)

    def _connected(self, node: syntax.Connected, place: Place) -> Checked:
        operands = tuple(self._of(bool, each, f"`{node.word}`", place).node for each in node.operands)
        return Checked(Logic(operands, decisive=node.word == "or"), bool, place.where.at(node.span))

    def _compared(self, node: syntax.Compared, place: Place) -> Checked:
        where = place.where.at(node.span)
        if len(node.signs) > 1:
            raise _chained(node, where)
        left, right = (self.check(each, place) for each in node.operands)
        _same_kind("two kinds compared", left, right, where)
        sign = node.signs[0]
        if left.kind is bool and sign not in ("==", "!="):
            raise fault(
                "condition-kinds",
                f"{sign} between booleans",
                where,
                why="true is neither more nor less than false",
                fix="use ==, !=, and, or, not",
            )
        _in_closed(left, right.words, place)
        _in_closed(right, left.words, place)
        return Checked(Compare(sign, left.node, right.node), bool, where)

    def _in_set(self, node: syntax.InSet, place: Place) -> Checked:
        where = place.where.at(node.span)
        operand = self.check(node.operand, place)
        values: set[Value] = set()
        for each in node.members:
            member = self.check(each, place)
            if not isinstance(member.node, Constant):
                raise fault(
                    "condition-set",
                    f"'{member.said}' in a set",
                    member.where,
                    why="a set holds integers and strings as they are, or variables that do",
                    fix=f"compare by itself: … or {operand.said} == {member.said}",
                )
            _same_kind("two kinds compared", operand, member, member.where)
            _in_closed(operand, member.words, place)
            values.add(member.node.constant)
        found = Member(operand.node, frozenset(values))
        return Checked(Not(found) if node.negated else found, bool, where)

    def _in_range(self, node: syntax.InRange, place: Place) -> Checked:
        ends = (node.operand, node.low, node.high)
        operand, low, high = (self._of(int, each, "a range", place).node for each in ends)
        found = Between(operand, low, high)
        return Checked(Not(found) if node.negated else found, bool, place.where.at(node.span))

    def _computed(self, node: syntax.Computed, place: Place) -> Checked:
        first = self._of(int, node.first, f"`{node.rest[0][0]}`", place).node
        rest = tuple((sign, self._of(int, each, f"`{sign}`", place).node) for sign, each in node.rest)
        return Checked(Arithmetic(first, rest), int, place.where.at(node.span))

    def _chosen(self, node: syntax.Chosen, place: Place) -> Checked:
        where = place.where.at(node.span)
        condition = self._of(bool, node.condition, "`if`", place).node
        then, otherwise = self.check(node.then, place), self.check(node.otherwise, place)
        _same_kind("a choice between two kinds", then, otherwise, where)
        chosen = Choice(condition, then.node, otherwise.node)
        return Checked(chosen, then.kind, where, then.words + otherwise.words, then.closed or otherwise.closed)

    def _of(self, kind: Kind, node: syntax.Syntax, user: str, place: Place) -> Checked:
        """Check an expression that must be of one kind, since `user` takes no other."""
        checked = self.check(node, place)
        require(kind, checked, user)
        return checked


def require(kind: Kind, checked: Checked, user: str) -> None:
    """Refuse an expression of another kind than the one that `user` takes."""
    if checked.kind is not kind:
        raise fault(
            "condition-kinds",
            f"{user} needs {_a(kind)}, but `{checked.said}` is {_a(checked.kind)}",
            checked.where,
            why="a condition never takes one kind for another",
            fix=_kind_fix(kind, checked),
        )


def _literal(value: Value, where: Location) -> Checked:
    if isinstance(value, str):
        return Checked(Constant(value), str, where, words=((value, where),))
    if isinstance(value, bool):
        return Checked(Constant(value), bool, where)
    if LEAST <= value <= GREATEST:
        return Checked(Constant(value), int, where)
    raise fault(
        "condition-integer",
        "an integer of more than 64 bits",
        where,
        why=f"the greatest is {GREATEST}",
        fix="write a smaller one",
    )


def _unknown_fact(name: str, where: Location, place: Place) -> RecipeError:
    near = [*dict.fromkeys((*get_close_matches(name.casefold(), FACTS, n=3), *FACTS))][:3]
    explain = "`qrecipe explain RECIPE TENSOR` lists them with their values"
    if name in place.functions:
        fix = f"{name} is a function: write {name}(…)"
    else:
        fix = did_you_mean(name, FACTS, otherwise=f"a string stands in quotes: '{name}'").replace("'?", f"'? {explain}")
    return fault(
        "unknown-fact",
        f"unknown fact '{name}'",
        where,
        why=f"a condition sees the facts of its tensor and nothing else: {', '.join(map(repr, near))}, …",
        fix=fix,
    )


def _unknown_function(name: str, where: Location, place: Place) -> RecipeError:
    known = ", ".join(sorted(place.functions))
    otherwise = (
        f"{name} is a fact: write it without (…)" if name in FACTS else "`qrecipe plugins` lists what is installed"
    )
    fix = did_you_mean(name, place.functions, otherwise=otherwise)
    return fault("unknown-function", f"unknown function '{name}'", where, why=f"there are {known}", fix=fix)


def _chained(node: syntax.Compared, where: Location) -> RecipeError:
    text = where.text or ""
    said = [text[operand.span.start : operand.span.end] for operand in node.operands]
    pairs = zip(said, node.signs, said[1:], strict=False)
    return fault(
        "condition-chained",
        "a chain of comparisons",
        where,
        why="one comparison has two sides",
        fix=f"write {' and '.join(f'{left} {sign} {right}' for left, sign, right in pairs)}",
    )


def _same_kind(what: str, left: Checked, right: Checked, where: Location) -> None:
    if left.kind is not right.kind:
        raise fault(
            "condition-kinds",
            f"{what}: {_a(left.kind)} and {_a(right.kind)}",
            where,
            why=f"`{left.said}` is {_a(left.kind)}, `{right.said}` is {_a(right.kind)}",
            fix=_kind_fix(right.kind, left) if isinstance(left.node, Constant) else _kind_fix(left.kind, right),
        )


def _in_closed(asked: Checked, words: Iterable[tuple[str, Location]], place: Place) -> None:
    """Refuse strings that the fact of a closed set can never be."""
    if asked.closed is None:
        return
    known = place.closed[asked.closed]
    for word, where in words:
        if word not in known:
            shown = [repr(each) for each in sorted(known)[:_SHOWN]] + ["…"] * (len(known) > _SHOWN)
            raise fault(
                "unknown-value",
                f"{asked.closed} is never '{word}'",
                where,
                why=f"it is one of {', '.join(shown)}",
                fix=did_you_mean(word, known, otherwise="write one of these, or take the comparison out"),
            )


def _kind_fix(kind: Kind, checked: Checked) -> str:
    """Say how to make an expression one of `kind`."""
    said = checked.said
    if kind is int and checked.words and said[1:-1].isdigit():
        return f"write {said[1:-1]} without quotes"
    if kind is str and said.isdigit():
        return f"write '{said}', with quotes"
    if isinstance(checked.node, Constant) or kind is not bool:
        return "write true or false in its place" if kind is bool else f"write {_a(kind)} in its place"
    if checked.kind is int:
        return f"compare it: {said} > 0"
    return f"compare it: {said} == '…'"


def _a(kind: Kind) -> str:
    return article(KIND_NAMES[kind])


def _count(number: int, noun: str) -> str:
    return f"{number or 'no'} {noun}{'' if number == 1 else 's'}"
