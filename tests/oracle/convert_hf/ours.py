"""qrecipe's side: `qrecipe build` on the checkpoint, everything of one type but what is protected.

Gemma 4's per_layer_model_proj is protected for the sake of quantized types; the converter treats it like any matrix.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path


def build(checkpoint: Path, out: str, pre: str, result: Path) -> None:
    """Write the checkpoint as a GGUF file of this type."""
    recipe = result.with_suffix(".toml")
    recipe.write_text(recipe_text(checkpoint, out, pre, result), encoding="utf-8")
    line = [sys.executable, "-m", "qrecipe", "build", str(recipe), "-o", str(result.parent), "--force", "--no-lock"]
    done = subprocess.run(line, capture_output=True, text=True, check=False)
    if done.returncode:
        sys.exit(f"error: {' '.join(line)}\n{done.stdout}{done.stderr}")


def recipe_text(checkpoint: Path, out: str, pre: str, result: Path) -> str:
    """Return the recipe."""
    told = f'pre = "{pre}"\n' if pre else ""
    return (
        f"qrecipe = 1\nname = \"{result.stem}\"\nsource = '{checkpoint}'\n\n"
        f'[[rules]]\nmatch = "per_layer_model_proj"\ntype = "{out}"\nprotected = true\noptional = true\n\n'
        f'[[rules]]\nmatch = "**"\ntype = "{out}"\n\n'
        f'[[targets]]\nbackend = "gguf"\noutput = "{result.name}"\n{told}'
    )
