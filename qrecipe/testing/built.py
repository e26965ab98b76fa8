"""What suites look for in a layout, in tasks and in a finished artifact."""

from __future__ import annotations

import tracemalloc
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from qrecipe.types.event import TaskDone

if TYPE_CHECKING:
    from qrecipe.testing.bench import Bench
    from qrecipe.types.format import FloatArray, Format
    from qrecipe.types.source import Checkpoint
    from qrecipe.types.target import Layout
    from qrecipe.types.task import Task


def overlaps(layout: Layout, padding: int) -> Iterator[str]:
    """Yield where byte ranges overlap, leave their file, or leave more than so much padding in it."""
    for file in layout.files:
        end, before = file.header_bytes or 0, "the header"
        ranges = sorted(
            (part.offset, part.offset + part.nbytes, part.name)
            for parts in layout.parts.values()
            for part in parts
            if part.file == file.path
        )
        for start, stop, name in ranges:
            if start < end:
                yield f"{name} begins at byte {start}, in {before}, which ends at {end}"
            if start > end + padding:
                yield f"{start - end} bytes before {name} are nobody's"
            end, before = max(stop, end), name
        size = file.nbytes
        if size is not None and ranges and not end <= size <= end + padding:
            yield f"{file.path} has {size} bytes, and its last array ends at {end}"
    known = {file.path for file in layout.files}
    yield from (
        f"{part.name} lies in {part.file}, which is no file of the layout"
        for parts in layout.parts.values()
        for part in parts
        if part.file not in known
    )


def rows_of_tasks(tasks: Sequence[Task], tensor: str) -> list[tuple[int, int]]:
    """Return the row ranges that tasks cover, adjacent ones joined; a row that two cover shows."""
    joined: list[tuple[int, int]] = []
    for start, stop in sorted((task.start, task.stop) for task in tasks if task.tensor == tensor):
        if joined and joined[-1][1] == start:
            joined[-1] = (joined[-1][0], stop)
        else:
            joined.append((start, stop))
    return joined


def most_held(held: list[tuple[Task, int]]) -> Callable[[Sequence[Task], Callable[[Any], None]], None]:
    """Return what runs tasks one by one and notes the most that each holds, as tracemalloc counts it.

    Each runs twice: what the first one loads is no memory of a task.
    """

    def run(tasks: Sequence[Task], tell: Callable[[Any], None]) -> None:
        for task in tasks:
            task.work()
            tracemalloc.start()
            try:
                result = task.work()
                held.append((task, tracemalloc.get_traced_memory()[1]))
            finally:
                tracemalloc.stop()
            tell(TaskDone(task.tensor, task.start, task.stop, task.nbytes, result))

    return run


def weights_of(bench: Bench, folder: Path) -> Iterator[tuple[str, FloatArray, FloatArray]]:
    """Yield every tensor of an artifact that is one of the source's by name: name, the source's weights, its own."""
    opened = bench.artifact(folder)
    artifact = bench.order.backend.artifact(opened)
    stored, formats = (opened, {}) if artifact is None else (artifact.tensors, artifact.formats)
    for name in stored.tensors:
        source = _with(name, bench.checkpoint, getattr(bench.checkpoint, "original", bench.checkpoint))
        if source is not None:
            ours = formats.get(name) or bench.catalog.formats.get(stored.tensors[name].dtype)
            theirs = bench.catalog.formats.get(source.tensors[name].dtype)
            if ours is not None and theirs is not None:
                yield name, _decoded(source, name, theirs), _decoded(stored, name, ours)


def _with(name: str, *checkpoints: Checkpoint) -> Checkpoint | None:
    return next((each for each in checkpoints if name in each.tensors), None)


def _decoded(checkpoint: Checkpoint, name: str, format_: Format) -> FloatArray:
    tensor = checkpoint.tensors[name]
    cols = tensor.shape[-1] if tensor.shape else 1
    return format_.decode(checkpoint.read(name, 0, tensor.nbytes), cols).reshape(tensor.shape)
