"""What a running build reports. The command line and the TUI read the same events; none of them carries time."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class TargetStarted:
    """A target's build begins.

    Attributes:
        target: Its name.
        tensors: How many tensors will be written.
        nbytes: Bytes of all their data, padding not included.
    """

    target: str
    tensors: int
    nbytes: int


@dataclass(frozen=True, slots=True)
class TaskDone:
    """Rows of a tensor are written.

    Attributes:
        tensor: Its canonical name.
        start: First row.
        stop: The row behind the last.
        nbytes: Bytes that were written.
        result: What the task's work returned.
    """

    tensor: str
    start: int
    stop: int
    nbytes: int
    result: object = None


@dataclass(frozen=True, slots=True)
class TargetDone:
    """A target stands under its final name.

    Attributes:
        target: Its name.
        output: The final paths, for people.
        nbytes: Bytes of all its files.
    """

    target: str
    output: str
    nbytes: int


@dataclass(frozen=True, slots=True)
class FetchStarted:
    """Weights are brought from a server into a cache, before the first target.

    Attributes:
        source: The checkpoint's reference.
        nbytes: Bytes that are not there yet.
    """

    source: str
    nbytes: int


@dataclass(frozen=True, slots=True)
class Fetched:
    """Some of them are there.

    Attributes:
        nbytes: How many, since the last such event.
    """

    nbytes: int


@dataclass(frozen=True, slots=True)
class FetchDone:
    """All of them are there."""


Event = FetchStarted | Fetched | FetchDone | TargetStarted | TaskDone | TargetDone
"""What a running build reports."""
