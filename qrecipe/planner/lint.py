"""Rules that win no tensor in any target, and why: what a person should know about a recipe besides its outcome.

A rule is used when it wins at least one tensor in at least one target. An unused rule of the built file is an error,
unless it is `optional`; rules that came by `extends` may be overridden, which is what they are for.
"""

from __future__ import annotations

from dataclasses import replace
from difflib import get_close_matches
from typing import TYPE_CHECKING

from qrecipe.errors import Diagnostic, Severity
from qrecipe.planner.candidates import tensors_by_pattern
from qrecipe.planner.faults import listed, tensors

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from qrecipe.planner.resolve import Resolution, Resolver
    from qrecipe.recipe.recipe import Rule
    from qrecipe.types.tensor import Inventory, TensorInfo

_HINTED = 20  # findings that look for near names, which takes long among many


def unused_rules(resolutions: Sequence[Resolution], *, severity: Severity = "error") -> Iterator[Diagnostic]:
    """Yield a diagnostic for each rule of the built file that is of no use in any of the targets.

    A rule whose pattern an error blames already (it tears a stack apart) is not told a second time.
    """
    if not resolutions:
        return
    used = {index for resolution in resolutions for index in resolution.winners.values()}
    blamed = {error.where for resolution in resolutions for error in resolution.errors}
    unused = [
        index
        for index, rule in enumerate(resolutions[0].resolver.rules)
        if index not in used and not rule.optional and not rule.inherited and rule.where_match.whole() not in blamed
    ]
    for causes in zip(*(_causes(unused, resolution) for resolution in resolutions), strict=True):
        farthest = max(causes, key=lambda cause: cause[0])
        yield replace(farthest[1], severity=severity)


def nearest_names(pattern: str, inventory: Inventory) -> list[str]:
    """Return names, without a final .weight, and roles that look like a pattern's text."""
    known = dict.fromkeys(tensor.role for tensor in inventory.tensors)
    known |= dict.fromkeys(tensor.name.removesuffix(".weight") for tensor in inventory.tensors)
    plain = get_close_matches(pattern, known, n=2, cutoff=0.6)
    return plain or get_close_matches(pattern.rpartition(".")[2].strip("*"), known, n=2, cutoff=0.6)


def _causes(unused: Sequence[int], resolution: Resolution) -> Iterator[tuple[int, Diagnostic]]:
    """Yield, for each unused rule, how far it came in this target (the target where it came farthest tells), and why.

    Matching no name, protected tensors only, a condition that is never true, and shadowed are told apart.
    """
    resolver = resolution.resolver
    patterns = [resolver.rules[index].match for index in unused]
    covered = tensors_by_pattern(patterns, resolver.model.inventory)
    for told, (index, pattern) in enumerate(zip(unused, patterns, strict=True)):
        yield _cause(index, covered[pattern], resolution, hint=told < _HINTED)


def _cause(index: int, covered: Sequence[TensorInfo], resolution: Resolution, *, hint: bool) -> tuple[int, Diagnostic]:
    resolver = resolution.resolver
    rule = resolver.rules[index]
    if not covered:
        return 0, _matches_nothing(rule, resolver, hint=hint)
    reached = [tensor for tensor in covered if resolver.reaches(rule, tensor)]
    if not reached:
        return 1, _protected_only(rule, covered, resolver)
    true = [tensor for tensor in reached if resolver.applies(index, tensor)]
    if not true:
        return 2, _never_true(rule, reached)
    return 3, _shadowed(rule, true, resolution)


def _matches_nothing(rule: Rule, resolver: Resolver, *, hint: bool) -> Diagnostic:
    near = nearest_names(str(rule.match), resolver.model.inventory) if hint else []
    meant = f"did you mean {' or '.join(repr(name) for name in near)}? " if near else ""
    return Diagnostic(
        "rule-matches-nothing",
        "the pattern matches no tensor of this model",
        rule.where_match.whole(),
        why="a pattern covers a whole name, or the whole name less a final .weight",
        fix=f"{meant}`qrecipe inspect` lists the names; optional = true if only some models have such a tensor",
    )


def _protected_only(rule: Rule, covered: Sequence[TensorInfo], resolver: Resolver) -> Diagnostic:
    first = covered[0].name
    return Diagnostic(
        "rule-protected-only",
        f"the pattern matches protected tensors only: {listed([tensor.name for tensor in covered])}",
        rule.where_match.whole(),
        why=f"{first} is protected ({resolver.model.protected[first]})",
        fix="add protected = true to the rule if you mean it, or take the rule out",
    )


def _never_true(rule: Rule, reached: Sequence[TensorInfo]) -> Diagnostic:
    return Diagnostic(
        "rule-never-true",
        f"the condition is never true: the pattern matches {tensors([tensor.name for tensor in reached])}",
        rule.where_when.whole(),
        why="a fact that a tensor lacks, such as the layer of token_embd, makes a comparison unknown, not true",
        fix="`qrecipe explain RECIPE TENSOR` shows the facts; optional = true if the condition is for other models",
    )


def _shadowed(rule: Rule, true: Sequence[TensorInfo], resolution: Resolution) -> Diagnostic:
    winners = [resolution.winners[tensor.name] for tensor in true if tensor.name in resolution.winners]
    takers = list(dict.fromkeys(str(resolution.resolver.rules[winner].ref) for winner in winners))
    return Diagnostic(
        "rule-shadowed",
        f"earlier rules take every tensor of this one: {tensors([tensor.name for tensor in true])}",
        rule.where_match.whole(),
        why=f"the first matching rule wins; here that is {listed(takers)}",
        fix="move this rule up, narrow the earlier one, or take this one out",
    )
