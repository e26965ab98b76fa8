"""Meaning for a condition's syntax: names looked up, variables put in, kinds proven. Everything wrong is an error here.

Each error points at its place, inside a variable where it is there. Depth is counted here, variables with what they
hold, so that neither this walk nor the evaluation of what it makes can go too deep.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field, replace
from difflib import get_close_matches
from typing import assert_never

from qrecipe.errors import Location, RecipeError
from qrecipe.recipe import condition_syntax as syntax
from qrecipe.recipe.condition_kinds import Checked, literal, require, require_known, require_same
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
    Not,
)
from qrecipe.recipe.facts import FACTS, Kind, Value
from qrecipe.recipe.functions import Function, function_of
from qrecipe.recipe.syntax import MAX_LENGTH, check_depth, did_you_mean, fault, parse, shown, standing
from qrecipe.recipe.variables import Variables


@dataclass(frozen=True, slots=True)
class Place:
    """Where a condition's text stands, what it may use, and how deep in other expressions and variables it is."""

    where: Location
    variables: Variables
    functions: Mapping[str, Function | Callable[..., Value]]
    closed: Mapping[str, Collection[str]]
    depth: int = 0


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
                return literal(value, place.where.at(node.span))
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
            return literal(variable.value, place.where.at(node.span))
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
        require_same("two kinds compared", left, right, where)
        sign = node.signs[0]
        if left.kind is bool and sign not in ("==", "!="):
            raise fault(
                "condition-kinds",
                f"{sign} between booleans",
                where,
                why="true is neither more nor less than false",
                fix="use ==, !=, and, or, not",
            )
        _require_known(left, right, place)
        _require_known(right, left, place)
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
                    f"{shown(member.said)} in a set",
                    member.where,
                    why="a set holds integers and strings as they are, or variables that do",
                    fix=f"compare by itself: … or {operand.said} == {member.said}",
                )
            require_same("two kinds compared", operand, member, member.where)
            _require_known(operand, member, place)
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
        require_same("a choice between two kinds", then, otherwise, where)
        chosen = Choice(condition, then.node, otherwise.node)
        return Checked(chosen, then.kind, where, then.words + otherwise.words, then.closed or otherwise.closed)

    def _of(self, kind: Kind, node: syntax.Syntax, user: str, place: Place) -> Checked:
        """Check an expression that must be of one kind, since `user` takes no other."""
        checked = self.check(node, place)
        require(kind, checked, user)
        return checked


def _unknown_fact(name: str, where: Location, place: Place) -> RecipeError:
    near = [*dict.fromkeys((*get_close_matches(name.casefold(), FACTS, n=3), *FACTS))][:3]
    explain = "`qrecipe explain RECIPE TENSOR` lists them with their values"
    if name in place.functions:
        fix = f"{name} is a function: write {name}(…)"
    else:
        fix = did_you_mean(name, FACTS, otherwise=f"a string stands in quotes: {shown(name)}").replace(
            "'?", f"'? {explain}"
        )
    return fault(
        "unknown-fact",
        f"unknown fact {shown(name)}",
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
    return fault("unknown-function", f"unknown function {shown(name)}", where, why=f"there are {known}", fix=fix)


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


def _require_known(asked: Checked, other: Checked, place: Place) -> None:
    if asked.closed is not None:
        require_known(asked, other.words, place.closed[asked.closed])


def _count(number: int, noun: str) -> str:
    return f"{number or 'no'} {noun}{'' if number == 1 else 's'}"
