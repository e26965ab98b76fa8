"""A recipe brought together with its model: the one path behind check, plan, explain and build.

`bring_together` collects every finding instead of stopping at the first, and keeps what later steps need: the plan,
the resolutions behind it, the open checkpoint. Faults that leave nothing to resolve (no recipe, no model) are raised.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from difflib import get_close_matches
from pathlib import Path
from typing import TYPE_CHECKING

from qrecipe.api.locking import lock_of
from qrecipe.api.opening import names_in, open_imatrix, open_inventory, open_model
from qrecipe.api.replan import is_plan_file
from qrecipe.api.targets import Facts, resolve_targets
from qrecipe.api.weighting import uncounted
from qrecipe.errors import Diagnostic, Location, PlanError, RecipeError, SourceAbsentError, SourceError
from qrecipe.host.catalog import make_catalog
from qrecipe.planner.plan import Plan
from qrecipe.planner.protect import protected_tensors
from qrecipe.planner.resolve import Model
from qrecipe.recipe.load import load_recipe
from qrecipe.recipe.protected import protected_patterns

if TYPE_CHECKING:
    from qrecipe.host.catalog import Catalog
    from qrecipe.planner.plan import Imatrix
    from qrecipe.planner.resolve import Resolution
    from qrecipe.recipe.recipe import Recipe
    from qrecipe.sources.imatrix import Imatrix as ImatrixData
    from qrecipe.types.source import Checkpoint
    from qrecipe.types.tensor import Inventory

Setting = str | int | bool
"""The value of a recipe's variable: a piece of the language that it stands in."""


@dataclass(frozen=True, slots=True)
class Materials:
    """The model, opened: `checkpoint` is None where an inventory stands in; `note` then says why."""

    inventory: Inventory
    checkpoint: Checkpoint | None = None
    stand_in: str | None = None
    note: Diagnostic | None = None


@dataclass(frozen=True, slots=True)
class Outcome:
    """Everything known after resolving. `plan` has the targets that resolved; `errors` stop a build."""

    catalog: Catalog
    recipe: Recipe
    plan: Plan
    resolutions: Mapping[str, Resolution]
    errors: tuple[Diagnostic, ...]
    checkpoint: Checkpoint | None
    imatrix: ImatrixData | None

    def planned(self) -> Plan:
        """Return the plan; PlanError with all errors if there are any."""
        if self.errors:
            raise PlanError(*self.errors)
        return self.plan


def bring_together(
    recipe: str | Path, *, source: str | None, settings: Mapping[str, Setting] | None, lock: bool = True
) -> Outcome:
    """Load a recipe, open its model and resolve every target. Without `lock`, artifacts do not say what made them."""
    if is_plan_file(recipe):
        raise RecipeError(_plan_for_recipe(recipe))
    catalog = make_catalog()
    loaded = load_recipe(recipe, set=settings or {})
    materials = materials_of(loaded, source, catalog)
    return outcome_of(loaded, Opened(materials, *imatrix_of(loaded, materials.inventory)), catalog, lock=lock)


@dataclass(frozen=True, slots=True)
class Opened:
    """A model with its imatrix; `model` is made of them where the caller has not kept it."""

    materials: Materials
    imatrix: Imatrix | None = None
    data: ImatrixData | None = None
    model: Model | None = None


def outcome_of(loaded: Recipe, opened: Opened, catalog: Catalog, *, lock: bool) -> Outcome:
    """Resolve every target of a loaded recipe for a model that is open."""
    materials, imatrix = opened.materials, opened.imatrix
    made_by = lock_of(loaded, materials.checkpoint, imatrix) if lock and materials.checkpoint is not None else None
    facts = Facts(opened.model or model_with(materials.inventory, imatrix), imatrix, made_by)
    resolved = resolve_targets(loaded, facts, catalog)
    findings = (
        *catalog.problems,
        *((materials.note,) if materials.note else ()),
        *materials.inventory.findings,
        *dict.fromkeys(resolved.warnings),
        *_uncounted(imatrix, opened.data, materials.inventory),
    )
    plan = Plan(
        recipe=loaded.name,
        recipe_file=loaded.file,
        source=None if materials.checkpoint is None else materials.checkpoint.reference,
        inventory=materials.inventory,
        targets=resolved.targets,
        stand_in=materials.stand_in,
        requantize=loaded.requantize,
        imatrix=imatrix,
        missing=resolved.missing,
        findings=findings,
        source_bytes=_bytes(materials.inventory, catalog),
        lock=made_by,
    )
    return Outcome(catalog, loaded, plan, resolved.resolutions, resolved.errors, materials.checkpoint, opened.data)


def model_with(inventory: Inventory, imatrix: Imatrix | None = None) -> Model:
    """Return a model as it is resolved: tensors, which of them are protected, which the imatrix has data for."""
    listed, release = protected_patterns(inventory.protected, inventory.arch)
    return Model(inventory, protected_tensors(inventory, listed, release), None if imatrix is None else imatrix.names)


def _bytes(inventory: Inventory, catalog: Catalog) -> int | None:
    """Return what the source's tensors take; None where a dtype is unknown."""
    formats = [catalog.formats.get(tensor.dtype) for tensor in inventory.tensors]
    sizes = zip(inventory.tensors, formats, strict=True)
    return None if None in formats else sum(f.nbytes(t.shape, ()) for t, f in sizes if f is not None)


def materials_of(recipe: Recipe, source: str | None, catalog: Catalog) -> Materials:
    """Open the source; where it is not at hand, the recipe's inventory stands in, and a note says so."""
    if source is not None:
        checkpoint, inventory = open_model(source, Path.cwd(), catalog)
        return Materials(inventory, checkpoint)
    if recipe.source is None and recipe.inventory is None:
        raise SourceError(_no_source(recipe))
    if recipe.source is None:
        return _stand_in(recipe, None)
    try:
        checkpoint, inventory = open_model(recipe.source, recipe.source_folder, catalog, recipe.where("source"))
    except SourceAbsentError as error:
        if recipe.inventory is None:
            raise
        return _stand_in(recipe, error.diagnostics[0])
    return Materials(inventory, checkpoint)


def _stand_in(recipe: Recipe, absent: Diagnostic | None) -> Materials:
    assert recipe.inventory is not None  # noqa: S101 - both callers have just looked
    note = None if absent is None else _stands_in(recipe.inventory, absent, recipe.where("inventory"))
    try:
        inventory = open_inventory(recipe.inventory, recipe.inventory_folder)
    except RecipeError as error:  # no such inventory is shipped
        raise RecipeError(*(replace(each, where=recipe.where("inventory")) for each in error.diagnostics)) from None
    return Materials(inventory, None, recipe.inventory, note)


def imatrix_of(recipe: Recipe, inventory: Inventory) -> tuple[Imatrix | None, ImatrixData | None]:
    """Open a recipe's imatrix, if it names one; SourceError where that cannot be."""
    if recipe.imatrix is None:
        return None, None
    path = recipe.imatrix_folder / recipe.imatrix
    if not os.path.exists(path):  # noqa: PTH110 - Path.exists fails where a name is too long, or a folder is closed
        raise SourceError(_no_imatrix(recipe, path))
    return open_imatrix(path, inventory)


def _uncounted(imatrix: Imatrix | None, data: ImatrixData | None, inventory: Inventory) -> Iterator[Diagnostic]:
    """Yield a warning about this model's experts without data."""
    if imatrix is not None and data is not None:
        names = [tensor.name for tensor in inventory.tensors if tensor.name in data.uncounted]
        yield from uncounted(imatrix.file, {name: data.uncounted[name] for name in names})


def _no_imatrix(recipe: Recipe, path: Path) -> Diagnostic:
    near = get_close_matches(path.name, names_in(path.parent), n=1)
    return Diagnostic(
        "imatrix-not-found",
        f"there is no imatrix {recipe.imatrix}",
        recipe.where("imatrix"),
        why=f"looked for {path}; the path is relative to the folder of the recipe that names it",
        fix=f"did you mean {near[0]}?" if near else "make it with llama-imatrix, or take the line out",
    )


def _stands_in(inventory: str, absent: Diagnostic, where: Location) -> Diagnostic:
    return Diagnostic(
        "inventory-stands-in",
        f"planned from the inventory {inventory}, not from the source",
        where,
        why=absent.what,
        fix="`build` needs the checkpoint itself: give it with --source",
        severity="warning",
    )


def _plan_for_recipe(file: str | Path) -> Diagnostic:
    return Diagnostic(
        "plan-for-recipe",
        "this is JSON, as plans are, and not a recipe",
        Location(file=str(file)),
        why="a plan's decisions are made: there is nothing left to check, plan or explain",
        fix="name the recipe that it was made from; `qrecipe build` takes plans, with --dry-run to look at one",
    )


def _no_source(recipe: Recipe) -> Diagnostic:
    return Diagnostic(
        "no-source",
        f"the recipe {recipe.name} names no source, and no inventory to plan with",
        recipe.where("source"),
        why="types are chosen for the tensors of a model",
        fix='give the checkpoint with --source, or write source = "…" into the recipe',
    )
