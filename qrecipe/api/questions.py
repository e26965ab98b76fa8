"""What can be asked of a recipe without building it: plan it, check it, explain a tensor."""

from __future__ import annotations

from difflib import get_close_matches
from typing import TYPE_CHECKING

from qrecipe.api.outcome import Outcome, bring_together
from qrecipe.errors import Diagnostic, Location, PlanError, QrecipeError
from qrecipe.host.catalog import make_catalog
from qrecipe.planner import explain as explaining
from qrecipe.planner import planfile
from qrecipe.recipe import schema

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from qrecipe.api.outcome import Setting
    from qrecipe.planner.explain import Explanation
    from qrecipe.planner.plan import Plan


def plan(
    recipe: str | Path,
    *,
    source: str | None = None,
    set: Mapping[str, Setting] | None = None,  # noqa: A002 - the flag's name
    lock: bool = True,
) -> Plan:
    """Decide every tensor of every target, with exact sizes, from headers alone.

    Args:
        recipe: A recipe's path, or a shipped recipe's name.
        source: A checkpoint instead of the recipe's own.
        set: Variables of the recipe to override.
        lock: Count what an artifact says of its making, as `build` writes it.

    Raises:
        QrecipeError: With every error of the recipe for this model.
    """
    return bring_together(recipe, source=source, settings=set, lock=lock).planned()


def check(
    recipe: str | Path,
    *,
    source: str | None = None,
    set: Mapping[str, Setting] | None = None,  # noqa: A002 - the flag's name
) -> tuple[Diagnostic, ...]:
    """Return every finding at once, errors first; () for a recipe with nothing to say about it.

    Whatever is wrong with the recipe or its model is returned, not raised.

    Args:
        recipe: A recipe's path, or a shipped recipe's name.
        source: A checkpoint instead of the recipe's own.
        set: Variables of the recipe to override.
    """
    try:
        outcome = bring_together(recipe, source=source, settings=set)
    except QrecipeError as error:
        return error.diagnostics
    return (*outcome.errors, *outcome.plan.warnings)


def explain(
    recipe: str | Path,
    tensor: str,
    *,
    source: str | None = None,
    set: Mapping[str, Setting] | None = None,  # noqa: A002 - the flag's name
) -> tuple[Explanation, ...]:
    """Explain why a tensor has its type, for each target that can be laid out.

    Errors of the recipe that leave the types as they are (an unused rule) do not stand in the way: they are what
    explanations help with, and `check` tells them.

    Args:
        recipe: A recipe's path, or a shipped recipe's name.
        tensor: Its canonical name, or the checkpoint's; a final `.weight` may be left out.
        source: A checkpoint instead of the recipe's own.
        set: Variables of the recipe to override.

    Raises:
        QrecipeError: The recipe's errors leave nothing to explain, or the model has no such tensor.
    """
    outcome = bring_together(recipe, source=source, settings=set)
    targets = outcome.plan.targets or outcome.planned().targets
    name = _find(tensor, outcome)
    return tuple(
        explaining.explain(outcome.resolutions[target.name], decision, target.nbytes(decision))
        for target in targets
        for decision in target.decisions
        if decision.tensor.name == name
    )


def plan_json(plan: Plan) -> str:
    """Return a plan as JSON, the form that `build` takes; `plan_schema` describes it."""
    return planfile.dumps(plan)


def plan_schema() -> dict[str, object]:
    """Return the JSON Schema (2020-12) of what `plan_json` returns."""
    return planfile.schema()


def recipe_schema() -> dict[str, object]:
    """Return the JSON Schema (draft 7) of a recipe file, with the keys of every installed backend, for editors."""
    return schema.recipe_schema(make_catalog().backends.values())


def _find(tensor: str, outcome: Outcome) -> str:
    """Return the canonical name for what a person typed: canonical or checkpoint name, a final `.weight` optional."""
    tensors = outcome.plan.inventory.tensors
    known = {name.removesuffix(".weight"): t.name for t in tensors for name in (*t.source_names, t.name)}
    exact = {t.name for t in tensors}
    if tensor in exact:
        return tensor
    if (found := known.get(tensor.removesuffix(".weight"))) is not None:
        return found
    near = get_close_matches(tensor, known, n=3)
    raise PlanError(
        Diagnostic(
            "unknown-tensor",
            f"the model has no tensor {tensor}",
            Location(file=outcome.plan.inventory.source),
            why=f"none of its {len(tensors)} tensors has that name, with or without a final .weight",
            fix=f"did you mean {', '.join(near)}?" if near else "`qrecipe inspect` lists the names",
        )
    )
