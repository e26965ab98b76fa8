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
    """Some rows of one tensor.

    Attributes:
        tensor: Its canonical name.
        start: First row, counted through all matrices of the tensor, one after another.
        stop: The row behind the last.
        nbytes: What it writes.
        memory: The most bytes it holds while it runs.
        work: Does it, and returns what the backend wants to know at the end. Picklable, so that an executor may send it
            to another process, and safe to run twice.
    """

    tensor: str
    start: int
    stop: int
    nbytes: int
    memory: int
    work: Callable[[], object]


@dataclass(frozen=True, slots=True)
class Limits:
    """What executors may use.

    Attributes:
        threads: Workers.
        memory: Bytes for all running tasks together.

    >>> Limits(threads=4, memory=1 << 30).task_memory
    268435456
    """

    threads: int
    memory: int

    @property
    def task_memory(self) -> int:
        """Bytes that one task may hold so that all workers can run at once."""
        return max(self.memory // max(self.threads, 1), 1)


class Executor(Protocol):
    """Where tasks run."""

    @property
    def name(self) -> str:
        """As users name it."""

    def run(self, tasks: Iterable[Task], limits: Limits, on_event: Callable[[Event], None]) -> None:
        """Run every task, reporting `TaskDone` for each, from the caller's thread.

        When this returns or raises, no task is running any more. Never holds more than `limits.memory` in tasks, except
        for one that alone exceeds it.

        Raises:
            Exception: What the first task that failed has raised; no further one starts.
            KeyboardInterrupt: Likewise.
        """
