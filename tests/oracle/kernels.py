"""Kernels against ggml, over as many hostile weights as you have time for: `python -m tests.oracle.kernels`.

    python -m tests.oracle.kernels [--types Q4_K …] [--millions N] [--seed N]

Every round is the whole corpus of `tests/codecs/hostile.py` from another seed. Prints blocks, and those that differ, of
each kernel; ends with 1 if any does.
"""

from __future__ import annotations

import argparse
import sys

from qrecipe.codecs.kernels.catalog import KERNELS, Kernel
from tests.codecs import hostile
from tests.codecs.kernel_bytes import differing, name, reach

SHAPE = (16, 2048)


def main(words: list[str]) -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--types", nargs="*")
    parser.add_argument("--millions", type=float, default=100, help="weights of each kernel")
    parser.add_argument("--seed", type=int, default=1)
    asked = parser.parse_args(words)
    wrong = 0
    for kernel in KERNELS:
        if not asked.types or kernel.type in asked.types:
            wrong += compare(kernel, asked.millions * 1e6, asked.seed)
    return wrong > 0


def compare(kernel: Kernel, weights: float, seed: int) -> int:
    """Return how many blocks differ."""
    done = blocks = wrong = 0
    while done < weights:
        for case, rows, importance in hostile.corpus(SHAPE, weighted=kernel.weighted, seed=seed, most=reach(kernel)):
            found = differing(kernel, rows, importance)
            done, blocks, wrong = done + rows.size, blocks + found.size, wrong + int(found.sum())
            if found.any():
                print(f"  {name(kernel)}: {case}, seed {seed}: {int(found.sum())} of {found.size} blocks")
        seed += 1
    print(f"{name(kernel)}: {wrong} of {blocks:,} blocks differ ({done / 1e6:.0f} M weights)", flush=True)
    return wrong


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
