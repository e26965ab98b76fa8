"""Checks goldens: builds with qrecipe what llama-quantize built and compares digests, tensor by tensor.

The recipe has one rule with an exact name for each tensor that the golden converts, and keeps the rest; qrecipe reads
the published file (for the F16 source) and then its own F16 file. Nothing here needs llama.cpp. What qrecipe wrote is
read by gguf-py. Some cases read the imatrix's legacy file: to llama-quantize it is the same (`make` insists on that).
"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from tests.oracle import goldens, synthetic_imatrix
from tests.oracle.goldens import SOURCE, Contents, Golden, Tensors
from tests.oracle.models import KNOWN_DIFFERENT, LEGACY_IMATRIX, Case, Model


def check_model(model: Model, cases: Sequence[Case], work: Path) -> int:
    """Print a line for the source and for each case; 0 if every tensor is equal, else 1."""
    if not model.is_there:
        print(f"{model.name}: skipped, {' '.join(model.packages)} not installed")
        return 0
    folder = work / "qrecipe" / model.name
    folder.mkdir(parents=True, exist_ok=True)
    source = goldens.read(model.name, SOURCE)
    f16 = _source(model, source, folder)
    found = goldens.contents(f16)
    failed = report(source, source.tensors, found)
    imatrices = synthetic_imatrix.write_both(folder, model.matrices(found.shapes))
    for case in cases:
        golden = goldens.read(model.name, case.name)
        imatrix = imatrices[case.name in LEGACY_IMATRIX] if case.imatrix else None
        out = build(folder, case.name, str(f16), golden.tensors, imatrix)
        failed |= report(golden, source.tensors | golden.tensors, goldens.contents(out))
        out.unlink()
    return failed


def _source(model: Model, golden: Golden, folder: Path) -> Path:
    """Return the model as F16: built by qrecipe from the published file, generated where none is published."""
    if model.packages:
        matrices = {name: value for name, value in golden.tensors.items() if value[0] == "F16"}
        return build(folder, SOURCE, model.reference, matrices, None)
    path = folder / f"{SOURCE}.gguf"
    model.write(path)
    return path


def build(folder: Path, name: str, source: str, tensors: Tensors, imatrix: Path | None) -> Path:
    """Run `qrecipe build` on a recipe that gives these tensors their golden's types; return the artifact."""
    recipe = folder / f"{name}.toml"
    recipe.write_text(recipe_text(name, source, tensors, imatrix), encoding="utf-8")
    line = [sys.executable, "-m", "qrecipe", "build", str(recipe), "--output", str(folder), "--force", "--no-lock"]
    done = subprocess.run(line, capture_output=True, text=True, check=False)
    if done.returncode:
        sys.exit(f"error: {' '.join(line)}\n{done.stdout}{done.stderr}")
    return folder / f"{name}.gguf"


def recipe_text(name: str, source: str, tensors: Tensors, imatrix: Path | None) -> str:
    """Return the recipe: one exact rule per tensor, the rest kept."""
    head = f'qrecipe = 1\nname = "{name}"\nsource = {_quoted(source)}\nrequantize = true\n'
    data = f"imatrix = {_quoted(str(imatrix))}\n" if imatrix else ""
    rules = "".join(_rule(tensor, kind) for tensor, (kind, _) in tensors.items())
    return head + data + rules + _rule("**", "keep") + "optional = true\n"


def _rule(match: str, kind: str) -> str:
    return f'\n[[rules]]\nmatch = "{match}"\ntype = "{kind}"\n'


def _quoted(text: str) -> str:
    return f"'{text}'"  # TOML's literal string: a path of Windows needs no escapes


def report(golden: Golden, expected: Tensors, found: Contents) -> int:
    equal = [name for name, value in expected.items() if found.tensors.get(name) == value]
    data = "equal" if golden.data_sha256 == found.data else "DIFFERENT"
    whole = "equal" if golden.file_sha256 == found.file else "different"
    result = f"{len(equal)} of {len(expected)} tensors equal; data section {data}, whole file {whole}"
    print(f"{golden.model} {golden.case}: {result}", flush=True)
    differs = data != "equal" or len(equal) < len(expected) or found.tensors.keys() != expected.keys()
    if golden.case in KNOWN_DIFFERENT:
        print(
            f"  known to differ: {KNOWN_DIFFERENT[golden.case]}" if differs else "  known to differ, but is equal now"
        )
        return int(not differs)
    for name in sorted(expected.keys() - equal)[:5]:
        print(f"  {name}: expected {expected[name]}, found {found.tensors.get(name)}")
    return int(differs)
