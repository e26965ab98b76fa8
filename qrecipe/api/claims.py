"""What a plan file claims, held against what is so before anything counts on it: a plan may have been edited.

A recipe's decisions fit their tensors because the planner chose them so. Here nobody chose: backend, formats, fits and
the imatrix are asked again whether each type can stand for its tensor, in the words that a recipe would get.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from pydantic import BaseModel, ValidationError

from qrecipe.errors import Diagnostic, Location, PlanError
from qrecipe.planner.choose import objection
from qrecipe.planner.faults import Faults, tensors
from qrecipe.planner.planfile import fault, told
from qrecipe.types.target import Target

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from qrecipe.planner.planfile import TargetModel
    from qrecipe.planner.resolve import Model
    from qrecipe.types.decision import Decision
    from qrecipe.types.format import Fit
    from qrecipe.types.target import Backend
    from qrecipe.types.tensor import Inventory


def claimed_target(claimed: TargetModel, key_path: str, backend: Backend, file: str) -> Target:
    """Return a target of a plan file; PlanError if its backend takes no such profile or options."""
    if claimed.profile is not None and claimed.profile not in backend.profiles:
        message = f"backend {backend.name!r} has no profile {claimed.profile!r}"
        raise PlanError(fault(f"{key_path}.profile", message, file))
    options = _options(claimed, key_path, backend, file)
    return Target(claimed.name, claimed.backend, claimed.output, claimed.profile, options)


def refuse_decisions(  # noqa: PLR0913, PLR0917 - everything that a decision depends on
    decisions: Sequence[Decision],
    target: Target,
    backend: Backend,
    fits: Mapping[str, Fit],
    model: Model,
    where: Location,
) -> None:
    """Raise PlanError with everything for which this model cannot become this target as decided."""
    if (refusal := backend.refuses(model.inventory, target)) is not None:
        raise PlanError(refusal)
    faults = Faults(model.imatrix)
    untenable: dict[tuple[str, str], list[str]] = {}
    for decision in decisions:
        if (why := _why_untenable(decision, target, backend, model.inventory)) is None:
            faults.imatrix(decision, fits)
        else:
            untenable.setdefault((str(decision.type), why), []).append(decision.tensor.name)
    errors = [_untenable(use, why, names, where) for (use, why), names in untenable.items()]
    if errors := [*errors, *faults.diagnostics()]:
        raise PlanError(*errors)


def _options(claimed: TargetModel, key_path: str, backend: Backend, file: str) -> BaseModel:
    try:
        return backend.options.model_validate(dict(claimed.options))
    except ValidationError as error:
        faults = error.errors(include_url=False, include_input=False)
    steps = [[str(step) for step in found["loc"] if step != "[key]"] for found in faults]
    paths = [".".join((key_path, "options", *path)) for path in steps]
    raise PlanError(*(fault(path, told(found), file) for path, found in zip(paths, faults, strict=True)))


def _why_untenable(decision: Decision, target: Target, backend: Backend, inventory: Inventory) -> str | None:
    use, tensor = decision.type, decision.tensor
    if decision.keep:
        kept = backend.keep(tensor, target)
        return None if str(use).lower() == kept.lower() else f"kept, it is stored as {kept}"
    against = objection(use, tensor, target, backend, inventory)
    return None if against is None else against.why


def _untenable(use: str, why: str, names: Sequence[str], where: Location) -> Diagnostic:
    return Diagnostic(
        "plan-type",
        f"{use} cannot stand for {tensors(names)}",
        where,
        why=f"{why}; the plan was edited, or made by another version of qrecipe or of a plug-in",
        fix="plan again from the recipe",
    )
