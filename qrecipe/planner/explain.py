"""Why a tensor has its type: every rule before the winner with the reason that it did not apply, and the chain.

Values only; the command line and the TUI turn them into the same words.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from qrecipe.planner.candidates import covers
from qrecipe.planner.explain_text import explanation_text
from qrecipe.planner.facts import tensor_facts

if TYPE_CHECKING:
    from collections.abc import Mapping

    from qrecipe.planner.facts import FactValue
    from qrecipe.planner.resolve import Resolution
    from qrecipe.recipe.recipe import Rule
    from qrecipe.types.decision import Decision, RuleRef
    from qrecipe.types.tensor import TensorInfo

Verdict = Literal["wins", "protected", "no match", "condition false", "condition unknown", "too late"]
"""Why a rule decides, or does not: the tensor is protected, `match` or `when` says no, an earlier rule has won."""


@dataclass(frozen=True, slots=True)
class RuleVerdict:
    """What became of one rule for one tensor.

    Attributes:
        rule: Which rule.
        match: Its pattern as written.
        when: Its condition as written; empty without one.
        type: Its chain as written.
        why: Its reason as written.
        verdict: What became of it.
        facts: Those that its condition asks for, sorted by name; () where its pattern does not cover the tensor.
    """

    rule: RuleRef
    match: str
    when: str
    type: str
    why: str
    verdict: Verdict
    facts: tuple[tuple[str, FactValue], ...] = ()


@dataclass(frozen=True, slots=True)
class Explanation:
    """One tensor in one target; `str()` says it in words.

    Attributes:
        target: The target's name.
        decision: What the tensor becomes.
        nbytes: Bytes that it takes, padding not included.
        verdicts: Every rule's, in the order in which they are tried.
        facts: All that conditions can ask of this tensor.
    """

    target: str
    decision: Decision
    nbytes: int
    verdicts: tuple[RuleVerdict, ...]
    facts: Mapping[str, FactValue]

    def __str__(self) -> str:
        return explanation_text(self)


def explain(resolution: Resolution, decision: Decision, nbytes: int) -> Explanation:
    """Explain a decision of a resolution."""
    resolver = resolution.resolver
    winner = resolution.winners.get(decision.tensor.name)
    verdicts = tuple(_verdict(resolution, index, decision.tensor, winner) for index in range(len(resolver.rules)))
    facts = resolver.facts(decision.tensor, winner) if winner is not None else _facts(resolution, decision.tensor)
    return Explanation(resolver.target.name, decision, nbytes, verdicts, facts)


def _verdict(resolution: Resolution, index: int, tensor: TensorInfo, winner: int | None) -> RuleVerdict:
    rule = resolution.resolver.rules[index]
    verdict = _judge(resolution, index, tensor, winner)
    asked = sorted(rule.when.facts) if rule.when is not None and covers(rule.match, tensor) else ()
    facts = resolution.resolver.facts(tensor, index) if asked else {}
    seen = tuple((name, facts.get(name)) for name in asked)
    return RuleVerdict(rule.ref, *_words(rule), rule.why, verdict, seen)


def _judge(resolution: Resolution, index: int, tensor: TensorInfo, winner: int | None) -> Verdict:
    resolver = resolution.resolver
    rule = resolver.rules[index]
    if index == winner:
        return "wins"
    if not covers(rule.match, tensor):
        return "no match"
    if not resolver.reaches(rule, tensor):
        return "protected"
    answer = resolver.applies(index, tensor)
    if answer is None:
        return "condition unknown"
    return "too late" if answer else "condition false"


def _words(rule: Rule) -> tuple[str, str, str]:
    return str(rule.match), "" if rule.when is None else str(rule.when), str(rule.chain)


def _facts(resolution: Resolution, tensor: TensorInfo) -> Mapping[str, FactValue]:
    return tensor_facts(tensor, resolution.resolver.shared, resolution.resolver.model.imatrix)
