"""A build of less than the recipe asks for: some of its targets, or some of the model's tensors.

Tensors are chosen by patterns, the language's own. What comes of that is for looking into and is no model, so it says
so itself: `-only` in its name, the patterns in its metadata. Its sizes and its lock are those of what it holds.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from difflib import get_close_matches
from pathlib import PurePosixPath
from typing import TYPE_CHECKING

from qrecipe.api.targets import Facts, lay_out
from qrecipe.errors import BuildError, Diagnostic, Location
from qrecipe.planner.candidates import covered_by
from qrecipe.planner.faults import listed, tensors
from qrecipe.planner.lint import nearest_names
from qrecipe.planner.resolve import Model
from qrecipe.recipe.pattern import parse_pattern
from qrecipe.recipe.variables import Variables

if TYPE_CHECKING:
    from qrecipe.host.catalog import Catalog
    from qrecipe.planner.plan import Plan, TargetPlan
    from qrecipe.recipe.pattern import Pattern
    from qrecipe.types.tensor import Inventory


def with_targets(plan: Plan, names: Sequence[str]) -> Plan:
    """Return the plan with the named targets alone, in its own order; all of it without names."""
    if not names:
        return plan
    known = [target.name for target in plan.targets]
    unknown = [name for name in dict.fromkeys(names) if name not in known]
    if unknown:
        raise BuildError(*(_not_there(name, known, plan) for name in unknown))
    return replace(plan, targets=tuple(target for target in plan.targets if target.name in names), missing=())


def with_tensors(plan: Plan, patterns: Sequence[str], catalog: Catalog) -> Plan:
    """Return the plan for the tensors that any of the patterns covers, laid out anew; all of it without patterns.

    Raises:
        RecipeError: A pattern does not parse.
        BuildError: A pattern covers no tensor, or tears a stack apart.
    """
    if not patterns:
        return plan
    parsed = [parse_pattern(text, Location(key_path="--only"), Variables()) for text in patterns]
    names = _covered(parsed, plan.inventory)
    imatrix = None if plan.imatrix is None else plan.imatrix.names
    facts = Facts(Model(plan.inventory, {}, imatrix), plan.imatrix, plan.lock, tuple(patterns))
    return replace(plan, targets=tuple(_part(target, names, facts, catalog) for target in plan.targets))


def _covered(patterns: Sequence[Pattern], inventory: Inventory) -> frozenset[str]:
    """Return the names of the tensors that are covered by any pattern; each must cover one."""
    names: set[str] = set()
    used: set[int] = set()
    torn: dict[int, list[str]] = {}
    for covered in covered_by(patterns, inventory):
        rules = set(covered.rules)
        used |= rules
        names |= {covered.tensor.name} if rules else set()
        for index in covered.torn:
            torn.setdefault(index, []).append(covered.tensor.name)
    idle = [index for index in range(len(patterns)) if index not in used | torn.keys()]
    errors = [_torn(patterns[index], torn[index]) for index in sorted(torn)]
    if errors := [*errors, *(_matches_nothing(patterns[index], inventory) for index in idle)]:
        raise BuildError(*errors)
    return frozenset(names)


def _part(target: TargetPlan, names: frozenset[str], facts: Facts, catalog: Catalog) -> TargetPlan:
    decisions = [decision for decision in target.decisions if decision.tensor.name in names]
    return lay_out(replace(target.target, output=_marked(target.target.output)), decisions, catalog, facts)


def _marked(output: str) -> str:
    """Return `a/model-only.gguf` for `a/model.gguf`, and `model-only/` for `model/`.

    >>> _marked("a/model.q4.gguf"), _marked("model-w4a16/")
    ('a/model.q4-only.gguf', 'model-w4a16-only/')
    """
    path = PurePosixPath(output)
    if output.endswith("/"):
        return f"{path}-only/"
    return str(path.with_name(f"{path.stem}-only{path.suffix}"))


def _not_there(name: str, known: Sequence[str], plan: Plan) -> Diagnostic:
    """Say that a target's plug-in is missing, or that there is no such target."""
    left_out = (each for each in plan.missing if each.what.startswith(f"target {name!r} "))
    missing = next(left_out, None)
    return _unknown_target(name, known) if missing is None else replace(missing, severity="error")


def _unknown_target(name: str, known: Sequence[str]) -> Diagnostic:
    near = get_close_matches(name, known, n=1)
    return Diagnostic(
        "unknown-target",
        f"there is no target {name!r} to build",
        Location(key_path="--target"),
        why=f"the targets that can be built are {', '.join(known)}" if known else "no target can be built",
        fix=f"did you mean {near[0]!r}?" if near else "name one of these, or install the plug-in that it needs",
    )


def _matches_nothing(pattern: Pattern, inventory: Inventory) -> Diagnostic:
    near = nearest_names(str(pattern), inventory)
    meant = f"did you mean {' or '.join(repr(name) for name in near)}? " if near else ""
    return Diagnostic(
        "only-matches-nothing",
        f"the pattern {pattern} matches no tensor of this model",
        Location(key_path="--only"),
        why="a pattern covers a whole name, or the whole name less a final .weight",
        fix=f"{meant}`qrecipe inspect` lists the names",
    )


def _torn(pattern: Pattern, names: Sequence[str]) -> Diagnostic:
    return Diagnostic(
        "torn-stack",
        f"the pattern {pattern} covers only some of the checkpoint's tensors that are stacked into {tensors(names)}",
        Location(key_path="--only"),
        why="a stack is one tensor, and is built as a whole",
        fix=f"write the pattern so that it covers all of them (a * for the expert's number), or name {listed(names)}",
    )
