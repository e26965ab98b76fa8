"""`qrecipe build` against compressed-tensors' own way: `python -m benchmarks.compressed_tensors [--mib N] [--runs N]`.

What is measured, and how, stands in `library_pairs.py`. compressed-tensors chooses codes in the checkpoint's BF16 and
qrecipe in float32, for the same scales, so that not every byte is equal; `plugins/tests` compares them in float32.
"""

from __future__ import annotations

import sys

from benchmarks.library_pairs import Pair, main

PAIRS = (
    Pair("int4-g32", "int4(group=32)"),
    Pair("int4-g128", "int4(group=128)"),
    Pair("int8", "int8"),
    Pair("fp8-dynamic", "fp8", 'activations = "fp8"\n'),
)

if __name__ == "__main__":
    main("compressed-tensors", PAIRS, sys.argv[1:])
