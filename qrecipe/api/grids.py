"""Which tensors of a checkpoint lie on the grid of a quantization-aware training, and on which one.

A sample of each matrix by default, seconds for any model; every row where that is asked for. Weights are read by the
tasks of an executor, so memory is bounded and all cores take part.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from qrecipe.api.building import cores
from qrecipe.api.grid_tasks import Codecs, RowsCertified, SampleRows, exact_tasks, merged, sample_task
from qrecipe.api.memory import task_budget
from qrecipe.api.opening import open_model
from qrecipe.api.verify_tasks import Rows
from qrecipe.host.catalog import make_catalog
from qrecipe.types.event import Event, TargetDone, TargetStarted, TaskDone
from qrecipe.types.grid import GridInspection, TensorGrid
from qrecipe.types.task import Limits

if TYPE_CHECKING:
    from collections.abc import Sequence

    from qrecipe.host.catalog import Catalog
    from qrecipe.types.source import Checkpoint
    from qrecipe.types.task import Task
    from qrecipe.types.tensor import Inventory, TensorInfo

_MATRIX = 2  # dimensions


def inspect_grid(
    reference: str | Path,
    *,
    exact: bool = False,
    threads: int | None = None,
    memory: int | None = None,
    on_event: Callable[[Event], None] | None = None,
) -> GridInspection:
    """Look for the grid of each matrix.

    Args:
        reference: A checkpoint: a file, a folder, `pkg:NAME`.
        exact: Look at every row of what a sample finds on a grid. Grids along columns stay sampled.
        threads: Workers; by default one a core.
        memory: Most bytes that the process may hold; by default 1 GiB, or 64 MiB more than it holds already.
        on_event: Called with every event, from this thread.

    Raises:
        QrecipeError: The checkpoint cannot be read.
    """
    catalog = make_catalog()
    checkpoint, inventory = open_model(str(reference), Path.cwd(), catalog)
    limits = Limits(threads or cores(), task_budget(memory, work="looking for grids"))
    return grids_of(str(reference), (checkpoint, inventory), catalog, limits, on_event or (lambda _: None), exact=exact)


def grids_of(  # noqa: PLR0913 - what a run has, each of its own kind
    reference: str,
    model: tuple[Checkpoint, Inventory],
    catalog: Catalog,
    limits: Limits,
    tell: Callable[[Event], None],
    *,
    exact: bool = False,
) -> GridInspection:
    """Look for the grid of each matrix of an opened model."""
    checkpoint, inventory = model
    works = {t.name: _work(t, checkpoint, catalog) for t in inventory.tensors if _is_matrix(t, catalog)}
    found = _sampled(reference, works, catalog, limits, tell)
    if exact:
        on = [name for name, each in found.items() if (each.grid is not None and each.grid.axis == "row") or each.runs]
        tasks = [task for name in on for task in exact_tasks(works[name], found[name], limits)]
        pieces = run_tasks(reference, tasks, catalog, limits, tell)
        for name in on:
            parts = [result for result in pieces[name] if isinstance(result, RowsCertified)]
            found[name] = merged(found[name], works[name], parts)
    tensors = tuple(found[name] for name in works)
    return GridInspection(reference, inventory.arch, tensors, len(inventory.tensors) - len(tensors))


def _sampled(
    reference: str, works: dict[str, SampleRows], catalog: Catalog, limits: Limits, tell: Callable[[Event], None]
) -> dict[str, TensorGrid]:
    results = run_tasks(reference, [sample_task(work) for work in works.values()], catalog, limits, tell)
    return {name: each for name in works for each in results[name] if isinstance(each, TensorGrid)}


def run_tasks(
    reference: str, tasks: Sequence[Task], catalog: Catalog, limits: Limits, tell: Callable[[Event], None]
) -> dict[str, list[object]]:
    """Run tasks on threads; return the results of each tensor, by row."""
    found: dict[str, dict[int, object]] = {task.tensor: {} for task in tasks}

    def heard(event: Event) -> None:
        if isinstance(event, TaskDone):
            found[event.tensor][event.start] = event.result
        tell(event)

    if tasks:
        total = sum(task.nbytes for task in tasks)
        tell(TargetStarted(reference, len(found), total))
        catalog.executors["threads"].run(tasks, limits, heard)
        tell(TargetDone(reference, reference, total))
    return {name: [parts[start] for start in sorted(parts)] for name, parts in found.items()}


def _is_matrix(tensor: TensorInfo, catalog: Catalog) -> bool:
    stored = catalog.formats.get(tensor.dtype)
    plain = stored is not None and stored.is_float and stored.name != "F64"
    return plain and len(tensor.shape) >= _MATRIX and tensor.dims >= _MATRIX and tensor.params > 0


def _work(tensor: TensorInfo, checkpoint: Checkpoint, catalog: Catalog) -> SampleRows:
    codecs = Codecs(catalog.formats[tensor.dtype], catalog.formats, catalog.fits["lattice"])
    return SampleRows(Rows(checkpoint, checkpoint.tensors[tensor.name]), codecs)
