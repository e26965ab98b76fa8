"""Conditions: for which of the tensors that a pattern covers a rule is meant. Text → `Condition`, kinds checked.

A condition is boolean, or unknown where it asks for what the tensor lacks; a rule applies only where it is true. The
reference page is docs/reference/conditions.md, the table of facts is facts.py.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass

from qrecipe.errors import Location
from qrecipe.recipe.condition_check import Checker, Place
from qrecipe.recipe.condition_kinds import require
from qrecipe.recipe.condition_nodes import Facts, Node
from qrecipe.recipe.condition_syntax import CONDITION
from qrecipe.recipe.facts import Value
from qrecipe.recipe.functions import Function
from qrecipe.recipe.syntax import parse, standing
from qrecipe.recipe.variables import Variables


@dataclass(frozen=True, slots=True)
class Condition:
    """A condition as written (`source`) and what it means. Equal by value.

    `facts` are the names of the facts that it asks for, `variables` those it uses, directly or through others.
    """

    source: str
    node: Node
    facts: frozenset[str]
    variables: frozenset[str]

    def __str__(self) -> str:
        return self.source

    def evaluate(self, facts: Facts) -> bool | None:
        """Say whether it is true; None is unknown. `facts` has at least the names in `self.facts`."""
        value = self.node(facts)
        return None if value is None else bool(value)


def parse_condition(
    text: str,
    where: Location,
    variables: Variables,
    functions: Mapping[str, Function | Callable[..., Value]],
    closed: Mapping[str, Collection[str]],
) -> Condition:
    """Parse and check a condition that stands at `where`; RecipeError with a caret, PluginError for a bad function.

    `closed` maps facts to all strings that they can be.
    """
    where = standing(where, text)
    checker = Checker()
    checked = checker.check(parse(CONDITION, text, where), Place(where, variables, functions, closed))
    require(bool, checked, "`when`")
    return Condition(text, checked.node, frozenset(checker.facts), variables.names_in(text))
