"""Runs a command and measures it from outside: wall time, CPU time, peak resident memory, as the kernel counted them.

Peak memory includes the pages of files that the process has mapped. Children of the command count in its CPU time.
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Cost:
    """What a run took: seconds, seconds of all cores together, bytes."""

    wall: float
    cpu: float
    memory: int

    def least(self, other: Cost) -> Cost:
        """Return the smaller figure of each kind."""
        return Cost(min(self.wall, other.wall), min(self.cpu, other.cpu), min(self.memory, other.memory))


def measure(line: Sequence[str | Path]) -> Cost:
    """Run a command to its end, its output discarded; a failing one ends the benchmark with its messages."""
    words = [str(word) for word in line]
    start = time.perf_counter()
    with subprocess.Popen(words, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as child:
        _, status, usage = os.wait4(child.pid, 0)
        wall = time.perf_counter() - start
        child.returncode = os.waitstatus_to_exitcode(status)
    if child.returncode:
        done = subprocess.run(words, capture_output=True, text=True, check=False)
        sys.exit(f"error: {' '.join(words)}\n{done.stdout[-2000:]}{done.stderr[-2000:]}")
    unit = 1 if sys.platform == "darwin" else 1024  # of ru_maxrss
    return Cost(wall, usage.ru_utime + usage.ru_stime, usage.ru_maxrss * unit)
