"""One case: a model, options, what llama-quantize's dry run chooses, and what qrecipe does through the importer."""

from __future__ import annotations

import re
import struct
import subprocess
from collections.abc import Mapping, Sequence
from contextlib import chdir
from dataclasses import dataclass
from pathlib import Path

import qrecipe
from qrecipe.api.opening import open_imatrix, open_model
from qrecipe.api.outcome import model_with
from qrecipe.api.targets import Facts, resolve_targets
from qrecipe.codecs.ggml.table import TYPES
from qrecipe.errors import QrecipeError
from qrecipe.host.catalog import make_catalog
from qrecipe.recipe.load import load_recipe_text
from tests.oracle.mixtures.models import Drawn

_LINE = re.compile(r"^\[ *\d+/ *\d+\] (\S+) +- \[[^]]*\], type = +(\w+), size = .*?(?:\((\w+)\))?$")
FORMATS = {each.name: each for each in TYPES}
_HUNGRY = {"imatrix-missing", "imatrix-entry-missing"}


@dataclass(frozen=True, slots=True)
class Outcome:
    """Types by name, or why there are none."""

    types: Mapping[str, str]
    refusal: str = ""


def write(model: Drawn, folder: Path) -> None:
    """Write the model, and an imatrix with data for all its matrices in blocks."""
    model.write(folder / "m.gguf")
    shapes = {name: shape for name, shape in model.tensors.items() if len(shape) > 1 and name.startswith("blk.")}
    with (folder / "imatrix.dat").open("wb") as file:
        file.write(struct.pack("<i", len(shapes)))
        for name, shape in shapes.items():
            count = shape[-1] * (shape[0] if len(shape) > 2 else 1)
            file.write(struct.pack("<i", len(name)) + name.encode() + struct.pack("<ii", 1, count))
            file.write(struct.pack("<f", 1.0) * count)


def theirs(tool: Path, words: Sequence[str], folder: Path) -> Outcome:
    """Run llama-quantize --dry-run."""
    done = subprocess.run([tool, "--dry-run", *words], cwd=folder, capture_output=True, check=False, timeout=60)
    said = (done.stdout + done.stderr).decode(errors="replace")
    if done.returncode:
        return Outcome({}, "\n".join(said.strip().splitlines()[-3:]))
    found = [_LINE.match(line) for line in done.stderr.decode(errors="replace").splitlines()]
    found += [_LINE.match(line) for line in done.stdout.decode(errors="replace").splitlines()]
    return Outcome({each[1]: (each[3] or each[2]).upper() for each in found if each})


def stops(outcome: Outcome, model: Drawn) -> bool:
    """Say whether llama-quantize would stop where its dry run does not: a row that the type's block does not divide."""
    blocks = ((FORMATS[type_].block or 1, model.tensors[name][-1]) for name, type_ in outcome.types.items())
    return any(cols % block for block, cols in blocks)


def starves(outcome: Outcome) -> bool:
    """Say whether we refuse a line for taking imatrix data away that a type needs: llama-quantize stops there too."""
    return "takes away the imatrix data" in outcome.refusal


def ours(words: Sequence[str], folder: Path) -> Outcome:
    """Import the same line, and resolve the recipe that comes out."""
    with chdir(folder):
        try:
            return _resolved(qrecipe.import_recipe(list(words)).recipe, folder)
        except QrecipeError as error:
            return Outcome({}, str(error))


def _resolved(text: str, folder: Path) -> Outcome:
    catalog = make_catalog(discover=False)
    recipe = load_recipe_text(text, folder)
    _, inventory = open_model(str(recipe.source), folder, catalog)
    imatrix = None if recipe.imatrix is None else open_imatrix(folder / recipe.imatrix, inventory)[0]
    found = resolve_targets(recipe, Facts(model_with(inventory, imatrix), imatrix), catalog)
    errors = [error for error in found.errors if error.code not in _HUNGRY]
    if errors:
        return Outcome({}, "\n".join(map(str, errors)) + "\n" + text)
    decisions = found.resolutions["gguf"].decisions
    return Outcome({decision.tensor.name: decision.type.format.name for decision in decisions})
