"""One task after another, in the caller's thread: for debuggers, profilers, and the bytes that any pool must equal."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from qrecipe.types.event import Event, TaskDone
from qrecipe.types.task import Limits, Task


@dataclass(frozen=True, slots=True)
class InlineExecutor:
    """`types.task.Executor` without workers; `limits.threads` is 1 whatever it says."""

    name: str = "inline"

    def run(self, tasks: Iterable[Task], limits: Limits, on_event: Callable[[Event], None]) -> None:  # noqa: ARG002 - one task at a time is within any limit
        """Run every task in order."""
        for task in tasks:
            result = task.work()
            on_event(TaskDone(task.tensor, task.start, task.stop, task.nbytes, result))
