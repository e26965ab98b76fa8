"""Progress of an evaluation: windows that went through a model, with the time left; builds in between as they are."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Self

from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn, TimeRemainingColumn

from qrecipe.cli.progress import Reporter
from qrecipe.errors import printable
from qrecipe.types.evaluation import EvaluationEvent, WindowDone, WindowsStarted
from qrecipe.types.event import TargetStarted

if TYPE_CHECKING:
    from types import TracebackType

    from rich.console import Console

    from qrecipe.types.event import Event


class Watcher:
    """Shows events on a console; use as a context manager around the work."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._builds = Reporter(console, "building")
        self._bar = Progress(
            TextColumn("{task.description}", markup=False),
            BarColumn(),
            MofNCompleteColumn(),
            TextColumn("windows"),
            TimeRemainingColumn(),
            console=console,
            transient=True,
            disable=not console.is_terminal,
        )
        self._task: TaskID | None = None
        self._doing = ""
        self._total = self._done = self._told = 0
        self._start = 0.0

    def __enter__(self) -> Self:
        self._bar.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._bar.stop()

    def __call__(self, event: Event | EvaluationEvent) -> None:
        """Take one event."""
        match event:
            case WindowsStarted():
                self._begin(printable(event.doing), event.windows)
            case WindowDone():
                self._advance()
            case TargetStarted() if self._console.is_terminal:
                self._begin("building what llama.cpp needs", 0)
            case _:
                self._builds(event)

    def _begin(self, doing: str, windows: int) -> None:
        if self._task is not None:
            self._bar.update(self._task, visible=False)
        self._doing, self._total, self._done, self._told = doing, windows, 0, 0
        self._start = time.monotonic()
        self._task = self._bar.add_task(doing, total=windows or None)

    def _advance(self) -> None:
        self._done += 1
        if self._task is not None:
            self._bar.update(self._task, completed=self._done)
        tenth = 10 * self._done // self._total if self._total else 0
        if not self._console.is_terminal and tenth > self._told:
            self._told = tenth
            left = (time.monotonic() - self._start) / self._done * (self._total - self._done)
            share, windows = f"{self._done / self._total:4.0%}", f"window {self._done} of {self._total}"
            self._console.print(f"{share}  {self._doing}, {windows}, {left:.0f} s left", markup=False)
