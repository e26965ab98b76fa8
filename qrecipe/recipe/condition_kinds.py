"""Kinds of a condition's expressions, and what is said where they do not go together.

Three kinds, never mixed: integer (64 bits), string, boolean. A string that is compared with a fact of a closed set must
be in it.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass

from qrecipe.errors import Location
from qrecipe.recipe.condition_nodes import Constant, Node
from qrecipe.recipe.facts import KIND_NAMES, Kind, Value
from qrecipe.recipe.integers import GREATEST, LEAST
from qrecipe.recipe.syntax import article, did_you_mean, fault, shown
from qrecipe.recipe.variables import VARIABLE

_LISTED = 12  # values in a message


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


def literal(value: Value, where: Location) -> Checked:
    """Return a constant; refuses integers of more than 64 bits and strings that seem to hold a variable."""
    if isinstance(value, str):
        return _string(value, where)
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


def require_same(what: str, left: Checked, right: Checked, where: Location) -> None:
    """Refuse two kinds where one is needed."""
    if left.kind is not right.kind:
        raise fault(
            "condition-kinds",
            f"{what}: {_a(left.kind)} and {_a(right.kind)}",
            where,
            why=f"`{left.said}` is {_a(left.kind)}, `{right.said}` is {_a(right.kind)}",
            fix=_kind_fix(right.kind, left) if isinstance(left.node, Constant) else _kind_fix(left.kind, right),
        )


def require_known(asked: Checked, words: Iterable[tuple[str, Location]], known: Collection[str]) -> None:
    """Refuse strings that the fact of a closed set can never be."""
    for word, where in words:
        if word not in known:
            listed = [repr(each) for each in sorted(known)[:_LISTED]] + ["…"] * (len(known) > _LISTED)
            raise fault(
                "unknown-value",
                f"{asked.closed} is never {shown(word)}",
                where,
                why=f"it is one of {', '.join(listed)}",
                fix=did_you_mean(word, known, otherwise="write one of these, or take the comparison out"),
            )


def _string(value: str, where: Location) -> Checked:
    if (use := VARIABLE.search(value)) is not None:
        raise fault(
            "condition-string",
            f"a string that holds {use[0]}",
            where,
            why="a variable is an expression by itself, and a string is taken as it stands",
            fix=f"write {use[0]} without quotes; the quotes belong into the variable: \"'…'\"",
        )
    return Checked(Constant(value), str, where, words=((value, where),))


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
