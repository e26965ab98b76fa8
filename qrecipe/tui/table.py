"""Rows in the order, the groups and the selection that a person asks for. Pure functions over `Row`s."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from qrecipe.api.desk_view import Row, RuleLine


@dataclass(frozen=True, slots=True)
class Group:
    """A heading in the table: what its rows have in common, how many they are, what they take together."""

    key: str
    count: int
    nbytes: int
    share: float
    bits: float
    folded: bool


Line = Group | int
"""What stands in a line: a group's heading, or the place of a row."""


@dataclass(frozen=True, slots=True)
class Order:
    """How a table is shown.

    Attributes:
        column: What it is sorted by; empty for canonical order.
        descending: Largest first.
        group: What it is grouped by; empty for no groups.
        folded: The keys of groups whose rows are not shown.
    """

    column: str = ""
    descending: bool = False
    group: str = ""
    folded: frozenset[str] = frozenset()

    def sorted_by(self, column: str) -> Order:
        """Sort by a column; by the same one again: the other way round; a third time: in canonical order."""
        if column != self.column:
            return replace(self, column=column, descending=column in _LARGEST_FIRST)
        if self.descending == (column in _LARGEST_FIRST):
            return replace(self, descending=not self.descending)
        return replace(self, column="", descending=False)

    def grouped(self) -> Order:
        """Group by the next thing."""
        return replace(self, group=GROUPS[(GROUPS.index(self.group) + 1) % len(GROUPS)], folded=frozenset())

    def fold(self, keys: Collection[str]) -> Order:
        """Fold these groups; where all of them are folded, unfold them."""
        these = frozenset(keys)
        return replace(self, folded=self.folded - these if these <= self.folded else self.folded | these)


GROUPS = ("", "role", "layer", "type", "rule")
COLUMNS = ("name", "shape", "type", "bits", "bytes", "share", "rule")
_LARGEST_FIRST = ("bits", "bytes", "share", "shape")


def rule_name(rules: Sequence[RuleLine], row: Row) -> str:
    """Return the rule that decides a row, as the list of rules numbers it; `protected` where none may."""
    if row.rule is None:
        return "protected"
    return f"{row.rule + 1} {rules[row.rule].match}" if row.rule < len(rules) else str(row.rule + 1)


def lines(
    rows: Sequence[Row], order: Order, rules: Sequence[RuleLine], only: Collection[str] | None = None
) -> tuple[Line, ...]:
    """Return what stands in each line of the table; with `only`, rows of these names alone."""
    places: Iterable[int] = range(len(rows)) if only is None else (i for i, row in enumerate(rows) if row.name in only)
    if order.column:
        key = _sort_key(order.column)
        places = sorted(places, key=lambda place: key(rows[place]), reverse=order.descending)
    if not order.group:
        return tuple(places)
    groups: dict[str, list[int]] = {}
    for place in places:
        groups.setdefault(group_key(rows[place], order.group, rules), []).append(place)
    found: list[Line] = []
    for name, members in groups.items():
        folded = name in order.folded
        found.append(_group(name, [rows[place] for place in members], folded=folded))
        found.extend(() if folded else members)
    return tuple(found)


def group_key(row: Row, group: str, rules: Sequence[RuleLine]) -> str:
    """Return the heading that a row stands under."""
    match group:
        case "role":
            return row.role
        case "layer":
            return "outside of layers" if row.layer is None else f"layer {row.layer}"
        case "type":
            return f"{row.type} kept" if row.keep else row.type
    return rule_name(rules, row)


def bytes_by(rows: Sequence[Row], key: Callable[[Row], str]) -> list[tuple[str, int, int, float]]:
    """Return (what, tensors, bytes, bits per weight) for each value of `key`, most bytes first."""
    found: dict[str, list[float]] = {}
    for row in rows:
        sums = found.setdefault(key(row), [0, 0, 0.0])
        sums[0] += 1
        sums[1] += row.nbytes
        sums[2] += _weights(row)
    made = [(name, int(n), int(size), 8 * size / max(weights, 1)) for name, (n, size, weights) in found.items()]
    return sorted(made, key=lambda entry: entry[2], reverse=True)


def _group(name: str, rows: Sequence[Row], *, folded: bool) -> Group:
    nbytes = sum(row.nbytes for row in rows)
    weights = sum(map(_weights, rows))
    return Group(name, len(rows), nbytes, sum(row.share for row in rows), 8 * nbytes / max(weights, 1), folded)


def _weights(row: Row) -> float:
    return 8 * row.nbytes / row.bits if row.bits else 0.0


def _sort_key(column: str) -> Callable[[Row], Any]:  # rows of one column compare with each other
    match column:
        case "name":
            return lambda row: row.name
        case "shape":
            return _weights
        case "type":
            return lambda row: (row.type, row.keep)
        case "bits":
            return lambda row: row.bits
        case "rule":
            return lambda row: -1 if row.rule is None else row.rule
    return lambda row: row.nbytes
