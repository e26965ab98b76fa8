"""What llama-quantize wrote, as digests: one JSON file per model and case under `tests/golden/llama_quantize/`.

A golden holds the command, the versions behind it, the SHA-256 of the file and of its data section, and for each tensor
the type and the SHA-256 of its bytes. Tensors that a case copied from its source unchanged are left out: the model's
`source.json` has them. Files are read with gguf-py, never with qrecipe's own reader. A missing golden is an error.
"""

from __future__ import annotations

import hashlib
import json
import sys
from dataclasses import asdict, dataclass
from pathlib import Path

import gguf

FOLDER = Path(__file__).parents[1] / "golden" / "llama_quantize"
SOURCE = "source"
Tensors = dict[str, tuple[str, str]]  # name → type, SHA-256


@dataclass(frozen=True, slots=True)
class Contents:
    """A GGUF file as digests, its tensors in the file's order."""

    file: str
    data: str
    tensors: Tensors
    shapes: dict[str, tuple[int, ...]]  # outermost first


@dataclass(frozen=True, slots=True)
class Golden:
    """One llama-quantize run and what came out."""

    model: str
    case: str
    command: str
    versions: dict[str, str]
    file_sha256: str
    data_sha256: str
    tensors: Tensors


def contents(path: Path) -> Contents:
    """Read a GGUF file."""
    reader = gguf.GGUFReader(path)
    whole = reader.data
    return Contents(
        hashlib.sha256(whole).hexdigest(),
        hashlib.sha256(whole[reader.data_offset :]).hexdigest(),
        {t.name: (t.tensor_type.name, hashlib.sha256(t.data.tobytes()).hexdigest()) for t in reader.tensors},
        {t.name: tuple(int(n) for n in reversed(t.shape)) for t in reader.tensors},
    )


def write(golden: Golden) -> None:
    """Write a golden, one line per tensor."""
    path = _path(golden.model, golden.case)
    path.parent.mkdir(parents=True, exist_ok=True)
    head = {key: value for key, value in asdict(golden).items() if key != "tensors"}
    lines = [f"  {json.dumps(name)}: {json.dumps(list(value))}" for name, value in golden.tensors.items()]
    body = json.dumps(head, indent=1).removesuffix("\n}") + ',\n "tensors": {\n' + ",\n".join(lines) + "\n }\n}\n"
    path.write_text(body, encoding="utf-8")


def read(model: str, case: str) -> Golden:
    """Read a golden."""
    path = _path(model, case)
    if not path.exists():
        sys.exit(f"error: no golden {path}\nfix: `python -m tests.oracle.llama_quantize make` makes it")
    fields = json.loads(path.read_text(encoding="utf-8"))
    fields["tensors"] = {name: (kind, digest) for name, (kind, digest) in fields["tensors"].items()}
    return Golden(**fields)


def _path(model: str, case: str) -> Path:
    return FOLDER / model / f"{case}.json"
