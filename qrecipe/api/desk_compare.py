"""A desk's plan beside another one: a recipe, a plan file, or an artifact. Tensor by tensor, in types and bytes."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from qrecipe.api.artifacts import opened_artifact
from qrecipe.api.opening import open_checkpoint
from qrecipe.api.outcome import bring_together
from qrecipe.api.replan import is_plan_file
from qrecipe.errors import Diagnostic, RecipeError
from qrecipe.planner import planfile
from qrecipe.recipe.document import read_text
from qrecipe.recipe.shipped import shipped_recipes

if TYPE_CHECKING:
    from qrecipe.api.desk import Desk
    from qrecipe.planner.plan import TargetPlan
    from qrecipe.types.decision import Decision

Found = Mapping[str, tuple[str, int]]
"""Tensor → its type and its bytes."""


@dataclass(frozen=True, slots=True)
class Difference:
    """One tensor; the other side's are None where it has no such tensor, and the own ones likewise.

    Attributes:
        tensor: Its canonical name.
        type: What it becomes here.
        nbytes: Bytes here.
        other_type: What it is there.
        other_nbytes: Bytes there.
        stored: What an artifact would say of `type`, if it is an artifact that stands there: a fit leaves no trace.
    """

    tensor: str
    type: str | None
    nbytes: int
    other_type: str | None
    other_nbytes: int
    stored: str | None = None

    @property
    def same(self) -> bool:
        """Type and bytes are the same."""
        return (self.stored or self.type, self.nbytes) == (self.other_type, self.other_nbytes)


@dataclass(frozen=True, slots=True)
class Comparison:
    """A desk's target beside another one.

    Attributes:
        other: What it is compared with, for people.
        target: The desk's target.
        rows: Every tensor of either, in canonical order, those of the other one alone last.
    """

    other: str
    target: str
    rows: tuple[Difference, ...]

    @property
    def changed(self) -> tuple[Difference, ...]:
        """The tensors that differ."""
        return tuple(row for row in self.rows if not row.same)

    @property
    def nbytes(self) -> int:
        """Bytes of all tensors here, without the padding between them."""
        return sum(row.nbytes for row in self.rows)

    @property
    def other_nbytes(self) -> int:
        """Bytes of all tensors there, likewise."""
        return sum(row.other_nbytes for row in self.rows)


@dataclass(frozen=True, slots=True)
class Other:
    """What a desk is compared with, read once: each desk's state can be held against it.

    Attributes:
        name: For people.
        targets: The tensors by target; of an artifact under no name.
        stored: What an artifact would say of a decision's type; None where it is no artifact.
    """

    name: str
    targets: Mapping[str, Found]
    stored: Callable[[TargetPlan, Decision], str] | None = None

    def beside(self, plan: TargetPlan) -> Comparison:
        """Compare with a target: with the one of that name, else with the first."""
        theirs = self.targets.get(plan.name) or next(iter(self.targets.values()))
        ours = {each.tensor.name: (str(each.type), plan.nbytes(each)) for each in plan.decisions}
        names = [*ours, *(name for name in theirs if name not in ours)]
        stored = {} if self.stored is None else {each.tensor.name: self.stored(plan, each) for each in plan.decisions}
        rows = []
        for name in names:
            (type_, nbytes), (other_type, other_nbytes) = ours.get(name, (None, 0)), theirs.get(name, (None, 0))
            rows.append(Difference(name, type_, nbytes, other_type, other_nbytes, stored.get(name)))
        return Comparison(self.name, plan.name, tuple(rows))


def other_of(reference: str, desk: Desk) -> Other:
    """Open what a desk is to be compared with.

    Raises:
        QrecipeError: There is no such thing, it cannot be read, or has no targets.
    """
    path = Path(reference)
    if is_plan_file(path):
        found = planfile.read(read_text(path, reference), reference)
        return Other(
            reference, {target.name: {t.name: _planned(t) for t in target.tensors} for target in found.targets}
        )
    if reference in shipped_recipes() or path.suffix == ".toml":
        plan = bring_together(reference, source=desk.source, settings=None).plan
        if not plan.targets:
            raise RecipeError(_nothing(reference))
        return Other(reference, {target.name: _decided(target) for target in plan.targets})
    return Other(reference, {"": _held(reference, desk)}, partial(_stored, desk))


def _planned(tensor: planfile.TensorModel) -> tuple[str, int]:
    inside = ", ".join(f"{name}={value}" for name, value in tensor.args.items())
    return (f"{tensor.type}({inside})" if inside else tensor.type), tensor.bytes


def _decided(target: TargetPlan) -> Found:
    return {each.tensor.name: (str(each.type), target.nbytes(each)) for each in target.decisions}


def _held(reference: str, desk: Desk) -> Found:
    """Return the tensors of an artifact, under canonical names where they are known."""
    checkpoint = open_checkpoint(reference, Path.cwd(), desk.catalog)
    found = opened_artifact(checkpoint, desk.catalog)
    tensors = (checkpoint if found is None else found.tensors).tensors
    plan = desk.state.plan
    named = {} if plan is None else {n: each.name for each in plan.inventory.tensors for n in each.source_names}
    return {named.get(name, name): (stored.dtype, stored.nbytes) for name, stored in tensors.items()}


def _stored(desk: Desk, target: TargetPlan, decision: Decision) -> str:
    """Return what the artifact of a target says of a tensor's type, in which no fit is left."""
    use, plan = decision.type, desk.state.plan
    backend = desk.catalog.backends.get(target.target.backend)
    if decision.keep or backend is None or plan is None:
        return use.format.name
    return backend.stored_as(use, decision.tensor, target.target, plan.inventory).name


def _nothing(reference: str) -> Diagnostic:
    return Diagnostic(
        "compare-nothing",
        f"{reference} has no target that can be compared with",
        why="none of its targets could be resolved",
        fix="`qrecipe check` says what is wrong with it",
    )
