"""A task: a row range of one tensor, with the work that makes its bytes. What executors run and backends hand out.

Executors know no file format and writers know no parallelism; they meet here and nowhere else. Tasks of one artifact
are independent of each other: any order, any number of workers, the same bytes.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from qrecipe.types.event import Event


@dataclass(frozen=True, slots=True)
class Task:
    """Rows `start` to `stop` (exclusive) of the tensor `tensor`.

    `nbytes` is what it writes, `memory` the most bytes it holds while it runs, `work` does it and returns what the
    backend wants to know at the end: picklable, so that an executor may send it to another process, and safe to run
    twice.
    """

    tensor: str
    start: int
    stop: int
    nbytes: int
    memory: int
    work: Callable[[], object]


@dataclass(frozen=True, slots=True)
class Limits:
    """`threads` workers; `memory` bytes for all running tasks together."""

    threads: int
    memory: int

    @property
    def task_memory(self) -> int:
        """What one task may hold so that all workers can run at once."""
        return max(self.memory // max(self.threads, 1), 1)


class Executor(Protocol):
    """Where tasks run."""

    @property
    def name(self) -> str:
        """As users name it."""

    def run(self, tasks: Iterable[Task], limits: Limits, on_event: Callable[[Event], None]) -> None:
        """Run every task, reporting `TaskDone` for each, from the caller's thread.

        The first failure stops the others and is raised; so does KeyboardInterrupt. When this returns or raises, no
        task is running any more. Never holds more than `limits.memory` in tasks, except for one that alone exceeds it.
        """
