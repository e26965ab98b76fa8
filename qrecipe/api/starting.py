"""New recipes: a commented starter for a checkpoint, or a copy of a recipe to edit.

Both return the text. With `output` they write it there too, never over an existing file, and relative references are
those that hold in that file's folder; without, those that hold in the working folder.
"""

from __future__ import annotations

import re
from pathlib import Path

from qrecipe.api.building import cores
from qrecipe.api.grids import grids_of
from qrecipe.api.memory import task_budget
from qrecipe.api.opening import open_model
from qrecipe.api.outcome import model_with
from qrecipe.api.staging import Staging
from qrecipe.errors import BuildError, Diagnostic, Location, PlanError, SourceError
from qrecipe.host.catalog import make_catalog
from qrecipe.planner.starter import Destination, starter
from qrecipe.planner.starter_grid import grid_starter
from qrecipe.recipe.load import load_recipe
from qrecipe.recipe.reference import has_scheme, is_relative, moved, without_folder
from qrecipe.recipe.relocate import relocated
from qrecipe.recipe.variables import VARIABLE
from qrecipe.types.target import OutputFile, Target
from qrecipe.types.task import Limits

_BACKEND = "gguf"
_SUFFIXES = re.compile(r"(-\d{5}-of-\d{5})?\.(gguf|safetensors(\.index\.json)?)(\.part\d+)?$", re.IGNORECASE)


def new_recipe(checkpoint: str | Path, *, output: str | Path | None = None, from_grid: bool = False) -> str:
    """Return a commented recipe to begin with, which plans as it stands; reads the checkpoint's headers.

    Args:
        checkpoint: A file, a folder, or `pkg:NAME`.
        output: A file to write it to.
        from_grid: Look at some weights too, and give what is on a training's grid the type that holds it.

    Raises:
        QrecipeError: The checkpoint cannot be read or become a GGUF, or the output exists.
    """
    reference, folder = str(checkpoint), _folder(output)
    catalog = make_catalog()
    opened = open_model(reference, Path.cwd(), catalog)
    inventory = opened[1]
    target = Target(_BACKEND, _BACKEND, "${name}.gguf")
    backend = catalog.backends[_BACKEND]
    if (refusal := backend.refuses(inventory, target)) is not None:
        raise PlanError(refusal)
    source = writable(moved(reference, Path.cwd(), folder) if is_relative(reference) else reference)
    into = Destination(target, backend, catalog.formats, inventory)
    if from_grid:
        limits = Limits(cores(), task_budget(None))
        found = grids_of(reference, opened, catalog, limits, lambda _: None)
        text = grid_starter(model_with(inventory), into, found, name=_name(reference), source=source)
    else:
        text = starter(model_with(inventory), into, name=_name(reference), source=source)
    return kept(text, output)


def copy_recipe(recipe: str | Path, *, output: str | Path | None = None) -> str:
    """Return the text of a recipe for you to edit, comments and all; what it refers to is still found.

    Args:
        recipe: A recipe's path, or a shipped recipe's name.
        output: A file to write it to.

    Raises:
        QrecipeError: The recipe is faulty or a base, or the output exists.
    """
    loaded = load_recipe(recipe)
    if has_scheme(loaded.file):
        raise BuildError(_base(loaded.file))
    return kept(relocated(loaded, _folder(output)), output)


def _folder(output: str | Path | None) -> Path:
    return Path.cwd() if output is None else Path(output).parent


def _name(reference: str) -> str:
    """Return a name after the checkpoint's, and unlike it, so that the build does not write over its source."""
    name = without_folder(reference if has_scheme(reference) else str(Path(reference).absolute()))
    stem = _SUFFIXES.sub("", name.partition(":")[2] if has_scheme(name) else name)
    return f"{re.sub(r'[^A-Za-z0-9._-]+', '-', stem).strip('-.') or 'my'}-mix"


def writable(source: str) -> str:
    """Refuse a name that a recipe's string cannot hold."""
    variable = VARIABLE.search(source)
    if variable is None and source.isprintable():
        return source
    raise SourceError(
        Diagnostic(
            "source-name",
            f"a recipe cannot name the checkpoint {source}",
            why=f"{variable[0]} stands for a variable there" if variable else "the name has characters for no text",
            fix="rename the file, or reach it by a link with a plain name",
        )
    )


def kept(text: str, output: str | Path | None) -> str:
    """Write the text where it is wanted, whole or not at all."""
    if output is None:
        return text
    path = Path(output)
    if path.exists() or path.is_symlink():
        raise BuildError(_exists(path))
    data = text.encode()
    with Staging(path.parent, (OutputFile(path.name, len(data), None),), replace=False) as staging:
        staging.paths[path.name].write_bytes(data)
        staging.publish()
    return text


def _exists(path: Path) -> Diagnostic:
    return Diagnostic(
        "recipe-exists",
        f"{path} exists{' and is a folder' if path.is_dir() else ''}",
        why="a new recipe takes no file's place",
        fix="choose another name with --output",
    )


def _base(name: str) -> Diagnostic:
    return Diagnostic(
        "base-not-copied",
        f"{name} is a base for recipes to build upon, not a recipe",
        Location(),
        why="its rules serve many models, and a recipe's own rules must each be of use",
        fix=f'make a recipe with `qrecipe new CHECKPOINT`, and write extends = ["{name}"] into it',
    )
