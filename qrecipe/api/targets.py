"""Every target of a recipe, resolved and laid out: which backend writes it, its options, decisions, bytes, findings.

A target whose plug-in is missing is noted and left out; the others go on. All errors are collected.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from difflib import get_close_matches
from pathlib import PurePosixPath
from typing import TYPE_CHECKING

from pydantic import ValidationError

from qrecipe.api.locking import locked
from qrecipe.api.plugin_faults import blamed
from qrecipe.api.weighting import unweighted
from qrecipe.errors import Diagnostic, Location, QrecipeError
from qrecipe.planner.alternatives import idle_alternatives
from qrecipe.planner.faults import tensors, type_of_rule
from qrecipe.planner.lint import unused_rules
from qrecipe.planner.plan import TargetPlan
from qrecipe.planner.resolve import Resolution, resolve
from qrecipe.recipe.chain import bind_chain
from qrecipe.recipe.model import options_faults
from qrecipe.types.lock import Provenance
from qrecipe.types.target import Target

if TYPE_CHECKING:
    from qrecipe.host.catalog import Catalog
    from qrecipe.planner.plan import Imatrix
    from qrecipe.planner.resolve import Model
    from qrecipe.recipe.recipe import Recipe
    from qrecipe.recipe.targets import RecipeTarget
    from qrecipe.types.decision import Decision
    from qrecipe.types.lock import Lock
    from qrecipe.types.target import Backend

OFFICIAL = {name: f"qrecipe-{name}" for name in ("compressed-tensors", "torchao", "mlx")}


@dataclass(slots=True)
class ResolvedTargets:
    """What became of the targets; `missing` are those whose plug-in is not installed."""

    targets: tuple[TargetPlan, ...] = ()
    resolutions: dict[str, Resolution] = field(default_factory=dict)
    missing: tuple[Diagnostic, ...] = ()
    warnings: tuple[Diagnostic, ...] = ()
    errors: tuple[Diagnostic, ...] = ()


def resolve_targets(recipe: Recipe, facts: Facts, catalog: Catalog) -> ResolvedTargets:
    """Resolve each target by itself, then look for rules that none of them uses."""
    result = ResolvedTargets()
    for wanted in recipe.targets:
        backend = catalog.backends.get(wanted.backend)
        if backend is None:
            _absent(wanted, catalog, result)
            continue
        try:
            with blamed(catalog, f"while target {wanted.name!r} was planned", ("backends", wanted.backend)):
                _one(recipe, _target(wanted, backend), facts, catalog, result)
        except QrecipeError as error:
            result.errors += tuple(_placed(each, recipe) for each in error.diagnostics)
    _lint(recipe, result)
    result.errors = tuple(
        dict.fromkeys((*result.errors, *(_placed(each, recipe) for each in same_output(result.targets))))
    )
    return result


def closed_sets(recipe: Recipe, catalog: Catalog) -> Mapping[str, Sequence[str]]:
    """Return the values that facts with a closed set may be compared with.

    Parents' targets count, though a child has its own: their rules may speak of them.
    """
    backends = {*catalog.backends, *OFFICIAL, *(target.backend for target in recipe.targets)}
    dtypes = [name for name, found in catalog.formats.items() if found.gguf_id is not None]
    parents = (target for written in recipe.family for target in written.model.targets or ())
    targets = [*(target.name for target in recipe.targets), *(target.name or target.backend for target in parents)]
    return {"backend": sorted(backends), "target": list(dict.fromkeys(targets)), "dtype": dtypes}


def lay_out(target: Target, decisions: Sequence[Decision], catalog: Catalog, facts: Facts) -> TargetPlan:
    """Compute every byte range of decided tensors; PlanError with what is wrong with them together."""
    with blamed(catalog, f"while target {target.name!r} was laid out", ("backends", target.backend)):
        return _laid_out(target, decisions, catalog, facts)


def _laid_out(target: Target, decisions: Sequence[Decision], catalog: Catalog, facts: Facts) -> TargetPlan:
    backend = catalog.backends[target.backend]
    checked = backend.check(facts.model.inventory, decisions, target)
    errors = [finding for finding in checked if finding.severity == "error"]
    if errors:
        raise QrecipeError(*errors)
    notes = {} if facts.imatrix is None else dict(facts.imatrix.notes)
    lock = None if facts.lock is None else locked(facts.lock, target, decisions, facts.model.inventory, catalog)
    provenance = Provenance(notes, lock, facts.only)
    layout = backend.layout(facts.model.inventory, decisions, target, provenance)
    return TargetPlan(target, tuple(decisions), layout, tuple(checked), provenance)


@dataclass(frozen=True, slots=True)
class Facts:
    """What a layout depends on besides the decisions; `only` are the patterns of a partial build."""

    model: Model
    imatrix: Imatrix | None = None
    lock: Lock | None = None
    only: tuple[str, ...] = ()


def _one(recipe: Recipe, target: Target, facts: Facts, catalog: Catalog, result: ResolvedTargets) -> None:
    backend = catalog.backends[target.backend]
    kit = catalog.formats, catalog.fits
    if (refusal := backend.refuses(facts.model.inventory, target)) is not None:
        raise QrecipeError(refusal)
    closed = closed_sets(recipe, catalog)
    rules = recipe.rules_for(target.name, catalog.functions, closed, lambda chain: bind_chain(chain, *kit))
    resolution = resolve(rules, facts.model, target, backend, kit)
    result.resolutions[target.name] = resolution
    errors = (*resolution.errors, *requantized(resolution.decisions, allowed=recipe.requantize))
    if errors:
        raise QrecipeError(*errors)
    plan = lay_out(target, resolution.decisions, catalog, facts)
    result.targets += (plan,)
    result.warnings += tuple(_fits_missing(resolution.decisions, catalog))
    if facts.imatrix is not None:
        result.warnings += tuple(unweighted(resolution.decisions, facts.imatrix))


def _target(wanted: RecipeTarget, backend: Backend) -> Target:
    """Check a target's own keys against the backend's model."""
    if wanted.profile is not None and wanted.profile not in backend.profiles:
        raise QrecipeError(_unknown_profile(wanted, backend))
    try:
        options = backend.options.model_validate(dict(wanted.options))
    except ValidationError as error:
        raise QrecipeError(*options_faults(error, wanted, backend.options)) from None
    return Target(wanted.name, wanted.backend, wanted.output, wanted.profile, options)


def _lint(recipe: Recipe, result: ResolvedTargets) -> None:
    """Judge unused rules when every target was resolved, faults or not: an unused rule is often what explains them.

    With a plug-in missing they may have a use there: warnings.
    """
    if len(result.resolutions) + len(result.missing) < len(recipe.targets):
        return
    resolutions = list(result.resolutions.values())
    for resolution in resolutions[:1]:
        found = idle_alternatives(resolution.resolver.rules, resolution.resolver.model.inventory, recipe.file)
        result.warnings += tuple(found)
    if result.missing:
        result.warnings += tuple(unused_rules(resolutions, severity="warning"))
    else:
        result.errors += tuple(unused_rules(resolutions))


def _absent(wanted: RecipeTarget, catalog: Catalog, result: ResolvedTargets) -> None:
    known = [*catalog.backends, *OFFICIAL]
    near = get_close_matches(wanted.backend, known, n=1, cutoff=0.7)
    if wanted.backend not in OFFICIAL and near:
        result.errors += (_unknown_backend(wanted, near[0], known),)
    else:
        result.missing += (_missing_backend(wanted),)


def same_output(targets: Sequence[TargetPlan]) -> Iterable[Diagnostic]:
    """Yield an error for each file that two targets would write; `./a.gguf` is `a.gguf`."""
    seen: dict[PurePosixPath, str] = {}
    for target in targets:
        for file in target.files:
            path = PurePosixPath(file.path)
            if path in seen:
                yield Diagnostic(
                    "output-twice",
                    f"targets {seen[path]!r} and {target.name!r} both write {path}",
                    why="one would overwrite the other",
                    fix='give one of them another output, "${name}-${target}.gguf" say',
                )
            seen.setdefault(path, target.name)


def requantized(decisions: Sequence[Decision], *, allowed: bool) -> Iterable[Diagnostic]:
    """Yield an error if tensors that the source has quantized would be decoded without leave."""
    lossy = [d.tensor for d in decisions if d.requantized]
    types = sorted({tensor.dtype for tensor in lossy})
    if lossy and not allowed:
        yield Diagnostic(
            "source-quantized",
            f"{tensors([t.name for t in lossy])}: quantized in the source already ({', '.join(types)})",
            why="decoding them and encoding anew adds to the loss that is in them",
            fix="start from the unquantized model, or write requantize = true into the recipe to accept the loss",
        )


def _fits_missing(decisions: Sequence[Decision], catalog: Catalog) -> Iterable[Diagnostic]:
    wanted: dict[str, list[Decision]] = {}
    for decision in decisions:
        if not decision.copied and not decision.type.format.is_float and decision.type.fit.name not in catalog.fits:
            wanted.setdefault(decision.type.fit.name, []).append(decision)
    for name, asking in sorted(wanted.items()):
        yield Diagnostic(
            "fit-missing",
            f"no installed plug-in offers fit={name}, which is chosen for {tensors([d.tensor.name for d in asking])}",
            type_of_rule(asking[0].rule),
            why="a plan needs no fit, for sizes do not depend on it; a build does",
            fix=f"install a plug-in that offers {name}, or choose one of {', '.join(catalog.fits)}",
            severity="warning",
        )


def _placed(error: Diagnostic, recipe: Recipe) -> Diagnostic:
    """Give an error that is about all of a recipe the recipe's file, so that every error has a place."""
    return error if error.where is not None else replace(error, where=Location(recipe.file))


def _written(target: RecipeTarget, key: str, value: str) -> Location:
    """Return where a target's key stands; the default target stands nowhere."""
    return target.places.string((*target.path, key), value).whole() if target.path else target.where


def _missing_backend(wanted: RecipeTarget) -> Diagnostic:
    package = OFFICIAL.get(wanted.backend)
    how = f"pip install {package}" if package else f"install the plug-in that brings {wanted.backend!r}"
    return Diagnostic(
        "backend-missing",
        f"target {wanted.name!r} is left out: backend {wanted.backend!r} is not installed",
        _written(wanted, "backend", wanted.backend),
        why="no installed plug-in offers it; the other targets do not need it",
        fix=how,
        severity="warning",
    )


def _unknown_backend(wanted: RecipeTarget, near: str, known: Sequence[str]) -> Diagnostic:
    return Diagnostic(
        "unknown-backend",
        f"unknown backend {wanted.backend!r}",
        _written(wanted, "backend", wanted.backend),
        why=f"known are {', '.join(sorted(set(known)))}",
        fix=f"did you mean {near!r}?",
    )


def _unknown_profile(wanted: RecipeTarget, backend: Backend) -> Diagnostic:
    known = ", ".join(backend.profiles)
    return Diagnostic(
        "unknown-profile",
        f"backend {backend.name!r} has no profile {wanted.profile!r}",
        _written(wanted, "profile", wanted.profile or ""),
        why=f"its profiles are {known}" if known else "it takes none",
        fix=f"choose one of {known}" if known else "take the line out",
    )
