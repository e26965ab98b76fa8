"""How much of the process's memory a build's tasks may take: the limit, less what is held before the first weight.

What is held is what lies in memory now, not the peak: a peak counts what is long given back and, in a child process,
what its parent held when it started it. A limit that was asked for is refused where it is too small; the default only
shrinks, so that a large program can build without saying anything.
"""

from __future__ import annotations

import os
import resource
import sys
from pathlib import Path

from qrecipe.errors import BuildError, Diagnostic

DEFAULT = 1 << 30
_LEAST = 8 << 20
_SLACK = 32 << 20  # allocator and thread stacks
_STATM = Path("/proc/self/statm")


def task_budget(memory: int | None, *, work: str = "this build") -> int:
    """Return what tasks may hold together so that the process stays within `memory` (None: the default)."""
    held = resident_bytes()
    if memory is None:
        return max(DEFAULT - held - _SLACK, 8 * _LEAST)
    budget = memory - held - _SLACK
    if budget < _LEAST:
        raise BuildError(_too_small(memory, held, work))
    return budget


def resident_bytes() -> int:
    """Return what the process holds in memory now; where the system does not say, the most that it ever held."""
    try:
        return int(_STATM.read_text(encoding="ascii").split()[1]) * os.sysconf("SC_PAGE_SIZE")
    except OSError:
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        return peak * (1 if sys.platform == "darwin" else 1024)


def _too_small(memory: int, held: int, work: str) -> Diagnostic:
    least = held + _SLACK + _LEAST
    return Diagnostic(
        "memory-too-small",
        f"{memory // 10**6} MB of memory are too few for {work}",
        why=f"Python, the libraries and the model's headers take {held // 10**6} MB before the first weight",
        fix=f"allow at least --memory {-(-least // 10**7)}0MB",
    )
