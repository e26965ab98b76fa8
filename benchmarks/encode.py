"""How fast kernels encode beside ggml, type by type and thread by thread, both in the same run.

    python -m benchmarks.encode [--types Q4_K Q6_K …] [--threads 1 2] [--runs N] [--millions N]

Weights are gaussian. A figure is ggml's time over the kernel's, each the least of N runs that alternate, since machines
differ and change from hour to hour; threads share the rows. "2/1" is what a second thread gives the kernel. "compiled"
and "from cache" are seconds of one core for the kernel alone, numba loaded. `NUMBA_CPU_NAME=haswell
NUMBA_CPU_FEATURES=""` shows AVX2 on a machine that has more.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import numpy as np

from qrecipe.codecs.compiled.machine import cpu
from qrecipe.codecs.ggml import library
from qrecipe.codecs.ggml.table import type_named
from qrecipe.codecs.kernels.catalog import KERNELS, Kernel
from qrecipe.codecs.kernels.running import compile_kernel, encoded

COLS = 2048
Work = Callable[[np.ndarray], bytes]


def main(words: list[str]) -> None:
    """Measure and print, line by line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--types", nargs="*", help="all by default")
    parser.add_argument("--threads", nargs="*", type=int, default=[1, 2])
    parser.add_argument("--runs", type=int, default=4)
    parser.add_argument("--millions", type=float, default=8, help="weights in millions")
    parser.add_argument("--cold", action="store_true", help="measure compiling and loading too")
    parser.add_argument("--starting", help=argparse.SUPPRESS)
    asked = parser.parse_args(words)
    if asked.starting is not None:
        print(starting(KERNELS[int(asked.starting)]))
        return
    print(f"CPU: {cpu()[0]}, ggml {library.version()}, {asked.millions:g} M weights, least of {asked.runs} runs")
    heads = [f"{n} thread{'s' * (n > 1)}" for n in asked.threads]
    columns = ["type", "imatrix", *heads, f"{asked.threads[-1]}/{asked.threads[0]}", "ggml, M/s"]
    columns += ["compiled, s", "from cache, s"] if asked.cold else []
    print(f"| {' | '.join(columns)} |\n|{' --- |' * len(columns)}")
    for kernel in KERNELS:
        if not asked.types or kernel.type in asked.types:
            print(f"| {' | '.join([*figures(kernel, asked), *(cold(kernel) if asked.cold else ())])} |", flush=True)


def figures(kernel: Kernel, asked: argparse.Namespace) -> list[str]:
    """Return the figures of one kernel."""
    type_, encoder = type_named(kernel.type), compile_kernel(kernel)
    random = np.random.default_rng(1)
    rows = (random.standard_normal((int(asked.millions * 1e6) // COLS, COLS)) * 0.02).astype(np.float32)
    importance = random.chisquare(1, COLS).astype(np.float32) if kernel.weighted else None

    def ours(part: np.ndarray) -> bytes:
        return encoded(type_, encoder, part, importance)

    def theirs(part: np.ndarray) -> bytes:
        return library.encode(type_, part, importance)

    times = [alternating(rows, n, asked.runs, ours, theirs) for n in asked.threads]
    ratios = [f"{slow / fast:.1f}" for fast, slow in times]
    speed = rows.size / times[0][1] / asked.threads[0] / 1e6
    return [kernel.type, "yes" * kernel.weighted, *ratios, f"{times[0][0] / times[-1][0]:.2f}", f"{speed:.1f}"]


def alternating(rows: np.ndarray, threads: int, runs: int, ours: Work, theirs: Work) -> tuple[float, float]:
    """Return the least seconds of both over the same rows."""
    parts = np.array_split(rows, threads)
    least = [float("inf"), float("inf")]
    with ThreadPoolExecutor(threads) as pool:
        for _ in range(runs):
            for i, work in enumerate((ours, theirs)):
                start = time.perf_counter()
                list(pool.map(work, parts))
                least[i] = min(least[i], time.perf_counter() - start)
    return least[0], least[1]


def cold(kernel: Kernel) -> tuple[str, str]:
    """Return the seconds that compiling takes in a new process, and loading in the next."""
    with tempfile.TemporaryDirectory() as folder:
        environment = {**os.environ, "XDG_CACHE_HOME": folder}
        words = [sys.executable, "-m", "benchmarks.encode", "--starting", str(KERNELS.index(kernel))]
        first, second = (
            subprocess.run(words, env=environment, capture_output=True, text=True, check=True).stdout.strip()
            for _ in range(2)
        )
    return first, second


def starting(kernel: Kernel) -> str:
    """Return the seconds of this process until the kernel can be called."""
    import numba  # noqa: F401, PLC0415 - not the kernel's own time

    start = time.process_time()
    compile_kernel(kernel)
    return f"{time.process_time() - start:.2f}"


if __name__ == "__main__":
    main(sys.argv[1:])
