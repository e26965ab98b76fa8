"""What llm-compressor wrote for each model, dtype and scheme: a line for each array, in `tests/golden/llm_compressor/`.

One JSON file per model and dtype. A line is name, dtype, shape and SHA-256 of the bytes. A missing golden is an error.
"""

from __future__ import annotations

import hashlib
import json
import struct
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).parents[2] / "golden" / "llm_compressor"


def contents(folder: Path) -> list[str]:
    """Return the lines of all arrays in a folder's shards, by name."""
    return sorted(line for path in folder.glob("*.safetensors") for line in _lines(path.read_bytes()))


def _lines(data: bytes) -> list[str]:
    start = 8 + struct.unpack("<Q", data[:8])[0]
    header: Mapping[str, Any] = json.loads(data[8:start])
    arrays = {name: entry for name, entry in header.items() if name != "__metadata__"}
    return [
        f"{name} {entry['dtype']} {entry['shape']} {_sha256(data, start, *entry['data_offsets'])}"
        for name, entry in arrays.items()
    ]


def _sha256(data: bytes, start: int, first: int, last: int) -> str:
    return hashlib.sha256(data[start + first : start + last]).hexdigest()


def write(model: str, dtype: str, found: Mapping[str, object]) -> None:
    """Record what was found: versions, command, and for each scheme its config and lines."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    path = FOLDER / f"{model}-{dtype}.json"
    path.write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")


def read(model: str, dtype: str) -> dict[str, Any]:
    """Return what `write` recorded."""
    path = FOLDER / f"{model}-{dtype}.json"
    if not path.exists():
        sys.exit(f"error: no golden {path.name}\nfix: `python -m tests.oracle.llm_compressor make` makes it")
    found: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return found
