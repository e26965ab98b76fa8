"""A pool of threads in this process: the executor that builds use unless told otherwise.

Encoders release the GIL, so threads are enough. A task starts, in the order given, once a worker is free and its memory
fits beside that of the tasks in flight; nothing waits inside the pool. So there is nothing to cancel when a task fails
or Ctrl-C comes: no further one starts, and those that run are waited for. Events come from the caller's thread.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, field

from qrecipe.types.event import Event, TaskDone
from qrecipe.types.task import Limits, Task


@dataclass(frozen=True, slots=True)
class ThreadExecutor:
    """`types.task.Executor` over `limits.threads` threads."""

    name: str = "threads"

    def run(self, tasks: Iterable[Task], limits: Limits, on_event: Callable[[Event], None]) -> None:
        """Run every task; see the protocol for what is promised on failure."""
        pool = ThreadPoolExecutor(max_workers=max(limits.threads, 1), thread_name_prefix="qrecipe")
        flight = _Flight(limits)
        try:
            for task in tasks:
                while not flight.has_room_for(task):
                    flight.land(on_event)
                flight.running[pool.submit(task.work)] = task
            while flight.running:
                flight.land(on_event)
        finally:
            _wait_for_all(pool)


@dataclass(frozen=True, slots=True)
class _Flight:
    """The tasks that run now, in order of submission."""

    limits: Limits
    running: dict[Future[object], Task] = field(default_factory=dict)

    def has_room_for(self, task: Task) -> bool:
        """A free worker, and memory; a task that alone exceeds the limit has room when it is alone."""
        if not self.running:
            return True
        memory = sum(other.memory for other in self.running.values()) + task.memory
        return len(self.running) < self.limits.threads and memory <= self.limits.memory

    def land(self, on_event: Callable[[Event], None]) -> None:
        """Wait until at least one task is done and report it; raise the failure of the earliest that failed."""
        done = wait(self.running, return_when=FIRST_COMPLETED).done
        for future in [future for future in self.running if future in done]:
            task = self.running.pop(future)
            result = future.result()
            on_event(TaskDone(task.tensor, task.start, task.stop, task.nbytes, result))


def _wait_for_all(pool: ThreadPoolExecutor) -> None:
    """Return when no task runs. A second Ctrl-C must not leave one writing to a file that the caller deletes."""
    while True:
        try:
            pool.shutdown(wait=True, cancel_futures=True)
        except KeyboardInterrupt:
            continue
        return
