"""The merged recipe: what a file and everything it extends mean together.

Frozen, and independent of any checkpoint and any format. Patterns, conditions and chains are parsed on request and for
one target, because `${target}` may stand in them: `rules_for`. A relative path comes with the folder of the file that
wrote it.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from qrecipe.errors import Diagnostic, Location, RecipeError
from qrecipe.recipe.chain import Chain, parse_chain
from qrecipe.recipe.condition import Condition, parse_condition
from qrecipe.recipe.functions import function_of
from qrecipe.recipe.pattern import Pattern, parse_pattern
from qrecipe.recipe.targets import RecipeTarget, with_target
from qrecipe.types.decision import RuleRef

if TYPE_CHECKING:
    from qrecipe.recipe.extend import Written
    from qrecipe.recipe.functions import Function
    from qrecipe.recipe.model import RuleModel
    from qrecipe.recipe.variables import Variables

Closed = Mapping[str, Collection[str]]


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule, parsed for one target. `inherited`: it came by `extends` or from `lib:`."""

    match: Pattern
    when: Condition | None
    chain: Chain
    why: str
    protected: bool
    optional: bool
    ref: RuleRef
    inherited: bool
    where_match: Location = field(repr=False)
    where_when: Location = field(repr=False)
    where_type: Location = field(repr=False)


@dataclass(frozen=True, slots=True)
class Recipe:
    """A recipe, merged. `file` is the built file as users name it, `parents` what it extends, in order.

    Each folder is what the reference beside it is relative to.
    """

    name: str
    description: str
    file: str
    folder: Path
    source: str | None
    source_folder: Path
    inventory: str | None
    inventory_folder: Path
    imatrix: str | None
    imatrix_folder: Path
    requantize: bool
    targets: tuple[RecipeTarget, ...]
    variables: Variables = field(repr=False)
    family: tuple[Written, ...] = field(repr=False)
    places: Mapping[str, Location] = field(repr=False)

    @property
    def parents(self) -> tuple[str, ...]:
        """The files that this recipe builds upon, in order."""
        return tuple(one.file for one in self.family[1:])

    def where(self, key: str) -> Location:
        """Return where a key (`source`, `imatrix`, …) is written, in whichever file it comes from."""
        return self.places.get(key, Location(self.file))

    def rules_for(
        self,
        target_name: str,
        functions: Mapping[str, Callable[..., int | str | bool]],
        closed: Closed,
        check: Callable[[Chain], object] = str,
    ) -> tuple[Rule, ...]:
        """Parse all rules for one target, in order; RecipeError with the faults of all of them.

        `functions` are those of conditions by name; `closed` has the values of facts that are one of a set; `check`
        looks at each distinct chain (`bind_chain` with the formats at hand), and what it raises is told with the rest.
        """
        target = next(target for target in self.targets if target.name == target_name)
        made = {name: function_of(function) for name, function in functions.items()}
        reading = _Reading(with_target(self.variables, target), made, closed, check)
        rules = [
            reading.rule(recipe, index, model)
            for recipe in self.family
            for index, model in enumerate(recipe.model.rules)
        ]
        if reading.errors:
            raise RecipeError(*dict.fromkeys(reading.errors))
        return tuple(rule for rule in rules if rule is not None)


Parsed = TypeVar("Parsed")


@dataclass(slots=True)
class _Reading:
    """Parses rules; a text that several of them share is parsed once. Faults are noted."""

    variables: Variables
    functions: Mapping[str, Function]
    closed: Closed
    check: Callable[[Chain], object]
    errors: list[Diagnostic] = field(default_factory=list)
    patterns: dict[str, Pattern] = field(default_factory=dict)
    conditions: dict[str, Condition] = field(default_factory=dict)
    chains: dict[str, Chain] = field(default_factory=dict)

    def rule(self, recipe: Written, index: int, model: RuleModel) -> Rule | None:
        """Parse one rule; None, and its faults noted, where it has any."""
        places = recipe.document.places
        path = ("rules", index)
        where_match = places.string((*path, "match"), model.match)
        where_type = places.string((*path, "type"), model.type)
        where_when = places.value(path) if model.when is None else places.string((*path, "when"), model.when)
        why = self._text(model.why, places.string((*path, "why"), model.why))
        match = self._once(self.patterns, model.match, where_match, self._pattern)
        when = None if model.when is None else self._once(self.conditions, model.when, where_when, self._condition)
        chain = self._once(self.chains, model.type, where_type, self._chain)
        if match is None or chain is None or why is None or (when is None and model.when is not None):
            return None
        ref = RuleRef(recipe.file, index, places.line(path))
        chain = replace(chain, where=where_type)  # the same text may stand in several rules
        flags = model.protected, model.optional
        return Rule(match, when, chain, why, *flags, ref, recipe.inherited, where_match, where_when, where_type)

    def _once(
        self, known: dict[str, Parsed], text: str, where: Location, parse: Callable[[str, Location], Parsed]
    ) -> Parsed | None:
        if text not in known:
            try:
                known[text] = parse(text, where)
            except RecipeError as error:
                self.errors += error.diagnostics
        return known.get(text)

    def _text(self, text: str, where: Location) -> str | None:
        return self._once({}, text, where, self.variables.text)

    def _pattern(self, text: str, where: Location) -> Pattern:
        return parse_pattern(text, where, self.variables)

    def _condition(self, text: str, where: Location) -> Condition:
        return parse_condition(text, where, self.variables, self.functions, self.closed)

    def _chain(self, text: str, where: Location) -> Chain:
        chain = parse_chain(text, where, self.variables)
        self.check(chain)
        return chain
