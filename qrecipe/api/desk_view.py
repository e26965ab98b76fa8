"""What an interface shows of a recipe that is being edited: values, all of them made of one resolution."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from math import prod
from typing import TYPE_CHECKING

from qrecipe.recipe.edit_blocks import blocks_of

if TYPE_CHECKING:
    from qrecipe.api.outcome import Outcome
    from qrecipe.errors import Diagnostic
    from qrecipe.planner.plan import Plan, TargetPlan
    from qrecipe.types.decision import Decision, PassedOver
    from qrecipe.types.tensor import Shape


@dataclass(frozen=True, slots=True)
class Row:
    """One tensor under one target.

    Attributes:
        name: Its canonical name.
        role: The name without `blk.N.` and `.weight`.
        layer: Its block; None outside of blocks.
        shape: Outermost dimension first.
        type: What it becomes, as recipes write it.
        bits: Bits per weight that it takes.
        nbytes: Bytes that it takes.
        share: Of the bytes of all tensors, from 0 to 1.
        rule: The place of its rule in `State.deciding`; None where it is protected.
        keep: Nothing is quantized.
        protected: Why it is protected; None where it is not.
        fell_back: Its shape pushed it along the chain.
        passed_over: What was passed over.
    """

    name: str
    role: str
    layer: int | None
    shape: Shape
    type: str
    bits: float
    nbytes: int
    share: float
    rule: int | None
    keep: bool
    protected: str | None
    fell_back: bool
    passed_over: tuple[PassedOver, ...]


@dataclass(frozen=True, slots=True)
class RuleLine:
    """One rule, in the order in which rules are tried; those of the recipe's own file that are off are there too.

    Attributes:
        index: Its place among the own rules, as edits count them; None for an inherited one.
        file: Where it is written.
        line: In which line.
        match: As written.
        when: As written; empty without one.
        type: As written.
        why: As written.
        protected: It reaches protected tensors.
        optional: It may go unused.
        enabled: It is not switched off.
        inherited: It came by `extends`.
        hits: Target → how many tensors it decides.
        nbytes: Target → bytes of these.
        problem: What is wrong with it: unused, shadowed, …
    """

    index: int | None
    file: str
    line: int | None
    match: str
    when: str
    type: str
    why: str
    protected: bool = False
    optional: bool = False
    enabled: bool = True
    inherited: bool = False
    hits: Mapping[str, int] = field(default_factory=dict)
    nbytes: Mapping[str, int] = field(default_factory=dict)
    problem: Diagnostic | None = None


@dataclass(frozen=True, slots=True)
class State:
    """A recipe's text and what it means.

    Attributes:
        text: The recipe.
        errors: What is wrong, with places; () where nothing is.
        warnings: What a person should know.
        stale: The text cannot be resolved, and everything below is of an earlier one.
        plan: The targets that could be resolved; None where none ever could.
        rules: Every rule of the text.
        deciding: The rules that `plan` was made by: those of an earlier text where the state is stale.
        reading: The text names a model that is not open yet: `Desk.resolve` says what it means.
        outcome: The resolution behind it all; None where there is none.
    """

    text: str
    errors: tuple[Diagnostic, ...] = ()
    warnings: tuple[Diagnostic, ...] = ()
    stale: bool = False
    plan: Plan | None = None
    rules: tuple[RuleLine, ...] = ()
    deciding: tuple[RuleLine, ...] = ()
    reading: bool = False
    outcome: Outcome | None = None

    def target(self, name: str | None = None) -> TargetPlan | None:
        """Return a target's plan; the first one's without a name."""
        targets = () if self.plan is None else self.plan.targets
        return next((target for target in targets if name in (None, target.name)), None)

    def rows(self, name: str | None = None) -> tuple[Row, ...]:
        """Return every tensor under a target, in canonical order; () where it could not be resolved."""
        target = self.target(name)
        if target is None or self.outcome is None:
            return ()
        winners = self.outcome.resolutions[target.name].winners
        on = [place for place, rule in enumerate(self.deciding) if rule.enabled]
        sizes = [target.nbytes(decision) for decision in target.decisions]
        total = max(sum(sizes), 1)
        places = (winners.get(decision.tensor.name) for decision in target.decisions)
        return tuple(
            _row(decision, nbytes, nbytes / total, None if place is None else on[place])
            for decision, nbytes, place in zip(target.decisions, sizes, places, strict=True)
        )


def _row(decision: Decision, nbytes: int, share: float, rule: int | None) -> Row:
    tensor = decision.tensor
    return Row(
        name=tensor.name,
        role=tensor.role,
        layer=tensor.layer,
        shape=tensor.shape,
        type=str(decision.type),
        bits=8 * nbytes / max(prod(tensor.shape), 1),
        nbytes=nbytes,
        share=share,
        rule=rule,
        keep=decision.keep,
        protected=decision.protected,
        fell_back=decision.fell_back,
        passed_over=decision.passed_over,
    )


def rule_lines(text: str, outcome: Outcome) -> tuple[RuleLine, ...]:
    """Return every rule of a recipe: its own, with those that are off, then what it inherits."""
    counted = _Counted.of(outcome)
    own, *parents = outcome.recipe.family
    lines = []
    for index, block in enumerate(blocks_of(text.replace("\r\n", "\n"))):
        values = block.values
        line = text.count("\n", 0, block.body.start) + 1
        number = block.number
        lines.append(
            RuleLine(
                index=index,
                file=own.file,
                line=line,
                match=str(values.get("match", "")),
                when=str(values.get("when", "")),
                type=str(values.get("type", "")),
                why=str(values.get("why", "")),
                protected=values.get("protected") is True,
                optional=values.get("optional") is True,
                enabled=not block.off,
                hits={} if number is None else counted.hits(number),
                nbytes={} if number is None else counted.nbytes(number),
                problem=None if number is None else counted.problem(own.file, number),
            )
        )
    place = len(own.model.rules)
    for written in parents:
        for index, model in enumerate(written.model.rules):
            lines.append(
                RuleLine(
                    index=None,
                    file=written.file,
                    line=written.document.places.line(("rules", index)),
                    match=model.match,
                    when=model.when or "",
                    type=model.type,
                    why=model.why,
                    protected=model.protected,
                    optional=model.optional,
                    inherited=True,
                    hits=counted.hits(place),
                    nbytes=counted.nbytes(place),
                )
            )
            place += 1
    return tuple(lines)


@dataclass(frozen=True, slots=True)
class _Counted:
    """How many tensors, and bytes, each rule decides under each target."""

    outcome: Outcome
    tensors: Mapping[str, Mapping[int, int]]
    sizes: Mapping[str, Mapping[int, int]]

    @classmethod
    def of(cls, outcome: Outcome) -> _Counted:
        tensors: dict[str, dict[int, int]] = {}
        sizes: dict[str, dict[int, int]] = {}
        for target in outcome.plan.targets:
            winners = outcome.resolutions[target.name].winners
            hits = tensors.setdefault(target.name, {})
            nbytes = sizes.setdefault(target.name, {})
            for decision in target.decisions:
                rule = winners.get(decision.tensor.name)
                if rule is not None:
                    hits[rule] = hits.get(rule, 0) + 1
                    nbytes[rule] = nbytes.get(rule, 0) + target.nbytes(decision)
        return cls(outcome, tensors, sizes)

    def hits(self, rule: int) -> dict[str, int]:
        return {target: found.get(rule, 0) for target, found in self.tensors.items()}

    def nbytes(self, rule: int) -> dict[str, int]:
        return {target: found.get(rule, 0) for target, found in self.sizes.items()}

    def problem(self, file: str, rule: int) -> Diagnostic | None:
        """Return the first finding whose place is in this rule."""
        prefix = f"rules[{rule}]"
        findings = (*self.outcome.errors, *self.outcome.plan.warnings)
        places = ((finding, finding.where) for finding in findings if finding.where is not None)
        found = (f for f, where in places if where.file == file and where.key_path.split(".")[0] == prefix)
        return next(found, None)
