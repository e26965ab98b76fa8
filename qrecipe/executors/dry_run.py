"""Nothing runs: tasks are made, counted and thrown away, so that cutting them is what is tried.

No task is done, so none is reported and the run does not succeed: it ends in a BuildError that says what would have
been written. A caller can therefore not take the empty staged files for an artifact.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from qrecipe.errors import BuildError, Diagnostic
from qrecipe.types.event import Event
from qrecipe.types.task import Limits, Task


@dataclass(frozen=True, slots=True)
class DryRunExecutor:
    """`types.task.Executor` that does no work and never lets a build go on."""

    name: str = "dry-run"

    def run(self, tasks: Iterable[Task], limits: Limits, on_event: Callable[[Event], None]) -> None:  # noqa: ARG002 - the protocol's arguments, of which a dry run needs one
        """Make every task, run none, and stop the build."""
        sizes = [task.nbytes for task in tasks]
        would = "1 task" if len(sizes) == 1 else f"{len(sizes)} tasks"
        raise BuildError(
            Diagnostic(
                "dry-run",
                f"nothing was built: {would} would have written {sum(sizes)} bytes",
                why=f"the executor {self.name!r} runs no task",
                fix="choose another executor to build; `qrecipe build --dry-run` makes every check and exits 0",
            )
        )
