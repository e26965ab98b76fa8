"""Nothing runs and nothing is reported: tasks are made and thrown away, so that cutting them is all that can fail.

The staged files stay empty. Whoever runs a build this way must not give them their final names.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from qrecipe.types.event import Event
from qrecipe.types.task import Limits, Task


@dataclass(frozen=True, slots=True)
class DryRunExecutor:
    """`types.task.Executor` that does no work; no `TaskDone` is ever reported, because no task is done."""

    name: str = "dry-run"

    def run(self, tasks: Iterable[Task], limits: Limits, on_event: Callable[[Event], None]) -> None:  # noqa: ARG002 - the protocol's arguments, of which a dry run needs one
        """Make every task and run none."""
        deque(tasks, maxlen=0)
