"""What all suites share: a time limit on every test, and failures that say which promise was broken.

A test runs in a thread of its own, so that one that hangs fails instead of the run: the message has the place where it
hangs. The thread is left behind; it ends with the process.
"""

from __future__ import annotations

import contextvars
import sys
import threading
import traceback
from collections.abc import Callable
from functools import partial, wraps
from typing import Any, ClassVar, NoReturn, TypeVar

import pytest

T = TypeVar("T")
_FRAMES = 4  # of a stack that hangs: the innermost ones say where


class Contract:
    """The base of all suites.

    Attributes:
        limit_s: Seconds that one test may take.
    """

    limit_s: ClassVar[float] = 60.0

    def __init_subclass__(cls) -> None:
        """Put the time limit on every test of the class, those of an author included."""
        super().__init_subclass__()
        for name, member in list(vars(cls).items()):
            if name.startswith("test_") and callable(member):
                setattr(cls, name, _timed(member))


def promise(held: object, words: str) -> None:
    """Fail with these words, and no traceback through the suite, unless the promise was held."""
    if not held:
        broken(words)


def broken(words: str) -> NoReturn:
    """Fail: say which promise was broken and how."""
    raise pytest.fail.Exception(words, pytrace=False) from None


def given(value: T | None, what: str) -> T:
    """Return what a suite must be told; fail where its author has not."""
    if value is None:
        broken(f"the suite is not told what to try: {what}")
    return value


def within(seconds: float, work: Callable[[], T], what: str) -> T:
    """Return what `work` returns, or raise what it raises; fail where it has not ended after so many seconds."""
    run = _Run(work)
    run.start()
    run.join(seconds)
    if run.is_alive():
        broken(f"{what} has not ended after {seconds:g} s; it is at\n{_place(run)}")
    if run.error is not None:
        raise run.error
    value: T = run.result
    return value


class _Run(threading.Thread):
    """Runs one call, and keeps what came of it."""

    def __init__(self, work: Callable[[], Any]) -> None:
        super().__init__(name="contract", daemon=True)
        self.result: Any = None
        self.error: BaseException | None = None
        self._context = contextvars.copy_context()
        self._work = work

    def run(self) -> None:
        """Call; pytest's own outcomes (`skip`, `fail`) are no `Exception`."""
        try:
            self.result = self._context.run(self._work)
        except BaseException as error:  # noqa: BLE001 - it is raised where the call was made
            self.error = error


def _timed(test: Callable[..., None]) -> Callable[..., None]:
    @wraps(test)
    def limited(self: Contract, *args: object, **kwargs: object) -> None:
        within(self.limit_s, partial(test, self, *args, **kwargs), f"{type(self).__name__}.{test.__name__}")

    return limited


def _place(run: _Run) -> str:
    frame = sys._current_frames().get(run.ident or 0)  # noqa: SLF001 - as documented; faulthandler has no text
    return "".join(traceback.format_stack(frame)[-_FRAMES:]) if frame is not None else "its end"
