"""How fast decoders go beside ggml's (for F16, numpy's) and gguf-py's, on one core, all in the same run.

    python -m benchmarks.decode [--types IQ2_XXS Q6_K …] [--runs N]

A decoder reads a quarter of a million weights again and again, as a build does; copying as many float32 is what memory
allows. Figures are million weights a second, each the best of N runs, and ours over theirs.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Callable

import gguf
import numpy as np

from qrecipe.codecs.compiled.machine import cpu
from qrecipe.codecs.floats import decode_float, encode_float
from qrecipe.codecs.ggml import library
from qrecipe.codecs.ggml.table import TYPES, GgmlType, type_named
from qrecipe.codecs.kernels.catalog import DECODER_OF
from qrecipe.codecs.kernels.running import compile_decoder, decoded

ROWS, COLS = 128, 2048


def main(words: list[str]) -> None:
    """Measure and print, line by line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--types", nargs="*", help="all that ggml decodes by default")
    parser.add_argument("--runs", type=int, default=30)
    asked = parser.parse_args(words)
    random = np.random.default_rng(1)
    rows = (random.standard_normal((ROWS, COLS)) * 0.02).astype(np.float32)
    importance = random.chisquare(1, COLS).astype(np.float32)
    names = [type_.name for type_ in TYPES if type_.kind == "block" or type_.name == "F16"]
    print(f"CPU: {cpu()[0]}, ggml {library.version()}; copying: {rate(rows.copy, asked.runs):.0f} M/s")
    print("| type | M/s | ggml, M/s | ratio | gguf-py, M/s |\n| --- | --- | --- | --- | --- |")
    for name in asked.types or names:
        print(f"| {' | '.join([name, *figures(type_named(name), rows, importance, asked.runs)])} |", flush=True)


def figures(type_: GgmlType, rows: np.ndarray, importance: np.ndarray, runs: int) -> list[str]:
    """Return the figures of one type; where there is no decoder of its own, ggml's is used."""
    if type_.name == "F16":
        data = encode_float("F16", rows)
        theirs = rate(lambda: decode_float("F16", data, COLS), runs)
    else:
        data = library.encode(type_, rows, None if type_.imatrix == "unused" else importance)
        theirs = rate(lambda: library.decode(type_, data, COLS), runs)
    kind = gguf.GGMLQuantizationType(type_.id)
    blocks = np.frombuffer(data, np.uint8).reshape(ROWS, -1)
    try:
        peer = f"{rate(lambda: gguf.quants.dequantize(blocks, kind), max(runs // 10, 1)):.0f}"
    except NotImplementedError:
        peer = ""
    if type_.name not in DECODER_OF:
        return [f"{theirs:.0f}", f"{theirs:.0f}", "1", peer]
    decoder = compile_decoder(DECODER_OF[type_.name])
    ours = rate(lambda: decoded(decoder, data, (ROWS, COLS)), runs)
    return [f"{ours:.0f}", f"{theirs:.0f}", f"{ours / theirs:.1f}", peer]


def rate(work: Callable[[], object], runs: int) -> float:
    """Return the best rate of decoding all rows, in million weights a second."""
    least = float("inf")
    for _ in range(runs):
        start = time.perf_counter()
        work()
        least = min(least, time.perf_counter() - start)
    return ROWS * COLS / least / 1e6


if __name__ == "__main__":
    main(sys.argv[1:])
