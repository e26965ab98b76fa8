"""Opens a plan again to build it: the checkpoint must be the very one that the plan was made for.

A plan file is data from outside: its types are looked up, its sizes are computed again and compared, and any difference
is an error. Nothing in it is believed that the checkpoint's headers can tell.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from qrecipe.api.claims import claimed_target, refuse_decisions
from qrecipe.api.opening import open_imatrix, open_model
from qrecipe.api.targets import OFFICIAL, Facts, lay_out, requantized, same_output
from qrecipe.errors import BuildError, Diagnostic, Location, PlanError, SourceError
from qrecipe.host.catalog import make_catalog
from qrecipe.planner import planfile
from qrecipe.planner.plan import Plan
from qrecipe.planner.resolve import Model
from qrecipe.recipe.chain import bind_chain, parse_chain
from qrecipe.recipe.variables import Variables
from qrecipe.types.decision import Decision, PassedOver, RuleRef
from qrecipe.types.format import TypeUse
from qrecipe.types.lock import Lock

if TYPE_CHECKING:
    from qrecipe.api.outcome import Setting
    from qrecipe.host.catalog import Catalog
    from qrecipe.planner.plan import Imatrix, TargetPlan
    from qrecipe.sources.imatrix import Imatrix as ImatrixData
    from qrecipe.types.source import Checkpoint
    from qrecipe.types.tensor import Inventory, TensorInfo

Reopened = tuple["Catalog", Plan, "Checkpoint", "ImatrixData | None"]
_LARGEST_PLAN = 64 << 20


def is_plan_file(path: str | Path) -> bool:
    """Tell a plan file from a recipe by its first character. A pipe is not read: what was read would be gone."""
    try:
        if not Path(path).is_file():
            return False
        with open(path, "rb", buffering=0, opener=_at_once) as file:
            return planfile.looks_like_plan((file.read(64) or b"").decode("utf-8", errors="replace"))
    except OSError:
        return False


def _at_once(path: str, flags: int) -> int:
    """Open without blocking: some files of /proc never end, and have nothing for now."""
    return os.open(path, flags | getattr(os, "O_NONBLOCK", 0))


def reopen(plan: Plan | str | Path, *, source: str | None, settings: Mapping[str, Setting] | None) -> Reopened:
    """Open the checkpoint of a plan; PlanError if that has changed or is another one."""
    if settings:
        raise BuildError(_settings_of_plan())
    catalog = make_catalog()
    if isinstance(plan, Plan):
        if plan.stand_in is not None:
            raise BuildError(_from_inventory(plan.stand_in))
        checkpoint, inventory = _open(plan.source, source, plan.inventory.header_digest, catalog)
        imatrix, data = _imatrix(None if (i := plan.imatrix) is None else (i.file, i.digest), inventory)
        return catalog, replace(plan, inventory=inventory, imatrix=imatrix), checkpoint, data
    path = Path(plan)
    if path.stat().st_size > _LARGEST_PLAN:
        raise PlanError(_too_large(path))
    return _reopen_file(
        planfile.read(path.read_text(encoding="utf-8", errors="replace"), str(path)), path, catalog, source
    )


def _reopen_file(model: planfile.PlanModel, path: Path, catalog: Catalog, source: str | None) -> Reopened:
    if model.inventory is not None:
        raise BuildError(_from_inventory(model.inventory))
    checkpoint, inventory = _open(model.source, source, model.source_digest or "", catalog)
    imatrix, data = _imatrix(None if (i := model.imatrix) is None else (i.file, i.sha256), inventory)
    lock = _lock(model, checkpoint, imatrix)
    facts = Facts(Model(inventory, {}, None if imatrix is None else imatrix.names), imatrix, lock)
    where = [(target, Location(file=str(path), key_path=f"targets[{i}]")) for i, target in enumerate(model.targets)]
    targets = tuple(_target(target, place, catalog, facts) for target, place in where)
    decisions = [decision for target in targets for decision in target.decisions]
    if errors := (*requantized(decisions, allowed=model.requantize), *same_output(targets)):
        raise PlanError(*errors)
    plan = Plan(
        recipe=model.recipe,
        recipe_file=model.recipe_file,
        source=checkpoint.reference,
        inventory=inventory,
        targets=targets,
        requantize=model.requantize,
        imatrix=imatrix,
        lock=lock,
        missing=tuple(_missing(finding) for finding in model.missing),
    )
    return catalog, plan, checkpoint, data


def _lock(model: planfile.PlanModel, checkpoint: Checkpoint, imatrix: Imatrix | None) -> Lock | None:
    if model.lock is None:
        return None
    digest = "" if imatrix is None else imatrix.digest
    said = model.lock
    return Lock(model.recipe, said.recipe, said.source, checkpoint.header_digest, imatrix_digest=digest)


def _missing(finding: planfile.MissingModel) -> Diagnostic:
    why = "its plug-in was not there when the plan was made"
    return Diagnostic(
        "backend-missing", finding.what, why=why, fix=f"{finding.fix}, then plan again", severity="warning"
    )


def _open(planned: str | None, given: str | None, digest: str, catalog: Catalog) -> tuple[Checkpoint, Inventory]:
    reference = given or planned
    if reference is None:
        raise BuildError(_no_source())
    checkpoint, inventory = open_model(reference, Path.cwd(), catalog)
    if digest and checkpoint.header_digest != digest:
        raise PlanError(_other_source(reference))
    return checkpoint, inventory


def _imatrix(planned: tuple[str, str] | None, inventory: Inventory) -> tuple[Imatrix | None, ImatrixData | None]:
    if planned is None:
        return None, None
    file, digest = planned
    imatrix, data = open_imatrix(Path(file), inventory)
    if imatrix.digest != digest:
        raise SourceError(_other_imatrix(file))
    return imatrix, data


def _target(model: planfile.TargetModel, where: Location, catalog: Catalog, facts: Facts) -> TargetPlan:
    backend = catalog.backends.get(model.backend)
    if backend is None:
        raise PlanError(_no_backend(model, where))
    target = claimed_target(model, where.key_path, backend, where.file)
    decisions = _decisions(model, where, catalog, facts)
    refuse_decisions(decisions, target, backend, catalog.fits, facts.model, where)
    plan = lay_out(target, decisions, catalog, facts)
    if _sizes(planfile.target_model(plan)) != _sizes(model):
        raise PlanError(_sizes_differ(model, where))
    return plan


def _decisions(model: planfile.TargetModel, where: Location, catalog: Catalog, facts: Facts) -> Sequence[Decision]:
    tensors = {tensor.name: tensor for tensor in facts.model.inventory.tensors}
    planned = {tensor.name: tensor for tensor in model.tensors}
    if list(tensors) != list(planned) or any(tensors[n].shape != t.shape for n, t in planned.items()):
        raise PlanError(_other_source(facts.model.inventory.source))
    return [_decision(planned[name], tensor, where, catalog) for name, tensor in tensors.items()]


def _decision(model: planfile.TensorModel, tensor: TensorInfo, where: Location, catalog: Catalog) -> Decision:
    rule = model.rule
    return Decision(
        tensor,
        _use(model, where, catalog),
        model.keep,
        None if rule is None else RuleRef(rule.file, rule.index, rule.line),
        model.protected,
        tuple(PassedOver(entry.type, entry.code, entry.why) for entry in model.passed_over),
        model.open,
    )


def _use(model: planfile.TensorModel, target: Location, catalog: Catalog) -> TypeUse:
    """Look a planned type up as a recipe's would be, so that its faults read the same."""
    text = model.type + (f"({', '.join(f'{k}={v}' for k, v in model.args.items())})" if model.args else "")
    where = replace(target, key_path=f"{target.key_path}, tensor {model.name}", text=text)
    match bind_chain(parse_chain(text, where, Variables({})), catalog.formats, catalog.fits):
        case (TypeUse() as use,):
            return use
    raise PlanError(_no_type(text, where))


def _sizes(model: planfile.TargetModel) -> tuple[object, ...]:
    return model.files, tuple((tensor.bytes, tensor.parts) for tensor in model.tensors)


def _other_source(reference: str) -> Diagnostic:
    return Diagnostic(
        "plan-other-source",
        f"{reference} is not the checkpoint that this plan was made for",
        why="its headers (names, shapes, types or metadata) differ, so sizes and decisions may",
        fix="plan again from the recipe, or give the right checkpoint with --source",
    )


def _other_imatrix(file: str) -> Diagnostic:
    return Diagnostic(
        "plan-other-imatrix",
        f"the imatrix {file} has changed since the plan was made",
        why="its SHA-256 differs from the plan's",
        fix="plan again from the recipe",
    )


def _sizes_differ(model: planfile.TargetModel, where: Location) -> Diagnostic:
    return Diagnostic(
        "plan-sizes-differ",
        f"the sizes in the plan for target {model.name!r} are not those that this version computes",
        where,
        why="the plan was edited, or made by another version of qrecipe or of a plug-in",
        fix="plan again from the recipe",
    )


def _no_backend(model: planfile.TargetModel, where: Location) -> Diagnostic:
    package = OFFICIAL.get(model.backend)
    return Diagnostic(
        "backend-missing",
        f"backend {model.backend!r} of target {model.name!r} is not installed",
        where,
        why="the plan was made where it was installed",
        fix=f"pip install {package}" if package else f"install the plug-in that brings {model.backend!r}",
    )


def _no_type(text: str, where: Location) -> Diagnostic:
    return Diagnostic(
        "plan-invalid",
        f"{text!r} is no type",
        where,
        why="a planned tensor has one type, never a chain",
        fix="plan again from the recipe",
    )


def _no_source() -> Diagnostic:
    return Diagnostic(
        "no-checkpoint",
        "this plan names no checkpoint; weights are needed to build",
        why="a plan holds decisions, not weights",
        fix="give the checkpoint with --source (a folder, a .safetensors or .gguf file, pkg:NAME or hf://ORG/NAME)",
    )


def _from_inventory(inventory: str) -> Diagnostic:
    return Diagnostic(
        "no-checkpoint",
        f"this plan was made from the inventory {inventory}; it cannot be built",
        why="an inventory has names and shapes but no metadata, so the files' sizes in the plan are not exact",
        fix="plan again with --source CHECKPOINT, or build the recipe itself with --source",
    )


def _settings_of_plan() -> Diagnostic:
    return Diagnostic(
        "plan-settings",
        "a plan has no variables to set",
        why="its decisions were made with the values of that time",
        fix="build from the recipe, or plan again with --set",
    )


def _too_large(path: Path) -> Diagnostic:
    return Diagnostic(
        "plan-invalid",
        f"{path} is too large for a plan ({path.stat().st_size} bytes)",
        why=f"a plan has at most {_LARGEST_PLAN} bytes",
        fix="give the file that `qrecipe plan --json` printed",
    )
