"""Makes goldens: runs llama-quantize, reads what it wrote, records digests with the command and the versions behind it.

The source of every case is the model as F16, made by llama-quantize itself from the published file (the generated
model is F16 already). A case with an imatrix runs twice, with the GGUF and with the legacy file: the bytes must agree.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Sequence
from importlib.metadata import version
from pathlib import Path

from tests.oracle import get_llama_cpp, goldens, synthetic_imatrix
from tests.oracle.goldens import SOURCE, Contents, Golden
from tests.oracle.models import Case, Model


def make_model(model: Model, cases: Sequence[Case], tools: Path, work: Path) -> None:
    """Write the goldens of a model's source and of these cases."""
    folder = work / "llama-quantize" / model.name
    folder.mkdir(parents=True, exist_ok=True)
    f16 = folder / f"{model.name}-f16.gguf"
    command = _make_source(model, f16, tools)
    source = goldens.contents(f16)
    _record(model, SOURCE, command, source, source.tensors)
    files = synthetic_imatrix.write_both(folder, model.matrices(source.shapes)) if any(c.imatrix for c in cases) else ()
    for case in cases:
        _make_case(model, case, f16, source, files if case.imatrix else (), tools)


def _make_source(model: Model, f16: Path, tools: Path) -> str:
    """Write the model as F16; return the command that did it."""
    published = f16.with_name(f"{model.name}.gguf")
    if not model.packages:
        model.write(f16)
        return "tests/oracle/generated_model.py"
    model.write(published)
    return _quantize(tools, "--allow-requantize", published, f16, "F16")


def _make_case(model: Model, case: Case, f16: Path, source: Contents, imatrices: Sequence[Path], tools: Path) -> None:
    out = f16.with_name(f"{model.name}-{case.name}.gguf")
    given: list[tuple[str | Path, ...]] = [("--imatrix", path) for path in imatrices] or [()]
    commands, found = [], []
    for words in given:
        commands.append(_quantize(tools, *words, *case.words, f16, out, case.ftype))
        found.append(goldens.contents(out))
        out.unlink()
    if len({contents.data for contents in found}) != 1:
        sys.exit(f"error: {model.name} {case.name}: the formats of the imatrix give different bytes")
    changed = {name: value for name, value in found[0].tensors.items() if value != source.tensors[name]}
    _record(model, case.name, commands[0], found[0], changed)


def _record(model: Model, case: str, command: str, found: Contents, tensors: goldens.Tensors) -> None:
    llama_cpp = {"package": f"{get_llama_cpp.PACKAGE} {get_llama_cpp.VERSION}", "sha256": get_llama_cpp.SHA256}
    versions = {"llama.cpp": " ".join(llama_cpp.values()), "gguf": version("gguf"), **model.versions}
    goldens.write(Golden(model.name, case, command, versions, found.file, found.data, tensors))
    print(f"{model.name} {case}: {len(tensors)} tensors recorded, {command}", flush=True)


def _quantize(tools: Path, *words: str | Path) -> str:
    """Run llama-quantize beside its files (it stores the imatrix's path as given); return the command line."""
    shown = ["llama-quantize", *(word.name if isinstance(word, Path) else word for word in words)]
    folder = next(word.parent for word in words if isinstance(word, Path))
    line = [str(tools / shown[0]), *shown[1:], str(os.cpu_count() or 1)]
    done = subprocess.run(line, capture_output=True, text=True, check=False, cwd=folder)
    if done.returncode:
        sys.exit(f"error: {' '.join(line)}\n{done.stdout[-2000:]}{done.stderr[-2000:]}")
    return " ".join(shown)
