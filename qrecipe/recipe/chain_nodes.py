"""What a chain of types consists of, its variables put in; names are as written and mean nothing yet.

A node's place is a span of the text that it was parsed from: the rule's own, or a variable's, whose location is then
kept beside the span. So one parsed chain may stand for every rule that writes the same text.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from qrecipe.errors import Location, Span


@dataclass(frozen=True, slots=True)
class Place:
    """A span, inside the variable at `variable` or, without one, inside the rule's own text."""

    span: Span
    variable: Location | None = None

    def within(self, where: Location) -> Location:
        """Return the location; `where` is the place of the rule's own text."""
        return (self.variable or where).at(self.span)


@dataclass(frozen=True, slots=True)
class IntNode:
    """An integer, as an argument's value."""

    value: int
    place: Place


@dataclass(frozen=True, slots=True)
class TypeNode:
    """A name with arguments: `Q4_0(fit=lattice)`; an argument's value may look the same."""

    name: str
    args: tuple[ArgumentNode, ...]
    place: Place


@dataclass(frozen=True, slots=True)
class ArgumentNode:
    """`group=32`; the place is the name's."""

    name: str
    value: IntNode | TypeNode
    place: Place


@dataclass(frozen=True, slots=True)
class AnyNode:
    """`any(A, B | C)`: a choice left open among chains; the place is the word's."""

    chains: tuple[Entries, ...]
    place: Place


Entry = TypeNode | AnyNode
Entries = tuple[Entry, ...]


@dataclass(frozen=True, slots=True)
class Chain:
    """A parsed chain: as written, where that stands, what it consists of, and the variables that it uses."""

    source: str
    where: Location = field(compare=False)
    entries: Entries
    variables: frozenset[str] = field(default=frozenset(), compare=False)

    def __str__(self) -> str:
        return self.source
