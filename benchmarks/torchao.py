"""`qrecipe build` against torchao's own way: `python -m benchmarks.torchao [--mib N] [--runs N]`.

What is measured, and how, stands in `library_pairs.py`.
"""

from __future__ import annotations

import sys

from benchmarks.library_pairs import Pair, main

PAIRS = (
    Pair("intx4-g32", "int4(group=32)"),
    Pair("intx4-g32-dynamic", "int4(group=32)", 'activations = "int8"\n'),
    Pair("int8", "int8", 'layout = "int8"\n'),
    Pair("fp8", "fp8"),
)

if __name__ == "__main__":
    main("torchao", PAIRS, sys.argv[1:])
