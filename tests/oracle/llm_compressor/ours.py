"""qrecipe's side: the same scheme for the same modules, by `qrecipe build` with the compressed-tensors plug-in."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from tests.oracle.llm_compressor.schemes import Scheme


def build(checkpoint: Path, scheme: Scheme, parent: Path) -> Path:
    """Build the artifact below `parent` and return its folder."""
    parent.mkdir(parents=True, exist_ok=True)
    recipe = parent / "recipe.toml"
    recipe.write_text(recipe_text(checkpoint, scheme), encoding="utf-8")
    line = [sys.executable, "-m", "qrecipe", "build", str(recipe), "-o", str(parent), "--force"]
    done = subprocess.run(line, capture_output=True, text=True, check=False)
    if done.returncode:
        sys.exit(f"error: {' '.join(line)}\n{done.stdout}{done.stderr}")
    return parent / "artifact"


def recipe_text(checkpoint: Path, scheme: Scheme) -> str:
    """Return the recipe: all linear layers but the head, as llm-compressor's `ignore=["lm_head"]`."""
    more = "".join(f"{key} = {value!r}\n" for key, value in scheme.options.items())
    return (
        f"qrecipe = 1\nname = \"{scheme.name}\"\nsource = '{checkpoint}'\n\n"
        '[[rules]]\nmatch = "{token_embd,output}"\ntype = "keep"\noptional = true\n\n'
        f'[[rules]]\nmatch = "blk.**"\ntype = "{scheme.type}"\n\n'
        f'[[targets]]\nbackend = "compressed-tensors"\noutput = "artifact/"\n{more}'
    )
