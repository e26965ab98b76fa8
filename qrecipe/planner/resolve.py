"""Rules + inventory → one decision a tensor, for one target.

For each tensor the first rule that reaches it, whose `match` covers it and whose `when` is true, wins; its chain gives
the type. Nothing else decides: a rule's effect on a tensor depends on no other rule. All faults are collected.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from qrecipe.errors import Diagnostic, RecipeError
from qrecipe.planner.candidates import covered_by, tensors_by_pattern
from qrecipe.planner.choose import choose, objection
from qrecipe.planner.facts import FactValue, model_facts, tensor_facts
from qrecipe.planner.faults import Faults
from qrecipe.recipe.chain import bind_chain
from qrecipe.types.decision import Decision
from qrecipe.types.format import TypeUse

if TYPE_CHECKING:
    from qrecipe.recipe.chain import BoundChain
    from qrecipe.recipe.condition import Condition
    from qrecipe.recipe.pattern import Pattern
    from qrecipe.recipe.recipe import Rule
    from qrecipe.types.format import Fit, Format
    from qrecipe.types.target import Backend, Target
    from qrecipe.types.tensor import Inventory, TensorInfo


@dataclass(frozen=True, slots=True)
class Model:
    """What is known of a model besides the recipe: `protected`, name to reason; `imatrix`, names with data, or None.

    `counted` are the tensors that `index` numbers, in this order; None for all, in canonical order. Importers need it:
    other tools pass over some tensors when they count.
    """

    inventory: Inventory
    protected: Mapping[str, str]
    imatrix: frozenset[str] | None = None
    counted: Sequence[str] | None = None


@dataclass(frozen=True, slots=True)
class Resolution:
    """The outcome for one target. `winners` maps names to the index of their rule; faulty tensors have no decision."""

    resolver: Resolver
    decisions: tuple[Decision, ...]
    winners: Mapping[str, int]
    errors: tuple[Diagnostic, ...]


class Resolver:
    """Resolves tensors of one model under one target; holds what is computed once a target or once a rule."""

    def __init__(
        self, rules: Sequence[Rule], model: Model, target: Target, backend: Backend, kit: tuple[Formats, Fits]
    ) -> None:
        self.rules = rules
        self.model = model
        self.target = target
        self.backend = backend
        self.formats, self.fits = kit
        self.shared = model_facts(model.inventory, target, model.imatrix)
        self.chains = _bound(rules, self.formats, self.fits)
        self._dtypes = {name.lower(): found for name, found in self.formats.items()}
        self._places: dict[tuple[Pattern, bool], tuple[dict[str, int], int]] = {}

    def reaches(self, rule: Rule, tensor: TensorInfo) -> bool:
        """Say whether a rule may touch this tensor at all."""
        return rule.protected or tensor.name not in self.model.protected

    def facts(self, tensor: TensorInfo, index: int) -> dict[str, FactValue]:
        """Return the facts that rule `index` sees; `index` and `count` only where its condition asks for them."""
        facts = tensor_facts(tensor, self.shared, self.model.imatrix)
        when = self.rules[index].when
        if when is not None and _counts(when):
            place, count = self._place(index)
            facts |= {"index": place.get(tensor.name), "count": count}
        return facts

    def applies(self, index: int, tensor: TensorInfo, facts: dict[str, FactValue] | None = None) -> bool | None:
        """Return the value of rule `index`'s condition: true, false, or None for unknown."""
        when = self.rules[index].when
        if when is None:
            return True
        if facts is None or _counts(when):
            facts = self.facts(tensor, index)
        answer = when.evaluate(facts)
        return None if answer is None else bool(answer)

    def winner(self, tensor: TensorInfo, candidates: Iterable[int]) -> int | None:
        """Return the index of the first candidate that reaches the tensor and whose condition is true."""
        facts = None
        for index in candidates:
            if not self.reaches(self.rules[index], tensor):
                continue
            if self.rules[index].when is not None and facts is None:
                facts = tensor_facts(tensor, self.shared, self.model.imatrix)
            if self.applies(index, tensor, facts):
                return index
        return None

    def decide(self, tensor: TensorInfo, index: int, faults: Faults) -> Decision | None:
        """Let rule `index` give the type; a fault is noted and gives None."""
        rule = self.rules[index]
        of = (tensor, self.target, self.backend, self.model.inventory)
        choice, passed = choose(self.chains[index], lambda use: objection(use, *of))
        if choice is None:
            faults.nothing_fits(rule, tensor, passed)
            return None
        use = choice.use if choice.use is not None else self.kept(tensor, faults)
        if use is None:
            return None
        keep = choice.use is None
        return Decision(tensor, use, keep, rule.ref, None, choice.passed_over, choice.open)

    def kept(self, tensor: TensorInfo, faults: Faults) -> TypeUse | None:
        """Return what the backend stores when nothing is quantized."""
        dtype = self.backend.keep(tensor, self.target)
        found = self._dtypes.get(dtype.lower())
        if found is None:
            faults.cannot_keep(tensor, dtype)
            return None
        return TypeUse(found)

    def _place(self, index: int) -> tuple[dict[str, int], int]:
        """Return name → place among the tensors that the rule's `match` reaches, and their number."""
        if not self._places:
            self._places = self._count()
        rule = self.rules[index]
        return self._places[rule.match, rule.protected]

    def _count(self) -> dict[tuple[Pattern, bool], tuple[dict[str, int], int]]:
        """Number the tensors of every rule that asks for it: one walk over all names serves all rules."""
        asking = [rule for rule in self.rules if rule.when is not None and _counts(rule.when)]
        covered = tensors_by_pattern([rule.match for rule in asking], self.model.inventory)
        places: dict[tuple[Pattern, bool], tuple[dict[str, int], int]] = {}
        for rule in asking:
            if (key := (rule.match, rule.protected)) not in places:
                reached = [tensor.name for tensor in covered[rule.match] if self.reaches(rule, tensor)]
                places[key] = {name: place for place, name in enumerate(self._in_order(reached))}, len(reached)
        return places

    def _in_order(self, reached: Sequence[str]) -> Sequence[str]:
        """Return those of the tensors that are counted, in the order in which they are."""
        if self.model.counted is None:
            return reached
        among = frozenset(reached)
        return [name for name in self.model.counted if name in among]


Formats = Mapping[str, "Format"]
Fits = Mapping[str, "Fit"]


def resolve(
    rules: Sequence[Rule], model: Model, target: Target, backend: Backend, kit: tuple[Formats, Fits]
) -> Resolution:
    """Decide every tensor of `model` for `target`. RecipeError where a chain names what does not exist."""
    resolver = Resolver(rules, model, target, backend, kit)
    run = _Run(resolver, Faults(model.imatrix))
    for covered in covered_by([rule.match for rule in rules], model.inventory):
        for torn in covered.torn:
            run.faults.torn(rules[torn], covered.tensor)
        run.tensor(covered.tensor, covered.rules)
    return Resolution(resolver, tuple(run.decisions), run.winners, run.faults.diagnostics())


@dataclass(slots=True)
class _Run:
    resolver: Resolver
    faults: Faults
    decisions: list[Decision] = field(default_factory=list)
    winners: dict[str, int] = field(default_factory=dict)

    def tensor(self, tensor: TensorInfo, candidates: Iterable[int]) -> None:
        index = self.resolver.winner(tensor, candidates)
        if index is not None:
            self.winners[tensor.name] = index
            decision = self.resolver.decide(tensor, index, self.faults)
        else:
            decision = self._unruled(tensor)
        if decision is not None:
            self.faults.imatrix(decision, self.resolver.fits)
            self.decisions.append(decision)

    def _unruled(self, tensor: TensorInfo) -> Decision | None:
        why = self.resolver.model.protected.get(tensor.name)
        if why is None:
            self.faults.unmatched(tensor)
            return None
        use = self.resolver.kept(tensor, self.faults)
        return None if use is None else Decision(tensor, use, keep=True, protected=why)


def _counts(when: Condition) -> bool:
    """Say whether a condition asks for the tensor's place among those that its rule's pattern reaches."""
    return not when.facts.isdisjoint(("index", "count"))


def _bound(rules: Sequence[Rule], formats: Formats, fits: Fits) -> list[BoundChain]:
    """Bind every chain, each distinct one once; the errors of all of them are raised together."""
    bound: dict[int, BoundChain] = {}
    errors: list[Diagnostic] = []
    for entries, chain in {id(rule.chain.entries): rule.chain for rule in rules}.items():
        try:
            bound[entries] = bind_chain(chain, formats, fits)
        except RecipeError as error:
            errors += error.diagnostics
    if errors:
        raise RecipeError(*dict.fromkeys(errors))
    return [bound[id(rule.chain.entries)] for rule in rules]
