"""What a checked condition consists of: frozen nodes, each of one kind, that compute a value from facts.

Unknown (None) follows SQL in `and`, `or` and `not`; everything else passes it on. Nodes are made by `condition_check`,
which has proven the kinds, so nothing here asks for them. Depth is capped there too, so recursion is safe.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Protocol

from qrecipe.recipe.facts import Value
from qrecipe.recipe.functions import Function
from qrecipe.recipe.integers import divide, kept, remainder

Facts = Mapping[str, Value | None]


class Node(Protocol):
    """An expression."""

    def __call__(self, facts: Facts, /) -> Value | None:
        """Compute it; `facts` has every fact that the condition names."""


@dataclass(frozen=True, slots=True)
class Constant:
    """A literal."""

    constant: Value

    def __call__(self, _facts: Facts, /) -> Value | None:
        """Return it."""
        return self.constant


@dataclass(frozen=True, slots=True)
class FactOf:
    """A fact of the tensor, its model or its target."""

    name: str

    def __call__(self, facts: Facts, /) -> Value | None:
        """Return what the tensor has; unknown if it lacks it."""
        return facts[self.name]


@dataclass(frozen=True, slots=True)
class Not:
    """True and false exchanged."""

    operand: Node

    def __call__(self, facts: Facts, /) -> Value | None:
        """Exchange true and false; unknown stays."""
        value = self.operand(facts)
        return None if value is None else not value


@dataclass(frozen=True, slots=True)
class Logic:
    """`and`, which false decides, or `or`, which true decides."""

    operands: tuple[Node, ...]
    decisive: bool

    def __call__(self, facts: Facts, /) -> Value | None:
        """Return what decides, else unknown if anything was, else the contrary."""
        undecided: bool | None = not self.decisive
        for operand in self.operands:
            value = operand(facts)
            if value is self.decisive:
                return self.decisive
            if value is None:
                undecided = None
        return undecided


@dataclass(frozen=True, slots=True)
class Compare:
    """Two values of one kind, by `==`, `<` and the like."""

    sign: str
    left: Node
    right: Node

    def __call__(self, facts: Facts, /) -> Value | None:
        """Compare; unknown if a side is."""
        left, right = self.left(facts), self.right(facts)
        return None if left is None or right is None else bool(_COMPARE[self.sign](left, right))


@dataclass(frozen=True, slots=True)
class Member:
    """`in {…}`."""

    operand: Node
    members: frozenset[Value]

    def __call__(self, facts: Facts, /) -> Value | None:
        """Look it up; unknown if it is."""
        value = self.operand(facts)
        return None if value is None else value in self.members


@dataclass(frozen=True, slots=True)
class Between:
    """`in low..high`, integers, both ends included."""

    operand: Node
    low: Node
    high: Node

    def __call__(self, facts: Facts, /) -> Value | None:
        """Compare with both ends; unknown if any of the three is."""
        value, low, high = (node(facts) for node in (self.operand, self.low, self.high))
        if not isinstance(value, int) or not isinstance(low, int) or not isinstance(high, int):
            return None
        return low <= value <= high


@dataclass(frozen=True, slots=True)
class Arithmetic:
    """A sum or a product, from the left."""

    first: Node
    rest: tuple[tuple[str, Node], ...]

    def __call__(self, facts: Facts, /) -> Value | None:
        """Compute; unknown from the first unknown, overflow or division by 0 on."""
        total = self.first(facts)
        for sign, node in self.rest:
            operand = node(facts)
            if not isinstance(total, int) or not isinstance(operand, int):
                return None
            total = _ARITHMETIC[sign](total, operand)
        return total


@dataclass(frozen=True, slots=True)
class Choice:
    """`then if condition else otherwise`."""

    condition: Node
    then: Node
    otherwise: Node

    def __call__(self, facts: Facts, /) -> Value | None:
        """Compute the condition and the branch that it takes; unknown if the condition is."""
        condition = self.condition(facts)
        if condition is None:
            return None
        return (self.then if condition else self.otherwise)(facts)


@dataclass(frozen=True, slots=True)
class Invoke:
    """A function's result."""

    function: Function
    arguments: tuple[Node, ...]

    def __call__(self, facts: Facts, /) -> Value | None:
        """Call the function; unknown if an argument is."""
        values = [argument(facts) for argument in self.arguments]
        known = [value for value in values if value is not None]
        return self.function.call(*known) if len(known) == len(values) else None


_COMPARE: Mapping[str, Callable[[Any, Any], bool]] = MappingProxyType(
    {
        "==": operator.eq,
        "!=": operator.ne,
        "<": operator.lt,
        "<=": operator.le,
        ">": operator.gt,
        ">=": operator.ge,
    }
)
_ARITHMETIC: Mapping[str, Callable[[int, int], int | None]] = MappingProxyType(
    {
        "+": lambda a, b: kept(a + b),
        "-": lambda a, b: kept(a - b),
        "*": lambda a, b: kept(a * b),
        "/": divide,
        "%": remainder,
    }
)
