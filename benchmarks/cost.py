"""What running a command costs, measured by benchmarks/child.py; a command that fails ends the benchmark."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Cost:
    """Wall seconds, seconds of all cores together, bytes of peak memory."""

    wall: float
    cpu: float
    memory: int

    def least(self, other: Cost) -> Cost:
        """Return the smaller figure of each kind."""
        return Cost(min(self.wall, other.wall), min(self.cpu, other.cpu), min(self.memory, other.memory))


def measure(line: Sequence[str | Path]) -> Cost:
    """Run a command to its end, its output discarded. Python keeps its bytecode, as it is for an installed package."""
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    words = [str(word) for word in line]
    meter = [sys.executable, "-S", str(Path(__file__).with_name("child.py")), *words]
    told = subprocess.run(meter, capture_output=True, text=True, check=True, env=environment)
    status, wall, cpu, memory = told.stdout.split()
    if status != "0":
        done = subprocess.run(words, capture_output=True, text=True, check=False)
        sys.exit(f"error: {' '.join(words)}\n{done.stdout[-2000:]}{done.stderr[-2000:]}")
    return Cost(float(wall), float(cpu), int(memory))
