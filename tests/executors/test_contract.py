"""The contract of `types.task.Executor`, applied to every executor that does the work."""

import signal
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

import pytest

from qrecipe.errors import BuildError, Diagnostic
from qrecipe.executors.inline import InlineExecutor
from qrecipe.executors.threads import ThreadExecutor
from qrecipe.types.event import Event, TaskDone
from qrecipe.types.task import Executor, Limits, Task

NAP = 0.002


@dataclass
class Watch:
    """Counts what runs: how often each task, how many at once, how much memory at once."""

    runs: list[int] = field(default_factory=list)
    now: dict[int, int] = field(default_factory=dict)
    most_at_once: int = 0
    most_memory: int = 0
    lock: threading.Lock = field(default_factory=threading.Lock)

    def task(self, number: int, memory: int = 1, *, nap: float = NAP, inside: Callable[[], None] | None = None) -> Task:
        def work() -> None:
            with self.lock:
                self.now[number] = memory
                self.most_at_once = max(self.most_at_once, len(self.now))
                self.most_memory = max(self.most_memory, sum(self.now.values()))
            try:
                time.sleep(nap)
                if inside is not None:
                    inside()
            finally:
                with self.lock:
                    del self.now[number]
                    self.runs.append(number)

        return Task("t.weight", number, number + 1, 10, memory, work)


def fail() -> None:
    raise BuildError(Diagnostic("planted", "a task failed", fix="none"))


def interrupt() -> None:
    raise KeyboardInterrupt


def ignore(event: Event) -> None:
    """Take an event and do nothing."""


class ExecutorContract:
    """Subclass with `executor = ...` and `limits = ...`."""

    executor: Executor
    limits = Limits(threads=4, memory=1000)

    def test_every_task_runs_once(self):
        watch = Watch()
        self.executor.run([watch.task(i) for i in range(50)], self.limits, ignore)
        assert sorted(watch.runs) == list(range(50))

    def test_no_task_is_no_fault(self):
        self.executor.run([], self.limits, ignore)

    def test_every_task_is_reported_once_from_the_caller_s_thread(self):
        watch, events, threads = Watch(), [], set()

        def note(event: Event) -> None:
            events.append(event)
            threads.add(threading.current_thread())

        self.executor.run([watch.task(i) for i in range(20)], self.limits, note)
        assert sorted(events, key=lambda event: event.start) == [TaskDone("t.weight", i, i + 1, 10) for i in range(20)]
        assert threads == {threading.current_thread()}

    def test_a_task_is_done_when_it_is_reported(self):
        watch = Watch()
        self.executor.run([watch.task(i) for i in range(20)], self.limits, lambda event: watch.runs.index(event.start))

    def test_memory_stays_below_the_limit(self):
        watch = Watch()
        self.executor.run([watch.task(i, memory=1 + i % 7) for i in range(60)], Limits(4, 10), ignore)
        assert watch.most_memory <= 10
        assert len(watch.runs) == 60

    def test_a_task_beyond_the_limit_runs_alone(self):
        watch = Watch()
        sizes = [1, 1, 99, 1, 1, 99, 99, 1]
        self.executor.run([watch.task(i, memory=size) for i, size in enumerate(sizes)], Limits(4, 10), ignore)
        assert watch.most_memory == 99
        assert len(watch.runs) == 8

    def test_no_more_workers_than_threads(self):
        watch = Watch()
        self.executor.run([watch.task(i) for i in range(30)], Limits(2, 1000), ignore)
        assert watch.most_at_once <= 2

    def test_no_threads_are_one(self):
        watch = Watch()
        self.executor.run([watch.task(i) for i in range(3)], Limits(0, 1000), ignore)
        assert watch.runs == [0, 1, 2]

    def test_the_first_failure_is_raised_and_stops_the_rest(self):
        watch = Watch()
        tasks = [watch.task(i, inside=fail if i == 5 else None) for i in range(500)]
        with pytest.raises(BuildError, match="a task failed"):
            self.executor.run(tasks, self.limits, ignore)
        assert len(watch.runs) < 20

    def test_a_task_that_failed_is_not_reported(self):
        watch, seen = Watch(), []
        with pytest.raises(BuildError):
            self.executor.run([watch.task(0, inside=fail)], self.limits, seen.append)
        assert seen == []

    @pytest.mark.parametrize("inside", [fail, interrupt])
    def test_nothing_runs_any_more_after_a_failure(self, inside: Callable[[], None]):
        watch = Watch()
        tasks = [watch.task(0, inside=inside), *(watch.task(i, nap=0.05) for i in range(1, 40))]
        with pytest.raises((BuildError, KeyboardInterrupt)):
            self.executor.run(tasks, self.limits, ignore)
        after = list(watch.runs)
        assert watch.now == {}
        time.sleep(0.1)
        assert watch.runs == after

    @pytest.mark.parametrize("stop", [fail, interrupt])
    def test_who_listens_may_stop_the_run(self, stop: Callable[[], None]):
        watch = Watch()
        with pytest.raises((BuildError, KeyboardInterrupt)):
            self.executor.run([watch.task(i) for i in range(500)], self.limits, lambda event: stop())
        assert watch.now == {}
        assert len(watch.runs) < 20

    def test_a_failure_while_tasks_are_made_is_raised(self):
        watch = Watch()

        def tasks() -> Iterator[Task]:
            yield watch.task(0)
            fail()

        with pytest.raises(BuildError, match="a task failed"):
            self.executor.run(tasks(), self.limits, ignore)
        assert watch.now == {}
        assert watch.runs == [0]

    def test_no_thread_is_left(self):
        before = threading.active_count()
        self.executor.run([Watch().task(i) for i in range(10)], self.limits, ignore)
        assert threading.active_count() == before


class TestThreads(ExecutorContract):
    executor = ThreadExecutor()

    def test_tasks_run_side_by_side(self):
        watch, meeting = Watch(), threading.Barrier(4, timeout=5)
        self.executor.run(
            [watch.task(i, inside=lambda: meeting.wait() and None) for i in range(4)], self.limits, ignore
        )
        assert watch.most_at_once == 4

    def test_tasks_start_in_order(self):
        watch, started = Watch(), []
        tasks = [watch.task(i, nap=0, inside=lambda i=i: started.append(i)) for i in range(30)]
        self.executor.run(tasks, Limits(1, 1000), ignore)
        assert started == list(range(30))

    def test_tasks_are_made_only_when_there_is_room(self):
        made: list[int] = []
        watch = Watch()

        def tasks() -> Iterator[Task]:
            for i in range(100):
                made.append(i)
                yield watch.task(i)

        ahead = []
        self.executor.run(tasks(), self.limits, lambda event: ahead.append(len(made) - len(watch.runs)))
        assert max(ahead) <= 5

    def test_ctrl_c_ends_it_when_the_running_tasks_are_done(self):
        watch = Watch()

        def press_ctrl_c() -> None:
            signal.pthread_kill(threading.main_thread().ident, signal.SIGINT)

        tasks = [watch.task(i, inside=press_ctrl_c if i == 7 else None) for i in range(500)]
        before = signal.signal(signal.SIGINT, signal.default_int_handler)  # in the background of a shell it is ignored
        try:
            with pytest.raises(KeyboardInterrupt):
                self.executor.run(tasks, self.limits, ignore)
        finally:
            signal.signal(signal.SIGINT, before)
        assert watch.now == {}
        assert len(watch.runs) < 20

    def test_ctrl_c_while_it_waits_for_the_last_tasks_does_not_leave_them_running(
        self, monkeypatch: pytest.MonkeyPatch
    ):
        from concurrent.futures import ThreadPoolExecutor  # noqa: PLC0415 - patched here only

        real, calls = ThreadPoolExecutor.shutdown, []

        def shutdown(pool: ThreadPoolExecutor, **how: bool) -> None:
            calls.append(how)
            if len(calls) == 1:
                raise KeyboardInterrupt
            real(pool, **how)

        monkeypatch.setattr(ThreadPoolExecutor, "shutdown", shutdown)
        watch = Watch()
        with pytest.raises(BuildError):
            self.executor.run([watch.task(0, inside=fail), watch.task(1, nap=0.05)], self.limits, ignore)
        assert watch.now == {}
        assert len(calls) == 2


class TestInline(ExecutorContract):
    executor = InlineExecutor()

    def test_everything_runs_in_the_caller_s_thread(self):
        threads: set[threading.Thread] = set()
        tasks = [Watch().task(i, inside=lambda: threads.add(threading.current_thread())) for i in range(3)]
        self.executor.run(tasks, self.limits, ignore)
        assert threads == {threading.current_thread()}
