"""An explanation in words: the text that `qrecipe explain` prints and the TUI shows. Plain lines, no colour."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from qrecipe.planner.explain import Explanation, RuleVerdict
    from qrecipe.planner.facts import FactValue

_MEANING = {
    "wins": "takes it",
    "protected": "would match, but the tensor is protected",
    "no match": "does not match the name",
    "condition false": "matches, but its condition is false",
    "condition unknown": "matches, but its condition is unknown",
    "too late": "would match too, but an earlier rule took it",
}


def explanation_text(explanation: Explanation) -> str:
    """Return the whole text."""
    return "\n".join(_lines(explanation))


def _lines(explanation: Explanation) -> Iterator[str]:
    decision = explanation.decision
    tensor = decision.tensor
    shape = " × ".join(map(str, tensor.shape))
    kept = " (kept)" if decision.keep else ""
    yield f"{tensor.name} in target {explanation.target}: {decision.type}{kept}, {explanation.nbytes:,} bytes"
    bits = 8 * explanation.nbytes / max(tensor.params, 1)
    yield f"  {shape} {tensor.dtype} in the source, {bits:.2f} bits per weight"
    if decision.protected:
        yield f"  protected: {decision.protected}; a rule reaches it only with protected = true"
    for entry in decision.passed_over:
        yield f"  passed over {entry.type} ({entry.code}): {entry.why}"
    if decision.open:
        yield f"  left open: {', '.join(decision.open)} would fit too"
    yield "rules, in order:"
    for verdict in explanation.verdicts:
        yield from _rule(verdict)
    yield "facts:"
    yield "  " + ", ".join(f"{name} = {_value(value)}" for name, value in sorted(explanation.facts.items()))


def _rule(verdict: RuleVerdict) -> Iterator[str]:
    mark = "→" if verdict.verdict == "wins" else "·"
    when = f" when {verdict.when}" if verdict.when else ""
    yield f"{mark} {verdict.rule}: {_MEANING[verdict.verdict]}"
    yield f"    {verdict.match}{when} → {verdict.type}"
    if verdict.verdict.startswith("condition") or (verdict.verdict == "wins" and verdict.facts):
        yield "    " + ", ".join(f"{name} is {_value(value)}" for name, value in verdict.facts)
    if verdict.why:
        yield f"    why: {verdict.why}"


def _value(value: FactValue) -> str:
    match value:
        case None:
            return "unknown"
        case bool():
            return "true" if value else "false"
        case str():
            return f"'{value}'"
        case _:
            return str(value)
