"""What a running build reports. The command line and the TUI read the same events; none of them carries time."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class TargetStarted:
    """A target's build begins: `nbytes` of `tensors` tensors will be written."""

    target: str
    tensors: int
    nbytes: int


@dataclass(frozen=True, slots=True)
class TaskDone:
    """Rows `start` to `stop` of a tensor are written: `nbytes` of them. `result` is what the task's work returned."""

    tensor: str
    start: int
    stop: int
    nbytes: int
    result: object = None


@dataclass(frozen=True, slots=True)
class TargetDone:
    """A target stands under its final name."""

    target: str
    output: str
    nbytes: int


Event = TargetStarted | TaskDone | TargetDone
