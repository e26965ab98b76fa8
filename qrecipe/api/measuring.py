"""Tries out what a recipe decides: encodes weights as a build does, decodes them, and compares, all in memory.

From a few rows of each tensor by default, the same ones at every call; from all rows where that is asked for. A block
that `else=error` refuses is encoded as `else=rtn` would: measuring tells it, and does not stop.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from qrecipe.api.building import cores
from qrecipe.api.grid_tasks import sample_places
from qrecipe.api.grids import run_tasks
from qrecipe.api.memory import task_budget
from qrecipe.api.outcome import Outcome, Setting, bring_together
from qrecipe.api.surviving import survival
from qrecipe.api.verify_tasks import Rows
from qrecipe.api.verifying import values_of
from qrecipe.errors import BuildError, Diagnostic, Location, PlanError
from qrecipe.types.decision import Decision
from qrecipe.types.event import Event
from qrecipe.types.format import Call, Fit, Format, TypeUse
from qrecipe.types.piece import pieces, steps
from qrecipe.types.task import Limits, Task
from qrecipe.types.verification import Measurement, TensorValues

if TYPE_CHECKING:
    from qrecipe.codecs.closeness import Closeness
    from qrecipe.planner.plan import TargetPlan
    from qrecipe.types.format import FloatArray

_STEP = 1 << 16  # weights at a time
_HELD = 48  # bytes held for a weight, besides what is stored


@dataclass(frozen=True, slots=True, eq=False)
class TryRows:
    """Encodes ranges of rows as decided, and compares what comes back.

    `made` is what the target has of the type: its own format or a scheme, whose scales are those that its runtime uses;
    None where the rows are copied. `stored` decodes the source.
    """

    rows: Rows
    decision: Decision
    made: Format | None
    stored: Format
    fit: Fit | None
    importance: FloatArray | None
    ranges: tuple[tuple[int, int], ...]

    def __call__(self) -> Closeness:
        """Read, encode, decode, compare."""
        from qrecipe.codecs.closeness import Closeness, closeness  # noqa: PLC0415 - planning needs no numpy

        tensor, total = self.decision.tensor, Closeness()
        formats = (self.made or self.stored, self.stored)
        for start, stop in self.ranges:
            source = self.rows.read(start, stop)
            self._require_finite(source, start)
            data = source if self.made is None else self._encoded(self.made, source, start)
            total += closeness(data, source, formats, tensor.cols)
        return total

    def _encoded(self, made: Format, source: bytes, start: int) -> bytes:
        from qrecipe.codecs.fitting import fitted  # noqa: PLC0415 - planning needs no numpy

        use, rows = self.decision.type, self.stored.decode(source, self.decision.tensor.cols)
        weights = None if self.importance is None else self.importance[start // self.decision.tensor.rows]
        found = fitted(use, made, self.fit, rows, weights)
        if found.refused is not None:
            found = fitted(_lenient(use), made, self.fit, rows, weights)
        return found.data

    def _require_finite(self, source: bytes, start: int) -> None:
        from qrecipe.codecs.finite import first_nonfinite_stored  # noqa: PLC0415 - planning loads no numpy

        found = first_nonfinite_stored(self.stored.name, source)
        if found is not None:
            row, column = divmod(found, self.decision.tensor.cols)
            raise BuildError(_not_finite(self.decision.tensor.name, self.rows, start + row, column))


def measure(  # noqa: PLR0913 - what `plan` takes, and what reading weights takes
    recipe: str | Path,
    *,
    source: str | None = None,
    set: Mapping[str, Setting] | None = None,  # noqa: A002 - the flag's name
    exact: bool = False,
    threads: int | None = None,
    memory: int | None = None,
    on_event: Callable[[Event], None] | None = None,
) -> tuple[Measurement, ...]:
    """Return for each target how close its tensors would be to the source's.

    Args:
        recipe: A recipe's path, or a shipped recipe's name.
        source: A checkpoint instead of the recipe's own.
        set: Variables of the recipe to override.
        exact: From all rows, not from a few of each tensor.
        threads: Workers; by default one a core.
        memory: Most bytes that the process may hold; by default 1 GiB, or 64 MiB more than it holds already.
        on_event: Called with every event, from this thread.

    Raises:
        QrecipeError: With every error of the recipe for this model; there are no weights; one is not finite.
    """
    outcome = bring_together(recipe, source=source, settings=set)
    plan = outcome.planned()
    if outcome.checkpoint is None:
        raise PlanError(_no_weights(plan.recipe_file))
    limits = Limits(threads or cores(), task_budget(memory, work="measuring"))
    found = []
    for target in plan.targets:
        tasks = [
            task for decision in target.decisions for task in _tasks(outcome, target, decision, limits, exact=exact)
        ]
        results = run_tasks(target.name, tasks, outcome.catalog, limits, on_event or (lambda _: None))
        values = tuple(_values(decision, results[decision.tensor.name]) for decision in target.decisions)
        share = partial(_share, outcome, target, limits)
        kept = survival(target.target, target.decisions, plan.inventory, outcome.catalog, share)
        found.append(Measurement(target.name, exact, values, kept))
    return tuple(found)


def _share(outcome: Outcome, target: TargetPlan, limits: Limits, made: Sequence[tuple[Decision, Format]]) -> float:
    """Return the share of the weights of a few rows of each tensor that are the source's, stored as `made`."""
    from qrecipe.codecs.closeness import Closeness  # noqa: PLC0415 - planning needs no numpy

    tasks = [
        replace(task, work=replace(task.work, made=stored))
        for decision, stored in made
        for task in _tasks(outcome, target, decision, limits, exact=False)
        if isinstance(task.work, TryRows)
    ]
    results = run_tasks(target.name, tasks, outcome.catalog, limits, lambda _: None)
    flat = (each for parts in results.values() for each in parts if isinstance(each, Closeness))
    total = sum(flat, Closeness())
    return total.identical / max(total.weights, 1)


def _tasks(outcome: Outcome, target: TargetPlan, decision: Decision, limits: Limits, *, exact: bool) -> Iterator[Task]:
    tensor, catalog = decision.tensor, outcome.catalog
    if outcome.checkpoint is None:
        return
    rows = Rows(outcome.checkpoint, outcome.checkpoint.tensors[tensor.name])
    use, backend = decision.type, catalog.backends[target.target.backend]
    copied = decision.copied or (decision.keep and target.writes_folder)  # a folder has the checkpoint's own bytes
    stored = use.format if decision.copied else catalog.formats[tensor.dtype]
    made = None if copied else backend.stored_as(use, tensor, target.target, outcome.plan.inventory)
    fit = None if use.format.is_float or copied else catalog.fits[use.fit.name]
    importance = None
    if fit is not None and fit.importance != "never" and use.format.imatrix != "unused" and outcome.imatrix is not None:
        importance = outcome.imatrix.importance_for(tensor)
    held = rows.row_bytes + _HELD * max(tensor.cols, 1)
    step = max(min(_STEP // max(tensor.cols, 1), limits.task_memory // held), 1)
    places = [(p, p + 1) for p in sample_places(tensor.shape)]
    for start, stop in pieces(tensor.shape) if exact else [(0, tensor.rows * tensor.stacked)]:
        ranges = tuple(steps(start, stop, step)) if exact else tuple(places)
        work = TryRows(rows, decision, made, stored, fit, importance, ranges)
        nbytes = sum(b - a for a, b in ranges) * rows.row_bytes
        yield Task(tensor.name, start, stop, nbytes, min(stop - start, step) * held, work)


def _values(decision: Decision, results: list[object]) -> TensorValues:
    from qrecipe.codecs.closeness import Closeness  # noqa: PLC0415 - planning needs no numpy

    total = sum((result for result in results if isinstance(result, Closeness)), Closeness())
    return values_of(decision.tensor.name, (str(decision.type), decision.tensor.dtype), total)


def _lenient(use: TypeUse) -> TypeUse:
    """Return the same use of the fit without `else=error`."""
    args = tuple((name, value) for name, value in use.fit.args if name != "else")
    kept = tuple((name, value) for name, value in use.args if name != "fit")
    return replace(use, args=(*kept, ("fit", Call(use.fit.name, args))))


def _no_weights(recipe: str) -> Diagnostic:
    return Diagnostic(
        "nothing-to-measure",
        "there are no weights to measure",
        Location(file=recipe),
        why="the recipe's source is not at hand, and an inventory stands in for it: that has no weights",
        fix="name a checkpoint with --source, or leave out --measure",
    )


def _not_finite(tensor: str, rows: Rows, row: int, column: int) -> Diagnostic:
    return Diagnostic(
        "weight-not-finite",
        f"tensor {tensor!r} holds a value that is not finite at row {row}, column {column}",
        Location(file=rows.checkpoint.files[rows.tensor.file].name),
        why="one such value spoils whatever is computed with it, and the scale of all weights around it",
        fix="get the checkpoint again, or mend it where it is made",
    )
