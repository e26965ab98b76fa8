"""Whole files by every file type: what llama-quantize wrote, as digests, and the same by `import` and `build`.

    python -m tests.oracle.mixtures.builds --tool BUILD/bin/llama-quantize --model NAME    # makes its part

A case is a model of `weights.py`, a file type, and whether an imatrix is given. Recorded are the SHA-256 of the file
and of its data section. llama-quantize refuses some types without an imatrix: there is no such case.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import subprocess
import sys
import tempfile
from contextlib import chdir
from itertools import product
from pathlib import Path

import gguf

import qrecipe
from tests.oracle.mixtures.weights import WRITERS, matrices
from tests.oracle.synthetic_imatrix import write_both

GOLDEN = Path(__file__).parents[2] / "golden" / "llama_quantize" / "mixtures.json"
FILE_TYPES = (
    *("Q1_0", "Q4_0", "Q4_1", "MXFP4_MOE", "Q5_0", "Q5_1", "IQ2_XXS", "IQ2_XS", "IQ2_S", "IQ2_M", "IQ1_S", "IQ1_M"),
    *("TQ1_0", "TQ2_0", "Q2_K", "Q2_K_S", "IQ3_XXS", "IQ3_S", "IQ3_M", "IQ3_XS", "Q3_K_S", "Q3_K_M", "Q3_K_L"),
    *("IQ4_NL", "IQ4_XS", "Q4_K_S", "Q4_K_M", "Q5_K_S", "Q5_K_M", "Q6_K", "Q8_0", "F16", "BF16", "F32"),
)


def write(name: str, folder: Path) -> None:
    """Write a model as `m.gguf` and an imatrix for it."""
    path = folder / "m.gguf"
    WRITERS[name](path)
    write_both(folder, dict(matrices(path)))


def line(file_type: str, *, imatrix: bool) -> list[str]:
    """Return the command line of a case."""
    return [*(["--imatrix", "imatrix.gguf"] if imatrix else []), "m.gguf", "q.gguf", file_type, "2"]


def digests(path: Path) -> dict[str, str]:
    """Return the digests of a file and of its data section."""
    reader = gguf.GGUFReader(path)
    raw = reader.data.tobytes()
    return {"file": hashlib.sha256(raw).hexdigest(), "data": hashlib.sha256(raw[reader.data_offset :]).hexdigest()}


def ours(words: list[str], folder: Path) -> dict[str, str]:
    """Import a command line and build the recipe."""
    with chdir(folder):
        Path("r.toml").unlink(missing_ok=True)
        qrecipe.import_recipe(words, output="r.toml")
        qrecipe.build("r.toml", output="ours", force=True, lock=False)
    return digests(folder / "ours" / "q.gguf")


def theirs(tool: Path, words: list[str], folder: Path) -> dict[str, str] | None:
    """Run llama-quantize; None where it refuses."""
    done = subprocess.run([tool, *words], cwd=folder, capture_output=True, text=True, check=False)
    if done.returncode:
        said = (done.stdout + done.stderr).strip().splitlines()
        assert any(
            word in each for each in said[-12:] for word in ("imatrix", "importance", "no tensor type fallback")
        ), said
        return None
    return digests(folder / "q.gguf")


def make(tool: Path, name: str) -> int:
    """Write a model's part of the golden; say which cases qrecipe builds otherwise."""
    found: dict[str, dict[str, str]] = {}
    different = 0
    with tempfile.TemporaryDirectory() as folder:
        write(name, Path(folder))
        for file_type, imatrix in product(FILE_TYPES, (False, True)):
            words = line(file_type, imatrix=imatrix)
            wanted = theirs(tool, words, Path(folder))
            if wanted is None:
                continue
            case = f"{file_type}-imatrix" if imatrix else file_type
            found[case] = wanted
            built = ours(words, Path(folder))
            equal = [key for key in wanted if wanted[key] == built[key]]
            different += len(equal) < len(wanted)
            print(name, case, "equal:", *equal, flush=True)
    golden = json.loads(GOLDEN.read_text(encoding="utf-8")) if GOLDEN.exists() else {}
    GOLDEN.write_text(json.dumps(golden | {name: found}, indent=1) + "\n", encoding="utf-8")
    print(name, len(found), "cases,", different, "different")
    return int(different > 0)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--tool", type=Path, required=True)
    parser.add_argument("--model", choices=list(WRITERS), required=True)
    given = parser.parse_args()
    sys.exit(make(given.tool.resolve(), given.model))
