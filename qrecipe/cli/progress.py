"""Progress of a build or a verification: a bar with rate and time left on a terminal, a line every tenth in a log."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Self

from rich.progress import BarColumn, DownloadColumn, Progress, TaskID, TextColumn, TimeRemainingColumn
from rich.progress import TransferSpeedColumn as RateColumn

from qrecipe.errors import printable
from qrecipe.types.event import Event, FetchDone, Fetched, FetchStarted, TargetDone, TargetStarted, TaskDone
from qrecipe.types.quantity import size

if TYPE_CHECKING:
    from types import TracebackType

    from rich.console import Console


class Reporter:
    """Shows events on a console; use as a context manager around the work, which `doing` names."""

    def __init__(self, console: Console, doing: str = "building") -> None:
        self._doing = doing
        self._console = console
        self._live = console.is_terminal
        self._bar = Progress(
            TextColumn("{task.description}", markup=False),
            BarColumn(),
            DownloadColumn(),
            RateColumn(),
            TimeRemainingColumn(),
            console=console,
            transient=True,
            disable=not self._live,
        )
        self._task: TaskID | None = None
        self._total = self._done = self._told = 0
        self._start = 0.0

    def __enter__(self) -> Self:
        self._bar.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._bar.stop()

    def __call__(self, event: Event) -> None:
        """Take one event of the build."""
        match event:
            case TargetStarted():
                self._begin(f"{self._doing} {event.target}", event.nbytes)
            case FetchStarted():
                self._begin(f"downloading {event.source}", event.nbytes)
            case TaskDone():
                self._advance(event.nbytes, event.tensor)
            case Fetched():
                self._advance(event.nbytes, "downloaded")
            case TargetDone() | FetchDone():
                self._bar.update(self._task or TaskID(0), visible=False)

    def _begin(self, doing: str, nbytes: int) -> None:
        self._total, self._done, self._told = max(nbytes, 1), 0, 0
        self._start = time.monotonic()
        self._task = self._bar.add_task(doing, total=nbytes)

    def _advance(self, nbytes: int, what: str) -> None:
        self._done += nbytes
        if self._task is not None:
            self._bar.update(self._task, completed=self._done)
        tenth = 10 * self._done // self._total
        if not self._live and tenth > self._told:
            self._told = tenth
            self._console.print(self._line(what), markup=False)

    def _line(self, what: str) -> str:
        seconds = max(time.monotonic() - self._start, 1e-6)
        rate = self._done / seconds
        left = (self._total - self._done) / max(rate, 1e-6)
        share = f"{self._done / self._total:4.0%}"
        return f"{share}  {size(self._done)} at {size(int(rate))}/s, {left:.0f} s left  {printable(what)}"
