"""What fit=lattice costs beside ggml's plain Q4_0, and how much of a grid it finds: one core, both in the same run.

    python -m benchmarks.lattice [--runs N]

Weights are BF16 as QAT leaves them, s * q with gaussian q of sigma 0.6 to 4, and ordinary gaussian ones. Times are the
least of N alternating runs over 8 M weights; figures are ratios, since machines differ. Shares are of 40,000 blocks of
Q4_0 (4,000 of all others): certified blocks, and weights that come back bit for bit.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Callable

import numpy as np

from qrecipe.codecs.ggml.format import GGML_FORMATS
from qrecipe.codecs.lattice.fit import LATTICE
from qrecipe.types.format import Call, TypeUse
from tests.codecs.qat import bf16, blocks, ternary

FORMATS = {format_.name: format_ for format_ in GGML_FORMATS}
FIT = ("fit", Call("lattice"))
Q4_0 = TypeUse(FORMATS["Q4_0"], (FIT,))
TQ2_0 = TypeUse(FORMATS["TQ2_0"], (("scale", "negative"), FIT))
FINER = ((TypeUse(FORMATS["Q5_0"], (FIT,)), 16), (TypeUse(FORMATS["Q8_0"], (FIT,)), 128))
BLOCKS = 1 << 18
GRIDS = (
    ("BF16, 6e-5 to 1e-1", (6e-5, 1e-1), True),
    ("BF16, about 1e-5", (0.9e-5, 1.1e-5), True),
    ("BF16, about 1e-6", (0.9e-6, 1.1e-6), True),
    ("float32, 1e-4 to 1e-1", (1e-4, 1e-1), False),
    ("float32, about 6e-5", (5.5e-5, 6.5e-5), False),
    ("float32, about 1e-5", (0.9e-5, 1.1e-5), False),
    ("float32, about 1e-6", (0.9e-6, 1.1e-6), False),
)


def main(words: list[str]) -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, default=7, help="of each encoder; the least counts")
    runs = parser.parse_args(words).runs
    random = np.random.default_rng(1)
    print("throughput over that of ggml's plain Q4_0 on the same core")
    for name, use, rows in (
        ("Q4_0, on its grid, BF16 scales", Q4_0, blocks(random, BLOCKS, (1e-4, 1e-1)).reshape(-1, 2048)),
        ("Q4_0, on its grid, float32", Q4_0, blocks(random, BLOCKS, (1e-4, 1e-1), rounded=False).reshape(-1, 2048)),
        ("Q4_0, ordinary weights", Q4_0, bf16(random.normal(size=(BLOCKS // 64, 2048)) * 0.02)),
        ("TQ2_0, on its grid", TQ2_0, ternary(random, BLOCKS // 8).reshape(-1, 2048)),
    ):
        print(f"  {name:<32}{ratio(use, rows, runs):.3f}")
    print("certified blocks, weights that come back")
    for name, between, rounded in GRIDS:
        print(f"  {name:<32}{shares(Q4_0, blocks(random, 40_000, between, rounded=rounded))}")
    for use, half in FINER:
        for name, between, rounded in GRIDS:
            rows = blocks(random, 4000, between, rounded=rounded, half=half)
            print(f"  {f'{use.format.name}: {name}':<32}{shares(use, rows)}")
    print(f"  {'TQ2_0, q -2 to 1':<32}{shares(TQ2_0, ternary(random, 4000))}")
    print(f"  {'TQ2_0, q -1 to 1':<32}{shares(TQ2_0, ternary(random, 4000, -1, 1))}")


def ratio(use: TypeUse, rows: np.ndarray, runs: int) -> float:
    """Return how fast the fit is, in ggml's Q4_0."""
    ours = theirs = float("inf")
    LATTICE.encode(use, rows[:1], None)
    for _ in range(runs):
        ours = min(ours, seconds(lambda: LATTICE.encode(use, rows, None)))
        theirs = min(theirs, seconds(lambda: FORMATS["Q4_0"].encode(rows, (), None)))
    return theirs / ours


def seconds(work: Callable[[], object]) -> float:
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def shares(use: TypeUse, rows: np.ndarray) -> str:
    fitted = LATTICE.encode(use, rows, None)
    same = bf16(use.format.decode(fitted.data, rows.shape[1])) == rows
    return f"{fitted.counts.certified / fitted.counts.blocks:8.3%} {same.mean():9.3%}"


if __name__ == "__main__":
    main(sys.argv[1:])
