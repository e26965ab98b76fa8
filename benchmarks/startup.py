"""How long `qrecipe --version` and `qrecipe --help` take, against `python -c pass`; `python -m benchmarks.startup`.

Processes alternate; the minima of 20 runs count. The floor is what the interpreter itself takes.
"""

from __future__ import annotations

import platform
import sys
from functools import reduce
from importlib.metadata import version

from benchmarks.cost import Cost, measure

RUNS = 20
LINES = {
    "python -c pass": ("-c", "pass"),
    "qrecipe --version": ("-m", "qrecipe", "--version"),
    "qrecipe --help": ("-m", "qrecipe", "--help"),
    "qrecipe types": ("-m", "qrecipe", "types"),
}


def main() -> None:
    rounds = [[measure((sys.executable, *words)) for words in LINES.values()] for _ in range(RUNS)]
    costs = [reduce(Cost.least, column) for column in zip(*rounds, strict=True)]
    print(f"qrecipe {version('qrecipe')}, Python {platform.python_version()}; minima of {RUNS} alternating runs\n")
    print("| command | wall ms | over the interpreter, ms | peak MiB |\n|---|---|---|---|")
    for name, cost in zip(LINES, costs, strict=True):
        print(f"| `{name}` | {cost.wall * 1e3:.0f} | {(cost.wall - costs[0].wall) * 1e3:.0f} | {cost.memory >> 20} |")


if __name__ == "__main__":
    main()
