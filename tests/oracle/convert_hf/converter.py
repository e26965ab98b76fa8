"""llama.cpp's side: its converter on a checkpoint, then llama-quantize, which puts tensors in order."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from tests.oracle.convert_hf import patched

_FLOATS = ("F32", "F16", "BF16")
_CONVERTER = "convert_hf_to_gguf.py"


@dataclass(frozen=True, slots=True)
class LlamaCpp:
    """Where llama.cpp's source and its llama-quantize are."""

    tree: Path
    quantize: Path

    @property
    def version(self) -> str:
        """What llama-quantize says of itself, and the digest of the converter's source."""
        digest = hashlib.sha256()
        for path in (self.tree / _CONVERTER, *sorted((self.tree / "conversion").glob("*.py"))):
            digest.update(path.read_bytes())
        return f"converter {digest.hexdigest()[:16]}"

    def convert(self, checkpoint: Path, out: str, pre: str, result: Path) -> None:
        """Write the checkpoint as a GGUF file of this type; `pre` names the pre-tokenizer, empty to have it found.

        A quantized type is made from the converter's F32, every matrix of that type.
        """
        first = result.with_suffix(".converted")
        quantized = out not in _FLOATS
        kind = "f32" if quantized else out.lower()
        words = [str(self.tree), pre or "-", str(checkpoint), "--outtype", kind, "--outfile", str(first)]
        _run([sys.executable, str(Path(patched.__file__)), *words])
        pure = ["--pure"] if quantized else []
        _run([str(self.quantize), *pure, str(first), str(result), out if quantized else "COPY"])
        first.unlink()


def _run(line: list[str]) -> None:
    environment = os.environ | {"HF_HUB_OFFLINE": "1", "TRANSFORMERS_OFFLINE": "1"}
    done = subprocess.run(line, capture_output=True, text=True, check=False, env=environment)
    if done.returncode:
        sys.exit(f"error: {' '.join(line)}\n{done.stdout[-2000:]}{done.stderr[-4000:]}")
