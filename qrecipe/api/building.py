"""Builds: a recipe or a plan to artifacts. Everything that can be refused is refused before the first byte.

`build` returns what was written; a failure or an interrupt leaves nothing under a final name. `rehearse` makes the same
checks and writes nothing. Memory: `memory` bounds the whole process; what Python and the headers hold comes off first.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING

from qrecipe.api.fetching import fetch_weights
from qrecipe.api.memory import task_budget
from qrecipe.api.outcome import bring_together
from qrecipe.api.partial import with_targets, with_tensors
from qrecipe.api.plugin_faults import blamed
from qrecipe.api.replan import is_plan_file, reopen
from qrecipe.api.staging import Staging, cannot_write, final_path, refuse_existing, refuse_inputs
from qrecipe.api.staging_folder import FolderStaging, refuse_folder
from qrecipe.errors import BuildError, Diagnostic, Location
from qrecipe.planner.plan import Plan
from qrecipe.sources.mapped import MappedCheckpoint
from qrecipe.types.event import Event, TargetDone, TargetStarted, TaskDone
from qrecipe.types.format import BlockCounts
from qrecipe.types.piece import PieceWritten
from qrecipe.types.target import Job
from qrecipe.types.task import Limits

if TYPE_CHECKING:
    from qrecipe.api.outcome import Setting
    from qrecipe.host.catalog import Catalog
    from qrecipe.planner.plan import TargetPlan
    from qrecipe.sources.imatrix import Imatrix as ImatrixData
    from qrecipe.types.format import FloatArray
    from qrecipe.types.source import Checkpoint
    from qrecipe.types.tensor import TensorInfo


@dataclass(frozen=True, slots=True)
class Options:
    """How to build: final folder, workers and the memory of their tasks, whether to replace, who runs."""

    output: Path
    limits: Limits
    force: bool = False
    executor: str = "threads"


@dataclass(frozen=True, slots=True)
class Built:
    """One target as written.

    Attributes:
        target: The plan that it follows.
        paths: The final paths of its files, in order; () after a rehearsal.
        counts: What a fit certified, by tensor, in the plan's order; tensors whose fit certifies nothing are not in it.
    """

    target: TargetPlan
    paths: tuple[Path, ...]
    counts: Mapping[str, BlockCounts] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class BuildResult:
    """What a build did.

    Attributes:
        plan: What was built; `plan.missing` says which targets were not.
        built: The targets, in the recipe's order.
    """

    plan: Plan
    built: tuple[Built, ...]

    @property
    def complete(self) -> bool:
        """Every target that was asked for was built; false where the plug-in of one is missing."""
        return not self.plan.missing


@dataclass(frozen=True, slots=True)
class Ready:
    """A plan with the open checkpoint and the data that building it takes."""

    catalog: Catalog
    plan: Plan
    checkpoint: Checkpoint
    imatrix: ImatrixData | None


def build(  # noqa: PLR0913 - the flags of `qrecipe build`, all keywords
    recipe: str | Path | Plan,
    *,
    source: str | None = None,
    set: Mapping[str, Setting] | None = None,  # noqa: A002 - the flag's name
    output: str | Path = ".",
    threads: int | None = None,
    memory: int | None = None,
    force: bool = False,
    executor: str = "threads",
    on_event: Callable[[Event], None] | None = None,
    on_plan: Callable[[Plan], None] | None = None,
    lock: bool = True,
    targets: Sequence[str] = (),
    only: Sequence[str] = (),
    stream: bool = False,
) -> BuildResult:
    """Build the targets of a recipe (a path, or a shipped recipe's name), of a plan file, or of a plan.

    Args:
        recipe: What to build.
        source: A checkpoint instead of the recipe's own.
        set: Variables of the recipe to override.
        output: The folder under which the targets' outputs go.
        threads: Workers; by default one a core.
        memory: Most bytes that the process may hold; by default 1 GiB, or 64 MiB more than it holds already.
        force: Replace outputs that exist, once the new ones are whole.
        executor: Where the tasks run, by the executor's name.
        on_event: Called with every event, from this thread.
        on_plan: Called once with the plan, before the work.
        lock: Write into the artifact what made it.
        targets: The names of those to build; all of them by default.
        only: Patterns of the tensors to build, to look into; the artifact is marked, and is no model. All by default.
        stream: Read a remote checkpoint's weights as they are needed, instead of downloading its files first; `only`
            does that in any case. Files that are in the cache are read from there.

    Returns:
        The plan that was followed, and the paths of what was written.

    Raises:
        QrecipeError: The recipe, the model or the output is at fault; of the target that failed, nothing was left under
            a final name.
    """
    ready = _part(_ready(recipe, source, set, lock=lock), targets, only)
    options = Options(Path(output), Limits(threads or cores(), task_budget(memory)), force, executor)
    _refuse_early(ready, options)
    if on_plan is not None:
        on_plan(ready.plan)
    tell = on_event or (lambda _: None)
    if not (stream or only):
        fetch_weights(ready.checkpoint, ready.catalog, tell)
    return BuildResult(ready.plan, tuple(_build_one(ready, target, options, tell) for target in ready.plan.targets))


def rehearse(  # noqa: PLR0913 - likewise
    recipe: str | Path | Plan,
    *,
    source: str | None = None,
    set: Mapping[str, Setting] | None = None,  # noqa: A002 - the flag's name
    output: str | Path = ".",
    force: bool = False,
    lock: bool = True,
    targets: Sequence[str] = (),
    only: Sequence[str] = (),
) -> BuildResult:
    """Make every check that `build` makes before its first byte, and write nothing.

    Args:
        recipe: A recipe's path, a shipped recipe's name, a plan file, or a plan.
        source: A checkpoint instead of the recipe's own.
        set: Variables of the recipe to override.
        output: The folder under which the targets' outputs would go.
        force: Outputs that exist are no fault.
        lock: As for `build`.
        targets: As for `build`.
        only: As for `build`.

    Raises:
        QrecipeError: What `build` would raise.
    """
    ready = _part(_ready(recipe, source, set, lock=lock), targets, only)
    _refuse_early(ready, Options(Path(output), Limits(cores(), task_budget(None)), force))
    return BuildResult(ready.plan, tuple(Built(target, ()) for target in ready.plan.targets))


def _ready(
    recipe: str | Path | Plan, source: str | None, settings: Mapping[str, Setting] | None, *, lock: bool
) -> Ready:
    if isinstance(recipe, Plan) or is_plan_file(recipe):
        ready = Ready(*reopen(recipe, source=source, settings=settings))
        if ready.plan.lock is not None and not lock:
            raise BuildError(_plan_with_lock())
        return ready
    outcome = bring_together(recipe, source=source, settings=settings, lock=lock)
    plan = outcome.planned()
    if outcome.checkpoint is None:
        raise BuildError(_no_checkpoint(plan, outcome.recipe.source))
    return Ready(outcome.catalog, plan, outcome.checkpoint, outcome.imatrix)


def _part(ready: Ready, targets: Sequence[str], only: Sequence[str]) -> Ready:
    """Take out of the plan what was not asked for."""
    return replace(ready, plan=with_tensors(with_targets(ready.plan, targets), only, ready.catalog))


def _refuse_early(ready: Ready, options: Options) -> None:
    if not ready.plan.targets:
        raise BuildError(*([_as_error(finding) for finding in ready.plan.missing] or [_no_targets(ready.plan)]))
    if options.executor not in ready.catalog.executors:
        raise BuildError(_unknown_executor(options.executor, ready.catalog))
    fits = [finding for finding in ready.plan.findings if finding.code == "fit-missing"]
    if fits:
        raise BuildError(*(_as_error(finding) for finding in fits))
    if options.output.exists() and not options.output.is_dir():
        raise BuildError(cannot_write(options.output, NotADirectoryError(20, "not a directory")))
    for target in ready.plan.targets:
        _refuse_output(target, options, tuple(_inputs(ready)))


def _refuse_output(target: TargetPlan, options: Options, inputs: Sequence[Path]) -> None:
    finals = [final_path(options.output, file.path) for file in target.files]
    refuse_inputs(finals, inputs)
    if target.writes_folder:
        folder = final_path(options.output, target.target.output.rstrip("/"))
        refuse_inputs([folder], {path.parent for path in inputs})
        refuse_folder(folder, target.files, replace=options.force)
    else:
        refuse_existing(finals, replace=options.force)


def _staging(target: TargetPlan, options: Options) -> Staging | FolderStaging:
    if target.writes_folder:
        return FolderStaging(options.output, target.target.output, target.files, options.force)
    return Staging(options.output, target.files, options.force)


def _inputs(ready: Ready) -> Iterator[Path]:
    """Yield the local files that a build reads."""
    yield Path(ready.plan.recipe_file)
    if ready.plan.imatrix is not None:
        yield Path(ready.plan.imatrix.file)
    source = Path(ready.checkpoint.reference)
    if source.is_absolute():  # else it has a scheme in front, and lies where no output does
        yield source
        yield from (source.parent / file.name for file in ready.checkpoint.files)


def _build_one(ready: Ready, target: TargetPlan, options: Options, tell: Callable[[Event], None]) -> Built:
    backend = ready.catalog.backends[target.target.backend]
    executor = ready.catalog.executors[options.executor]
    with _staging(target, options) as staging:
        job = _job(ready, target, staging.paths)
        with _blamed(ready, target, "backends", backend.name):
            tasks, results = backend.tasks(job, options.limits), Results(tell)
        tell(TargetStarted(target.name, len(target.decisions), sum(task.nbytes for task in tasks)))
        with _blamed(ready, target, "executors", executor.name):
            executor.run(tasks, options.limits, results)
        with _blamed(ready, target, "backends", backend.name):
            backend.finish(job, results.by_tensor())
        paths = staging.publish()
    tell(TargetDone(target.name, ", ".join(map(str, paths)), target.file_bytes or 0))
    return Built(target, paths, _counts(target, results.by_tensor()))


def _blamed(ready: Ready, target: TargetPlan, kind: str, name: str) -> AbstractContextManager[None]:
    return blamed(ready.catalog, f"while target {target.name!r} was built", (kind, name))


def _counts(target: TargetPlan, results: Mapping[str, Sequence[object]]) -> Mapping[str, BlockCounts]:
    """Add up what the tasks of each tensor say of its blocks, where they say anything."""
    totals = {decision.tensor.name: _total(decision.tensor, results) for decision in target.decisions}
    return {name: total for name, total in totals.items() if total.blocks}


def _total(tensor: TensorInfo, results: Mapping[str, Sequence[object]]) -> BlockCounts:
    """Add up a tensor's pieces; some backends write it under the checkpoint's names."""
    found = [piece for name in (tensor.name, *tensor.source_names) for piece in results.get(name, ())]
    return sum((piece.counts for piece in found if isinstance(piece, PieceWritten)), BlockCounts())


class Results:
    """Keeps what tasks return, and passes every event on."""

    def __init__(self, tell: Callable[[Event], None]) -> None:
        self._tell = tell
        self._found: dict[str, dict[int, object]] = {}

    def __call__(self, event: Event) -> None:
        """Take an event."""
        if isinstance(event, TaskDone):
            self._found.setdefault(event.tensor, {})[event.start] = event.result
        self._tell(event)

    def by_tensor(self) -> Mapping[str, Sequence[object]]:
        """Return each tensor's results in the order of its rows."""
        return {name: [found[start] for start in sorted(found)] for name, found in self._found.items()}


def _job(ready: Ready, target: TargetPlan, paths: Mapping[str, Path]) -> Job:
    return Job(
        target=target.target,
        inventory=ready.plan.inventory,
        decisions=target.decisions,
        layout=target.layout,
        checkpoint=ready.checkpoint,
        paths=dict(paths),
        formats=ready.catalog.formats,
        fits=ready.catalog.fits,
        importance=_importance(ready),
        provenance=target.provenance,
        original=ready.checkpoint.original if isinstance(ready.checkpoint, MappedCheckpoint) else None,
    )


def _importance(ready: Ready) -> Mapping[str, FloatArray]:
    if ready.imatrix is None:
        return {}
    found = {tensor.name: ready.imatrix.importance_for(tensor) for tensor in ready.plan.inventory.tensors}
    return {name: data for name, data in found.items() if data is not None}


def cores() -> int:
    """Return how many processors this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _as_error(finding: Diagnostic) -> Diagnostic:
    return Diagnostic(finding.code, finding.what, finding.where, finding.why, finding.fix)


def _unknown_executor(name: str, catalog: Catalog) -> Diagnostic:
    return Diagnostic(
        "unknown-executor",
        f"unknown executor {name!r}",
        why=f"known are {', '.join(catalog.executors)}",
        fix="choose one of these, or install the plug-in that brings it",
    )


def _plan_with_lock() -> Diagnostic:
    return Diagnostic(
        "plan-lock",
        "the plan was made for an artifact with a lock",
        why="its sizes count the bytes of the lock, so --no-lock comes too late",
        fix="plan again with --no-lock, or build without that flag",
    )


def _no_targets(plan: Plan) -> Diagnostic:
    return Diagnostic(
        "no-targets",
        f"the plan for {plan.recipe} has no targets",
        why="there is nothing to build",
        fix="plan again from the recipe",
    )


def _no_checkpoint(plan: Plan, source: str | None) -> Diagnostic:
    absent = next((f"; {finding.why}" for finding in plan.findings if finding.code == "inventory-stands-in"), "")
    return Diagnostic(
        "no-checkpoint",
        f"the plan for {plan.recipe} was made from the inventory {plan.stand_in}; weights are needed to build",
        Location(file=plan.recipe_file),
        why=f"an inventory holds names and shapes only{absent}",
        fix=_how_to_get(source or ""),
    )


def _how_to_get(source: str) -> str:
    name, _, revision = source.removeprefix("hf://").partition("@")
    if not source.startswith("hf://"):
        return "give the checkpoint with --source (a folder, a .safetensors or .gguf file, pkg:NAME or hf://ORG/NAME)"
    folder, at = name.rpartition("/")[2], f" --revision {revision}" * bool(revision)
    return (
        "build again where the hub can be reached, which downloads it; or fetch it with "
        f"`hf download {name}{at} --local-dir {folder}` and build with --source {folder}"
    )
