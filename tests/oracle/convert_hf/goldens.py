"""What llama.cpp's converter makes of each tiny model, as digests, and what transformers computes with it.

One JSON file per family under `tests/golden/convert_hf/`: the config and the shapes that transformers gave, then a
golden for each case. A tensor is its name, type, shape and SHA-256; a metadata entry its key, kind, and its value, of
which the SHA-256 stands in place where it is an array or long. A missing golden is an error.
"""

from __future__ import annotations

import hashlib
import json
import re
import sys
from dataclasses import dataclass
from pathlib import Path

import gguf

from tests.oracle.convert_hf.families import Family
from tests.oracle.convert_hf.results import Results

FOLDER = Path(__file__).parents[2] / "golden" / "convert_hf"
Shapes = dict[str, tuple[int, ...]]
_LONGEST = 80  # characters of a value that is stored as it is


@dataclass(frozen=True, slots=True)
class Contents:
    """A GGUF file: the digest of the whole, tensors and metadata in the file's order, each a line of text."""

    file: str
    tensors: tuple[str, ...]
    metadata: tuple[str, ...]


def contents(path: Path) -> Contents:
    """Read a GGUF file with gguf-py."""
    reader = gguf.GGUFReader(path)
    tensors = (
        f"{t.name} {t.tensor_type.name} {[int(n) for n in reversed(t.shape)]} {_sha256(t.data.tobytes())}"
        for t in reader.tensors
    )
    fields = (field for key, field in reader.fields.items() if not key.startswith("GGUF."))
    return Contents(_sha256(reader.data.tobytes()), tuple(tensors), tuple(_entry(field) for field in fields))


def write_model(family: Family, config: dict[str, object], shapes: Shapes) -> None:
    """Record what transformers says; cases are kept."""
    _write(family, _read(family, default={}) | {"config": config, "shapes": {k: list(v) for k, v in shapes.items()}})


def read_model(family: Family) -> tuple[dict[str, object], Shapes]:
    """Return the config and the shapes of the weights."""
    whole = _read(family)
    return whole["config"], {name: tuple(shape) for name, shape in whole["shapes"].items()}


def write_case(family: Family, case: str, versions: dict[str, str], found: Contents) -> None:
    """Record what the converter wrote."""
    whole = _read(family)
    cases = whole.get("cases", {}) | {
        case: {"file": found.file, "metadata": list(found.metadata), "tensors": list(found.tensors)}
    }
    _write(family, whole | {"versions": versions, "cases": dict(sorted(cases.items()))})


def read_case(family: Family, case: str) -> Contents:
    """Return what the converter wrote."""
    found = _read(family).get("cases", {}).get(case)
    if found is None:
        sys.exit(f"error: no golden of {family.name} {case}\nfix: `python -m tests.oracle.convert_hf make` makes it")
    return Contents(found["file"], tuple(found["tensors"]), tuple(found["metadata"]))


def cases(family: Family) -> list[str]:
    """Return the names of the cases that have a golden."""
    return sorted(_read(family).get("cases", {}))


def write_results(family: Family, versions: dict[str, str], results: Results) -> None:
    """Record what transformers computes: for each step the best tokens with their log-probabilities."""
    _write(family, _read(family) | {"results": {"versions": versions, "best": results.best}})


def read_results(family: Family) -> Results:
    """Return what transformers computes."""
    return Results.of(_read(family)["results"]["best"])


def _entry(field: gguf.ReaderField) -> str:
    """Return `key kind value`; bytes of a string that are no UTF-8 count too."""
    kinds = "[]".join(kind.name for kind in field.types[:1]) + "".join(f" {kind.name}" for kind in field.types[1:2])
    value = json.dumps(field.contents(), ensure_ascii=False)
    if len(value) > _LONGEST:
        raw = b"\0".join(field.parts[index].tobytes() for index in field.data)
        value = f"{len(field.data)} elements, {_sha256(raw)}"
    return f"{field.name} {kinds} {value}"


def _sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def _path(family: Family) -> Path:
    return FOLDER / f"{family.name}.json"


def _read(family: Family, default: dict | None = None) -> dict:
    path = _path(family)
    if path.exists():
        return json.loads(path.read_text(encoding="utf-8"))
    if default is None:
        sys.exit(f"error: no golden {path}\nfix: `python -m tests.oracle.convert_hf.shapes` makes it")
    return default


def _write(family: Family, whole: dict) -> None:
    """Write one line for each tensor and entry, so that differences read well."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    text = json.dumps(whole, indent=1, ensure_ascii=False)
    text = _one_line(text)
    _path(family).write_text(text + "\n", encoding="utf-8")


def _one_line(text: str) -> str:
    """Put lists of numbers on one line."""
    return re.sub(r"\[\s+((?:-?[\d.e+-]+,?\s+)+)\]", lambda m: "[" + " ".join(m[1].split()) + "]", text)
