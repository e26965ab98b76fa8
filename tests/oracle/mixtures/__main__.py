"""The differential fuzzer: random models and options, llama-quantize's dry run against our importer and mixtures.

    python -m tests.oracle.mixtures --tool BUILD/bin/llama-quantize [--first 0] [--count 1000] [--seconds 300]

Prints each case that differs, and at the end how many were equal. Where llama-quantize stops, we have to refuse too;
where only one of the two refuses, that is a difference. Exit status 1 if there is any.
"""

from __future__ import annotations

import argparse
import shlex
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path
from random import Random

from tests.oracle.mixtures import cases, models, options


def main(words: list[str]) -> int:
    """Run; 0 without a difference."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--tool", type=Path, required=True)
    parser.add_argument("--first", type=int, default=0)
    parser.add_argument("--count", type=int, default=1000)
    parser.add_argument("--seconds", type=float, default=3600)
    given = parser.parse_args(words)
    told: Counter[str] = Counter()
    end = time.monotonic() + given.seconds
    for seed in range(given.first, given.first + given.count):
        if time.monotonic() > end:
            break
        with tempfile.TemporaryDirectory() as folder:
            told += one(seed, given.tool.resolve(), Path(folder))
    print(", ".join(f"{count} {what}" for what, count in sorted(told.items())))
    return int(bool(told["different"]))


def one(seed: int, tool: Path, folder: Path) -> Counter[str]:
    """Run one case; return what it adds to the counts."""
    random = Random(seed)  # noqa: S311 - no secret
    model = models.draw(random)
    line = options.draw(random, model, folder)
    cases.write(model, folder)
    expected, found = cases.theirs(tool, line, folder), cases.ours(line, folder)
    if expected.refusal and found.refusal:
        print(f"seed {seed}, both refuse: {expected.refusal.splitlines()[-2:][0]} | {found.refusal.splitlines()[0]}")
        return Counter({"refused by both": 1})
    if found.refusal and (cases.stops(expected, model) or cases.starves(found)):
        return Counter({"refused, where llama-quantize stops after its dry run": 1})
    if not expected.refusal and expected.types == found.types:
        return Counter({"equal": 1, "tensors": len(found.types)})
    print(f"seed {seed}: {model.arch} {model.facts} {model.dtype}\n  {shlex.join(line)}")
    for who, outcome in (("theirs", expected), ("ours", found)):
        if outcome.refusal:
            print(f"  {who} refuses: {outcome.refusal}")
    both = [name for name in expected.types if expected.types[name] != found.types.get(name)]
    for name in both[:6] if found.types else ():
        print(f"  {name} {model.tensors.get(name)}: theirs {expected.types[name]}, ours {found.types.get(name)}")
    return Counter({"different": 1})


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
