"""`ExecutorContract`: the promises of `qrecipe.types.task.Executor`, one test each.

Tasks write what they do into a file, for an executor may run them in other processes of this machine.
"""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar, Literal

import pytest

from qrecipe.errors import BuildError, Diagnostic
from qrecipe.testing.contract import Contract, broken, promise
from qrecipe.testing.values import promise_light
from qrecipe.types.event import Event, TaskDone
from qrecipe.types.task import Executor, Limits, Task

_NAP = 0.002
_LONG = 0.05
_MANY = 300  # tasks behind one that fails: hardly any of them may start
_FEW = 20

Outcome = Literal["well", "fails", "is interrupted"]


class Planted(BuildError):  # noqa: N818 - what a test has planted
    """The failure of a task."""


@dataclass(frozen=True, slots=True)
class Logged:
    """A task's work that notes in `log` when it begins and ends."""

    log: Path
    number: int
    memory: int = 1
    nap: float = _NAP
    ends: Outcome = "well"

    def __call__(self) -> int:
        """Sleep; return the number, or raise."""
        self._note("+")
        time.sleep(self.nap)
        self._note("-")
        if self.ends == "fails":
            raise Planted(Diagnostic("planted", f"task {self.number} failed", fix="none"))
        if self.ends == "is interrupted":
            raise KeyboardInterrupt
        return self.number

    def task(self) -> Task:
        """Return it as one row of a tensor."""
        return Task("t.weight", self.number, self.number + 1, 10, self.memory, self)

    def _note(self, what: str) -> None:
        handle = os.open(self.log, os.O_WRONLY | os.O_APPEND | os.O_CREAT)
        try:
            os.write(handle, f"{what} {self.number} {self.memory}\n".encode())
        finally:
            os.close(handle)


@dataclass(frozen=True, slots=True)
class Watch:
    """What a log says."""

    log: Path

    @property
    def runs(self) -> list[int]:
        """The tasks that ended, in order."""
        return [number for what, number, _ in self._lines() if what == "-"]

    @property
    def now(self) -> set[int]:
        """The tasks that run."""
        return set(self._running()[-1])

    @property
    def most_memory(self) -> int:
        """Of the tasks that ran at one time."""
        return max(sum(running.values()) for running in self._running())

    @property
    def most_at_once(self) -> int:
        """Tasks that ran at one time."""
        return max(len(running) for running in self._running())

    def _running(self) -> list[Mapping[int, int]]:
        running: dict[int, int] = {}
        steps: list[Mapping[int, int]] = [{}]
        for what, number, memory in self._lines():
            running = {**running, number: memory} if what == "+" else {k: m for k, m in running.items() if k != number}
            steps.append(running)
        return steps

    def _lines(self) -> Iterator[tuple[str, int, int]]:
        for line in self.log.read_text().splitlines() if self.log.exists() else []:
            what, number, memory = line.split()
            yield what, int(number), int(memory)


def ignore(event: Event) -> None:
    """Take an event and do nothing."""


class ExecutorContract(Contract):
    """Subclass with `executor = …`.

    Attributes:
        executor: What is tried. One that runs nothing, as a dry run does, is no executor in this sense.
        limits: With which it is tried.
    """

    executor: ClassVar[Executor]
    limits: ClassVar[Limits] = Limits(threads=4, memory=1000)

    @pytest.fixture
    def log(self, tmp_path: Path) -> Path:
        """Where tasks write."""
        return tmp_path / "log"

    def test_its_name_is_a_word(self) -> None:
        """As users name it."""
        promise(self.executor.name and " " not in self.executor.name, f"its name is {self.executor.name!r}")

    def test_loading_it_loads_no_heavy_package(self) -> None:
        """The command line lists executors."""
        promise_light(self.executor, self.executor.name, "run")

    def test_every_task_runs_once(self, log: Path) -> None:
        """No task is left out and none runs twice."""
        self._run([Logged(log, i).task() for i in range(30)])
        counts = {i: Watch(log).runs.count(i) for i in range(30)}
        wrong = {i: count for i, count in counts.items() if count != 1}
        promise(not wrong, f"{self.executor.name}: of 30 tasks these did not run once: {wrong}")

    def test_no_task_is_no_fault(self) -> None:
        """A target whose tensors are all empty."""
        self._run([])

    def test_every_task_is_reported_once_with_its_result(self, log: Path) -> None:
        """`TaskDone` for each."""
        events: list[Event] = []
        self.executor.run([Logged(log, i).task() for i in range(20)], self.limits, events.append)
        wanted = [TaskDone("t.weight", i, i + 1, 10, i) for i in range(20)]
        found = sorted((e for e in events if isinstance(e, TaskDone)), key=lambda event: event.start)
        promise(found == wanted, f"{self.executor.name}: not each task is reported once, with what its work returned")

    def test_events_come_from_the_callers_thread(self, log: Path) -> None:
        """Who listens need not lock anything."""
        threads: set[int] = set()
        tasks = [Logged(log, i).task() for i in range(20)]
        self.executor.run(tasks, self.limits, lambda _: threads.add(threading.get_ident()))
        here = threads == {threading.get_ident()}
        promise(here, f"{self.executor.name}: events come from another thread than the caller's")

    def test_a_task_is_done_when_it_is_reported(self, log: Path) -> None:
        """And its bytes are written."""

        def look(event: Event) -> None:
            fine = not isinstance(event, TaskDone) or event.start in Watch(log).runs
            promise(fine, f"{self.executor.name}: a task is reported before it has ended")

        self.executor.run([Logged(log, i).task() for i in range(20)], self.limits, look)

    def test_memory_stays_below_the_limit(self, log: Path) -> None:
        """Whatever the tasks at one time are."""
        self._run([Logged(log, i, memory=1 + i % 7).task() for i in range(40)], Limits(4, 10))
        most = Watch(log).most_memory
        promise(most <= 10, f"{self.executor.name}: tasks of {most} bytes at once; the limit is 10")

    def test_a_task_beyond_the_limit_runs_alone(self, log: Path) -> None:
        """It runs, and nothing beside it."""
        sizes = [1, 1, 99, 1, 1, 99, 99, 1]
        self._run([Logged(log, i, memory=size).task() for i, size in enumerate(sizes)], Limits(4, 10))
        watch = Watch(log)
        promise(len(watch.runs) == len(sizes), f"{self.executor.name}: a task that exceeds the limit does not run")
        promise(watch.most_memory == 99, f"{self.executor.name}: something runs beside a task that exceeds the limit")

    def test_no_more_workers_than_threads(self, log: Path) -> None:
        """Two are two; none is one."""
        for threads in (2, 0):
            mine = log.with_name(f"log{threads}")
            self._run([Logged(mine, i).task() for i in range(20)], Limits(threads, 1000))
            most = Watch(mine).most_at_once
            promise(most <= max(threads, 1), f"{self.executor.name}: {most} tasks at once; threads is {threads}")

    def test_the_first_failure_is_raised(self, log: Path) -> None:
        """As the task has raised it."""
        self._fail([Logged(log, i, ends="fails" if i == 5 else "well").task() for i in range(10)])

    def test_no_task_starts_after_a_failure(self, log: Path) -> None:
        """Those that run already may end."""
        self._fail([Logged(log, i, ends="fails" if i == 5 else "well").task() for i in range(_MANY)])
        ran = len(Watch(log).runs)
        promise(ran < _FEW + 4 * self.limits.threads, f"{self.executor.name}: {ran} tasks ran, though the 6th failed")

    def test_a_task_that_failed_is_not_reported(self, log: Path) -> None:
        """A listener takes what is reported as written."""
        seen: list[Event] = []
        with pytest.raises(Planted):
            self.executor.run([Logged(log, 0, ends="fails").task()], self.limits, seen.append)
        promise(not seen, f"{self.executor.name}: a task that failed is reported as done")

    @pytest.mark.parametrize("ends", ["fails", "is interrupted"])
    def test_nothing_runs_any_more_after_a_failure(self, log: Path, ends: Outcome) -> None:
        """The caller deletes the files that tasks write."""
        tasks = [Logged(log, 0, ends=ends).task(), *(Logged(log, i, nap=_LONG).task() for i in range(1, 30))]
        with pytest.raises((Planted, KeyboardInterrupt)):
            self.executor.run(tasks, self.limits, ignore)
        now, ran = Watch(log).now, Watch(log).runs
        promise(not now, f"{self.executor.name}: run has raised, and tasks {sorted(now)} are still running")
        time.sleep(2 * _LONG)
        promise(Watch(log).runs == ran, f"{self.executor.name}: tasks start after run has raised")

    def test_who_listens_may_stop_the_run(self, log: Path) -> None:
        """What a listener raises is raised, and nothing runs any more."""

        def stop(event: Event) -> None:
            raise Planted(Diagnostic("planted", "stopped", fix="none"))

        with pytest.raises(Planted):
            self.executor.run([Logged(log, i).task() for i in range(_MANY)], self.limits, stop)
        watch = Watch(log)
        fine = not watch.now and len(watch.runs) < _FEW + 4 * self.limits.threads
        promise(fine, f"{self.executor.name}: tasks go on though the listener has raised")

    def test_a_failure_while_tasks_are_made_is_raised(self, log: Path) -> None:
        """Tasks may come from a generator."""

        def tasks() -> Iterator[Task]:
            yield Logged(log, 0).task()
            raise Planted(Diagnostic("planted", "no more", fix="none"))

        with pytest.raises(Planted):
            self.executor.run(tasks(), self.limits, ignore)
        promise(not Watch(log).now, f"{self.executor.name}: a task is still running")

    def test_no_thread_is_left(self, log: Path) -> None:
        """And a second run works as the first."""
        self._run([Logged(log, i).task() for i in range(5)])
        before = set(threading.enumerate())
        self._run([Logged(log, i).task() for i in range(5, 10)])
        left = [thread.name for thread in threading.enumerate() if thread not in before]
        promise(not left, f"{self.executor.name}: threads are left: {', '.join(left)}")

    def _run(self, tasks: list[Task], limits: Limits | None = None) -> None:
        self.executor.run(tasks, limits or self.limits, ignore)

    def _fail(self, tasks: list[Task]) -> None:
        try:
            self.executor.run(tasks, self.limits, ignore)
        except Planted:
            return
        except Exception as error:  # noqa: BLE001 - told in words
            broken(f"{self.executor.name}: a task raised Planted, and run raises {type(error).__name__}: {error}")
        broken(f"{self.executor.name}: a task failed, and run returns as if all were well")
